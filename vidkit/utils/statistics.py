"""Uncertainty of figures: the bootstrap over clusters, Wilson intervals, paired tests. No torch.

Every 95 % interval of the package comes from here.

Every metric here is a function of column sums over items. A cluster (a video) is drawn with all its items, so
the columns are first summed per cluster; one resample is then a vector of counts, all resamples one matrix
product. That is why 10,000 resamples cost a fraction of a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.utils.blas import one_blas_thread

Array = NDArray[np.float64]
Column = NDArray[np.floating[Any]]
Places = NDArray[np.intp]

RESAMPLES = 10_000
SEED = 42
EACH_BY_ITSELF = "95 % intervals, each by itself: one in twenty misses"
"""What stands below tables with several intervals."""
_BLOCK = 1000  # resamples at a time
_CELLS = 2_500_000  # counts at a time, 5 MB: a matrix product of few rows is slow
_MULTIPLIED = 2048  # clusters at a time: their counts as floats lie in the cache
_CACHED = 1 << 15  # counts that are counted up at a time, in the cache
_PARTS = (1, 3, 8, 12, 16, 24, 32, 48, 64)  # of a whole number that are looked at
_NEAR = 1e-9  # how near a multiple must be to a whole number
_ALL_SWAPS = 13  # clusters; 2^13 ways are fewer than 10,000
MIN_GROUPS = 6
"""Fewest groups with an interval: resamples of fewer say little, and no paired test of them can reach 5 %."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Percentile interval of a metric; NaN where no resample defined it, or too few groups stand under it."""

    low: float
    high: float

    def rounded(self) -> list[float | None]:
        return [None if math.isnan(x) else round(x, 6) for x in (self.low, self.high)]


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """A mean or a share with its 95 % interval over `count` values; infinite where one value says nothing."""

    mean: float
    low: float
    high: float
    count: int

    def rounded(self, digits: int) -> dict[str, float | None]:
        """Mean and bounds for a record; None for what is not known."""
        return {
            name: round(value, digits) if math.isfinite(value) else None
            for name, value in (("mean", self.mean), ("low", self.low), ("high", self.high))
        }


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


def resampled_sums(sums: Array | Sequence[Column], resamples: int = RESAMPLES, seed: int = SEED) -> Array:
    """Column sums of every bootstrap resample of the clusters.

    Args:
        sums: per-cluster sums [C, K], or its K columns.
        resamples: number R of resamples, each draws C clusters with replacement.
        seed: of NumPy's default generator.

    Returns:
        Sums [R, K]. The draws depend on C, R and the seed only, so two runs on the same clusters are paired.
    """
    columns: Sequence[Column] = list(sums.T) if isinstance(sums, np.ndarray) else sums
    clusters = sums.shape[0] if isinstance(sums, np.ndarray) else len(columns[0]) if columns else 0
    out = np.zeros((resamples, len(columns)))
    if clusters == 0:
        return out
    units = [_unit_of(one) for one in columns]
    whole = np.array([place for place, unit in enumerate(units) if unit], np.intp)
    parts = np.array([place for place, unit in enumerate(units) if not unit], np.intp)
    single, double = np.empty((clusters, len(whole)), np.float32), np.empty((clusters, len(parts)))
    for place, column in enumerate(whole):
        single[:, place] = np.rint(columns[column] / units[column])
    for place, column in enumerate(parts):
        double[:, place] = columns[column]
    scales = np.array([units[column] for column in whole])
    generator = np.random.default_rng(seed)
    most = max(1, min(_BLOCK, _CELLS // clusters, resamples))
    blocks = [slice(first, min(first + most, resamples)) for first in range(0, resamples, most)]
    # no cluster is drawn more often than there are draws
    counts = [np.empty((most, clusters), np.min_scalar_type(clusters)) for _ in blocks[:2]]

    def multiply(rows: slice, block: NDArray[np.unsignedinteger[Any]]) -> None:
        found = np.zeros((len(block), len(whole)), np.float32)
        for first in range(0, clusters, _MULTIPLIED):
            part = slice(first, first + _MULTIPLIED)
            found += block[:, part].astype(np.float32) @ single[part]  # whole numbers: exact in any order
        out[rows, whole] = found * scales
        if len(parts):
            out[rows, parts] = block.astype(np.float64) @ double

    # a product leaves the interpreter alone, so the next draws are counted meanwhile
    with one_blas_thread(), ThreadPoolExecutor(1) as worker:
        running: list[Future[None]] = []
        for number, rows in enumerate(blocks):
            block = counts[number % 2][: rows.stop - rows.start]
            if number > 1:
                running.pop(0).result()  # the block's earlier product
            _count_draws(generator, block)
            running.append(worker.submit(multiply, rows, block))
        for each in running:
            each.result()
    return out


def _unit_of(column: Column) -> float:
    """The unit of which all values are whole multiples, where sums of them are exact in single precision.

    So it is where sums over as many draws as there are values keep below 2^24 units: whole numbers, quarters,
    thirds of 25. Such sums take half the time. 0.0: there is none.
    """
    most = float(np.abs(column).max(initial=0.0)) * len(column)
    for parts in (1, 2, 4):  # as most are, and said at once
        if most * parts < 2**24 and bool((column * parts == np.rint(column * parts)).all()):
            return 1 / parts
    values = np.unique(np.abs(column))
    for parts in _PARTS:
        scaled = values * parts
        near = np.rint(scaled)
        if near[-1] >= 2**53 or not np.allclose(scaled, near, rtol=0, atol=_NEAR):
            continue
        step = int(np.gcd.reduce(near.astype(np.int64))) or 1
        if near[-1] / step * len(column) < 2**24:
            return step / parts
    return 0.0


def _count_draws(generator: np.random.Generator, counts: NDArray[np.unsignedinteger[Any]]) -> None:
    """Fill [B, C] with how often each of C clusters comes among C draws."""
    clusters = counts.shape[1]
    most = max(1, min(len(counts), _CACHED // clusters))
    places = np.empty((most, clusters), np.intp)  # counting would make one a time
    offsets = np.arange(most, dtype=np.intp)[:, None] * clusters
    for first in range(0, len(counts), most):
        part = counts[first : first + most]
        drawn = generator.integers(0, clusters, size=part.shape, dtype=np.int32)
        if len(part) == 1:
            part[0] = np.bincount(drawn[0], minlength=clusters)
            continue
        wide = np.add(drawn, offsets[: len(part)], out=places[: len(part)])
        part[:] = np.bincount(wide.ravel(), minlength=part.size).reshape(part.shape)


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


def alike_interval(
    value: float, groups: int, lowest: float = 0.0, highest: float = 100.0, level: float = 0.95
) -> Interval:
    """Interval of a mean of which every group that was seen has the same value.

    The bootstrap would say [value, value], since it draws nothing but what was seen. If less than a share q
    of all groups were like these, so many in a row would be seen with a chance below q^groups; so with
    confidence `level` at least q = (1 - level)^(1 / groups) of them are, and the rest may lie anywhere in the
    range. Groups are taken to weigh alike.
    Source: the rule of three (Hanley and Lippman-Hand, JAMA 1983) in its exact form; differs: none.

    Args:
        value: of every group.
        groups: how many were seen, at least one.
        lowest: the least value that a group can have.
        highest: the greatest.
        level: of the interval.
    """
    alike = (1 - level) ** (1 / groups)
    rest = 1 - alike
    return Interval(value * alike + lowest * rest, value * alike + highest * rest)


def intervals(
    draws: Mapping[str, Array],
    groups: Mapping[str, int] | None = None,
    level: float = 0.95,
    alike: Mapping[str, Interval] | None = None,
) -> dict[str, Interval]:
    """Intervals of many metrics at once.

    Args:
        draws: of each metric.
        groups: how many groups stand under each metric; none for fewer than `MIN_GROUPS`.
        level: of the intervals.
        alike: intervals of the metrics whose groups are all alike; a metric whose draws are all equal and
            that is not among them has none, since draws of equal values say nothing of those not seen.
    """
    none = Interval(math.nan, math.nan)
    few = {name for name, count in (groups or {}).items() if count < MIN_GROUPS}
    made = {}
    for name, each in draws.items():
        if name in few:
            made[name] = none
        elif alike is not None and name in alike:
            made[name] = alike[name]
        else:
            bound = percentile_interval(each, level)
            # equal values may differ in the last digit after division
            flat = bound.high - bound.low <= _NEAR * max(1.0, abs(bound.high))
            made[name] = none if alike is not None and flat else bound
    return made


def groups_alike(
    bounds: Mapping[str, Interval], alike: Mapping[str, Interval], unit: str, shown: Collection[str]
) -> list[str]:
    """One line that says which intervals are not the bootstrap's, and what they are; none when all are."""
    names = [name for name in shown if name in alike and not math.isnan(bounds[name].low)]
    if not names:
        return []
    some = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return [
        f"all {unit}s have the same {some}: the interval is the exact one for that (rule of three), "
        "not the bootstrap's, which knows nothing but what was seen"
    ]


def too_few_groups(groups: Mapping[str, int], unit: str) -> list[str]:
    """One line that says which metrics have no interval and why; none when all have."""
    few = {name: count for name, count in groups.items() if 0 < count < MIN_GROUPS}
    if not few:
        return []
    if len(set(groups.values())) == 1 or len(few) == len([n for n in groups.values() if n]):
        most = max(few.values())
        return [f"no intervals: {most} {unit}{'s' if most > 1 else ''}, they need at least {MIN_GROUPS}"]
    shown = ", ".join(f"{name} ({count})" for name, count in list(few.items())[:8])
    more = f" and {len(few) - 8} more" if len(few) > 8 else ""
    return [f"no intervals for {shown}{more}: they need at least {MIN_GROUPS} {unit}s"]


def paired_differences(
    sums_a: Array,
    sums_b: Array,
    metrics: Callable[[Array], Mapping[str, Array]],
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> dict[str, Array]:
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


def mean_interval(
    values: Sequence[float] | Array, resamples: int = RESAMPLES, seed: int = SEED
) -> MeanInterval:
    """Mean of independent values [N], one a video or clip, with its bootstrap interval."""
    data = np.asarray(values, dtype=np.float64)
    if len(data) < 2:
        mean = float(data[0]) if len(data) else math.nan
        return MeanInterval(mean, -math.inf, math.inf, len(data))
    bound = percentile_interval(resampled_sums(data[:, None], resamples, seed)[:, 0] / len(data))
    return MeanInterval(float(data.mean()), bound.low, bound.high, len(data))


def paired_mean_interval(
    a: Sequence[float] | Array, b: Sequence[float] | Array, resamples: int = RESAMPLES, seed: int = SEED
) -> MeanInterval:
    """Mean of a - b [N] over the same videos or clips, with its bootstrap interval.

    Raises:
        ValueError: not the same number of values.
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} values cannot be paired")
    return mean_interval(np.asarray(a, np.float64) - np.asarray(b, np.float64), resamples, seed)


def share_interval(successes: int, trials: int) -> MeanInterval:
    """A share with its Wilson interval; anything from 0 to 1 without trials."""
    if trials == 0:
        return MeanInterval(math.nan, 0.0, 1.0, 0)
    bound = wilson_interval(successes, trials)
    return MeanInterval(successes / trials, bound.low, bound.high, trials)


def student_interval(values: Sequence[float] | Array) -> MeanInterval:
    """Mean of a few independent values [N] with Student's interval; infinite for fewer than two.

    The bootstrap of a handful of values never leaves their range, which is too narrow.
    """
    from scipy.special import stdtrit

    data = np.asarray(values, dtype=np.float64)
    if len(data) < 2:
        return MeanInterval(float(data[0]) if len(data) else math.nan, -math.inf, math.inf, len(data))
    mean, error = float(data.mean()), float(data.std(ddof=1)) / math.sqrt(len(data))
    reach = float(stdtrit(len(data) - 1, 0.975)) * error
    return MeanInterval(mean, mean - reach, mean + reach, len(data))


def share_bounds(successes: int, trials: int) -> MeanInterval:
    """A share with its exact bounds, each of which is wrong in one case of twenty at most.

    Source: Clopper and Pearson, Biometrika 1934; differs: each bound is one-sided at 95 %.
    """
    from scipy.special import betaincinv

    if trials == 0:
        return MeanInterval(math.nan, 0.0, 1.0, 0)
    low = float(betaincinv(successes, trials - successes + 1, 0.05)) if successes else 0.0
    high = float(betaincinv(successes + 1, trials - successes, 0.95)) if successes < trials else 1.0
    return MeanInterval(successes / trials, low, high, trials)


def wilson_interval(successes: int, trials: int, z: float = 1.959963984540054) -> Interval:
    """Wilson score interval of a plain proportion, in [0, 1]; items are taken as independent.

    Source: Wilson, Journal of the American Statistical Association 1927; differs: none.
    """
    if trials == 0:
        return Interval(math.nan, math.nan)
    share = successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    # rounding may leave the range by the last digit
    return Interval(max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale))


def swap_test(
    sums_a: Array,
    sums_b: Array,
    metrics: Callable[[Array], Mapping[str, Array]],
    swaps: int = RESAMPLES,
    seed: int = SEED,
) -> dict[str, float]:
    """Two-sided p-values of the differences between paired runs; NaN where a metric is undefined.

    If the runs did not differ, either could have given either reply; whole clusters are swapped between
    them, since replies to questions of one cluster go together. Up to 13 clusters every way of swapping is
    looked at, beyond that `swaps` random ones and the one that was seen, which keeps p above zero.
    Source: Fisher's randomisation test for paired data (Ernst, Statistical Science 2004), with clusters as
    units; differs: none.

    Args:
        sums_a: per-cluster sums [C, K] of run A.
        sums_b: the same clusters in the same order, run B.
        metrics: from sums [R, K] to named values [R].
        swaps: random ways of swapping.
        seed: of the generator.
    """
    shift = sums_b - sums_a
    # clusters that both runs have alike are the same either way
    moved = shift[np.any(shift != 0, axis=1)]
    total_a, total_b = sums_a.sum(0, keepdims=True), sums_b.sum(0, keepdims=True)
    seen = _differences(metrics, total_a, total_b)
    hits = dict.fromkeys(seen, 0)
    exact = len(moved) <= _ALL_SWAPS
    count = 2 ** len(moved) if exact else swaps
    generator = np.random.default_rng(seed)
    for first in range(0, count, _BLOCK):
        block = min(_BLOCK, count - first)
        if exact:
            ways = np.arange(first, first + block)[:, None] >> np.arange(len(moved)) & 1
        else:
            ways = generator.integers(0, 2, size=(block, len(moved)), dtype=np.int8)
        change = ways.astype(np.float64) @ moved
        for name, found in _differences(metrics, total_a + change, total_b - change).items():
            # sums that are equal on paper differ in the last digit
            hits[name] += int((np.abs(found) >= np.abs(seen[name]) - 1e-9).sum())
    return {
        name: math.nan if np.isnan(seen[name][0]) else (hits[name] + (not exact)) / (count + (not exact))
        for name in seen
    }


def _differences(
    metrics: Callable[[Array], Mapping[str, Array]], sums_a: Array, sums_b: Array
) -> dict[str, Array]:
    a, b = metrics(sums_a), metrics(sums_b)
    return {name: a[name] - b[name] for name in a}


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """P-values for several comparisons at once: the chance of one false verdict among all stays at the level.

    Source: Holm, Scandinavian Journal of Statistics 1979; differs: none. NaN stays NaN and is not counted.
    """
    order = sorted((name for name, p in p_values.items() if not math.isnan(p)), key=lambda n: p_values[n])
    adjusted = dict.fromkeys(p_values, math.nan)
    reached = 0.0
    for place, name in enumerate(order):
        reached = max(reached, min(1.0, (len(order) - place) * p_values[name]))
        adjusted[name] = reached
    return adjusted
