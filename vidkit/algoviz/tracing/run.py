"""Runs a script in the sandbox, watched; gives the recording and what else there is to tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidkit import sandbox
from vidkit.algoviz.tracing.endings import ending_text
from vidkit.algoviz.tracing.recording import Recording, parse
from vidkit.algoviz.tracing.telling import tell
from vidkit.algoviz.tracing.watching import unseen
from vidkit.algoviz.vta.trace import Trace, trace_of
from vidkit.errors import DataError

INSIDE = Path(__file__).resolve().parent / "inside"
SCRIPT, LOG = "script.py", ".vidkit-recording"
MOST_LINES = 50_000
LIMITS = sandbox.Limits(cpu_s=20, wall_s=40, memory_mib=512, file_mib=32, output_kib=64)
_LARGEST = 1 << 20
_START = (
    "import sys,types,importlib;"
    "p=types.ModuleType('vidkit_inside');p.__path__=[{folder!r}];sys.modules['vidkit_inside']=p;"
    "importlib.import_module('vidkit_inside.script').main()"
)


@dataclass(frozen=True)
class Traced:
    """A script that was run and watched.

    Args:
        trace: what it did; up to its fault where it has one.
        outcome: how the sandboxed run ended: output, limits, files.
        findings: what is worth telling: (text, "info" | "warning" | "error").
    """

    trace: Trace
    outcome: sandbox.Outcome
    findings: tuple[tuple[str, str], ...] = ()
    recording: Recording = field(repr=False, default_factory=lambda: Recording("", [], {}))

    @property
    def ok(self) -> bool:
        """Whether the script came to its end."""
        return not any(severity == "error" for _, severity in self.findings)


def read_script(path: str | Path) -> str:
    """Text of a script.

    Raises:
        DataError: no such file, not UTF-8 text, or too long.
    """
    file = Path(path)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DataError(
            f"cannot read '{path}': {error.strerror}", "give the path of a Python script"
        ) from error
    if len(data) > _LARGEST:
        raise DataError(f"'{path}' has {len(data)} bytes", f"scripts of at most {_LARGEST} bytes are traced")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"'{path}' is not UTF-8 text (byte {error.start})", "save it as UTF-8") from error


def trace_source(
    source: str,
    name: str = "",
    *,
    watch: Iterable[str] = (),
    arguments: Sequence[str] = (),
    stdin: bytes = b"",
    files: Mapping[str, bytes | str | Path] | None = None,
    limits: sandbox.Limits = LIMITS,
    most_steps: int = 2000,
    backend: str = "auto",
    unsafe: bool = False,
) -> Traced:
    """Run a script's text in the sandbox and tell what it did.

    Args:
        source: of an ordinary Python script.
        name: of the algorithm.
        watch: names of variables to show, no others; empty: what matters most.
        arguments: of the script.
        stdin: its standard input.
        files: that it may read, in its folder.
        limits: of the run.
        most_steps: of the trace.
        backend: of the sandbox.
        unsafe: run it without a sandbox where none works.

    Raises:
        SandboxError: no sandbox works here.
        DataError: nothing was recorded: the script is not valid Python, or ended before its first line.
    """
    words = ["python", "-c", _START.format(folder=str(INSIDE)), SCRIPT, LOG, str(MOST_LINES), *arguments]
    held = {**(files or {}), SCRIPT: source}
    outcome = sandbox.run(
        words,
        limits,
        held,
        stdin=stdin,
        env={"PYTHONHASHSEED": "0"},
        read=[INSIDE],
        backend=backend,
        unsafe=unsafe,
    )
    recording = parse(outcome.files.pop(LOG, b""), source)
    findings = (*ending_text(recording), *_findings(outcome, recording))
    if not recording.records and any(severity == "error" for _, severity in findings):
        raise DataError(f"nothing could be traced: {findings[0][0]}", _hint(recording))
    watched = list(watch)
    trace = trace_of_recording(recording, name, watched, most_steps)
    findings = (*findings, *unseen(recording, watched))
    return Traced(trace, outcome, tuple(dict.fromkeys(findings)), recording)


def trace_of_recording(recording: Recording, name: str, watch: Sequence[str], most_steps: int) -> Trace:
    """The trace that a recording from the sandbox tells.

    Raises:
        DataError: its lines do not fit together: the script can write to the recorder's file, too.
    """
    try:
        return trace_of(tell(recording, name, watch, most_steps), name or "trace")
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise DataError(
            f"what was recorded of the run does not fit together ({type(error).__name__}: {error!s:.80})",
            "does the script write files of its own into its folder? run it without",
        ) from error


def _findings(outcome: sandbox.Outcome, recording: Recording) -> list[tuple[str, str]]:
    told: list[tuple[str, str]] = []
    ending = recording.ending
    if outcome.limit:
        told.append((f"the script went over its limit ({outcome.limit}) and was stopped", "error"))
    if "module" in ending:
        told.append((f"it needs the package '{ending['module']}', which is not installed", "info"))
    if ending.get("type") == "EOFError":
        told.append(("it reads standard input: give it with --stdin FILE", "info"))
    if ending.get("at_once"):
        told.append(("it exited at once (os._exit)", "warning"))
    for name, length, kept in (
        ("output", outcome.stdout_bytes, len(outcome.stdout)),
        ("error output", outcome.stderr_bytes, len(outcome.stderr)),
    ):
        if length > 2 * kept:
            told.append((f"{length} bytes of {name}, the first {kept} are kept", "warning"))
    if recording.damaged:
        told.append((f"{recording.damaged} lines of the recording could not be read", "warning"))
    if outcome.unsafe:
        told.append(("it ran without a sandbox", "warning"))
    told += [(note, "info") for note in outcome.notes]
    return told


def _hint(recording: Recording) -> str:
    ending: dict[str, Any] = recording.ending
    if "module" in ending:
        return f"pip install {ending['module']}, in the environment of vidkit"
    return "run it by itself first: python SCRIPT"
