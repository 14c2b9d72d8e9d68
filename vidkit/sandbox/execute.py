"""One run by a given backend: the job for the supervisor, its report, the outcome."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vidkit.errors import SandboxError
from vidkit.sandbox import bubblewrap, readable, start, users
from vidkit.sandbox.folder import RunFolder
from vidkit.sandbox.inside import landlock
from vidkit.sandbox.inside.syscalls import AUDIT_ARCH, machine
from vidkit.sandbox.limits import Limits
from vidkit.sandbox.outcome import Outcome

_GRACE_S = 30.0  # for the end of a run beyond its wall limit: killing, reading, a busy machine
_PYTHON = ("-s", "-B", "-X", "utf8")
_PATH = "/usr/bin:/bin"
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Request:
    """What to run. See `vidkit.sandbox.run`."""

    argv: Sequence[str]
    limits: Limits = field(default_factory=Limits)
    files: Mapping[str, bytes | str | Path] = field(default_factory=dict)
    stdin: bytes = b""
    env: Mapping[str, str] = field(default_factory=dict)
    read: Sequence[str | Path] = ()


def command(argv: Sequence[str]) -> list[str]:
    """The program with its path; "python" is this interpreter.

    Raises:
        SandboxError: no such program, or no words at all.
    """
    if not argv or not all(isinstance(word, str) and "\0" not in word for word in argv):
        raise SandboxError(f"argv must be a non-empty list of texts without NUL, got {list(argv)!r}")
    if argv[0] in ("python", "python3"):
        return [sys.executable, *_PYTHON, *argv[1:]]
    found = argv[0] if os.path.isabs(argv[0]) or "/" in argv[0] else shutil.which(argv[0], path=_PATH)
    if found is None:
        raise SandboxError(
            f"no program {argv[0]!r} in {_PATH}", 'write its path, or "python" for this Python'
        )
    return [found, *argv[1:]]


def execute(backend: str, request: Request, landlock_version: int | None = None) -> Outcome:
    """Run by one backend.

    Args:
        backend: "bubblewrap", "landlock" or "none".
        request: what to run.
        landlock_version: take at most this version of Landlock (tests of older kernels).

    Raises:
        SandboxError: the backend or the program cannot be started.
    """
    argv = command(request.argv)
    uid = users.spare_uid()
    folder = RunFolder(request.files, uid)
    try:
        stdin = folder.keep_aside("stdin", request.stdin, uid) if request.stdin else None
        job = _job(backend, request, argv, folder, uid, landlock_version)
        report, stdout, stderr = _supervise({**job, "stdin": stdin}, request.limits)
        if "cannot_start" in report:
            raise SandboxError(f"{argv[0]} cannot be started by {backend}: {report['cannot_start']}")
        files, left = folder.written(
            int(request.limits.folder_files), int(request.limits.folder_mib * (1 << 20))
        )
    finally:
        folder.remove()
    if not report["clean"]:
        raise SandboxError(
            f"processes of {argv[0]} could not be ended", "look for them with `ps`", exit_code=1
        )
    return Outcome(
        exit=report["exit"],
        signal=report["signal"],
        limit=_limit(report, request.limits, stderr, files),
        stdout=stdout.decode("utf-8", "replace"),
        stderr=stderr.decode("utf-8", "replace"),
        stdout_bytes=report["totals"][0],
        stderr_bytes=report["totals"][1],
        files=files,
        files_left_out=left,
        seconds=report["seconds"],
        cpu_s=report["cpu_s"],
        peak_memory_mib=report["peak_kib"] / 1024,
        peak_processes=max(1, report["peak_processes"]),
        backend=backend,
        unsafe=backend == "none",
        notes=_notes(backend, uid),
    )


def _job(
    backend: str, request: Request, argv: list[str], folder: RunFolder, uid: int | None, version: int | None
) -> dict[str, Any]:
    work = str(folder.work)
    known = 0
    if backend == "landlock":
        known = min(landlock.version(), version or 99)
    read = readable.folders(request.read)
    in_names = backend == "bubblewrap"
    wrap: list[str] = []
    if in_names:
        bwrap = bubblewrap.program()
        if bwrap is None:
            raise SandboxError("bubblewrap is not installed", bubblewrap.INSTALL)
        inside = start.python("launch")
        wrap = [
            *bubblewrap.words(bwrap, readable.folders([*request.read, start.INSIDE]), work, os.geteuid() == 0)
        ]
        wrap += inside
    limits = request.limits
    processes = limits.processes
    if (
        uid is None and os.geteuid() != 0
    ):  # the kernel counts all that this user runs, or all in the namespace
        processes += 2 if in_names else users.processes_of(os.geteuid())
    env = {"PATH": _PATH, "HOME": work, "TMPDIR": work, "LANG": "C.UTF-8", **dict.fromkeys(_ONE_THREAD, "1")}
    # /proc/self is that of the program alone: its process has this number before it starts
    seen = [*read, *readable.devices(), "/proc/self"] if known else read
    spec = {
        "argv": argv,
        "env": {**env, **request.env},
        "cwd": work,
        "limits": asdict(limits),
        "processes": processes,
        "uid": uid,
        "read": seen,
        "read_write": ["/dev/null"],
        "landlock": known,
        "filter": machine() in AUDIT_ARCH,
    }
    return {"spec": spec, "wrap": wrap, "uid": uid, "own_processes": 3 if in_names else 0}


def _supervise(job: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], bytes, bytes]:
    """Send the job to a supervisor and take its report; when this ends early, the supervisor ends all."""
    life_read, life_write = os.pipe()
    try:
        process = subprocess.Popen(
            start.python("supervise"),
            stdin=life_read,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={},
            cwd="/",
            start_new_session=True,
        )
        os.close(life_read)
        life_read = -1
        with contextlib.suppress(BrokenPipeError), open(os.dup(life_write), "wb") as life:
            life.write(json.dumps(job).encode() + b"\n")
        try:
            out, errors = process.communicate(timeout=limits.wall_s + _GRACE_S)
        except BaseException:
            os.close(life_write)
            life_write = -1
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=_GRACE_S)
            process.kill()
            process.wait()
            raise
    except subprocess.TimeoutExpired as error:
        raise SandboxError(
            "the sandbox's supervisor did not answer", "is the machine overloaded?", 1
        ) from error
    finally:
        for descriptor in (life_read, life_write):
            if descriptor >= 0:
                os.close(descriptor)
    head, _, rest = out.partition(b"\n")
    try:
        report = json.loads(head)
        first, second = report["lengths"]
    except (ValueError, KeyError, TypeError) as error:
        last = errors.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no report"]
        raise SandboxError(f"the sandbox's supervisor failed: {last[0]}", exit_code=1) from error
    return report, rest[:first], rest[first : first + second]


def _limit(report: dict[str, Any], limits: Limits, stderr: bytes, files: Mapping[str, bytes]) -> str:
    """Which limit was hit: what the supervisor saw, else what the kernel's refusal looks like outside."""
    if report["hit"]:
        return str(report["hit"])
    ended = report["signal"]
    if ended == signal.SIGXCPU or (ended == signal.SIGKILL and report["cpu_s"] >= limits.cpu_s):
        return "cpu"
    full = any(len(data) == int(limits.file_mib * (1 << 20)) for data in files.values())
    if ended == signal.SIGXFSZ or full:
        return "file"
    last = stderr.strip().splitlines()[-1:] or [b""]
    if report["exit"] != 0 and (last[0].startswith(b"MemoryError") or b"bad_alloc" in stderr):
        return "memory"
    return ""


def _notes(backend: str, uid: int | None) -> tuple[str, ...]:
    notes = []
    if backend == "none":
        notes.append("files were not guarded: this program could read and write what its user can")
    if os.geteuid() == 0 and uid is None:
        notes.append("root here has no other user to give: the number of processes is watched, not enforced")
    return tuple(notes)
