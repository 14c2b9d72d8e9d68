"""Intervals: Wilson for shares, bootstrap over clips for means and for differences of the same clips."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 10_000
Z95 = 1.959964


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval over `count` clips."""

    mean: float
    low: float
    high: float
    count: int


def wilson(successes: int, count: int) -> Interval:
    """95 % interval of a share (Wilson 1927)."""
    if count == 0:
        return Interval(float("nan"), 0.0, 1.0, 0)
    p, z2 = successes / count, Z95 * Z95
    centre = p + z2 / (2 * count)
    spread = Z95 * math.sqrt(p * (1 - p) / count + z2 / (4 * count * count))
    return Interval(p, (centre - spread) / (1 + z2 / count), (centre + spread) / (1 + z2 / count), count)


def mean_interval(values: Sequence[float], seed: int = 0) -> Interval:
    """Mean and percentile bootstrap over clips; with one clip the interval says nothing (infinite)."""
    data = np.asarray(values, dtype=np.float64)
    if len(data) < 2:
        mean = float(data.mean()) if len(data) else float("nan")
        return Interval(mean, -math.inf, math.inf, len(data))
    rng = np.random.default_rng(seed)
    # in slices: 10,000 resamples of 500 clips at once would be 40 MB
    parts = [data[rng.integers(0, len(data), (500, len(data)))].mean(1) for _ in range(RESAMPLES // 500)]
    low, high = np.percentile(np.concatenate(parts), [2.5, 97.5])
    return Interval(float(data.mean()), float(low), float(high), len(data))


def paired_difference(a: Sequence[float], b: Sequence[float], seed: int = 0) -> Interval:
    """Mean of a - b over the same clips, bootstrap over clips.

    Raises:
        ValueError: not the same number of clips.
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} clips cannot be paired")
    return mean_interval(np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64), seed)  # type: ignore[arg-type]
