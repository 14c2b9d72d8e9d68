"""Plain confidences beside separability: the baselines that any gate has to beat.

Every one is a number for a whole answer, larger for surer, from the top-K values of its tokens.
Probabilities are those given when the values are log-probabilities; logits are normalised over the
values that are there, so that a cut-off tail makes them a little too high: thresholds hold for one K.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from vidkit.agents.separability import Array, as_rows, largest, separability

PLENTY = 1_000_000  # every value of any vocabulary


def _log_probabilities(top: Array) -> Array:
    total = float(np.logaddexp.reduce(top))
    return top if total <= 1e-6 else top - total  # a sum of at most 1 is that of log-probabilities


def _per_token(logits: Any, k: int, of: Callable[[Array], float]) -> Array | None:
    tops = largest(as_rows(logits), k)
    if not tops or any(len(top) < 2 for top in tops):
        return None
    return np.array([of(top) for top in tops])


def margin(logits: Any, k: int = PLENTY) -> float:
    """Smallest distance in nats between the best and the second best token; NaN where unknown."""
    values = _per_token(logits, k, lambda top: float(top[0] - top[1]))
    return math.nan if values is None else float(values.min())


def min_prob(logits: Any, k: int = PLENTY) -> float:
    """Smallest probability of a best token along the answer; NaN where unknown."""
    values = _per_token(logits, k, lambda top: float(_log_probabilities(top)[0]))
    return math.nan if values is None else math.exp(float(values.min()))


def log_mean(logits: Any, k: int = PLENTY) -> float:
    """Geometric mean of the best tokens' probabilities (the paper's `log` baseline); NaN where unknown."""
    values = _per_token(logits, k, lambda top: float(_log_probabilities(top)[0]))
    return math.nan if values is None else math.exp(float(values.mean()))


def negative_entropy(logits: Any, k: int = PLENTY) -> float:
    """Minus the largest entropy (nats) of a token among its known alternatives; NaN where unknown."""

    def of(top: Array) -> float:
        logs = _log_probabilities(top)
        return float((np.exp(logs) * logs).sum())

    values = _per_token(logits, k, of)
    return math.nan if values is None else float(values.min())


CONFIDENCES: dict[str, Callable[..., float]] = {
    "separability": separability,
    "margin": margin,
    "min_prob": min_prob,
    "log_mean": log_mean,
    "entropy": negative_entropy,
}
"""By name; each takes (logits, k=...)."""
