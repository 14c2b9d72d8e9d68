"""Scores of Video-MME-v2 with intervals clustered on the video, in both modes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import numpy as np

from vidkit.errors import DataError
from vidkit.evaluation.comparing import Comparable
from vidkit.evaluation.ratios import RatioMetrics
from vidkit.evaluation.replies import summarise, unread, warn_missing
from vidkit.evaluation.tasks.video_mme_v2 import tables
from vidkit.evaluation.tasks.video_mme_v2.consistency_coherence import (
    LOGIC,
    OPTIONS,
    QUESTIONS,
    RELEVANCE,
    TYPE_NAMES,
    chance_score,
)
from vidkit.evaluation.tasks.video_mme_v2.grading import (
    Checked,
    Group,
    Question,
    as_text,
    checked,
    grade,
    grade_checked,
    level_of,
)
from vidkit.evaluation.types import Mode, Row
from vidkit.utils.statistics import (
    RESAMPLES,
    SEED,
    Array,
    groups_alike,
    intervals,
    none_if_nan,
    ratio,
    too_few_groups,
)

HEADLINE = ("non_lin", "level_1", "level_2", "level_3", "consistency", "coherence", "avg_acc")
_FULL_SIZE, _CONSISTENCY_GROUPS = 800, range(509, 526)


def score(
    rows: Sequence[Row],
    mode: Mode | str = Mode.ROBUST,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    allow_new_structures: bool = False,
) -> dict[str, Any]:
    """Score rows that carry the gold columns and `prediction`.

    Args:
        rows: the published columns plus `prediction`; a row without that key is a missing answer and is
            wrong.
        mode: `robust`, or `official` to equal the authors' script (first capital A-H, unparsed is -1, groups
            by position, accuracy over parsed rows).
        resamples: bootstrap resamples of whole videos.
        seed: of the bootstrap.
        allow_new_structures: accept group structures that were not published.

    Returns:
        `non_lin`, `avg_acc`, `level_1..3`, `consistency`, `coherence` and their companions in percent, None
        where the data has no such group; `second_head` and `third_head` by name; `intervals` by metric;
        `counts`; `items` (letter, rule and score of each) and `groups`; `modes` with both modes' headline,
        `differing_items` (items whose letter or score depends on the mode) and `differing_letters`;
        `chance`; `tables`; `warnings`.

    Raises:
        DataError: what `grading.grade` refuses; no rows.
    """
    mode = Mode(mode)
    if not rows:
        raise DataError("no rows to score", "give the benchmark's rows with predictions")
    prepared = checked(rows)
    groups = grade_checked(prepared, mode, allow_new_structures)
    metrics = ratio_metrics(groups, mode)
    # drawing is NumPy's work and leaves the interpreter to the rest
    with ThreadPoolExecutor(1) as worker:
        drawing = worker.submit(metrics.draws, resamples, seed)
        values = headline_values(metrics)
        both, other_note = _both_modes(prepared, groups, mode, allow_new_structures, values)
        del prepared
        questions = [q for group in groups for q in group.questions]
        counts = summarise(
            [q.choice for q in questions], [q.row for q in questions], [q.id for q in questions]
        )
        items = [_item(q) for q in questions]
        draws = with_derived(drawing.result())
    standing = groups_of(metrics)
    alike = metrics.alike()
    bounds = intervals(draws, standing, alike=alike)
    result: dict[str, Any] = {
        "benchmark": "video-mme-v2",
        "mode": str(mode),
        **{name: none_if_nan(values[name]) for name in values if "/" not in name},
        **{head: _heads(head, values, metrics.denominators()) for head in ("second_head", "third_head")},
        "intervals": {name: bound.rounded() for name, bound in bounds.items()},
        "bootstrap": {"resamples": resamples, "seed": seed, "unit": "video", "level": 0.95},
        "counts": {**counts, "groups": len(groups)},
        "items": items,
        "groups": [
            {"video": g.video, "type": g.type, "structure": g.structure, "score": g.score, "steps": g.steps}
            for g in groups
        ],
        "chance": chance(groups),
        **both,
        "warnings": [
            *_warnings(groups, counts, questions, values, other_note),
            *too_few_groups({name: standing[name] for name in HEADLINE}, "video"),
            *groups_alike(bounds, alike, "video", HEADLINE),
        ],
    }
    made = tables.make(result, groups, values, bounds, metrics.denominators())
    result["tables"] = [asdict(table) for table in made]
    return result


def _item(question: Question) -> dict[str, Any]:
    return {
        "id": question.id,
        "letter": question.choice.letter,
        "rule": question.choice.rule,
        "gold": question.gold,
        "score": question.score,
    }


def comparable(rows: Sequence[Row], mode: Mode) -> Comparable:
    """What a paired comparison of two runs needs."""
    groups = grade(rows, mode)
    # official mode scores unparsed replies -1 and leaves them out of the accuracy
    right = {q.id: q.score > 0 if q.score >= 0 else None for group in groups for q in group.questions}
    bins = str(unread(q.choice for group in groups for q in group.questions))
    metrics = ratio_metrics(groups, mode)
    return Comparable(metrics, with_derived, HEADLINE, {"avg_acc": right}, bins, groups_of(metrics))


def groups_of(metrics: RatioMetrics) -> dict[str, int]:
    """Videos under each metric, derived ones included."""
    groups = metrics.groups()
    return {**groups, "robustness_ratio": groups["avg_acc"]}


def ratio_metrics(groups: Sequence[Group], mode: Mode, *, heads: bool = True) -> RatioMetrics:
    """Every metric of the benchmark over its questions; a group's score stands on its last question.

    Args:
        groups: graded.
        mode: how they were graded.
        heads: the metrics of each head too.
    """
    n = len(groups)
    metrics = RatioMetrics([group.video for group in groups])
    S = np.array([group.score for group in groups])
    scores = np.array([[q.score for q in group.questions] for group in groups]).reshape(n, QUESTIONS)
    right = (scores > 0).astype(float)
    asked = np.ones_like(right) if mode is Mode.ROBUST else (scores >= 0).astype(float)
    types = np.array([group.type for group in groups])
    metrics.add("non_lin", S, scale=1)
    metrics.add("avg_acc", right.sum(1), asked.sum(1))
    for kind, name in TYPE_NAMES.items():
        mask = (types == kind).astype(float)
        metrics.add(name, S * mask, mask, scale=1)
        metrics.add(f"{name}_acc", right.sum(1) * mask, asked.sum(1) * mask)
        for q in range(QUESTIONS):
            metrics.add(f"{name}/q{q + 1}", right[:, q] * mask, asked[:, q] * mask)
    relevant = (types == RELEVANCE).astype(float)
    metrics.add("relevance_linear", 25 * scores.sum(1) * relevant, relevant, scale=1)
    levels = np.array([[level_of(q.row) or 0 for q in group.questions] for group in groups]).reshape(
        n, QUESTIONS
    )
    for level in (1, 2, 3):
        last, own = (levels[:, -1] == level).astype(float), (levels == level).astype(float)
        metrics.add(f"level_{level}", S * last, last, scale=1)
        metrics.add(f"level_{level}_acc", (right * own).sum(1), (asked * own).sum(1))
    for head in ("second_head", "third_head") if heads else ():
        _add_heads(metrics, head, groups, S, right, asked)
    return metrics


def _add_heads(
    metrics: RatioMetrics, head: str, groups: Sequence[Group], S: Array, right: Array, asked: Array
) -> None:
    labels = [as_text(q.row.get(head)) for group in groups for q in group.questions]
    names = sorted(set(labels))
    if names == ["(none)"]:
        return
    numbers = {name: number for number, name in enumerate(names)}
    own = np.fromiter((numbers[label] for label in labels), np.intp, len(labels)).reshape(-1, QUESTIONS)
    for name, number in numbers.items():
        mask = own == number
        last = mask[:, -1].astype(float)
        metrics.add(f"{head}/{name}/non_lin", S * last, last, scale=1)
        metrics.add(f"{head}/{name}/avg_acc", (right * mask).sum(1), (asked * mask).sum(1))


def with_derived(values: dict[str, Array]) -> dict[str, Array]:
    """Add the metrics that are functions of others."""
    return {**values, "robustness_ratio": 100 * ratio(values["non_lin"], values["avg_acc"])}


def headline_values(metrics: RatioMetrics) -> dict[str, float]:
    """Point values of every metric, derived ones included."""
    values = with_derived({name: np.array([value]) for name, value in metrics.values().items()})
    return {name: float(value[0]) for name, value in values.items()}


def chance(groups: Sequence[Group]) -> dict[str, float | None]:
    """Expected scores of guessing evenly among the eight letters on these very groups."""
    expected = [(g, chance_score(g.type, g.structure)) for g in groups]

    def mean(picked: list[float]) -> float | None:
        return sum(picked) / len(picked) if picked else None

    return {
        "avg_acc": 100 / len(OPTIONS),
        "non_lin": mean([s for _, s in expected]),
        "consistency": mean([s for g, s in expected if g.type == RELEVANCE]),
        "coherence": mean([s for g, s in expected if g.type == LOGIC]),
        **{f"level_{n}": mean([s for g, s in expected if level_of(g.last) == n]) for n in (1, 2, 3)},
    }


def _heads(head: str, values: dict[str, float], sizes: dict[str, int]) -> dict[str, dict[str, Any]]:
    names = [key.split("/", 1)[1].rsplit("/", 1)[0] for key in values if key.startswith(f"{head}/")]
    return {
        name: {
            "groups": sizes[f"{head}/{name}/non_lin"],
            "questions": sizes[f"{head}/{name}/avg_acc"],
            "non_lin": none_if_nan(values[f"{head}/{name}/non_lin"]),
            "avg_acc": none_if_nan(values[f"{head}/{name}/avg_acc"]),
        }
        for name in dict.fromkeys(names)
    }


def _both_modes(
    rows: Sequence[Checked], groups: list[Group], mode: Mode, allow_new: bool, values: dict[str, float]
) -> tuple[dict[str, Any], str]:
    """Headline of both modes with what differs, and why groups of the other mode cannot be formed."""
    other = Mode.OFFICIAL if mode is Mode.ROBUST else Mode.ROBUST
    try:
        others = grade_checked(rows, other, allow_new)
    except DataError as error:
        none: dict[str, Any] = {"differing_items": None, "differing_letters": None, "differing_ids": []}
        note = f"{other} scores cannot be formed: {error.message}"
        return {"modes": {str(mode): _headline(values)}, **none}, note
    other_values = headline_values(ratio_metrics(others, other, heads=False))
    robust, official = (groups, others) if mode is Mode.ROBUST else (others, groups)
    letters, differing = _differing(robust, official)
    headline = {str(mode): _headline(values), str(other): _headline(other_values)}
    found = {"differing_items": len(differing), "differing_letters": letters, "differing_ids": differing}
    return {"modes": headline, **found}, ""


def _headline(values: dict[str, float]) -> dict[str, float | None]:
    names = (*HEADLINE, "relevance_linear")
    return {name: none_if_nan(value) for name, value in values.items() if name in names}


def _differing(robust: Sequence[Group], official: Sequence[Group]) -> tuple[int, list[str]]:
    """How many letters depend on the mode, and the ids whose letter or score does.

    An unparsed reply is 0 in one and -1 in the other, so it differs even where both read nothing.
    """
    by_id = _questions_by_id(official)
    letters, differing = 0, []
    for name, mine in _questions_by_id(robust).items():
        theirs = by_id[name]
        other_letter = mine.choice.letter != theirs.choice.letter
        letters += other_letter
        if other_letter or mine.score != theirs.score:
            differing.append(mine.id)
    return letters, differing


def _questions_by_id(groups: Sequence[Group]) -> dict[str, Question]:
    return {q.id: q for group in groups for q in group.questions}


def _warnings(
    groups: Sequence[Group],
    counts: dict[str, Any],
    questions: Sequence[Question],
    values: dict[str, float],
    other_note: str,
) -> list[str]:
    lines = warn_missing(counts, "questions")
    if other_note:
        lines.append(other_note)
    consistency = sum(group.type == RELEVANCE for group in groups)
    if len(groups) == _FULL_SIZE and consistency not in _CONSISTENCY_GROUPS:
        lines.append(
            f"{consistency} of {_FULL_SIZE} groups are of type relevance; published totals imply 509-525"
        )
    if values["avg_acc"] > 99:
        lines.append("more than 99 % correct: check that the answers were not in the prompt")
    named = [q.id for q in questions if q.id in str(q.row.get("prediction") or "")]
    if named:
        lines.append(
            f"{len(named)} replies name their own question id, as if the data were known: {named[0]}, ..."
        )
    return lines
