"""Uncertainty of scores: the bootstrap over clusters, Wilson intervals, McNemar's test. NumPy only.

Every metric here is a function of column sums over items. A cluster (a video) is drawn with all its items, so
the columns are first summed per cluster; one resample is then a vector of counts, all resamples one matrix
product. That is why 10,000 resamples cost a fraction of a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.intp]

RESAMPLES = 10_000
SEED = 42
_BLOCK = 1000  # resamples at a time: keeps the counts in the cache


@dataclass(frozen=True, slots=True)
class Interval:
    """Percentile interval of a metric; NaN where no resample defined it."""

    low: float
    high: float

    def rounded(self) -> list[float | None]:
        return [None if math.isnan(x) else round(x, 6) for x in (self.low, self.high)]


def sum_per_cluster(columns: Array, clusters: Sequence[object]) -> Array:
    """Sum rows that share a cluster.

    Args:
        columns: values [items, K].
        clusters: name of each item's cluster, any order.

    Returns:
        Sums [C, K], clusters in order of first appearance.
    """
    index: dict[object, int] = {}
    place = np.fromiter((index.setdefault(name, len(index)) for name in clusters), np.intp, len(clusters))
    sums = np.zeros((len(index), columns.shape[1]))
    np.add.at(sums, place, columns)
    return sums


def resampled_sums(sums: Array, resamples: int = RESAMPLES, seed: int = SEED) -> Array:
    """Column sums of every bootstrap resample of the clusters.

    Args:
        sums: per-cluster sums [C, K].
        resamples: number R of resamples, each draws C clusters with replacement.
        seed: of NumPy's default generator.

    Returns:
        Sums [R, K]. The draws depend on C, R and the seed only, so two runs on the same clusters are paired.
    """
    clusters = sums.shape[0]
    out = np.zeros((resamples, sums.shape[1]))
    if clusters == 0:
        return out
    generator = np.random.default_rng(seed)
    for first in range(0, resamples, _BLOCK):
        block = min(_BLOCK, resamples - first)
        drawn = generator.integers(0, clusters, size=(block, clusters), dtype=np.int32)
        drawn += np.arange(block, dtype=np.int32)[:, None] * clusters
        counts = np.bincount(drawn.ravel(), minlength=block * clusters).reshape(block, clusters)
        out[first : first + block] = counts.astype(np.float64) @ sums
    return out


def ratio(numerator: Array, denominator: Array) -> Array:
    """Divide, with NaN where the denominator is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator != 0, numerator / denominator, np.nan)


def none_if_nan(value: float) -> float | None:
    """An undefined value as JSON knows it."""
    return None if math.isnan(value) else value


def percentile_interval(draws: Array, level: float = 0.95) -> Interval:
    """Percentile interval of the defined draws."""
    defined = draws[~np.isnan(draws)]
    if defined.size == 0:
        return Interval(math.nan, math.nan)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def intervals(draws: Mapping[str, Array], level: float = 0.95) -> dict[str, Interval]:
    """Intervals of many metrics at once."""
    return {name: percentile_interval(values, level) for name, values in draws.items()}


def paired_differences(
    sums_a: Array, sums_b: Array, metrics: Callable[[Array], Mapping[str, Array]],
    resamples: int = RESAMPLES, seed: int = SEED,
) -> dict[str, Array]:  # fmt: skip
    """Metric of A minus metric of B on the same resampled clusters.

    Args:
        sums_a: per-cluster sums [C, K] of run A.
        sums_b: the same clusters in the same order, run B.
        metrics: from sums [R, K] to named draws [R].
        resamples: number of resamples.
        seed: of the generator.

    Returns:
        Draws [R] of the difference by metric.
    """
    if sums_a.shape != sums_b.shape:
        raise ValueError(f"paired runs must share their clusters: {sums_a.shape} and {sums_b.shape}")
    drawn = resampled_sums(np.hstack([sums_a, sums_b]), resamples, seed)
    a, b = metrics(drawn[:, : sums_a.shape[1]]), metrics(drawn[:, sums_a.shape[1] :])
    return {name: a[name] - b[name] for name in a}


def wilson_interval(successes: int, trials: int, z: float = 1.959963984540054) -> Interval:
    """Wilson score interval of a plain proportion, in [0, 1]; items are taken as independent."""
    if trials == 0:
        return Interval(math.nan, math.nan)
    share = successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return Interval((centre - spread) / scale, (centre + spread) / scale)


def mcnemar(only_a: int, only_b: int) -> tuple[float, float]:
    """McNemar's test with continuity correction.

    Args:
        only_a: items that A has right and B wrong.
        only_b: items that B has right and A wrong.

    Returns:
        Statistic (|b-c|-1)^2/(b+c) and p = erfc(sqrt(stat/2)); (0, 1) when the runs never disagree.
    """
    if only_a + only_b == 0:
        return 0.0, 1.0
    statistic = max(abs(only_a - only_b) - 1, 0) ** 2 / (only_a + only_b)
    return statistic, math.erfc(math.sqrt(statistic / 2))
