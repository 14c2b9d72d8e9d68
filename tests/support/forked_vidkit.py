"""Commands of vidkit in processes that begin with all they import: many kills in the time of few starts.

A process imports what the command needs and forks a child for each start. From there on nothing differs from
`python -m vidkit`: a session of its own, its signals, its workers, its end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]
SERVER = """
import atexit, importlib, json, os, sys
from vidkit.cli.main import main
for line in sys.stdin:
    order = json.loads(line)
    if "import" in order:
        for name in open(order["import"]).read().split():
            try:
                importlib.import_module(name)
            except BaseException:
                pass
        print(json.dumps(len(sys.modules)), flush=True)
    elif "wait" in order:
        pid, status, used = os.wait4(order["wait"], os.WNOHANG)
        spent = used.ru_utime + used.ru_stime
        print(json.dumps([os.waitstatus_to_exitcode(status), spent] if pid else None), flush=True)
    else:
        pid = os.fork()
        if pid:
            print(json.dumps(pid), flush=True)
            continue
        os.setsid()
        for number, place in ((0, os.devnull), (1, os.devnull), (2, order["stderr"])):
            os.dup2(os.open(place, os.O_RDWR | os.O_CREAT, 0o600), number)
        if order["modules"]:
            atexit.register(lambda: open(order["modules"], "w").write(" ".join(sys.modules)))
        sys.argv = ["vidkit", *order["words"]]
        main()
"""


class ForkedProcess:
    """A started command, with what `subprocess.Popen` has for it."""

    def __init__(self, server: ForkServer, pid: int, stderr: Path) -> None:
        self._server, self.pid, self._stderr = server, pid, stderr
        self.returncode: int | None = None
        self.spent_s = 0.0  # of processor time, once it has ended

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        if self.returncode is None:
            ended = self._server.ask({"wait": self.pid})
            if ended is not None:
                self.returncode, self.spent_s = ended
        return self.returncode

    def spent_until_now(self) -> float:
        """Seconds of processor time up to now, with those of workers that ended."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def communicate(self, timeout: float = 600.0) -> tuple[None, str]:
        """Wait for its end; what it said on standard error."""
        ends = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > ends:
                raise subprocess.TimeoutExpired("vidkit", timeout)
            time.sleep(0.005)
        return None, self._stderr.read_text(encoding="utf-8", errors="replace")


class ForkServer:
    """Starts commands; use it as a context manager.

    Args:
        folder: for standard error and the list of modules.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._number = folder, 0
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def ask(self, order: dict[str, Any]) -> Any:
        """Send an order and read its answer."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def start(self, words: list[str]) -> ForkedProcess:
        """A command; the first whole one tells what is to be imported for those after it."""
        modules = self._folder / "modules"
        if modules.exists():
            self.ask({"import": str(modules)})
            modules.rename(modules.with_name("imported"))
        first = not modules.with_name("imported").exists()
        self._number += 1
        stderr = self._folder / f"stderr{self._number}"
        stderr.touch()  # it may be killed before it opens it
        pid = self.ask({"words": words, "stderr": str(stderr), "modules": str(modules) if first else ""})
        return ForkedProcess(self, pid, stderr)
