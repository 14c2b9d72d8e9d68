"""Several scores of a draft as one: a logistic regression fitted on drafts whose truth is known.

Separability, margin and probability fail in different places; whether a question needs a tool says something
none of them knows. The blend is one more score: its threshold is calibrated like any other's, on other
drafts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vidkit.agents.separability import Array

_RIDGE, _STEPS, _MOST = 1.0, 50, 30.0


@dataclass(frozen=True, slots=True)
class Blend:
    """A fitted blend.

    Attributes:
        names: of the scores.
        means: of each on the drafts it was fitted on.
        spreads: deviation of each.
        weights: of each, in deviations.
        bias: of the sum.
    """

    names: tuple[str, ...]
    means: tuple[float, ...]
    spreads: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def score(self, columns: Any) -> Array:
        """Probability that each draft is right, from scores [N, S] in the order of `names`."""
        values = (np.asarray(columns, dtype=np.float64) - self.means) / self.spreads
        odds = values @ np.array(self.weights) + self.bias
        found: Array = 1 / (1 + np.exp(-np.clip(odds, -_MOST, _MOST)))
        return found


def fit_blend(columns: dict[str, Array], correct: Any) -> Blend:
    """Fit by Newton's method, with a ridge on the weights.

    Args:
        columns: scores of the drafts by name [N] each; rows with NaN are left out.
        correct: whether each is right [N].

    Raises:
        ValueError: no rows, or lengths that differ.
    """
    names = tuple(columns)
    values = np.stack([np.asarray(columns[name], dtype=np.float64) for name in names], 1)
    right = np.asarray(correct, dtype=np.float64)
    if right.shape != (len(values),):
        raise ValueError(f"scores and correct must be [N] each, got {values.shape} and {right.shape}")
    known = np.isfinite(values).all(1)
    values, right = values[known], right[known]
    if len(values) == 0:
        raise ValueError("there are no drafts with scores to fit a blend on")
    means, spreads = values.mean(0), values.std(0) + 1e-9
    design = np.concatenate([(values - means) / spreads, np.ones((len(values), 1))], 1)
    ridge = np.diag([_RIDGE] * len(names) + [1e-6])
    weights = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-np.clip(design @ weights, -_MOST, _MOST)))
        slope = design.T @ (right - chances) - ridge @ weights
        bend = (design * (chances * (1 - chances))[:, None]).T @ design + ridge
        step = np.linalg.solve(bend, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-8:
            break
    return Blend(
        names,
        tuple(map(float, means)),
        tuple(map(float, spreads)),
        tuple(map(float, weights[:-1])),
        float(weights[-1]),
    )
