"""`vidkit ...` as processes of their own that start at once: forked from one that has imported all they need.

A process that begins with the interpreter spends half a second (with torch five) on imports before it does
what a test is about. These have arguments, folder, environment, streams, signals and an exit status of their
own, too. Tests of what is imported, of start-up and of `python -m vidkit` itself run the interpreter.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

LIGHT = (
    "vidkit.cli.main",
    "vidkit.config.compose",
    "vidkit.config.schema",
    "vidkit.cli.plain",
    "vidkit.cli.result_file",
    "vidkit.cli.words",
    "vidkit.algoviz.gallery",
    "vidkit.algoviz.rsl.choosing",
    "vidkit.algoviz.vta",
    "vidkit.commands.algoviz.run",
    "vidkit.commands.algoviz.demo",
    "vidkit.commands.algoviz.ask",
    "vidkit.commands.eval.command",
    "vidkit.commands.generate.command",
    "vidkit.commands.select_frames.command",
    "vidkit.frames.selectors.wfs_sb",
    "numpy",
    "PIL.Image",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
)
HEAVY = (
    *LIGHT,
    "torch",
    "transformers.models.umt5.modeling_umt5",
    "diffusers.pipelines.skyreels_v2",
    "vidkit.commands.generate.session",
    "vidkit.commands.calibrate.command",
)
BARE = ("vidkit.cli.main",)
ROOT = Path(__file__).resolve().parents[2]
_REPORT = 40  # bytes of what a keeper tells at a time


class Forked:
    """A running `vidkit`, with what tests use of `subprocess.Popen`.

    Attributes:
        spent_s: seconds of processor time, with those of its workers, once it has ended.
    """

    def __init__(self, pid: int, report: int, stdout: int, stderr: int) -> None:
        self.pid, self.returncode = pid, None
        self._report = report
        self.stdout, self.stderr = (
            os.fdopen(one, encoding="utf-8", errors="backslashreplace") for one in (stdout, stderr)
        )
        self.returncode: int | None
        self.spent_s = 0.0

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, minus the signal if one ended it."""
        if self.returncode is None:
            if not select.select([self._report], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("vidkit", timeout or 0.0)
            status, spent = (os.read(self._report, _REPORT) or b"1 0").split()
            self.returncode, self.spent_s = os.waitstatus_to_exitcode(int(status)), float(spent)
            os.close(self._report)
        return self.returncode

    def poll(self) -> int | None:
        """Its exit status, or None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def spent_until_now(self) -> float:
        """Seconds of processor time up to now, with those of workers that ended; 0 once it is gone itself."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """All that it writes, once it has ended."""
        ends = None if timeout is None else time.monotonic() + timeout
        told = {}
        readers = [
            threading.Thread(target=lambda n=name, s=stream: told.update({n: s.read()}), daemon=True)
            for name, stream in (("out", self.stdout), ("err", self.stderr))
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(None if ends is None else max(0.0, ends - time.monotonic()))
            if reader.is_alive():
                raise subprocess.TimeoutExpired("vidkit", timeout or 0.0)
        self.wait(None if ends is None else max(0.0, ends - time.monotonic()))
        self.stdout.close()
        self.stderr.close()
        return told["out"], told["err"]


def start(
    words: Sequence[object],
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    heavy: bool = False,
    bare: bool = False,
    new_session: bool = False,
    prepare: str = "",
) -> Forked:
    """Begin `vidkit WORDS`; standard input is empty.

    Args:
        words: of the command line.
        cwd: its folder.
        env: its whole environment; that of this process otherwise.
        heavy: with torch and diffusers loaded.
        bare: with nothing loaded but the command line.
        new_session: in a session of its own.
        prepare: Python that it runs first, to change what it is made of; `raise SystemExit` ends it there.
    """
    request = {
        "words": [str(word) for word in words],
        "cwd": str(cwd or Path.cwd()),
        "env": dict(os.environ if env is None else env),
        "new_session": new_session,
        "prepare": prepare,
    }
    if heavy and find_spec("torch") is None:  # the keeper would die of it, and say so to nobody
        raise ModuleNotFoundError("No module named 'torch'")
    out, err, report = (os.pipe() for _ in range(3))
    body = json.dumps(request).encode()
    server = _server(HEAVY if heavy else BARE if bare else LIGHT)
    socket.send_fds(server, [len(body).to_bytes(8, "big")], [out[1], err[1], report[1]])
    server.sendall(body)
    for one in (out, err, report):
        os.close(one[1])
    pid = int(os.read(report[0], _REPORT))
    return Forked(pid, report[0], out[0], err[0])


def run(words: Sequence[object], timeout: float = 600, **options: Any) -> subprocess.CompletedProcess[str]:
    """`vidkit WORDS` to its end, as `subprocess.run` gives it."""
    process = start(words, **options)
    out, err = process.communicate(timeout)
    return subprocess.CompletedProcess(["vidkit", *map(str, words)], process.wait(), out, err)


@functools.cache
def _server(modules: tuple[str, ...]) -> socket.socket:
    ours, theirs = socket.socketpair()
    code = (
        "import sys; sys.path[:0] = sys.argv[3:]; import vidkit_process; vidkit_process.serve(*sys.argv[1:3])"
    )
    paths = [str(Path(__file__).parent), str(ROOT), str(ROOT / "kernels")]
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(theirs.fileno()), ",".join(modules), *paths],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},  # threads would not outlive a fork
    )
    theirs.close()
    atexit.register(lambda: (ours.close(), process.wait()))
    return ours


def serve(descriptor: str, modules: str) -> None:
    """Import, then fork for every request until the other side closes."""
    line = socket.socket(fileno=int(descriptor))
    for module in modules.split(","):
        importlib.import_module(module)
    if modules != ",".join(BARE):
        _compose_once()
    gc.collect()
    gc.freeze()  # children need not walk over what is loaded
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers are not waited for
    while True:
        head, streams, _, _ = socket.recv_fds(line, 8, 3)
        if not head:
            return
        body = b""
        while len(body) < int.from_bytes(head, "big"):
            body += line.recv(1 << 16)
        if os.fork() == 0:
            line.close()
            _keep(json.loads(body), streams)
        for stream in streams:
            os.close(stream)


def _compose_once() -> None:
    """Let Hydra find its plug-ins and every schema be read: each child would do it again."""
    from vidkit.config.compose import compose

    for command, config in (("generate", "maze_demo"), ("eval", "default"), ("select-frames", "default")):
        compose(command, config)


def _keep(request: dict[str, Any], streams: list[int]) -> NoReturn:
    """Fork the command, tell its number and at last its status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    out, err, report = streams
    pid = os.fork()
    if pid == 0:
        os.close(report)
        _become(request, out, err)
    os.close(out)
    os.close(err)
    os.write(report, str(pid).ljust(_REPORT).encode())  # so long that one read takes one of them
    _, status, used = os.wait4(pid, 0)
    os.write(report, f"{status} {used.ru_utime + used.ru_stime:.3f}".ljust(_REPORT).encode())
    os._exit(0)


def _become(request: dict[str, Any], out: int, err: int) -> NoReturn:
    if request["new_session"]:
        os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    random.seed()
    sys.argv = ["vidkit", *request["words"]]
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", buffering=1) for number in (1, 2))  # noqa: SIM115
    from vidkit.cli.main import main

    status: Any = 1
    try:
        exec(request["prepare"], {})
        main()
    except SystemExit as end:
        status = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        threading._shutdown()
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    os._exit(status if isinstance(status, int) else int(status is not None))
