"""A gate's threshold with a guarantee: among the drafts it believes, at most a chosen share is wrong.

Fixed-sequence testing: thresholds of a grid that does not depend on which drafts are right are tried from
the strictest down; each is passed when the Clopper-Pearson upper bound of the error rate among the accepted
is within the risk; the first failure ends it. A few wrong drafts among the surest would end it at once, so
there are several sequences, which begin where more drafts are accepted and share delta evenly. With
probability >= 1 - delta over the calibration split, the threshold that comes out keeps the risk.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vidkit.agents.gate_scores import scored
from vidkit.agents.separability import Array

UNIT_GRID: Array = np.concatenate([1 - np.geomspace(1e-6, 0.1, 120), np.linspace(0.895, 0.0, 180)])
"""Thresholds of scores in [0, 1], strictest first; dense near 1, where separability lives."""
REAL_GRID: Array = np.linspace(0.999, -0.999, 400)
"""The same for other scores s, as s / (1 + |s|)."""


_STARTS = (0.0, 0.1, 0.3, 0.5)
"""Shares of the drafts that are accepted where a sequence begins."""


def error_bound(wrong: int, count: int, delta: float) -> float:
    """Upper Clopper-Pearson bound at level 1 - delta of an error rate, from `wrong` errors in `count`."""
    if wrong >= count:
        return 1.0
    from scipy.stats import beta  # heavy, and only calibration needs it

    return float(beta.ppf(1 - delta, wrong + 1, count - wrong))


def within_risk(wrong: Any, count: Any, risk: float, delta: float) -> Any:
    """Whether `error_bound` is at most `risk`, of arrays at once [M]."""
    from scipy.special import betainc

    errors, accepted = np.asarray(wrong, dtype=np.float64), np.asarray(count, dtype=np.float64)
    some = errors < accepted
    chance = betainc(errors + 1, np.where(some, accepted - errors, 1.0), risk)
    return some & (chance >= 1 - delta - 1e-12)


def fewest_accepted(risk: float, delta: float) -> int:
    """Accepted drafts, all right, that are needed before any threshold can pass: ln(delta) / ln(1 - risk)."""
    return math.ceil(math.log(delta) / math.log1p(-risk) - 1e-12)


def threshold_grid(scores: Array) -> Array:
    """The fixed grid, strictest first, for scores in [0, 1] or for any."""
    if len(scores) and scores.min() >= 0 and scores.max() <= 1:
        return UNIT_GRID
    grid: Array = REAL_GRID / (1 - np.abs(REAL_GRID))
    return grid


METHODS = ("clopper-pearson", "conformal")


def conformal_threshold(scores: Any, correct: Any, risk: float) -> float | None:
    """Lowest threshold at which the share of *all* drafts that are believed and wrong is at most `risk`.

    Conformal risk control (arXiv 2208.02814) for the loss "believed and wrong", which only falls as the
    threshold rises: (wrong believed + 1) / (N + 1) <= risk. The promise is one in expectation, over the
    calibration split and the next draft, and about all drafts, not about those believed.

    Args:
        scores: score of each draft [N]; NaN (no score) is never accepted.
        correct: whether each draft is right [N].
        risk: share of drafts that are believed and wrong, in (0, 1).

    Returns:
        The threshold, a score of a wrong draft (drafts above it are believed), or below all scores where
        everything may be believed; None where the split is too small for this risk.

    Raises:
        ValueError: values out of range, lengths that differ, or a `correct` that is neither yes nor no.
    """
    values, right = scored(scores, correct)
    if not 0 < risk < 1:
        raise ValueError(f"risk must be between 0 and 1, got {risk}")
    allowed = math.floor(risk * (len(values) + 1) + 1e-9) - 1
    if allowed < 0:
        return None
    known = ~np.isnan(values)
    wrong = np.sort(values[known & ~right.astype(bool)])[::-1]
    if len(wrong) <= allowed:
        return float(np.nextafter(values[known].min(), -np.inf)) if known.any() else None
    return float(wrong[allowed])


def calibrate_threshold(scores: Any, correct: Any, risk: float, delta: float) -> float | None:
    """Lowest threshold at which drafts with score > threshold are wrong at most `risk` of the time.

    Args:
        scores: score of each draft [N]; NaN (no score) is never accepted.
        correct: whether each draft is right [N].
        risk: share of wrong among the accepted, in (0, 1).
        delta: probability that the guarantee fails, in (0, 1).

    Returns:
        The threshold; None where none of the grid keeps the risk: believe nothing.

    Raises:
        ValueError: values out of range, lengths that differ, or a `correct` that is neither yes nor no.
    """
    values, right = scored(scores, correct)
    if not 0 < risk < 1:
        raise ValueError(f"risk must be between 0 and 1, got {risk}")
    if not 0 < delta < 1:
        raise ValueError(f"delta must be between 0 and 1, got {delta}")
    known = ~np.isnan(values)
    order = np.argsort(values[known])
    ascending = values[known][order]
    wrong = np.concatenate([[0], np.cumsum(~right[known][order].astype(bool)[::-1])])  # among the m highest
    grid = threshold_grid(ascending)
    counts = len(ascending) - np.searchsorted(ascending, grid, side="right")
    fewest = fewest_accepted(risk, delta)
    starts = {int(np.searchsorted(counts, max(fewest, share * len(ascending)))) for share in _STARTS}
    passes = within_risk(wrong[counts], counts, risk, delta / len(starts))
    best = None
    for start in starts:
        failed = np.flatnonzero(~passes[start:])
        end = start + int(failed[0]) if len(failed) else len(grid)
        if end > start:
            best = float(grid[end - 1]) if best is None else min(best, float(grid[end - 1]))
    return best
