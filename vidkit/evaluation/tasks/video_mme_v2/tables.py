"""The tables of Video-MME-v2: main, heads, positions in the group, histograms, how replies were read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from vidkit.evaluation.replies import UNREAD_HEADING, rule_table, unread
from vidkit.evaluation.tasks.video_mme_v2.consistency_coherence import LOGIC, QUESTIONS, RELEVANCE, TYPE_NAMES
from vidkit.evaluation.tasks.video_mme_v2.grading import Group, as_text
from vidkit.evaluation.types import ScoreTable
from vidkit.utils.statistics import EACH_BY_ITSELF, Interval

_MAIN = {
    "non_lin": "Non-Lin",
    "level_1": "L1",
    "level_2": "L2",
    "level_3": "L3",
    "consistency": "Consistency",
    "coherence": "Coherence",
    "avg_acc": "Avg Acc",
}


def make(
    result: Mapping[str, Any],
    groups: Sequence[Group],
    values: Mapping[str, float],
    bounds: Mapping[str, Interval],
    sizes: Mapping[str, int],
) -> list[ScoreTable]:
    """All tables in the order they are printed."""
    tables = [_main(result, groups, values, bounds)]
    tables += [
        _heads(head, result, groups, values, bounds) for head in ("second_head", "third_head") if result[head]
    ]
    tables += [_positions(groups, values, bounds), _histogram(groups), rule_table(dict(result["counts"]))]
    return tables


def cell(name: str, values: Mapping[str, float], bounds: Mapping[str, Interval]) -> Any:
    """A value with its interval, as (value, low, high); None where undefined."""
    value = values[name]
    if value != value:
        return None
    return (value, bounds[name].low, bounds[name].high)


def _main(
    result: Mapping[str, Any],
    groups: Sequence[Group],
    values: Mapping[str, float],
    bounds: Mapping[str, Interval],
) -> ScoreTable:
    mode = result["mode"]
    bins = str(unread(q.choice for group in groups for q in group.questions))
    rows: list[tuple[Any, ...]] = [(mode, *(cell(name, values, bounds) for name in _MAIN), bins)]
    differing = result["differing_items"]
    for other, headline in result["modes"].items():
        if other != mode and any(headline[name] != result["modes"][mode][name] for name in _MAIN):
            rows.append((other, *(headline[name] for name in _MAIN), None))
    rows.append(("chance", *(result["chance"].get(name) for name in _MAIN), None))
    share = values["robustness_ratio"]
    note = f"{len(groups)} groups" + ("" if share != share else f"; Non-Lin / Avg Acc = {share:.1f} %")
    note += f"; {EACH_BY_ITSELF}"
    if differing:
        note += f"; {differing} items differ between the modes"
    if mode == "official":
        counts = result["counts"]
        note += f"; official Avg Acc is over the {counts['answered']} parsed of {counts['items']} replies"
    elif any(row[0] == "official" for row in rows):
        note += "; the official Avg Acc leaves unparsed replies out"
    return ScoreTable("main", "Video-MME-v2", ("", *_MAIN.values(), UNREAD_HEADING), tuple(rows), note)


def _heads(
    head: str,
    result: Mapping[str, Any],
    groups: Sequence[Group],
    values: Mapping[str, float],
    bounds: Mapping[str, Interval],
) -> ScoreTable:
    choices: dict[str, list[Any]] = {}
    for group in groups:
        for q in group.questions:
            choices.setdefault(as_text(q.row.get(head)), []).append(q.choice)
    rows = tuple(
        (
            name,
            entry["groups"],
            cell(f"{head}/{name}/non_lin", values, bounds),
            entry["questions"],
            cell(f"{head}/{name}/avg_acc", values, bounds),
            str(unread(choices[name])),
        )
        for name, entry in result[head].items()
    )
    title = {"second_head": "By second-level head", "third_head": "By third-level head"}[head]
    columns = ("head", "groups", "Non-Lin", "questions", "Avg Acc", UNREAD_HEADING)
    return ScoreTable(
        head, title, columns, rows, "Non-Lin by the head of the last question, Avg Acc by each question's own"
    )


def _positions(
    groups: Sequence[Group], values: Mapping[str, float], bounds: Mapping[str, Interval]
) -> ScoreTable:
    rows = []
    for kind, name in TYPE_NAMES.items():
        members = [group for group in groups if group.type == kind]
        if members:
            cells = (cell(f"{name}/q{q}", values, bounds) for q in range(1, QUESTIONS + 1))
            bins = str(unread(q.choice for group in members for q in group.questions))
            rows.append((name, len(members), *cells, bins))
    columns = ("group type", "groups", *(f"Q{q}" for q in range(1, QUESTIONS + 1)), UNREAD_HEADING)
    return ScoreTable(
        "positions",
        "Accuracy by place in the group",
        columns,
        tuple(rows),
        "coherence should fall from Q1 to Q4: later questions build on earlier ones",
    )


def _histogram(groups: Sequence[Group]) -> ScoreTable:
    rows: list[tuple[Any, ...]] = []
    steps = range(QUESTIONS + 1)
    for kind, label in ((RELEVANCE, "correct answers (relevance)"), (LOGIC, "credited steps (logic)")):
        counted = Counter((group.structure, group.steps) for group in groups if group.type == kind)
        for structure in sorted({structure for structure, _ in counted}):
            name = f"{label} {structure}".strip()
            rows.append((name, *(counted[structure, n] for n in steps)))
    return ScoreTable("histogram", "Groups by number of steps", ("", *map(str, steps)), tuple(rows))
