"""Programs that try to leave the sandbox: each prints ESCAPED where it could, and "done" at its end.

`{...}` are values of the test outside: a secret file, a path that may be written, a socket, a process.
`alone`: the program does no harm without a sandbox, where it must print ESCAPED: that shows that it works.
"""

from dataclasses import dataclass

PRELUDE = """
import ctypes, errno, os, signal, socket, struct, subprocess, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def escaped(what): print("ESCAPED", what, flush=True)
def attempt(what, call, *arguments):
    try: result = call(*arguments)
    except BaseException as error: print("held", what, type(error).__name__, error); return None
    escaped(what + " " + repr(result)[:80]); return result
def syscall(what, number, *arguments):
    words = [ctypes.c_long(x) if isinstance(x, int) else x for x in arguments]
    result = libc.syscall(ctypes.c_long(number), *words)
    print("held" if result < 0 else "ESCAPED", what, result, os.strerror(ctypes.get_errno()), flush=True)
    return result
X86 = os.uname().machine == "x86_64"
"""


@dataclass(frozen=True)
class Attack:
    """One program: its text, the limits that may end it, whether it is harmless unconfined, or runs apart."""

    text: str
    limits: tuple[str, ...] = ()
    alone: bool = False
    apart: bool = False

    @property
    def quick(self) -> bool:
        """Ends by itself: may share a run with others."""
        return not self.limits and not self.apart


ISSUE = {
    "fork bomb": Attack(
        "n = 0\ntry:\n    while True:\n        os.fork(); n += 1\nexcept OSError: pass\ntime.sleep(0.3)",
        ("processes", "cpu", "wall", ""),
    ),
    "symlink": Attack(
        "os.symlink('{secret}', 'out.txt'); os.symlink('/', 'root'); os.symlink('.', 'loop')\n"
        "attempt('read by link', lambda: open('out.txt').read())\n"
        "attempt('write by link', lambda: open('root{writable}', 'w').write('x'))\n"
        "attempt('hard link', os.link, '{secret}', 'hard.txt')",
        alone=True,
    ),
    "socket": Attack(
        "for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, 40, 17):\n"
        "    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):\n"
        "        attempt(f'socket {{family}} {{kind}}', socket.socket, family, kind)\n"
        "attempt('connect', lambda: socket.create_connection(('127.0.0.1', {port}), 1).recv(6))",
        alone=True,
    ),
    "proc of others": Attack(
        "for name in ('environ', 'mem', 'maps', 'root/etc/shadow', 'cwd/x', 'fd/0'):\n"
        "    attempt(name, lambda: open('/proc/{pid}/' + name, 'rb').read(1))\n"
        "attempt('environ of 1', lambda: open('/proc/1/environ', 'rb').read(1) or 1 / 0)\n"
        "attempt('kernel', lambda: open('/proc/sys/kernel/hostname', 'w').write('x'))\n"
        "attempt('kcore', lambda: open('/proc/kcore', 'rb').read(1))",
    ),
    "huge output": Attack("block = 'x' * 65536\nwhile True: print(block)", ("output", "cpu", "wall")),
    "signals": Attack(
        "launcher = os.getppid() < 10\n"  # in a namespace of processes: it belongs to the sandbox
        "for target in ({pid}, 0 if launcher else os.getppid(), {parent}):\n"
        "    if target > 1:\n"
        "        attempt(f'kill {{target}}', os.kill, target, 0)\n"
        "        attempt('stop', os.kill, target, signal.SIGCONT)\n"
        "signal.signal(signal.SIGCONT, signal.SIG_IGN)\n"
        "syscall('tgkill', 234 if X86 else 131, {pid}, {pid}, 0)\n"
        "syscall('sigqueue', 129 if X86 else 138, {pid}, 18, ctypes.create_string_buffer(128))\n"
        "os.kill(os.getpid(), 0)",
        apart=True,
    ),
    "ptrace": Attack(
        "syscall('attach', 101 if X86 else 117, 16, {pid}, 0, 0)\n"
        "syscall('seize', 101 if X86 else 117, 0x4206, {pid}, 0, 0)\n"
        "syscall('traceme', 101 if X86 else 117, 0, 0, 0, 0)",
    ),
    "setuid": Attack(
        "attempt('setuid', os.setuid, 0)\nattempt('setgid', os.setgid, 0)\n"
        "attempt('setgroups', os.setgroups, [0])\n"
        "import shutil\nshutil.copyfile('/usr/bin/id', 'id'); os.chmod('id', 0o6755)\n"
        "for program in ('/usr/bin/su', '/bin/su', '/usr/bin/mount', '/usr/bin/newgrp'):\n"
        "    if os.path.exists(program):\n"
        "        words = [program, '-c', 'id -u'] if 'su' in program else [program]\n"
        "        done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL)\n"
        "        if done.stdout.strip() == b'0': escaped(program)\n"
        "flags = open('/proc/self/status').read()\n"
        "if 'NoNewPrivs:\\t1' not in flags: escaped('new privileges')\n"
        "if os.getuid() == 0: escaped('root')",
        apart=True,
    ),
    "mount": Attack(
        "syscall('mount', 165 if X86 else 40, b'none', b'.', b'tmpfs', 0, 0)\n"
        "syscall('umount', 166 if X86 else 39, b'/proc', 2)\n"
        "syscall('unshare user', 272 if X86 else 97, 0x10000000)\n"
        "syscall('unshare mount', 272 if X86 else 97, 0x00020000)\n"
        "syscall('chroot', 161 if X86 else 51, b'.')\n"
        "syscall('pivot', 155 if X86 else 41, b'.', b'.')\n"
        "syscall('open_tree', 428, -100, b'/', 1)\nsyscall('fsopen', 430, b'tmpfs', 0)\n"
        "syscall('setns', 308 if X86 else 268, os.open('/proc/self', os.O_RDONLY), 0)",
        apart=True,
    ),
    "abstract socket": Attack(
        "s = attempt('socket', socket.socket, socket.AF_UNIX)\n"
        "if s: attempt('connect', s.connect, '\\0{abstract}')\n"
        "s = attempt('pair of packets', lambda: socket.socketpair(socket.AF_INET))\n"
        "a, b = socket.socketpair()\n"
        "attempt('connect pair', a.connect, '\\0{abstract}')\n"
        "attempt('by path', lambda: socket.socket(socket.AF_UNIX).connect('{unix}'))",
        alone=True,
    ),
    "memory bomb": Attack(
        "blocks = []\nwhile True: blocks.append(bytearray(16 << 20))",
        ("memory",),
    ),
    "sleep for ever": Attack(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "if os.fork() == 0:\n    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        for s in range(1, 32):\n"
        "            try: signal.signal(s, signal.SIG_IGN)\n"
        "            except (OSError, ValueError): pass\n"
        "        os.close(1); os.close(2)\n"
        "        os.execv(sys.executable, ['{daemon}', '-c', 'import time; time.sleep(1000)'])\n"
        "    os._exit(0)\n"
        "while True: time.sleep(1000)",
        ("wall",),
    ),
}
"""The dozen that every backend has to hold."""

MORE = {
    "memory bomb of children": Attack(
        "for _ in range(6):\n    if os.fork() == 0:\n"
        "        b = bytearray(60 << 20); b[::4096] = b'x' * len(b[::4096]); time.sleep(9)\n"
        "time.sleep(9)",
        ("memory",),
    ),
    "daemon left behind": Attack(
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        os.close(0); os.close(1); os.close(2)\n"
        "        os.execv(sys.executable, ['{daemon}', '-c', 'import time; time.sleep(1000)'])\n"
        "    os._exit(0)",
        apart=True,
    ),
    "stopped by itself": Attack("os.kill(os.getpid(), signal.SIGSTOP)", ("wall",)),
    "read outside": Attack(
        "for path in ('{secret}', '/etc/passwd', '/etc/shadow', '/root/.ssh/id_rsa', '/proc/1/environ'):\n"
        "    attempt(path, lambda: open(path, 'rb').read(20) or 1 / 0)\n"
        "for path in ('/', '/root', '/home', '/etc', '/var', '/tmp', '{outside}'):\n"
        "    try: names = os.listdir(path)\n"
        "    except OSError: names = []\n"
        "    if {canary!r} in names: escaped(path)",
        alone=True,
    ),
    "write outside": Attack(
        "for path in ('{writable}', '/tmp/{canary}', '/var/tmp/{canary}', '/dev/shm/{canary}',\n"
        "             '/run/{canary}', '../{canary}', '/{canary}', '/usr/{canary}',\n"
        "             sys.prefix + '/{canary}'):\n"
        "    attempt(path, lambda: open(path, 'w').write('x'))\n"
        "    attempt(path + ' folder', os.mkdir, path + '.d')\n"
        "attempt('append', lambda: open('{secret}', 'a').write('x'))\n"
        "attempt('truncate', os.truncate, '{secret}', 0)\n"
        "attempt('open to truncate', os.open, '{secret}', os.O_RDONLY | os.O_TRUNC)\n"
        "attempt('move away', os.rename, '{secret}', 'mine')\n"
        "attempt('remove', os.unlink, '{secret}')",
        apart=True,
    ),
    "attributes outside": Attack(
        "for call in (lambda: os.chmod('{secret}', 0o777), lambda: os.utime('{secret}', (1, 1)),\n"
        "             lambda: os.chown('{secret}', os.getuid(), -1),\n"
        "             lambda: os.setxattr('{secret}', 'user.x', b'1')):\n"
        "    try: call()\n"
        "    except OSError: pass",
    ),
    "environment": Attack(
        "if 'VIDKIT_TEST_SECRET' in os.environ: escaped(os.environ['VIDKIT_TEST_SECRET'])", alone=True
    ),
    "inherited descriptors": Attack(
        "for d in range(3, 1024):\n"
        "    try: os.fstat(d)\n"
        "    except OSError: continue\n"
        "    escaped(f'descriptor {{d}}')\n"
        "attempt('write to input', os.write, 0, b'x')",
    ),
    "io_uring": Attack("syscall('io_uring_setup', 425, 4, ctypes.create_string_buffer(256))", alone=True),
    "memfd": Attack(
        "syscall('memfd_create', 319 if X86 else 279, b'x', 0)\nsyscall('memfd_secret', 447, 0)", alone=True
    ),
    "userfaultfd": Attack("syscall('userfaultfd', 323 if X86 else 282, 1)"),
    "keyrings": Attack(
        "syscall('add_key', 248 if X86 else 217, b'user', b'vidkit', b'x', 1, -2)\n"
        "syscall('keyctl', 250 if X86 else 219, 0, -3, 0)",
    ),
    "memory of others": Attack(
        "buffer = ctypes.create_string_buffer(16)\n"
        "here = struct.pack('QQ', ctypes.addressof(buffer), 8)\n"
        "syscall('process_vm_readv', 310 if X86 else 270, {pid}, here, 1, here, 1, 0)\n"
        "syscall('process_vm_writev', 311 if X86 else 271, {pid}, here, 1, here, 1, 0)\n"
        "f = libc.syscall(434, {parent}, 0)\n"
        "syscall('pidfd_getfd', 438, max(f, 0), 0, 0)\n"
        "syscall('pidfd_send_signal', 424, max(f, 0), 0, 0, 0)",
    ),
    "limits of others": Attack(
        "import resource\n"
        "attempt('prlimit', resource.prlimit, {pid}, resource.RLIMIT_CORE)\n"
        "attempt('own hard limit', resource.setrlimit, resource.RLIMIT_NPROC, (10**6, 10**6))\n"
        "attempt('nice', os.setpriority, os.PRIO_PROCESS, {pid}, 19)\n"
        "attempt('affinity', os.sched_setaffinity, {pid}, [0])\n"
        "attempt('scheduler', os.sched_setscheduler, {pid}, os.SCHED_BATCH, os.sched_param(0))",
    ),
    "prctl": Attack(
        "if libc.prctl(38, 0, 0, 0, 0) == 0: escaped('no_new_privs off')\n"
        "if libc.prctl(22, 0, 0, 0, 0) == 0: escaped('filter off')\n"
        "libc.prctl(36, 1, 0, 0, 0); libc.prctl(1, 0, 0, 0, 0)\n"
        "for cap in range(41):\n"
        "    if cap != 2 and libc.prctl(47, 2, cap, 0, 0) == 0: escaped(f'ambient {{cap}}')\n"
        "if os.fork() == 0:\n"
        "    if os.fork() == 0:\n        os.setsid(); time.sleep(1000)\n"
        "    os._exit(0)",
        apart=True,
    ),
    "namespaces by clone": Attack(
        "for flag in (0x10000000, 0x00020000, 0x20000000, 0x40000000, 0x08000000, 0x04000000, 0x02000000):\n"
        "    if syscall(f'clone {{flag:x}}', 56 if X86 else 220, flag | 17, 0, 0, 0, 0) == 0: os._exit(0)\n"
        "arguments = struct.pack('11Q', 0x10000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0)\n"
        "if syscall('clone3', 435, arguments, len(arguments)) == 0: os._exit(0)",
    ),
    "x32 calls": Attack(
        "if os.fork() == 0:\n    syscall('x32 getpid', 0x40000000 + 39)\n    escaped('alive'); os._exit(0)\n"
        "os.wait()",
    ),
    "calls of 32 bits": Attack(
        "import mmap\n"
        "if X86 and os.fork() == 0:\n"
        "    page = mmap.mmap(-1, 4096, prot=7)\n"
        "    page.write(b'\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3')\n"  # mov eax, 20 (getpid); int 0x80; ret
        "    at = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
        "    result = ctypes.CFUNCTYPE(ctypes.c_int)(at)()\n"
        "    if result > 0: escaped(f'int 0x80 {{result}}')\n"
        "    os._exit(0)\n"
        "if X86: os.wait()",
        alone=True,
    ),
    "calls to come": Attack("for n in (470, 500, 600, 1000): syscall(f'call {{n}}', n, 0, 0, 0, 0)"),
    "shared memory that stays": Attack(
        "syscall('shmget', 29 if X86 else 194, 0, 4096, 0o1600)\n"
        "syscall('msgget', 68 if X86 else 186, 0, 0o1600)\n"
        "syscall('mq_open', 240 if X86 else 180, b'vidkit', 0o102, 0o600, 0)",
    ),
    "devices": Attack(
        "for name in ('mem', 'kmsg', 'vda', 'sda', 'tty', 'console', 'kvm', 'fuse', 'net/tun', 'ptmx'):\n"
        "    if os.path.exists('/dev/' + name):\n"
        "        attempt(name, lambda: os.read(os.open('/dev/' + name, os.O_RDWR | os.O_NONBLOCK), 1))\n"
        "attempt('mknod', os.mknod, 'disk', 0o060600, os.makedev(8, 0))\n"
        "attempt('terminal', lambda: __import__('fcntl').ioctl(0, 0x5412, b'x'))",
    ),
    "watching": Attack(
        "syscall('inotify', 254 if X86 else 27, libc.inotify_init1(0), b'/tmp', 0xfff)", alone=True
    ),
    "handles": Attack(
        "space = ctypes.create_string_buffer(struct.pack('Ii', 128, 0), 256)\n"
        "number = ctypes.create_string_buffer(8)\n"
        "syscall('name_to_handle_at', 303 if X86 else 264, -100, b'/', space, number, 0)",
        alone=True,
    ),
    "disk full of bytes": Attack(
        "n = 0\nwhile True:\n    n += 1\n    open(f'f{{n}}', 'wb').write(b'x' * (900 << 10))\n"
        "    time.sleep(0.005)",
        ("folder", "file"),
    ),
    "one huge file": Attack("f = open('f', 'wb')\nwhile True: f.write(b'x' * 65536)", ("file",)),
    "disk full of files": Attack("n = 0\nwhile True:\n    n += 1; open(f'f{{n}}', 'w').close()", ("files",)),
    "deep folders": Attack(
        "try:\n    for _ in range(400):\n        os.mkdir('d' * 50); os.chdir('d' * 50)\n"
        "    os.mkdir('closed', 0)\n    time.sleep(1000)\nexcept OSError as e: print(e)",
        ("files", "wall"),
    ),
    "odd files": Attack(
        "try: os.mkfifo('pipe')\n"
        "except OSError: pass\n"
        "os.mkdir('closed', 0); os.mkdir('closed2'); open('closed2/x', 'w').close()\n"
        "open(b'\\xff\\xfe', 'w').write('x'); os.symlink('/proc/self/mem', 'memory')\n"
        "libc.chmod(b'closed2', 0)",
    ),
    "waits for input": Attack("if sys.stdin.read() != '': escaped('input')"),
}
"""Our own attempts beyond the dozen."""

ALL = {**ISSUE, **MORE}

TOGETHER = """
import json, os, sys, traceback
texts = json.load(open("texts.json"))
told = {}
for name, text in texts.items():
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read); os.dup2(write, 1); os.dup2(write, 2)
        if write > 2: os.close(write)
        folder = name.replace(" ", "_"); os.mkdir(folder); os.chdir(folder)
        try: exec(compile(text, name, "exec"), {"__name__": "__main__"})
        except BaseException: traceback.print_exc()
        sys.stdout.flush(); sys.stderr.flush(); os._exit(0)
    os.close(write)
    told[name] = open(read, "rb").read().decode("utf-8", "replace")[-4000:]
    os.wait()
print(json.dumps(told))
"""
"""Runs the quick ones one after the other, each in a process and a folder of its own; prints all."""
