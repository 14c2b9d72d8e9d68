"""Metrics as ratios of sums over items, with bootstrap draws for all of them at once.

A mean, an accuracy, a precision, an F1: each is sum(numerator)/sum(denominator) over items, so a resample
needs only the sums. Clusters are put in a fixed order, so the order of rows changes neither values nor
intervals and two runs on the same clusters are paired.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vidkit.utils import statistics
from vidkit.utils.statistics import Array, Interval

_SAME = 1e-9  # percent


@dataclass(frozen=True, slots=True)
class Ratio:
    """One metric: `scale * sum(numerator) / sum(denominator)`, `empty` where the denominator is 0.

    `bounded`: it cannot leave 0..100, or what `scale` makes of 0..1.
    """

    name: str
    scale: float
    empty: float
    bounded: bool = True


class RatioMetrics:
    """Collect metrics over the same items, then ask for values and draws.

    Args:
        clusters: cluster of each item, [N]; the unit of resampling.
    """

    def __init__(self, clusters: Sequence[object]) -> None:
        self.names = sorted({str(name) for name in clusters})
        place = {name: i for i, name in enumerate(self.names)}
        self._place = np.array([place[str(name)] for name in clusters], dtype=np.intp)
        self._ratios: list[Ratio] = []
        self._columns: list[NDArray[np.floating[Any]]] = []
        self._totals: list[float] = []

    def add(
        self,
        name: str,
        numerator: ArrayLike,
        denominator: ArrayLike | None = None,
        *,
        scale: float = 100.0,
        empty: float = math.nan,
        bounded: bool = True,
    ) -> None:
        """Add a metric from per-item values [N]; without a denominator it is the plain mean.

        One that is not `bounded` has no interval where all clusters are alike: nothing limits the others.
        """
        top = np.asarray(numerator, dtype=np.float64)
        bottom = np.ones_like(top) if denominator is None else np.asarray(denominator, dtype=np.float64)
        self._ratios.append(Ratio(name, scale, empty, bounded))
        for values in (top, bottom):
            column = np.bincount(self._place, weights=values, minlength=len(self.names)).astype(np.float64)
            self._totals.append(_total(column))
            halved = column.astype(np.float32)  # half the memory where it holds the same values
            self._columns.append(halved if bool((halved == column).all()) else column)

    @property
    def sums(self) -> Array:
        """Per-cluster sums [C, 2M]: numerator and denominator of each metric side by side."""
        sums = np.zeros((len(self.names), len(self._columns)))
        for place, column in enumerate(self._columns):
            sums[:, place] = column
        return sums

    def of_sums(self, sums: Array) -> dict[str, Array]:
        """Metrics of summed columns [R, 2M], each [R]."""
        out = {}
        for i, metric in enumerate(self._ratios):
            values = metric.scale * statistics.ratio(sums[:, 2 * i], sums[:, 2 * i + 1])
            out[metric.name] = values if math.isnan(metric.empty) else np.nan_to_num(values, nan=metric.empty)
        return out

    def values(self) -> dict[str, float]:
        """Each metric over all items; NaN where undefined."""
        total = self.of_sums(np.array([self._totals]))
        return {name: float(value[0]) for name, value in total.items()}

    def denominators(self) -> dict[str, int]:
        """How many items (or groups) stand under each metric."""
        total = self._totals
        return {metric.name: round(total[2 * i + 1]) for i, metric in enumerate(self._ratios)}

    def groups(self) -> dict[str, int]:
        """How many clusters stand under each metric: those that change it when they are left out."""
        return {
            metric.name: int(np.count_nonzero(self._columns[2 * i + 1]))
            for i, metric in enumerate(self._ratios)
        }

    def alike(self) -> dict[str, Interval]:
        """Intervals of the metrics in percent whose groups are all alike, where a bootstrap says nothing."""
        found = {}
        for i, metric in enumerate(self._ratios):
            values = self._per_cluster(i)
            if metric.bounded and len(values) and np.ptp(values) <= _SAME and 0 <= values[0] <= 100:
                found[metric.name] = statistics.alike_interval(float(values[0]), len(values))
        return found

    def differences_alike(self, other: RatioMetrics) -> dict[str, Interval]:
        """The same for the differences to another run, group by group."""
        found = {}
        for i, metric in enumerate(self._ratios):
            one, two = self._per_cluster(i), other._per_cluster(i)
            same = np.array_equal(self._columns[2 * i + 1] != 0, other._columns[2 * i + 1] != 0)
            if not metric.bounded or not len(one) or not same or np.ptp(one - two) > _SAME:
                continue
            if min(one.min(), two.min()) >= 0 and max(one.max(), two.max()) <= 100:
                bound = statistics.alike_interval(float(one[0] - two[0]), len(one), -100.0, 100.0)
                found[metric.name] = bound
        return found

    def _per_cluster(self, i: int) -> Array:
        """A metric's value in each cluster that stands under it."""
        top, bottom = self._columns[2 * i].astype(np.float64), self._columns[2 * i + 1]
        under = bottom != 0
        values: Array = self._ratios[i].scale * top[under] / bottom[under]
        return values

    def draws(self, resamples: int, seed: int) -> dict[str, Array]:
        """Bootstrap draws [R] of each metric."""
        return self.of_sums(statistics.resampled_sums(self._columns, resamples, seed))


def _total(column: Array) -> float:
    """The sum as adding row to row gives it, to the last digit, whatever the number of rows."""
    return float(np.cumsum(column)[-1]) if len(column) else 0.0
