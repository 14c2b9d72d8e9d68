"""The process beside the sandbox: starts the program, watches its limits, ends everything, reports.

A process of its own, because orphans of the program come to it, and because it outlives a caller that is
killed: then its standard input closes, and it ends the program all the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import selectors
import signal
import sys
import time
from typing import Any, BinaryIO

from . import launch, privileges, tree

_TICK_S = 0.02
_FOLDER_TICK_S = 0.25
_FLOOD = 256  # times the output that is kept: then the program is ended
_DEPTH = 64


class _Stream:
    """What a program wrote to one of its outputs: the start is kept, the rest counted."""

    def __init__(self, descriptor: int, keep: int) -> None:
        self.descriptor = descriptor
        self.keep = keep
        self.kept = b""
        self.total = 0
        os.set_blocking(descriptor, False)

    def read(self) -> bool:
        """Take what is there; False at the end."""
        for _ in range(64):
            try:
                block = os.read(self.descriptor, 65536)
            except BlockingIOError:
                return True
            if not block:
                return False
            self.total += len(block)
            self.kept += block[: max(0, self.keep - len(self.kept))]
        return True


def _folder(path: str, most: int) -> tuple[int, int, int]:
    """Bytes, entries and depth of a folder; stops counting after `most` entries."""
    size = entries = deepest = 0
    waiting = [(path, 1)]
    while waiting and entries <= most and deepest <= _DEPTH:
        folder, depth = waiting.pop()
        deepest = max(deepest, depth)
        with contextlib.suppress(OSError), os.scandir(folder) as found:
            for entry in found:
                entries += 1
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((entry.path, depth + 1))
                    else:
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
                if entries > most:
                    break
    return size, entries, deepest


class Supervisor:
    """One program from start to end.

    Args:
        job: what `vidkit.sandbox` sends: `spec` (see `launch.Spec`), `wrap` (bubblewrap's words, or none),
            `stdin` (file or None), `uid`.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.spec: launch.Spec = job["spec"]
        self.limits: dict[str, float] = self.spec["limits"]
        self.hit = ""
        self.peak_kib = 0
        self.peak_processes = 0
        self.cpu_s = 0.0
        self.child = 0
        self.status = -1
        self.streams: list[_Stream] = []

    def start(self) -> None:
        """Fork the program (or bubblewrap around it) into a session of its own."""
        pipes = [os.pipe() for _ in range(3)]
        for _, write in pipes:
            os.set_inheritable(write, True)
        self.child = os.fork()
        if self.child == 0:
            self._become_child([write for _, write in pipes])
        for _, write in pipes:
            os.close(write)
        self.status = pipes[2][0]
        keep = int(self.limits["output_kib"] * 1024)
        self.streams = [_Stream(read, keep) for read, _ in pipes[:2]]

    def _become_child(self, writes: list[int]) -> None:
        status = writes[2]
        try:
            os.setsid()
            privileges.die_with_parent()
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            stdin = os.open(self.job["stdin"] or os.devnull, os.O_RDONLY)
            for source, target in ((stdin, 0), (writes[0], 1), (writes[1], 2)):
                os.dup2(source, target)
            with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
                file.write("1000")
            if not self.job["wrap"]:
                launch.confine_and_exec(self.spec, status)
            launch.close_all_above(2, status)
            words = [*self.job["wrap"], json.dumps(self.spec), str(status)]
            os.execve(words[0], words, {})
        except BaseException as error:
            os.write(status, json.dumps({"cannot_start": str(error)}).encode() + b"\n")
        os._exit(127)

    def watch(self) -> None:
        """Until the program ends, a limit is hit, or the caller is gone."""
        started = time.monotonic()
        folder_at = started + _FOLDER_TICK_S
        with selectors.DefaultSelector() as selector:
            for stream in self.streams:
                selector.register(stream.descriptor, selectors.EVENT_READ, stream)
            selector.register(0, selectors.EVENT_READ, None)
            with contextlib.suppress(OSError, AttributeError):
                selector.register(os.pidfd_open(self.child), selectors.EVENT_READ, None)
            next_look = started
            while not self.hit:
                for key, _ in selector.select(_TICK_S):
                    if isinstance(key.data, _Stream):
                        if not key.data.read():
                            selector.unregister(key.fileobj)
                    elif key.fd == 0:
                        self.hit = "caller"
                if os.waitid(os.P_PID, self.child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                    return
                now = time.monotonic()
                if now >= next_look:
                    self._look()
                    next_look = time.monotonic() + _TICK_S
                if now - started > self.limits["wall_s"]:
                    self.hit = self.hit or "wall"
                if now > folder_at:
                    self._look_at_folder()
                    folder_at = time.monotonic() + _FOLDER_TICK_S
                if any(stream.total > stream.keep * _FLOOD + (1 << 20) for stream in self.streams):
                    self.hit = self.hit or "output"

    def _look(self) -> None:
        limit_kib = int(self.limits["memory_mib"] * 1024)
        used = tree.use(tree.descendants(os.getpid()), limit_kib)
        self.peak_kib = max(self.peak_kib, used.memory_kib)
        self.peak_processes = max(self.peak_processes, used.processes)
        reaped = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu_s = max(self.cpu_s, used.cpu_s + reaped.ru_utime + reaped.ru_stime)
        if used.memory_kib > limit_kib:
            self.hit = "memory"
        elif self.cpu_s > self.limits["cpu_s"] + 0.5:
            self.hit = "cpu"
        elif used.processes > self.limits["processes"] + self.job["own_processes"]:
            self.hit = "processes"

    def _look_at_folder(self) -> None:
        size, entries, depth = _folder(self.spec["cwd"], int(self.limits["folder_files"]))
        if size > self.limits["folder_mib"] * (1 << 20):
            self.hit = self.hit or "folder"
        elif entries > self.limits["folder_files"] or depth > _DEPTH:
            self.hit = self.hit or "files"

    def finish(self) -> dict[str, Any]:
        """End all that is left and say how it went."""
        wait_status = None
        if os.waitid(os.P_PID, self.child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            wait_status = os.waitpid(self.child, 0)[1]
        told = self._told() if wait_status is not None or not self.job["wrap"] else {}
        clean = tree.end_all(os.getpid(), self.job["uid"])
        for stream in self.streams:
            while stream.read() and clean and stream.total < stream.keep * _FLOOD:
                time.sleep(0.001)  # every writer is dead: the end comes
        self._look_at_folder()
        reaped = resource.getrusage(resource.RUSAGE_CHILDREN)
        report: dict[str, Any] = {"exit": None, "signal": None}
        if wait_status is not None and not self.job["wrap"]:
            report = dict(launch.ended(wait_status))
        elif wait_status is not None and not told:
            report["cannot_start"] = self.streams[1].kept.decode("utf-8", "replace").strip()
        elif wait_status is None or "started" in told:  # ended from here, or it ended its own parent
            report["signal"] = int(signal.SIGKILL)
        return {
            **report,
            **told,
            "hit": self.hit,
            "clean": clean,
            "cpu_s": max(self.cpu_s, reaped.ru_utime + reaped.ru_stime),
            "peak_kib": max(self.peak_kib, reaped.ru_maxrss),
            "peak_processes": self.peak_processes - self.job["own_processes"],
            "totals": [stream.total for stream in self.streams],
        }

    def _told(self) -> dict[str, Any]:
        """The lines on the status pipe: why the program did not start, or in bubblewrap how it ended."""
        os.set_blocking(self.status, False)
        told: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):
            for line in os.read(self.status, 65536).splitlines():
                told.update(json.loads(line))
        if "exit" in told or "cannot_start" in told:
            told.pop("started", None)
        return told


def _write(out: BinaryIO, report: dict[str, Any], streams: list[_Stream]) -> None:
    out.write(json.dumps({**report, "lengths": [len(stream.kept) for stream in streams]}).encode() + b"\n")
    for stream in streams:
        out.write(stream.kept)
    out.flush()


def main() -> None:
    """Read a job (one line of JSON) from standard input, run it, write the report to standard output."""
    line = b""
    while not line.endswith(b"\n"):
        block = os.read(0, 65536)
        if not block:
            return
        line += block
    privileges.adopt_orphans()
    supervisor = Supervisor(json.loads(line))
    started = time.monotonic()
    supervisor.start()
    try:
        supervisor.watch()
    finally:
        report = supervisor.finish()
    report["seconds"] = time.monotonic() - started
    with contextlib.suppress(BrokenPipeError):
        _write(sys.stdout.buffer, report, supervisor.streams)
