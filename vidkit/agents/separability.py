"""Answer separability: how far the best token stands above the next K - 1, in their own spread.

Source: SpecEyes (arXiv 2603.23483), its released code for the constants. For one token with the K
largest logits z(1) >= ... >= z(K), mu and sigma the mean and the population deviation of z(2..K):

    S = (z(1) - mu) / (sigma + 1e-6)

S does not change when a constant is added to all logits, so log-probabilities serve as well. A tie z(1)
= z(2) can still reach S = sqrt(K - 2) (Samuelson's inequality), a score of .991 at K = 64: see `gate`
for the second condition.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PAPER_K = 64
STEEPNESS = 0.6
"""Slope of the sigmoid that maps S to (0, 1): a constant of the released code."""
PLACEHOLDER = -9999.0
"""Servers write this, or less, for "no value"."""
FEWEST = 3
"""Alternatives that a token needs: fewer have no spread."""
AGGREGATES = ("min", "mean", "bottom20")


def as_array(values: Any) -> Array:
    """Numbers as float64, from NumPy, lists, or torch on any device and in any precision."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().double().numpy()
    elif isinstance(values, list | tuple) and any(hasattr(one, "detach") for one in values):
        values = [as_array(one) for one in values]
    if np.iscomplexobj(values):
        raise ValueError("numbers must be real, got complex ones")
    return np.asarray(values, dtype=np.float64)


def whole_number(name: str, value: Any, least: int) -> int:
    """A count as an int, from Python, NumPy or torch.

    Raises:
        ValueError: no whole number, or below `least`.
    """
    try:
        number = operator.index(value)
    except TypeError as error:
        raise ValueError(f"{name} must be a whole number >= {least}, got {value!r}") from error
    if number < least:
        raise ValueError(f"{name} must be >= {least}, got {value}")
    return number


def real_number(name: str, value: Any) -> float:
    """A number as a float, from Python, NumPy or torch.

    Raises:
        ValueError: no number, or more than one.
    """
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:  # torch raises RuntimeError
        raise ValueError(f"{name} must be a number, got {value!r:.40}") from error


def as_rows(values: Any) -> Array:
    """Logits or log-probabilities as an array [T, K] of float64, from NumPy, torch or nested lists.

    Rows of unequal length are filled with -inf, which counts as no value.

    Raises:
        ValueError: no rows of real numbers.
    """
    if values is None or isinstance(values, str | bytes):
        raise ValueError(f"logits must be one row per token, [T, K], got {values!r:.40}")
    if hasattr(values, "detach"):
        values = as_array(values)
    if not isinstance(values, np.ndarray):
        rows = [as_array(row) for row in values]
        if any(row.ndim != 1 for row in rows):
            raise ValueError("logits must be one row per token: [T, K]")
        width = max((len(row) for row in rows), default=0)
        filled = np.full((len(rows), width), -np.inf)
        for place, row in enumerate(rows):
            filled[place, : len(row)] = row
        return filled
    if values.ndim != 2:
        raise ValueError(f"logits must be [T, K], got {values.ndim} dimensions")
    return as_array(values)


def largest(rows: Array, k: int) -> list[Array]:
    """Of every row its k largest usable values, largest first; placeholders (-9999, -inf, NaN) are left out.

    A row with +inf has no usable value at all.
    """
    found = []
    for row in rows:
        usable = row[np.isfinite(row) & (row > PLACEHOLDER)]
        if np.isposinf(row).any():
            usable = usable[:0]
        if len(usable) > k:
            usable = np.partition(usable, len(usable) - k)[-k:]
        found.append(np.sort(usable)[::-1])
    return found


def token_separability(top: Array) -> float:
    """S of one token from its largest logits, sorted; NaN where fewer than three are known."""
    if len(top) < FEWEST:
        return math.nan
    rest = top[1:]
    with np.errstate(over="ignore", invalid="ignore"):  # near the ends of float64: infinite, or no score
        return float((top[0] - rest.mean()) / (rest.std() + 1e-6))


def aggregated(values: Array, aggregate: str) -> float:
    """One S per answer from those of its tokens: `min`, `mean` or `bottom20` (mean of the lowest fifth)."""
    if aggregate == "min":
        return float(values.min())
    if aggregate == "mean":
        return float(values.mean())
    if aggregate == "bottom20":
        count = max(1, math.floor(0.2 * len(values)))
        return float(np.sort(values)[:count].mean())
    raise ValueError(f"unknown aggregate '{aggregate}': must be one of {', '.join(AGGREGATES)}")


def squashed(value: float) -> float:
    """Sigmoid of .6 S in (0, 1), without overflow at any S."""
    x = STEEPNESS * value
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    return math.exp(x) / (1 + math.exp(x))


def separability(logits: Any, k: int = PAPER_K, aggregate: str = "min") -> float:
    """Separability score of an answer.

    Args:
        logits: logits [T, V] of the answer's tokens, or the top-K log-probabilities [T, K] of a server,
            in any order; without the end token. NumPy, torch or lists; rows may differ in length.
        k: how many of the largest count, >= 3. A threshold holds for one k: a larger k accepts more.
        aggregate: `min` (the paper's choice), `mean` or `bottom20`.

    Returns:
        Score in [0, 1]; NaN where there is none: no token, or a token with fewer than three usable values.

    Raises:
        ValueError: k < 3 or no whole number, an unknown aggregate, or no rows of real numbers.
    """
    k = whole_number("k", k, FEWEST)
    if aggregate not in AGGREGATES:
        raise ValueError(f"unknown aggregate '{aggregate}': must be one of {', '.join(AGGREGATES)}")
    rows = as_rows(logits)
    values = np.array([token_separability(top) for top in largest(rows, k)])
    if len(values) == 0 or np.isnan(values).any():
        return math.nan
    return squashed(aggregated(values, aggregate))
