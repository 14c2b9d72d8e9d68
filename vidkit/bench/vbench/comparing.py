"""Totals of VBench results and their differences, with intervals over prompts."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vidkit.bench.vbench.dimensions import DIMENSIONS, coefficients, missing, total_of
from vidkit.bench.vbench.official import Results, Scores, prompt_of
from vidkit.utils.plain import counted
from vidkit.utils.statistics import MIN_GROUPS, SEED, Array, percentile_interval, ratio, resampled_sums

TOTALS = ("Quality", "Semantic", "Total")


@dataclass(frozen=True)
class Figure:
    """A score or a difference.

    Attributes:
        value: raw for a dimension, 0..1 for a total.
        low: of the 95 % interval; None: there is none.
        high: likewise.
        prompts: that the interval is drawn over.
        note: why there is no interval, or what does not fit.
    """

    value: float
    low: float | None = None
    high: float | None = None
    prompts: int = 0
    note: str = ""


def scored(results: Results) -> dict[str, Figure]:
    """Every dimension and every total that can be made, each with its interval."""
    draws: dict[str, Array | None] = {}
    found: dict[str, Figure] = {}
    for name, scores in results.scores.items():
        found[name], draws[name] = _figure(scores.score, scores.videos)
    for total in TOTALS:
        value = total_of(results.raw, total)
        if value is not None:
            found[total] = _total(value, total, draws, found)
    return found


def differences(first: Results, other: Results) -> dict[str, Figure]:
    """Second minus first, paired by video, of all dimensions that both have, and of totals.

    Where videos are the same, the interval is of the paired differences.
    """
    draws: dict[str, Array | None] = {}
    found: dict[str, Figure] = {}
    both = [name for name in first.scores if name in other.scores]
    for name in both:
        a, b = first.scores[name], other.scores[name]
        found[name], draws[name] = _difference(a, b)
    for total in TOTALS:
        values = [total_of(one.raw, total) for one in (first, other)]
        if values[0] is not None and values[1] is not None:
            found[total] = _total(values[1] - values[0], total, draws, found)
    return found


def why_no_total(results: Results, total: str) -> list[str]:
    """Dimensions that a total lacks."""
    return missing(results.scores, total)


def _difference(a: Scores, b: Scores) -> tuple[Figure, Array | None]:
    value = b.score - a.score
    if not a.videos or not b.videos:
        return Figure(value, note="no scores of single videos: no interval"), None
    if a.videos.keys() != b.videos.keys():
        apart = len(a.videos.keys() ^ b.videos.keys())
        return Figure(value, note=f"{apart} videos are of one alone: no interval"), None
    return _figure(value, {name: b.videos[name] - a.videos[name] for name in a.videos})


def _figure(value: float, videos: Mapping[str, float]) -> tuple[Figure, Array | None]:
    """A figure with its bootstrap over prompts; the draws are moved to the reported value.

    Some dimensions are means over frames, not over videos: the value stays as reported, the spread is that of
    the videos.
    """
    if not videos:
        return Figure(value, note="no scores of single videos: no interval"), None
    groups: dict[str, list[float]] = {}
    for name, score in videos.items():
        groups.setdefault(prompt_of(name), []).append(score)
    if len(groups) < MIN_GROUPS:
        note = f"{counted(len(groups), 'prompt')}: no interval with fewer than {MIN_GROUPS}"
        return Figure(value, prompts=len(groups), note=note), None
    names = sorted(groups)
    sums = np.array([[sum(groups[name]), len(groups[name])] for name in names])
    # dimensions of the same prompts are drawn together, others apart
    drawn = resampled_sums(sums, seed=SEED + zlib.crc32("\n".join(names).encode()))
    draws = ratio(drawn[:, 0], drawn[:, 1]) - sums[:, 0].sum() / sums[:, 1].sum() + value
    bound = percentile_interval(draws)
    return Figure(value, bound.low, bound.high, len(groups)), draws


def _total(
    value: float, total: str, draws: Mapping[str, Array | None], parts: Mapping[str, Figure]
) -> Figure:
    """A total's interval; draws of dimensions with the same prompts belong together."""
    weights = coefficients(total)
    lacking = [name for name in weights if draws.get(name) is None]
    if lacking:
        return Figure(value, note=f"no interval: {', '.join(lacking)} has none")
    spread: Any = 0.0
    for name, weight in weights.items():
        drawn, dimension = draws[name], DIMENSIONS[name]
        assert drawn is not None
        spread = spread + weight * (drawn - parts[name].value) / (dimension.highest - dimension.lowest)
    bound = percentile_interval(value + spread)
    return Figure(value, bound.low, bound.high, min(parts[name].prompts for name in weights))
