"""How good a tracker is: the stages it passes, as levels S0 to S5, and what can be shown of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from vidkit.algoviz.asking.answers import UNKNOWN, same_answer, shown
from vidkit.algoviz.asking.findings import Finding
from vidkit.algoviz.asking.salvage import labelled
from vidkit.algoviz.asking.static import check_source, has_function
from vidkit.algoviz.asking.tracker import Conditions, Tracked, run_tracker, solve
from vidkit.algoviz.vta.trace import Trace

LEVELS = {
    "S0": "there is a program",
    "S1": "it is valid and ran to its end within its limits",
    "S2": "what it made can be read",
    "S3": "every step of it can be shown",
    "S4": "the answer is right",
    "S5": "it is drawn without overlaps, small contrasts or parts outside the picture",
}
_SAMPLED = 24  # steps that are laid out for S5


@dataclass(frozen=True)
class Task:
    """What a tracker is for.

    Args:
        problem: in words.
        data: its input, a JSON value; UNKNOWN for none.
        expected: answer; UNKNOWN where nobody knows it.
        title: of the picture; empty: what the tracker says.
        family: array, table, graph, tree, hashtable; empty: not known.
        matches: says whether an answer is right, where more than one is; (given, expected).
    """

    problem: str
    data: Any = UNKNOWN
    expected: Any = UNKNOWN
    title: str = ""
    family: str = ""
    matches: Callable[[Any, Any], bool] = same_answer

    @property
    def heading(self) -> str:
        """Its title, else the beginning of the problem."""
        words = " ".join(self.problem.split())
        return self.title or (words if len(words) <= 60 else words[:59] + "…")


@dataclass(frozen=True)
class Judged:
    """A tracker, judged.

    Args:
        source: of the program.
        level: highest of LEVELS that was reached with all below it, as a number; -1: not even a program. At
            most 3 where the answer is not known.
        trace: what can be shown, labelled where it is not whole or its answer is wrong; None: nothing.
        kept: steps of the tracker in it.
        steps: that the tracker told; None: not known.
        findings: what is wrong, by stage.
        semantic: whether the answer is right: "pass", "fail", "unknown".
        answer: given; UNKNOWN without.
        overlaps: of the steps laid out; None: not looked at.
        laid_out: steps that were looked at.
        sandbox: what held it.
        seconds: of the run.
    """

    source: str
    level: int
    trace: Trace | None = None
    kept: int = 0
    steps: int | None = None
    findings: tuple[Finding, ...] = ()
    semantic: str = "unknown"
    answer: Any = UNKNOWN
    overlaps: int | None = None
    laid_out: int = 0
    sandbox: str = ""
    seconds: float = 0.0

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.is_error)

    @property
    def is_whole(self) -> bool:
        """Nothing is wrong: every step is there, and the answer is not known to be wrong."""
        return self.level >= 3 and self.semantic != "fail" and not self.errors

    @property
    def rank(self) -> tuple[int, int]:
        """For the best of several attempts."""
        return self.level, self.kept


def judge(source: str, task: Task, form: str, conditions: Conditions, draw: bool = True) -> Judged:
    """Judge a tracker.

    Args:
        source: of the program; empty: there is none.
        task: what it is for.
        form: `tracker` or `script`.
        conditions: of its run.
        draw: lay out the trace and look for overlaps.

    Raises:
        SandboxError: no sandbox works here.
    """
    if not source.strip():
        return Judged("", -1, findings=(Finding("reply", "there is no program", "one ```python block"),))
    found = check_source(source, form)
    if any(one.is_error for one in found):
        return Judged(source, 0, findings=tuple(found))
    run = run_tracker(source, task.data, form, conditions, task.heading)
    semantic, answer, of_answer = _semantic(source, task, form, conditions, run)
    findings = (*found, *run.findings, *of_answer)
    level = 0
    for passed in (run.has_ended, run.is_read, run.is_clean, semantic == "pass"):
        if not passed:
            break
        level += 1
    judged = Judged(
        source,
        level,
        run.trace,
        0 if run.trace is None else len(run.trace),
        run.steps,
        findings,
        semantic,
        answer,
        sandbox=run.sandbox,
        seconds=run.seconds,
    )
    if run.trace is None:
        return judged
    if draw and level >= 3:
        judged = _drawn(judged, run.trace)
    return replace(judged, trace=_told(judged, task, run.trace))


def _semantic(
    source: str, task: Task, form: str, conditions: Conditions, run: Tracked
) -> tuple[str, Any, list[Finding]]:
    """Whether the answer is right; the answer; what is wrong with it."""
    if not run.has_ended:
        return "unknown", run.answer, []
    answer: Any = run.answer
    findings: list[Finding] = []
    if form == "tracker" and has_function(source, "solve"):
        solved, findings = solve(source, task.data, conditions)
        if answer is UNKNOWN:
            answer = solved
        elif solved is not UNKNOWN and not same_answer(answer, solved):
            findings.append(
                Finding("answer", f"the trace ends with {shown(answer)}, solve(data) gives {shown(solved)}")
            )
    if task.expected is UNKNOWN:
        return "unknown", answer, findings
    if answer is UNKNOWN:
        hint = "print it as the last line" if form == "script" else 'put it into the trace as "x-result"'
        return "unknown", answer, [*findings, Finding("answer", "no answer was given", hint)]
    if task.matches(answer, task.expected):
        return "pass", answer, findings
    wrong = f"the answer is {shown(answer)}, expected {shown(task.expected)}"
    return "fail", answer, [*findings, Finding("answer", wrong, "check the algorithm step by step")]


def _drawn(judged: Judged, trace: Trace) -> Judged:
    """Lay out steps spread over the whole, count what meets."""
    from vidkit.algoviz.renderers.rendering import film_of
    from vidkit.algoviz.scene.overlap import overlaps

    film = film_of(trace)
    last = len(film) - 1
    steps = sorted({round(part * last / (_SAMPLED - 1)) for part in range(_SAMPLED)})
    met = [one for step in steps for one in overlaps(film.scene(step), step, film.regions)]
    told = tuple(
        Finding("drawing", f"{one.rule}: {one.first} | {one.second}", "", "", f"step {one.step}", False)
        for one in met[:5]
    )
    level = 5 if judged.level == 4 and not met else judged.level
    return replace(
        judged, level=level, findings=judged.findings + told, overlaps=len(met), laid_out=len(steps)
    )


def _told(judged: Judged, task: Task, trace: Trace) -> Trace:
    """The trace as it is shown: with a label where something is wrong with it."""
    errors = [one for one in judged.findings if one.is_error]
    cut = [one for one in errors if one.stage != "answer"]
    if cut:
        return labelled(trace, judged.steps if judged.level >= 1 else None, _sentence(cut[0]))
    if judged.semantic == "fail":
        reason = f"Wrong answer: {shown(judged.answer)}, expected {shown(task.expected)}"
        return labelled(trace, judged.steps, reason, wrong_answer=True)
    return trace


def _sentence(finding: Finding) -> str:
    # a JSON pointer says nothing to those who look at a picture
    place = "" if finding.place.startswith("/") else finding.place
    return " ".join(filter(None, (place, finding.message)))[:200]
