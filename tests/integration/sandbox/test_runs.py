"""What ordinary programs get in the sandbox, and what the caller learns of their end."""

import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from vidkit import sandbox
from vidkit.sandbox import Limits, SandboxError, readable
from vidkit.sandbox.inside import tree

if not sys.platform.startswith("linux"):
    pytest.skip("the sandbox needs Linux", allow_module_level=True)


@pytest.fixture(params=[backend.name for backend in sandbox.backends()])
def backend(request: pytest.FixtureRequest) -> str:
    found = next(backend for backend in sandbox.backends() if backend.name == request.param)
    if not found.works:
        pytest.skip(f"{found.name} does not work here: {found.reason}")
    return found.name


def test_ordinary_program_reads_prints_and_writes(backend: str) -> None:
    text = """
        import shutil, subprocess, sys, tempfile, threading, asyncio
        import numpy, helper
        print(helper.NAME, sys.stdin.read(), sys.argv[1], numpy.arange(4).sum())
        t = threading.Thread(target=print, args=("thread",)); t.start(); t.join()
        print(subprocess.run(["sh", "-c", "echo shell"], capture_output=True, text=True).stdout.strip())
        asyncio.run(asyncio.sleep(0))
        tempfile.TemporaryFile().write(b"x")
        shutil.copy2("given.txt", "copy.txt")
        open("given2.txt", "a").write("more")
        print("wörter", file=sys.stderr)
        sys.exit(3)
    """
    files = {
        "main.py": textwrap.dedent(text),
        "helper.py": "NAME = 'helper'",
        "given.txt": b"given",
        "given2.txt": b"",
        "sub/x": "",
    }
    outcome = sandbox.run(["python", "main.py", "a b"], Limits(), files, stdin=b"input", backend=backend)
    assert outcome.stdout == "helper input a b 6\nthread\nshell\n", outcome.stderr
    assert outcome.stderr == "wörter\n"
    assert (outcome.exit, outcome.signal, outcome.limit, outcome.ok) == (3, None, "", False)
    assert outcome.files == {"copy.txt": b"given", "given2.txt": b"more"}
    assert outcome.backend == backend and not outcome.unsafe
    assert 5 < outcome.peak_memory_mib < 300 and outcome.cpu_s > 0


@pytest.mark.parametrize("number", [9])
def test_signal_is_told_from_exit_status(backend: str, number: int) -> None:
    outcome = sandbox.run(["python", "-c", f"import os; os.kill(os.getpid(), {number})"], backend=backend)
    assert (outcome.exit, outcome.signal, outcome.why()) == (None, number, f"ended by signal {number}")
    outcome = sandbox.run(["python", "-c", f"import os; os._exit({128 + number})"], backend=backend)
    assert (outcome.exit, outcome.signal) == (128 + number, None)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("while True: pass", "cpu"),
        ("import time; time.sleep(60)", "wall"),
        ("x = bytearray(1 << 30)", "memory"),
        ("open('f', 'wb').write(b'x' * (4 << 20))", "file"),
    ],
)
def test_limit_that_was_hit_is_named(backend: str, text: str, limit: str) -> None:
    limits = Limits(cpu_s=1, wall_s=1 if limit == "wall" else 30, memory_mib=200, file_mib=1)
    outcome = sandbox.run(["python", "-c", text], limits, backend=backend)
    assert outcome.limit == limit, outcome
    assert not outcome.ok


def test_long_output_is_cut_and_counted(backend: str) -> None:
    text = "import sys; sys.stdout.write('x' * 3_000_000); print('end', file=sys.stderr)"
    outcome = sandbox.run(["python", "-c", text], backend=backend)
    assert outcome.ok
    assert (len(outcome.stdout), outcome.stdout_bytes, outcome.stderr) == (65536, 3_000_000, "end\n")


def test_links_and_odd_files_are_left_out_with_the_reason(backend: str) -> None:
    text = "import os; os.symlink('/etc/passwd', 'a'); os.mkdir('d'); open('d/x', 'w').write('y')"
    text += "; os.link('d/x', 'z')"
    outcome = sandbox.run(["python", "-c", text], backend=backend)
    assert outcome.files == {"d/x": b"y", "z": b"y"}, outcome.stderr
    assert outcome.files_left_out == {"a": "a link"}


def test_program_that_does_not_exist_is_an_error(backend: str) -> None:
    with pytest.raises(SandboxError, match="no program 'frobnicate'"):
        sandbox.run(["frobnicate"], backend=backend)
    with pytest.raises(SandboxError, match="cannot be started"):
        sandbox.run(["/usr/bin/frobnicate"], backend=backend)


def test_extra_folders_may_be_read_and_not_written(backend: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("shared")
    tmp_path.chmod(0o777)
    text = f"print(open({str(tmp_path / 'x')!r}).read()); open({str(tmp_path / 'y')!r}, 'w')"
    outcome = sandbox.run(["python", "-c", text], backend=backend, read=[tmp_path])
    assert outcome.stdout == "shared\n", outcome.stderr
    assert outcome.stderr and not (tmp_path / "y").exists()


def test_runs_at_the_same_time_do_not_meet(backend: str) -> None:
    seen: dict[int, str] = {}

    def one(number: int) -> None:
        text = f"import time, os; open('x', 'w').write('{number}'); time.sleep(.3)"
        text += "; print(open('x').read(), os.listdir())"
        seen[number] = sandbox.run(["python", "-c", text], backend=backend).stdout

    threads = [threading.Thread(target=one, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {number: f"{number} ['x']\n" for number in range(3)}


def test_program_ends_with_a_caller_that_is_killed(backend: str, tmp_path: Path) -> None:
    caller = (
        "from vidkit import sandbox; sandbox.run(['python', '-c', {text!r}], backend={backend!r})".format(
            text="import os, time\nif os.fork() == 0: os.setsid()\ntime.sleep(77.5)", backend=backend
        )
    )
    process = subprocess.Popen([sys.executable, "-c", caller], env={**os.environ, "TMPDIR": str(tmp_path)})
    until = time.monotonic() + 200
    while len(running("time.sleep(77.5)")) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    assert len(running("time.sleep(77.5)")) >= 3  # the caller, the program and its child
    process.kill()
    process.wait()
    while running("time.sleep(77.5)") and time.monotonic() < until:
        time.sleep(0.05)
    assert running("time.sleep(77.5)") == []


def running(words: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and words.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_landlock_is_taken_where_namespaces_are_forbidden() -> None:
    """As in a plain Docker container: its filter refuses namespaces and mounts."""
    text = """
        from vidkit.sandbox.inside import privileges, seccomp
        rules = seccomp._Program(__import__("os").uname().machine)
        rules.answer(("unshare", "mount", "setns", "pivot_root"), 1)
        rules.without_bits("clone", 0, seccomp._NEW_NAMESPACES)
        rules.answer(("clone3",), 38)
        privileges.no_new_privileges()
        seccomp.install(rules.end())
        from vidkit import sandbox
        for backend in sandbox.backends(): print(backend.name, backend.works, backend.reason)
        print(sandbox.run(["python", "-c", "print('ran')"]).backend)
    """
    if not shutil.which("bwrap") or not sandbox.backends()[1].works:
        pytest.skip("needs bubblewrap installed and a kernel with Landlock")
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(text)], capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("bubblewrap False") and len(lines[0]) > 30, done.stdout + done.stderr
    assert lines[1].startswith("landlock True")
    assert lines[2] == "landlock"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_caller_without_rights_is_served_too() -> None:
    python = "/usr/bin/python3"
    if not os.path.exists(python) or not shutil.which("setpriv"):
        pytest.skip("no Python that every user can read, or no setpriv")
    source = Path(__file__).resolve().parents[3]
    new_enough = (
        subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]).returncode == 0
    )
    reaches = all(part.stat().st_mode & 1 for part in [source, *source.parents])
    if not new_enough or not reaches:
        pytest.skip("the system's Python is too old, or this folder is closed to other users")
    text = f"""
import sys; sys.path.insert(0, {str(source)!r})
from vidkit import sandbox
for b in sandbox.backends():
    if b.works:
        bomb = "import os, time\\ntry:\\n  while 1: os.fork()\\nexcept OSError: time.sleep(.2)"
        out = sandbox.run(["python", "-c", bomb], sandbox.Limits(processes=6, wall_s=5), backend=b.name)
        print(b.name, out.peak_processes <= 6)
"""
    words = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", python, "-I", "-c", text]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split("\n")) <= {"bubblewrap True", "landlock True", ""} and done.stdout, (
        done.stdout
    )


def test_without_a_backend_it_is_refused_unless_insisted(monkeypatch: pytest.MonkeyPatch) -> None:
    none = {
        name: sandbox.Backend(name, False, "forbidden", "install it") for name in ("bubblewrap", "landlock")
    }
    monkeypatch.setattr("vidkit.sandbox.choosing._tried", none.__getitem__)
    with pytest.raises(SandboxError, match="bubblewrap: forbidden; landlock: forbidden") as error:
        sandbox.run(["python", "-c", ""])
    assert "install it" in error.value.hint and error.value.exit_code == 7
    outcome = sandbox.run(["python", "-c", "print(1)"], unsafe=True)
    assert (outcome.stdout, outcome.backend, outcome.unsafe) == ("1\n", "none", True)
    assert "not guarded" in outcome.notes[0]
    assert sandbox.run(["python", "-c", "while True: pass"], Limits(cpu_s=1), unsafe=True).limit == "cpu"


def test_processes_below_one_are_found() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 300 & wait"]) as process:
        until = time.monotonic() + 60
        while len(tree.descendants(process.pid)) < 1 and time.monotonic() < until:
            time.sleep(0.01)
        found = tree.descendants(os.getpid())
        assert process.pid in found and len(found) >= 2
        assert tree._parents()[process.pid] == tree.descendants(process.pid)
        for pid in reversed([p for p in found if p in (process.pid, *tree.descendants(process.pid))]):
            os.kill(pid, 9)


def test_python_of_this_environment_can_be_read() -> None:
    found = readable.folders()
    assert any(sys.base_prefix == path or sys.base_prefix.startswith(path + "/") for path in found)
    assert not any(path in ("/", "/root", "/home", os.path.expanduser("~"), "/tmp") for path in found)
