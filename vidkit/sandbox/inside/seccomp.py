"""The filter of system calls (seccomp): its program as bytes, and its installation.

A list of what is refused rather than of what is allowed: the calls that interpreters and numerical libraries
need move from version to version, those that lead out of the sandbox are known. Calls newer than the table
are refused.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from collections.abc import Iterable

from .syscalls import AUDIT_ARCH, FIRST_UNKNOWN, number

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16

_X32 = 0x40000000
_NEW_NAMESPACES = 0x7E020000  # every CLONE_NEW* flag of clone
_TERMINAL_QUESTIONS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS, window size, FION*, FIOCLEX
_SIGNALS_BY_FILE = (8, 10, 15, 1026)  # fcntl F_SETOWN, F_SETSIG, F_SETOWN_EX, F_NOTIFY

REFUSED = (
    # the network, and other processes' services
    "socket", "connect", "bind", "listen", "accept", "accept4",
    # other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "kcmp",
    "pidfd_getfd", "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "perf_event_open",
    # mounts, namespaces, roots
    "mount", "umount2", "pivot_root", "chroot", "open_tree", "open_tree_attr", "move_mount", "fsopen",
    "fsconfig", "fsmount", "fspick", "mount_setattr", "statmount", "listmount", "unshare", "setns",
    # the kernel itself
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "bpf", "userfaultfd",
    "io_uring_setup", "io_uring_enter", "io_uring_register", "io_setup", "syslog", "iopl", "ioperm",
    "modify_ldt", "lookup_dcookie", "uselib", "nfsservctl", "lsm_set_self_attr",
    # keys, files without names, memory that outlives or hides from its process
    "add_key", "request_key", "keyctl", "name_to_handle_at", "open_by_handle_at", "memfd_create",
    "memfd_secret", "shmget", "msgget", "semget", "mq_open", "mknod", "mknodat",
    # watching others' files
    "inotify_add_watch", "fanotify_init", "fanotify_mark",
    # the machine
    "swapon", "swapoff", "reboot", "sethostname", "setdomainname", "settimeofday", "clock_settime",
    "adjtimex", "clock_adjtime", "acct", "quotactl", "quotactl_fd", "vhangup",
)  # fmt: skip

OTHERS_FILES = (
    "chown", "fchown", "lchown", "fchownat", "setxattr", "lsetxattr", "fsetxattr", "setxattrat",
    "removexattr", "lremovexattr", "fremovexattr", "removexattrat", "file_setattr",
)  # fmt: skip
"""Refused where only Landlock guards files: it does not see owners and attributes."""

PRETENDED = ("chmod", "fchmod", "fchmodat", "fchmodat2", "utime", "utimes", "utimensat", "futimesat")
"""Answered with success and not done where only Landlock guards files: copying files needs them."""

_ONLY_ITSELF = ("prlimit64", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler",
                "migrate_pages", "move_pages")  # fmt: skip


class _Program:
    """Instructions of the filter; each block ends in a return, so the number stays loaded between blocks."""

    def __init__(self, architecture: str) -> None:
        self.architecture = architecture
        self.code = b""
        self._add(_LOAD, _ARCH_AT)
        self._add(_EQUAL, AUDIT_ARCH[architecture], 1, 0)
        self._add(_RETURN, _KILL)
        self._add(_LOAD, _NUMBER_AT)
        if architecture == "x86_64":
            self._block(_AT_LEAST, _X32, [(_RETURN, _KILL, 0, 0)])
        self._block(_AT_LEAST, FIRST_UNKNOWN, [(_RETURN, _ERRNO | errno.ENOSYS, 0, 0)])

    def _add(self, operation: int, value: int, when: int = 0, otherwise: int = 0) -> None:
        self.code += struct.pack("<HBBI", operation, when, otherwise, value)

    def _block(self, test: int, value: int, body: list[tuple[int, int, int, int]]) -> None:
        self._add(test, value, 0, len(body))
        for operation, k, when, otherwise in body:
            self._add(operation, k, when, otherwise)

    def answer(self, names: Iterable[str], error: int) -> None:
        """Calls that return `error` (0: success without doing anything)."""
        for name in names:
            call = number(name, self.architecture)
            if call is not None:
                self._block(_EQUAL, call, [(_RETURN, _ERRNO | error, 0, 0)])

    def where(
        self, name: str, argument: int, values: Iterable[int], allowed: bool, error: int = errno.EPERM
    ) -> None:
        """A call that is allowed (or refused) where the low word of an argument is one of `values`."""
        call = number(name, self.architecture)
        if call is None:
            return
        body = [(_LOAD, _ARGUMENTS_AT + 8 * argument, 0, 0)]
        listed, other = (_ALLOW, _ERRNO | error) if allowed else (_ERRNO | error, _ALLOW)
        for value in values:
            body += [(_EQUAL, value & 0xFFFFFFFF, 0, 1), (_RETURN, listed, 0, 0)]
        self._block(_EQUAL, call, [*body, (_RETURN, other, 0, 0)])

    def without_bits(self, name: str, argument: int, bits: int) -> None:
        """A call that is refused where an argument has any of `bits`."""
        call = number(name, self.architecture)
        load = (_LOAD, _ARGUMENTS_AT + 8 * argument, 0, 0)
        refuse = [(_ANY_BIT, bits, 0, 1), (_RETURN, _ERRNO | errno.EPERM, 0, 0)]
        if call is not None:
            self._block(_EQUAL, call, [load, *refuse, (_RETURN, _ALLOW, 0, 0)])

    def both_zero(self, name: str) -> None:
        """A call that is allowed where its first two arguments are 0: this process itself."""
        call = number(name, self.architecture)
        no = (_RETURN, _ERRNO | errno.EPERM, 0, 0)
        body = [(_LOAD, _ARGUMENTS_AT, 0, 0), (_EQUAL, 0, 1, 0), no]
        body += [(_LOAD, _ARGUMENTS_AT + 8, 0, 0), (_EQUAL, 0, 1, 0), no, (_RETURN, _ALLOW, 0, 0)]
        if call is not None:
            self._block(_EQUAL, call, body)

    def no_empty_by_reading(self, name: str, argument: int) -> None:
        """Opening to read that empties the file: kernels before Landlock 3 let it pass."""
        call = number(name, self.architecture)
        body = [(_LOAD, _ARGUMENTS_AT + 8 * argument, 0, 0), (_AND, 0o1003, 0, 0)]
        body += [(_EQUAL, 0o1000, 0, 1), (_RETURN, _ERRNO | errno.EACCES, 0, 0), (_RETURN, _ALLOW, 0, 0)]
        if call is not None:
            self._block(_EQUAL, call, body)

    def end(self) -> bytes:
        self._add(_RETURN, _ALLOW)
        return self.code


def program(architecture: str, landlock: int = 0, own_pid: int = 0) -> bytes:
    """The filter's instructions.

    Args:
        architecture: "x86_64" or "aarch64".
        landlock: version of Landlock that guards the files; 0: namespaces do, so that less has to be refused.
        own_pid: with a Landlock that does not guard signals (before 6), the only process that may get one.
    """
    rules = _Program(architecture)
    rules.answer(REFUSED, errno.EPERM)
    rules.answer(
        ("clone3", "openat2"), errno.ENOSYS
    )  # arguments in memory cannot be seen; libraries fall back
    rules.without_bits("clone", 0, _NEW_NAMESPACES)
    rules.where("socketpair", 0, (1,), allowed=True)
    for name in _ONLY_ITSELF:
        rules.where(name, 0, (0,), allowed=True)
    rules.both_zero("setpriority")
    rules.both_zero("ioprio_set")
    rules.where("ioctl", 1, _TERMINAL_QUESTIONS, allowed=True, error=errno.ENOTTY)
    rules.where("fcntl", 1, _SIGNALS_BY_FILE, allowed=False)
    rules.where("prctl", 0, (62,), allowed=False)  # core scheduling reaches other processes
    if landlock:
        rules.answer(OTHERS_FILES, errno.EPERM)
        rules.answer(PRETENDED, 0)
        if landlock < 3:
            rules.answer(("truncate",), errno.EACCES)
            rules.no_empty_by_reading("open", 1)
            rules.no_empty_by_reading("openat", 2)
        if landlock < 6 and own_pid:
            for name in ("kill", "tkill", "tgkill"):
                rules.where(name, 0, (own_pid,), allowed=True)
    return rules.end()


class _Fprog(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def install(code: bytes) -> None:
    """Put the filter on this process for good; needs `no_new_privs`.

    Raises:
        OSError: the kernel refuses it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_ = _Fprog(len(code) // 8, ctypes.addressof(buffer))
    if libc.prctl(22, 2, ctypes.byref(filter_), 0, 0) != 0:  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        raise OSError(ctypes.get_errno(), "the filter of system calls was refused")
