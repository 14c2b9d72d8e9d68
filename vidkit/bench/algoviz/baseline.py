"""The end-to-end baseline: a model writes code for Manim directly, judged by the same levels.

S1 it renders, S2 the video can be decoded, S3 it moves (two different pictures, a second), S4 `solve(data)`
gives the right answer, S5 no two texts share an area and none leaves the picture after any animation.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vidkit import sandbox
from vidkit.algoviz.asking.answers import UNKNOWN, shown
from vidkit.algoviz.asking.findings import Finding
from vidkit.algoviz.asking.judging import Judged, Task
from vidkit.algoviz.asking.static import check_source, has_function
from vidkit.algoviz.asking.tracker import Conditions, solve
from vidkit.errors import require

PROGRAM, FOUND = "tracker.py", ".vidkit-found"
LONGER = 30  # times the processor time of a tracker
MEMORY_MIB = 4096.0
_RUNNER = Path(__file__).resolve().parent / "inside" / "manim_program.py"
_PROMPT = """\
Write one Python program for Manim Community that animates how an algorithm works, step by step.

- Import with `from manim import *` and define one class Animation(Scene) with construct(self).
- Define solve(data) that gives the answer, a JSON value. data is the input; load it in construct with \
json.load(open("input.json")).
- Use Text for all texts; LaTeX is not installed. No network, no other files.
- Show the data, what happens to them in every step, and the answer at the end.
- Texts do not overlap, and nothing leaves the picture (14.2 units wide, 8 high).
- At most two minutes long.
- Reply with one ```python block and nothing else.
"""


def check_manim() -> None:
    """Refuse where Manim is not installed.

    Raises:
        MissingDependency: with the pip line.
    """
    require("manim", extra="manim")


def baseline_prompt(task: Task) -> tuple[str, str]:
    """What a model is asked."""
    from vidkit.algoviz.asking.prompt import messages

    return _PROMPT, messages(task, "script")[1]


def judge_manim(source: str, task: Task, conditions: Conditions) -> Judged:
    """Render a program for Manim and judge it.

    Raises:
        SandboxError: no sandbox works here.
    """
    if not source.strip():
        return Judged("", -1, findings=(Finding("reply", "there is no program", "one ```python block"),))
    found = check_source(source, "script")
    if any(one.is_error for one in found):
        return Judged(source, 0, findings=tuple(found))
    outcome = sandbox.run(
        ["python", str(_RUNNER), PROGRAM, FOUND],
        sandbox.Limits(
            cpu_s=LONGER * conditions.seconds,
            wall_s=2 * LONGER * conditions.seconds,
            memory_mib=MEMORY_MIB,
            processes=64,
            file_mib=256,
            folder_mib=512,
            folder_files=20_000,
            open_files=1024,
        ),
        {PROGRAM: source.encode("utf-8", "replace"), "input.json": json.dumps(task.data).encode()},
        env={"PYTHONHASHSEED": "0"},
        read=[_RUNNER],
        backend=conditions.backend,
        unsafe=conditions.unsafe,
    )
    return _judged(source, task, conditions, outcome, found)


def _judged(
    source: str, task: Task, conditions: Conditions, outcome: sandbox.Outcome, found: list[Finding]
) -> Judged:
    facts = _facts(outcome)
    findings = [*found, *_faults(outcome, facts)]
    ended = not any(one.stage == "run" and one.is_error for one in findings)
    semantic, answer = "unknown", UNKNOWN
    if ended and has_function(source, "solve"):
        answer, more = solve(source, task.data, _roomy(conditions))
        findings += more
    if ended and answer is UNKNOWN:
        findings.append(Finding("answer", "no answer was given", "define solve(data)"))
    elif ended:
        semantic = "pass" if task.matches(answer, task.expected) else "fail"
        if semantic == "fail":
            said = f"the answer is {shown(answer)}, expected {shown(task.expected)}"
            findings.append(Finding("answer", said))
    overlaps = int(facts.get("overlaps", 0)) + int(facts.get("outside", 0))
    moves = facts.get("pictures", 0) >= 2 and facts.get("duration_s", 0) >= 1
    passed = (ended, facts.get("frames", 0) > 0, moves, semantic == "pass", overlaps == 0)
    level = next((i for i, good in enumerate(passed) if not good), 5)
    looks = int(facts.get("looks", 0))
    return Judged(
        source,
        level,
        steps=looks,
        findings=tuple(findings),
        semantic=semantic,
        answer=answer,
        overlaps=overlaps if looks else None,
        laid_out=looks,
        sandbox=outcome.backend,
        seconds=outcome.seconds,
    )


def _facts(outcome: sandbox.Outcome) -> dict[str, Any]:
    """What the runner found; it shared a folder with untrusted code."""
    try:
        raw = json.loads(outcome.files.get(FOUND, b"{}"))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(raw, dict):
        return {}
    numbers = ("scenes", "looks", "overlaps", "outside", "frames", "pictures", "duration_s")
    return {
        name: value for name, value in raw.items() if name not in numbers or isinstance(value, int | float)
    }


def _faults(outcome: sandbox.Outcome, facts: dict[str, Any]) -> list[Finding]:
    if outcome.limit:
        return [Finding("run", f"the program went over its limit ({outcome.limit}) and was stopped")]
    if facts.get("kind") == "exception":
        place = f"line {facts['line']}" if facts.get("line") else ""
        return [Finding("run", f"{facts.get('type')}: {facts.get('message')}"[:400], "", "", place)]
    if facts.get("kind") != "end":
        last = (outcome.stderr.strip().splitlines() or [""])[-1][:200]
        return [Finding("run", f"the program was stopped: {outcome.why()}", last)]
    found = []
    for name, what in (("overlaps", "overlapping texts"), ("outside", "texts outside the picture")):
        if facts.get(name):
            found.append(
                Finding("drawing", f"{facts[name]} {what} after {facts['looks']} animations", is_error=False)
            )
    return found


def _roomy(conditions: Conditions) -> Conditions:
    """Importing Manim alone takes more than a tracker may use."""
    return Conditions(
        max(20.0, conditions.seconds), MEMORY_MIB, conditions.backend, conditions.unsafe, conditions.repair
    )
