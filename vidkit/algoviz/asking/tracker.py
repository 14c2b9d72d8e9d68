"""One run of a tracker in the sandbox: the trace that it made, as far as it is right, and what is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import vidkit
from vidkit import sandbox
from vidkit.algoviz.asking.answers import UNKNOWN, read_answer
from vidkit.algoviz.asking.findings import Finding
from vidkit.algoviz.asking.inside.tracker import LINES, TRACE
from vidkit.algoviz.asking.mechanical import mended_operations, mended_text
from vidkit.algoviz.asking.salvage import kept_text, up_to_fault
from vidkit.algoviz.tracing.run import trace_source
from vidkit.algoviz.vta.limits import HOSTILE, check_limits
from vidkit.algoviz.vta.trace import Trace, parse
from vidkit.errors import DataError
from vidkit.utils import json_depth

INSIDE = Path(__file__).resolve().parent / "inside"
PROGRAM, MADE = "tracker.py", ".vidkit-made"
FORMS = ("tracker", "script")
_START = "import runpy;runpy.run_path({path!r}, run_name='vidkit_inside')['main']()"
_ANSWERS = ("result", "answer", "output", "ans", "res")  # rows of variables that may hold the answer
_EARLY = 0.8  # share of the time after which a tracker is told to end, and leaves what it has


@dataclass(frozen=True)
class Conditions:
    """How trackers are run.

    Args:
        seconds: of processor; three times as many may pass.
        memory_mib: at most.
        backend: of the sandbox.
        unsafe: run it without one where none works.
        repair: put slips right that need no asking.
    """

    seconds: float = 10.0
    memory_mib: float = 512.0
    backend: str = "auto"
    unsafe: bool = False
    repair: bool = True

    @property
    def limits(self) -> sandbox.Limits:
        return sandbox.Limits(cpu_s=self.seconds, wall_s=3 * self.seconds, memory_mib=self.memory_mib)


@dataclass(frozen=True)
class Tracked:
    """What a run came to.

    Args:
        trace: what is right; None: nothing.
        steps: that the tracker told; None: not known.
        findings: what is wrong, and what was corrected.
        answer: that came with the trace; UNKNOWN without.
        has_ended: the program ran to its end within its limits.
        is_read: its trace is one.
        is_clean: all of its steps can be applied.
        sandbox: what held it; empty where nothing ran.
        seconds: of the run.
    """

    trace: Trace | None = None
    steps: int | None = None
    findings: tuple[Finding, ...] = ()
    answer: Any = field(default=UNKNOWN, repr=False)
    has_ended: bool = False
    is_read: bool = False
    is_clean: bool = False
    sandbox: str = ""
    seconds: float = 0.0


def run_tracker(source: str, data: Any, form: str, conditions: Conditions, title: str = "") -> Tracked:
    """Run a program and read its trace.

    Args:
        source: of the program.
        data: its input, a JSON value; UNKNOWN for none.
        form: `tracker` makes a trace itself, `script` is watched.
        conditions: of the run.
        title: of the trace of a script; a tracker has its own.

    Raises:
        SandboxError: no sandbox works here.
    """
    if form == "script":
        return _watched(source, data, conditions, title)
    outcome = _run(source, data, "trace", conditions)
    findings = [*_of_limits(outcome)]
    ending, text = _made(outcome, findings)
    findings += _of_ending(ending)
    ended = not any(one.is_error for one in findings)
    told = Tracked(has_ended=ended, sandbox=outcome.backend, seconds=outcome.seconds)
    read = _read(text, conditions.repair) if text is not None else Tracked()
    if text is None and ended:
        findings.append(Finding("trace", "the program made no trace", "return it from trace(data)"))
    return Tracked(
        read.trace,
        read.steps,
        (*findings, *read.findings),
        read.answer,
        told.has_ended,
        read.is_read and ended,
        read.is_clean and ended,
        told.sandbox,
        told.seconds,
    )


def solve(source: str, data: Any, conditions: Conditions) -> tuple[Any, list[Finding]]:
    """What `solve(data)` of a program gives, in a run of its own.

    Raises:
        SandboxError: no sandbox works here.
    """
    outcome = _run(source, data, "solve", conditions)
    findings: list[Finding] = []
    ending, text = _made(outcome, findings)
    findings += [*_of_limits(outcome), *_of_ending(ending)]
    if findings or text is None:
        return UNKNOWN, [
            Finding("answer", f"solve: {one.message}", one.hint, "", one.place) for one in findings
        ]
    return read_answer(text), []


def _run(source: str, data: Any, what: str, conditions: Conditions) -> sandbox.Outcome:
    seconds = _EARLY * conditions.seconds
    words = ["python", "-c", _START.format(path=str(INSIDE / "tracker.py")), PROGRAM, what, MADE]
    # programs that use vidkit's Tracer find it
    package = Path(vidkit.__file__).resolve().parent
    return sandbox.run(
        [*words, f"{seconds:.3f}", f"{3 * seconds:.3f}"],
        conditions.limits,
        {PROGRAM: source.encode("utf-8", "replace"), **_input(data)},
        env={"PYTHONHASHSEED": "0", "PYTHONPATH": str(package.parent)},
        read=[INSIDE, package],
        backend=conditions.backend,
        unsafe=conditions.unsafe,
    )


def _input(data: Any) -> dict[str, bytes]:
    return {"input.json": json.dumps(None if data is UNKNOWN else data).encode()}


def _made(outcome: sandbox.Outcome, findings: list[Finding]) -> tuple[dict[str, Any], str | None]:
    """How the program ended, and the text of what it made; the file it wrote itself goes first."""
    head, _, rest = outcome.files.get(MADE, b"").partition(b"\n")
    try:
        ending = json.loads(head)
        ending = ending if isinstance(ending, dict) else {}
    except (ValueError, RecursionError):
        ending = {}
    text: str | None = rest.decode("utf-8", "replace") or None
    for name in (TRACE, LINES):
        if name in outcome.files:
            text = outcome.files[name].decode("utf-8", "replace")
            text = _as_one(text) if name == LINES else text
            break
        if name in outcome.files_left_out:
            findings.append(Finding("trace", f"{name}: {outcome.files_left_out[name]}", "write a plain file"))
    return ending, text


def _as_one(lines: str) -> str:
    """JSON lines as the text of one value; whatever is wrong in a line stays wrong."""
    head, *deltas = [line for line in lines.splitlines() if line.strip()] or ["{}"]
    whole = head.rstrip().removesuffix("}")
    return f'{whole}{"" if whole.strip() == "{" else ","}"deltas":[{",".join(deltas)}]' + "}"


def _of_limits(outcome: sandbox.Outcome) -> list[Finding]:
    found = []
    if outcome.limit:
        found.append(
            Finding(
                "run",
                f"the program went over its limit ({outcome.limit}) and was stopped",
                _hint(outcome.limit),
            )
        )
    elif outcome.signal is not None or outcome.exit or MADE not in outcome.files:
        last = (outcome.stderr.strip().splitlines() or [""])[-1][:200]
        found.append(Finding("run", f"the program was stopped: {outcome.why()}", last))
    if outcome.unsafe:
        found.append(Finding("run", "it ran without a sandbox", is_error=False))
    return found


def _hint(limit: str) -> str:
    hints = {
        "memory": "use less memory",
        "cpu": "end every loop",
        "wall": "do not wait",
        "output": "print less",
    }
    return hints.get(limit, "use less")


def _of_ending(ending: Mapping[str, Any]) -> list[Finding]:
    kind = ending.get("kind")
    place = f"line {ending['line']}" if isinstance(ending.get("line"), int) else ""
    if kind == "time":
        return [
            Finding(
                "run", "the program did not finish in time", "end every loop; keep the input small", "", place
            )
        ]
    if kind != "exception":
        return []
    message = f"{ending.get('type')}: {ending.get('message')}"[:400]
    if ending.get("type") == "NoTrace":
        return [Finding("run", str(ending.get("message"))[:400])]
    hint = f"'{ending['module']}' is not installed: use the standard library" if "module" in ending else ""
    if ending.get("type") in ("PermissionError", "gaierror", "OSError", "ConnectionRefusedError", "URLError"):
        hint = "there is no network, and no file but those of its own folder"
    if ending.get("type") == "MemoryError":
        hint = "use less memory"
    return [Finding("run", message, hint, "", place)]


def _read(text: str, repair: bool) -> Tracked:
    """The trace of a text, whole or up to its fault."""
    findings: list[Finding] = []
    raw: Any = None
    fault: DataError | None = None
    try:
        if repair:
            text, done = mended_text(text)
            findings += [Finding("trace", what, "corrected", is_error=False) for what in done]
        trace = parse(text, "trace", limits=HOSTILE)
        raw = trace.as_dict()
        if trace.errors and repair and (done := mended_operations(raw)):
            findings += [Finding("trace", what, "corrected", is_error=False) for what in done]
            trace = parse(json.dumps(raw), "trace", limits=HOSTILE)
    except DataError as error:
        fault = error
    except (ValueError, RecursionError) as error:
        fault = DataError(f"trace: {error}")
    if fault is not None:
        findings.append(_fault(fault))
        raw, steps = _value(text)
        kept = None if raw is None else up_to_fault(raw)
        return Tracked(kept, steps, tuple(findings), _answer(kept), is_read=False)
    errors = trace.errors
    findings += [
        Finding("replay", one.message, one.hint, one.code, one.pointer, one.severity == "error")
        for one in trace.diagnostics
        if one.severity != "info"
    ]
    kept = trace if not errors else up_to_fault(raw)
    clean = not errors and any(delta.ops for delta in trace.deltas)
    if not errors and not clean:
        findings.append(Finding("replay", "no step does anything", "tell what the algorithm does in deltas"))
    return Tracked(kept, len(trace), tuple(findings), _answer(trace), is_read=True, is_clean=clean)


def _fault(error: DataError) -> Finding:
    message = error.message.removeprefix("trace:").strip()
    place, _, rest = message.partition(": ")
    return (
        Finding("trace", rest, error.hint, "", place)
        if place.startswith("/")
        else Finding("trace", message, error.hint)
    )


def _value(text: str) -> tuple[dict[str, Any] | None, int | None]:
    """The JSON value of a text with a fault, as far as it goes; the number of steps where it is whole."""
    steps: int | None = None
    try:
        raw = json_depth.loads(text)
        steps = len(raw["deltas"]) if isinstance(raw, dict) and isinstance(raw.get("deltas"), list) else None
        check_limits(raw, "trace", HOSTILE, len(text))
    except DataError:
        raw = (
            {**raw, "deltas": raw["deltas"][: HOSTILE.steps]} if isinstance(raw.get("deltas"), list) else None
        )
    except (ValueError, RecursionError):
        raw = kept_text(text)
    return (raw if isinstance(raw, dict) else None), steps


def _answer(trace: Trace | None) -> Any:
    """The answer that a trace tells: its field `x-result`, else a variable that is called so."""
    if trace is None:
        return UNKNOWN
    extra = trace.document.model_extra or {}
    if "x-result" in extra:
        return trace.as_dict()["x-result"]
    variables = trace.state(len(trace)).variables
    for name in _ANSWERS:
        if name in variables:
            value = variables[name]
            return read_answer(value) if isinstance(value, str) else value
    return UNKNOWN


def _watched(source: str, data: Any, conditions: Conditions, title: str) -> Tracked:
    """An ordinary program, watched; its answer is the last line that it prints."""
    try:
        made = trace_source(
            source,
            title,
            files=dict(_input(data)),
            limits=conditions.limits,
            backend=conditions.backend,
            unsafe=conditions.unsafe,
        )
    except DataError as error:
        return Tracked(findings=(Finding("run", error.message, error.hint),))
    findings = tuple(
        Finding("run", text, is_error=severity == "error")
        for text, severity in made.findings
        if severity != "info"
    )
    lines = made.outcome.stdout.strip().splitlines()
    replay = tuple(
        Finding("replay", one.message, one.hint, one.code, one.pointer) for one in made.trace.errors
    )
    steps = len(made.trace)
    return Tracked(
        made.trace,
        steps,
        (*findings, *replay),
        read_answer(lines[-1]) if lines else UNKNOWN,
        made.ok,
        made.ok,
        made.ok and not replay and steps > 0,
        made.outcome.backend,
        made.outcome.seconds,
    )
