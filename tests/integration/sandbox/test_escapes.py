"""Attempts to leave the sandbox, on every backend that this machine allows."""

import contextlib
import functools
import json
import os
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sandbox_attacks import ALL, ISSUE, PRELUDE, TOGETHER
from stopwatch import patience_s

from vidkit import sandbox
from vidkit.sandbox.execute import Request, execute

if not sys.platform.startswith("linux"):
    pytest.skip("the sandbox needs Linux", allow_module_level=True)

LIMITS = sandbox.Limits(
    cpu_s=2,
    wall_s=20,
    memory_mib=256,
    processes=8,
    file_mib=1,
    folder_mib=8,
    folder_files=200,
    output_kib=256,
)
QUICK = [name for name, attack in ALL.items() if attack.quick]
LONG = [name for name, attack in ALL.items() if not attack.quick]
OLD = ("read outside", "attributes outside", "abstract socket", "symlink")


@pytest.fixture(params=[backend.name for backend in sandbox.backends()])
def backend(request: pytest.FixtureRequest) -> str:
    return usable(request.param)


def usable(name: str) -> str:
    found = next(backend for backend in sandbox.backends() if backend.name == name)
    if not found.works:
        pytest.skip(f"{found.name} does not work here: {found.reason}")
    return name


class Outside:
    """Things that a program in the sandbox must not reach: a file, sockets, a process, the environment."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        folder.chmod(0o777)
        self.folder = folder
        self.secret = folder / "secret.txt"
        self.secret.write_text("secret")
        self.secret.chmod(0o666)
        self.name = f"vidkit-{uuid.uuid4().hex}"
        tcp = self._listen(stack, socket.AF_INET, ("127.0.0.1", 0))
        self._listen(stack, socket.AF_UNIX, f"\0{self.name}")
        self._listen(stack, socket.AF_UNIX, str(folder / "s"))
        self.process = stack.enter_context(subprocess.Popen(["sleep", "600"]))
        stack.callback(self.process.kill)
        threading.Thread(target=_greet, args=(tcp,), daemon=True).start()
        self.before = self.state()
        self.values = {
            "secret": self.secret,
            "writable": folder / "written.txt",
            "outside": folder,
            "canary": self.secret.name,
            "port": tcp.getsockname()[1],
            "abstract": self.name,
            "unix": folder / "s",
            "pid": self.process.pid,
            "parent": os.getpid(),
            "daemon": self.name,
        }

    def _listen(self, stack: contextlib.ExitStack, family: int, address: object) -> socket.socket:
        listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        listener.bind(address)
        listener.listen(16)
        return listener

    def program(self, name: str) -> str:
        return PRELUDE + ALL[name].text.format(**self.values) + "\nprint('done')\n"

    def state(self) -> list[object]:
        """What must stay: the secret, its owner, mode and times, the folder's entries, the process."""
        told = self.secret.stat()
        names = sorted(path.name for path in self.folder.iterdir())
        alive = self.process.poll()
        return [self.secret.read_text(), told.st_mode, told.st_uid, told.st_mtime, names, alive]

    def left_running(self) -> list[str]:
        """Processes that have the name of ours in their command line."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and self.name.encode() in (entry / "cmdline").read_bytes():
                    found.append(entry.name)
        return found


def _greet(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            listener.accept()[0].close()


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    temporary = tmp_path_factory.mktemp("temporary")
    with contextlib.ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIDKIT_TEST_SECRET", "SANDBOX")
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr("tempfile.tempdir", None)
        leaking = os.open("/", os.O_RDONLY)
        os.set_inheritable(leaking, True)
        stack.callback(os.close, leaking)
        yield Outside(tmp_path_factory.mktemp("outside"), stack)
        assert list(temporary.iterdir()) == [], "something is left in the folder for temporary files"


@functools.cache
def together(
    backend: str, outside: Outside, names: tuple[str, ...], version: int | None = None
) -> dict[str, str]:
    """What the attacks printed, one after the other in one run."""
    files = {"run.py": TOGETHER, "texts.json": json.dumps({name: outside.program(name) for name in names})}
    limits = sandbox.Limits(cpu_s=20, wall_s=30, processes=8, file_mib=1, folder_mib=8, output_kib=256)
    outcome = execute(backend, Request(["python", "run.py"], limits, files), landlock_version=version)
    assert outcome.ok, outcome.why() + outcome.stderr
    told = json.loads(outcome.stdout)
    assert isinstance(told, dict)
    return told


def test_the_dozen_and_more_are_tried() -> None:
    assert len(ISSUE) == 12
    assert len(ALL) >= 35


@pytest.mark.parametrize("name", QUICK)
def test_attack_is_held(name: str, backend: str, outside: Outside) -> None:
    told = together(backend, outside, tuple(QUICK))[name]
    assert "ESCAPED" not in told and told.endswith("done\n"), told
    assert outside.state() == outside.before


@pytest.mark.parametrize("name", LONG)
def test_attack_that_goes_on_is_ended(name: str, backend: str, outside: Outside) -> None:
    files = {"attack.py": outside.program(name)}
    sleeps = "wall" in ALL[name].limits and "cpu" not in ALL[name].limits
    limits = replace(LIMITS, wall_s=1.5) if sleeps else LIMITS
    outcome = sandbox.run(["python", "attack.py"], limits, files, backend=backend)
    shown = f"{outcome.why()}\n{outcome.stdout[-3000:]}\n{outcome.stderr[-3000:]}"
    assert "ESCAPED" not in outcome.stdout, shown
    assert outcome.limit in (ALL[name].limits or ("",)), shown
    assert outcome.limit or outcome.stdout.endswith("done\n"), shown
    assert outcome.seconds < limits.wall_s + patience_s(2.5)
    assert outside.left_running() == []
    assert outside.state() == outside.before
    assert b"secret" not in outcome.files.values()


@pytest.mark.parametrize("name", [name for name, attack in ALL.items() if attack.alone])
def test_attack_works_without_a_sandbox(name: str, outside: Outside, tmp_path: Path) -> None:
    """A test of the tests: what is held above would succeed otherwise."""
    words = [sys.executable, "-I", "-S", "-c", outside.program(name)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    Path(str(outside.values["writable"])).unlink(missing_ok=True)
    assert "ESCAPED" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("version", [1, 3])
def test_landlock_of_older_kernels_holds(version: int, outside: Outside) -> None:
    told = dict(together(usable("landlock"), outside, OLD, version))
    for name in ("signals", "write outside"):
        request = Request(["python", "attack.py"], LIMITS, {"attack.py": outside.program(name)})
        told[name] = execute("landlock", request, landlock_version=version).stdout
    for name, text in told.items():
        assert "ESCAPED" not in text and text.endswith("done\n"), f"{name}: {text}"
    assert outside.state() == outside.before
