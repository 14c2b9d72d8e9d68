"""FOCUS: treat clips as bandit arms, score few frames of each, then all frames of the promising ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vidkit.frames.notes import NO_RELEVANCE
from vidkit.frames.selectors.uniform import uniform_fallback
from vidkit.frames.spacing import by_value, segments_from_starts
from vidkit.frames.types import Candidates, FloatArray, IntArray, Segment, Selection

ScoreFunction = Callable[[IntArray], FloatArray]


@dataclass(frozen=True)
class FocusConfig:
    arm_s: float = 16.0  # length of an arm, seconds
    probes: int = 2  # random probes per arm, in addition to its centre
    best_ratio: float = 0.25  # arms whose every candidate is scored
    best_least: int = 4  # and at least so many

    def __post_init__(self) -> None:
        if self.arm_s <= 0 or self.probes < 0 or not 0 < self.best_ratio <= 1 or self.best_least < 1:
            raise ValueError("focus needs arm_s > 0, probes >= 0, 0 < best_ratio <= 1 and best_least >= 1")


class Focus:
    """The only method here that does not need every candidate scored; see `explore`."""

    name: ClassVar[str] = "focus"
    needs: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[frozenset[str]] = frozenset({"relevance"})
    config: ClassVar[type[FocusConfig]] = FocusConfig
    note: ClassVar[str] = "clips as bandit arms, few frames scored (ICLR 2026)"

    def select(self, candidates: Candidates, k: int, cfg: FocusConfig) -> Selection:
        """The K best of the explored curve; unexplored candidates stand at their interpolated value."""
        relevance = candidates.relevance
        if relevance is None:
            return uniform_fallback(self.name, candidates, k, NO_RELEVANCE)
        known = relevance
        curve, scored, detail = explore(candidates.times, lambda rows: known[rows], cfg, candidates.seed)
        # a scored frame beats an interpolated one of the same value
        order = np.lexsort((np.arange(curve.size), ~scored, -curve))
        indices = np.sort(order[:k]).astype(np.int64)
        detail |= {"curve": curve, "scored": scored}
        return Selection(self.name, indices, detail.pop("segments"), ("top",) * k, detail)


def explore(
    times: FloatArray, score: ScoreFunction, cfg: FocusConfig, seed: int = 0
) -> tuple[FloatArray, NDArray[np.bool_], dict[str, Any]]:
    """Score a part of the candidates and interpolate the rest.

    Args:
        times: seconds [N].
        score: gives the relevance of the candidates asked for; called twice.
        cfg: arm length, probes and shares.
        seed: of the probes' places.

    Returns:
        Relevance curve [N], which candidates were scored [N], and the arms with their bounds.
    """
    n = times.size
    arm_of = ((times - times[0]) // cfg.arm_s).astype(np.int64)
    starts = np.flatnonzero(np.diff(arm_of, prepend=-1) > 0)
    segments = segments_from_starts(starts[1:].tolist(), n)
    values = np.full(n, np.nan)
    probes = _probe_places(segments, cfg.probes, np.random.default_rng(seed))
    _score_into(values, np.unique(np.concatenate(probes)), score)
    bounds = _upper_bounds(values, probes)
    count = min(len(segments), max(cfg.best_least, int(np.ceil(cfg.best_ratio * len(segments)))))
    best = by_value(bounds)[:count]
    wanted = np.concatenate([np.arange(*segments[arm]) for arm in best])
    _score_into(values, wanted[np.isnan(values[wanted])], score)
    scored = ~np.isnan(values)
    curve = np.interp(times, times[scored], values[scored])
    detail: dict[str, Any] = {"segments": segments, "bounds": bounds, "explored": np.sort(best)}
    return curve, scored, detail | {"scored_ratio": float(scored.mean())}


def _probe_places(segments: tuple[Segment, ...], probes: int, rng: np.random.Generator) -> list[IntArray]:
    places = []
    for a, b in segments:
        centre = (a + b - 1) // 2
        others = np.setdiff1d(np.arange(a, b), [centre])
        extra = rng.choice(others, size=min(probes, others.size), replace=False)
        places.append(np.sort(np.append(extra, centre)).astype(np.int64))
    return places


def _score_into(values: FloatArray, rows: IntArray, score: ScoreFunction) -> None:
    if rows.size:
        values[rows] = score(rows)


def _upper_bounds(values: FloatArray, probes: list[IntArray]) -> FloatArray:
    """Mean + sqrt(2 ln(total) var / n) + 3 ln(total) / n of each arm [A] (empirical Bernstein form)."""
    log_total = np.log(sum(rows.size for rows in probes))
    bounds = []
    for rows in probes:
        part, n = values[rows], rows.size
        bounds.append(part.mean() + np.sqrt(2 * log_total * part.var() / n) + 3 * log_total / n)
    return np.array(bounds)
