"""How well a gate's scores tell right drafts from wrong ones: AUROC, AURC, accuracy at coverage."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vidkit.agents.separability import Array, as_array


def scored(scores: Any, correct: Any) -> tuple[Array, Array]:
    """Scores [N], NaN where a draft has none, and whether each draft is right [N], 0 or 1, as float64.

    Raises:
        ValueError: lengths that differ, or a `correct` that is neither yes nor no: a grade of .5, labels of
            -1 and 1 or an unknown one must not pass for right.
    """
    values, right = as_array(scores), as_array(correct)
    if values.ndim != 1 or values.shape != right.shape:
        raise ValueError(f"scores and correct must be [N] each, got {values.shape} and {right.shape}")
    odd = right[(right != 0) & (right != 1)]
    if len(odd):
        raise ValueError(f"correct must hold True and False, or 1 and 0, got {odd[0]:g}")
    return values, right


def _known(scores: Any, correct: Any) -> tuple[Array, Array]:
    values, right = scored(scores, correct)
    # a draft without a score is deferred, so it comes last
    return np.where(np.isnan(values), -np.inf, values), right


def auroc(scores: Any, correct: Any) -> float:
    """Probability that a right draft scores above a wrong one, ties as half; NaN without both kinds.

    Args:
        scores: of the drafts [N]; NaN counts as lowest.
        correct: whether each is right [N].
    """
    values, right = _known(scores, correct)
    positives, negatives = right.sum(), len(right) - right.sum()
    if positives == 0 or negatives == 0:
        return math.nan
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[right > 0].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def selective_accuracy(scores: Any, correct: Any) -> tuple[Array, Array]:
    """Coverage and accuracy of the drafts above each threshold, from the strictest down.

    Drafts of equal score come together, as a threshold takes them.

    Returns:
        Coverage [M] rising to 1, accuracy [M].
    """
    values, right = _known(scores, correct)
    order = np.argsort(-values, kind="stable")
    count = np.arange(1, len(values) + 1)
    last = np.append(values[order][1:] != values[order][:-1], True) if len(values) else np.zeros(0, bool)
    accuracy: Array = np.cumsum(right[order])[last] / count[last]
    coverage: Array = count[last] / max(1, len(values))
    return coverage, accuracy


def aurc(scores: Any, correct: Any) -> float:
    """Area under the risk-coverage curve: mean share of wrong over all coverages; NaN without drafts."""
    coverage, accuracy = selective_accuracy(scores, correct)
    if len(coverage) == 0:
        return math.nan
    widths = np.diff(coverage, prepend=0.0)
    return float(((1 - accuracy) * widths).sum())
