"""Scores of SocialOmni with intervals clustered on the clip, in both modes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from vidkit.errors import DataError
from vidkit.evaluation.comparing import Comparable
from vidkit.evaluation.ratios import RatioMetrics
from vidkit.evaluation.replies import summarise, unread, warn_missing
from vidkit.evaluation.tasks.social_omni import how, streaming, tables, when, who
from vidkit.evaluation.tasks.social_omni.graded import Graded
from vidkit.evaluation.tasks.social_omni.records import (
    check_record,
    first_reply,
    is_level_2,
    parse_timestamp,
    record_id,
    when_id,
)
from vidkit.evaluation.tasks.social_omni.records import when as when_record
from vidkit.evaluation.tasks.social_omni.records import who as who_record
from vidkit.evaluation.types import Mode, Row
from vidkit.utils.statistics import (
    RESAMPLES,
    SEED,
    Array,
    groups_alike,
    intervals,
    none_if_nan,
    too_few_groups,
    wilson_interval,
)

_COMPARED = (
    "who", "who_consistent", "who_inconsistent", "who_gap", "who_macro_f1",
    "when_accuracy", "when_precision", "when_recall", "when_f1", "how", "how_all_yes",
)  # fmt: skip


def score(
    rows: Sequence[Row], mode: Mode | str = Mode.ROBUST, *, resamples: int = RESAMPLES, seed: int = SEED
) -> dict[str, Any]:
    """Score level-1 and level-2 records that carry replies.

    Args:
        rows: level-1 records with `prediction`; level-2 records with `q1`, `q2`, `stream` (each a reply row
            or a text) and `judges` (reply by judge). `records.attach` makes them from a predictions file.
        mode: `robust`, or `official` to equal the authors' pipeline (loose letters, skipped calls leave the
            denominator of "who", judges' numbers clamped and 0 when absent).
        resamples: bootstrap resamples of whole clips.
        seed: of the bootstrap.

    Returns:
        `who`, `when`, `how`, `streaming` (None where there are no such records), in percent; `intervals`,
        `counts`, `modes`, `differing_items`, `baselines`, `tables`, `warnings`.

    Raises:
        DataError: a record without its gold fields, a duplicate, or no records.
    """
    mode = Mode(mode)
    check(rows)
    graded = {each: grade(rows, each) for each in Mode}
    here = graded[mode]
    metrics = ratio_metrics(here)
    values = {
        k: float(v[0]) for k, v in derived({k: np.array([v]) for k, v in metrics.values().items()}).items()
    }
    groups = groups_of(metrics)
    alike = metrics.alike()
    bounds = intervals(derived(metrics.draws(resamples, seed)), groups, alike=alike)
    how_values = how.how_scores(here.judged) if here.judged else None
    stream = streaming.streaming_scores([d.item for d in here.decided])
    counts = _counts(here)
    result: dict[str, Any] = {
        "benchmark": "social-omni",
        "mode": str(mode),
        "who": _section(values, "who", here.heard),
        "when": {**_section(values, "when", here.decided), "cells": when.count_cells(here.decided)}
        if here.decided
        else None,
        "how": how_values,
        "streaming": stream,
        "intervals": {name: bound.rounded() for name, bound in bounds.items()},
        "who_wilson": _wilson(here.heard),
        "bootstrap": {"resamples": resamples, "seed": seed, "unit": "clip", "level": 0.95},
        "counts": counts,
        "items": _items(here),
        "baselines": {"who": who.constant_baselines(here.heard), "when": when.baselines(here.decided)},
        **_both_modes(graded),
        "warnings": [
            *_warnings(rows, counts, how_values),
            *too_few_groups({n: count for n, count in groups.items() if n in _COMPARED}, "clip"),
            *groups_alike(bounds, alike, "clip", [name for name in _COMPARED if name in bounds]),
        ],
    }
    made = tables.make(result, here, values, bounds)
    result["tables"] = [asdict(table) for table in made]
    return result


def comparable(rows: Sequence[Row], mode: Mode) -> Comparable:
    """What a paired comparison of two runs needs."""
    check(rows)
    graded = grade(rows, mode)
    right: dict[str, dict[str, bool | None]] = {}
    if graded.heard:
        right["who"] = {h.item.id: h.right if h.counted else None for h in graded.heard}
    if graded.decided:
        right["when_accuracy"] = {
            when_id(d.item.row): d.choice.letter == d.item.gold if d.counted else None for d in graded.decided
        }
    names = tuple(name for name in _COMPARED if graded.heard or not name.startswith("who"))
    names = tuple(name for name in names if graded.decided or name.startswith("who"))
    choices = [h.choice for h in graded.heard] + [d.choice for d in graded.decided]
    bins = str(unread(choices))
    metrics = ratio_metrics(graded)
    return Comparable(metrics, derived, names, right, bins, groups_of(metrics))


def groups_of(metrics: RatioMetrics) -> dict[str, int]:
    """Clips under each metric, derived ones included; of a gap those of its smaller side."""
    groups = metrics.groups()
    if "who" in groups:
        sides = (groups["who_consistent"], groups["who_inconsistent"])
        groups |= {"who_gap": min(sides), "who_macro_f1": groups["who"]}
    return groups


def check(rows: Sequence[Row]) -> None:
    """Refuse records without gold fields and duplicates."""
    if not rows:
        raise DataError("no rows to score", "give the benchmark's records with predictions")
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        check_record(row, number)
        name = record_id(row)
        if name in seen:
            raise DataError(
                f"record {number}: duplicate id '{name}', first is record {seen[name]}", "ids are unique"
            )
        seen[name] = number


def grade(rows: Sequence[Row], mode: Mode) -> Graded:
    """Read every reply in one mode."""
    decided = when.grade([when_record(row) for row in rows if is_level_2(row)], mode)
    return Graded(
        who.grade([who_record(row) for row in rows if not is_level_2(row)], mode),
        decided,
        how.grade(decided, mode),
    )


def ratio_metrics(graded: Graded) -> RatioMetrics:
    """Every metric over the items of both levels; clusters are clips, kept apart by level."""
    clips = [f"1/{h.item.clip}" for h in graded.heard] + [f"2/{d.item.clip}" for d in graded.decided]
    metrics = RatioMetrics(clips)
    n, first = len(clips), len(graded.heard)
    if graded.heard:
        who.add_metrics(metrics, graded.heard, np.arange(first), n)
    if graded.decided:
        when.add_metrics(metrics, graded.decided, np.arange(first, n), n)
        for name, top, bottom in how_columns(graded.judged):
            pad = np.zeros(first)
            metrics.add(name, np.concatenate([pad, top]), np.concatenate([pad, bottom]), scale=1)
    return metrics


def how_columns(judged: Sequence[how.Judged]) -> list[tuple[str, Array, Array]]:
    """The three means of "how" as numerators and denominators per item."""
    mean = np.array([j.mean if j.spoke and j.mean is not None else 0.0 for j in judged])
    scored = np.array([float(j.spoke and j.mean is not None) for j in judged])
    gold_yes = np.array([float(j.gold_yes) for j in judged]) * float(scored.any())
    return [
        ("how", mean, scored),
        ("how_official_pos", mean, scored * (mean > 0)),
        ("how_all_yes", mean, gold_yes),
    ]


def derived(values: dict[str, Array]) -> dict[str, Array]:
    """Add the metrics that are functions of others."""
    return who.derived(values) if "who" in values else values


def _section(values: dict[str, float], prefix: str, items: Sequence[Any]) -> dict[str, Any]:
    if not items:
        return {}
    names = {
        name: name.removeprefix(f"{prefix}_")
        for name in values
        if name.split("/")[0].startswith(f"{prefix}_")
    }
    section = {short: none_if_nan(values[name]) for name, short in names.items()}
    if prefix == "who":
        section = {"accuracy": none_if_nan(values["who"]), **section}
    return {**section, "items": len(items), "counted": sum(item.counted for item in items)}


def _wilson(heard: Sequence[who.WhoAnswer]) -> list[float | None]:
    bound = wilson_interval(sum(h.right and h.counted for h in heard), sum(h.counted for h in heard))
    return [None if math.isnan(x) else round(100 * x, 4) for x in (bound.low, bound.high)]


def _counts(graded: Graded) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if graded.heard:
        out["who"] = summarise(
            [h.choice for h in graded.heard],
            [h.item.row for h in graded.heard],
            [h.item.id for h in graded.heard],
        )
    if graded.decided:
        out["when"] = summarise(
            [d.choice for d in graded.decided],
            [first_reply(d.item.row) or {} for d in graded.decided],
            [when_id(d.item.row) for d in graded.decided],
        )
    return out


def _items(graded: Graded) -> list[dict[str, Any]]:
    """Every reply with the rule that read it, and every judged utterance."""
    read = [(h.item.id, h.item.gold, h.choice, h.right) for h in graded.heard]
    read += [
        (when_id(d.item.row), d.item.gold, d.choice, d.choice.letter == d.item.gold) for d in graded.decided
    ]
    out: list[dict[str, Any]] = [
        {"id": name, "letter": choice.letter, "rule": choice.rule, "gold": gold, "score": int(right)}
        for name, gold, choice, right in read
    ]
    spoken = [j for j in graded.judged if j.spoke]
    return out + [
        {
            "id": f"{j.decided.item.id}/q2",
            "judges": dict(j.scores),
            "failed": list(j.failures),
            "score": j.mean,
        }
        for j in spoken
    ]


def _both_modes(graded: dict[Mode, Graded]) -> dict[str, Any]:
    headline: dict[str, dict[str, float | None]] = {}
    for mode, each in graded.items():
        values = {k: np.array([v]) for k, v in ratio_metrics(each).values().items()}
        headline[str(mode)] = {name: none_if_nan(float(v[0])) for name, v in derived(values).items()}
    robust, official = graded[Mode.ROBUST], graded[Mode.OFFICIAL]
    differing = [a.item.id for a, b in zip(robust.heard, official.heard, strict=True) if _differ(a, b)] + [
        when_id(a.item.row) for a, b in zip(robust.decided, official.decided, strict=True) if _differ(a, b)
    ]
    judged = sum(a.scores != b.scores for a, b in zip(robust.judged, official.judged, strict=True))
    return {
        "modes": headline,
        "differing_items": len(differing),
        "differing_ids": differing,
        "differing_judgements": judged,
    }


def _differ(a: who.WhoAnswer | when.WhenAnswer, b: who.WhoAnswer | when.WhenAnswer) -> bool:
    return a.choice.letter != b.choice.letter or a.counted != b.counted


def _warnings(rows: Sequence[Row], counts: dict[str, Any], how_values: dict[str, Any] | None) -> list[str]:
    lines = [line for name, summary in counts.items() for line in warn_missing(summary, f'"{name}" items')]
    for number, row in enumerate(rows, 1):
        note = parse_timestamp(row["question_1"].get("timestamp"))[1] if is_level_2(row) else ""
        if note:
            lines.append(f"record {number} ({record_id(row)}): {note}")
    if how_values and how_values["items_without_reply"]:
        silent = how_values["items_without_reply"]
        lines.append(f"{silent} items with a rightful YES have no utterance and are not in 'how'")
    if how_values and how_values["items_without_score"]:
        lines.append(
            f"{how_values['items_without_score']} replies have no judge's score and are not in 'how'"
        )
    for judge, entry in (how_values["judges"] if how_values else {}).items():
        if entry["failed"] or entry["missing"]:
            lines.append(f"judge '{judge}' gave no score for {entry['failed'] + entry['missing']} replies")
    return lines
