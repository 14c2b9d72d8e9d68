"""Compare two runs on the same items: paired bootstrap on the same clusters, McNemar for accuracies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vidkit.errors import DataError
from vidkit.evaluation.ratios import RatioMetrics
from vidkit.evaluation.statistics import (
    RESAMPLES,
    SEED,
    Array,
    mcnemar,
    none_if_nan,
    paired_differences,
    percentile_interval,
)
from vidkit.evaluation.types import ScoreTable


@dataclass(frozen=True)
class Comparable:
    """What a benchmark gives for a comparison.

    Attributes:
        metrics: per-cluster sums of its metrics.
        derived: adds metrics that are functions of others.
        names: the metrics to compare, in order.
        right: for each accuracy, correctness by item id.
        unread: items without a readable reply, by cause.
    """

    metrics: RatioMetrics
    derived: Callable[[dict[str, Array]], dict[str, Array]]
    names: tuple[str, ...]
    right: Mapping[str, Mapping[str, bool]]
    unread: str = ""


def compare(a: Comparable, b: Comparable, *, resamples: int = RESAMPLES, seed: int = SEED) -> dict[str, Any]:
    """Differences A - B with 95 % intervals.

    Args:
        a: the first run.
        b: the second, over the same items.
        resamples: of whole clusters; the same draws for both runs.
        seed: of the bootstrap.

    Returns:
        `metrics`: by name `a`, `b`, `difference`, `interval`; `mcnemar`: by accuracy the items only one run
        has right, the statistic and p; `tables`.

    Raises:
        DataError: the runs are over different items.
    """
    _check_same(a, b)

    def of_sums(sums: Array) -> dict[str, Array]:
        return a.derived(a.metrics.of_sums(sums))

    sums_a, sums_b = a.metrics.sums, b.metrics.sums
    total_a, total_b = of_sums(sums_a.sum(0, keepdims=True)), of_sums(sums_b.sum(0, keepdims=True))
    draws = paired_differences(sums_a, sums_b, of_sums, resamples, seed)
    metrics = {}
    for name in a.names:
        one, two = float(total_a[name][0]), float(total_b[name][0])
        metrics[name] = {
            "a": none_if_nan(one),
            "b": none_if_nan(two),
            "difference": none_if_nan(one - two),
            "interval": percentile_interval(draws[name]).rounded(),
        }
    tests = {name: _mcnemar(a.right[name], b.right[name]) for name in a.right}
    result = {
        "metrics": metrics,
        "mcnemar": tests,
        "unread": {"a": a.unread, "b": b.unread},
        "bootstrap": {"resamples": resamples, "seed": seed, "level": 0.95, "paired": True},
    }
    return {**result, "tables": [asdict(table) for table in _tables(result)]}


def _check_same(a: Comparable, b: Comparable) -> None:
    for name, right in a.right.items():
        only = sorted(set(right) ^ set(b.right.get(name, {})))
        if only:
            raise DataError(
                f"the runs are over different items: {len(only)} stand in one only, first '{only[0]}'",
                "compare runs of the same data",
            )
    if a.right.keys() != b.right.keys() or a.metrics.names != b.metrics.names:
        raise DataError("the runs are over different items", "compare runs of the same data")


def _mcnemar(a: Mapping[str, bool], b: Mapping[str, bool]) -> dict[str, float]:
    only_a = sum(right and not b[name] for name, right in a.items())
    only_b = sum(b[name] and not right for name, right in a.items())
    statistic, p = mcnemar(only_a, only_b)
    return {"only_a": only_a, "only_b": only_b, "statistic": statistic, "p": p}


def _tables(result: Mapping[str, Any]) -> list[ScoreTable]:
    rows = []
    for name, entry in result["metrics"].items():
        low, high = entry["interval"]
        difference = None if entry["difference"] is None or low is None else (entry["difference"], low, high)
        verdict = "" if low is None or low <= 0 <= high else ("A" if low > 0 else "B")
        rows.append((name, entry["a"], entry["b"], difference, verdict))
    note = "95 % intervals of paired resamples; the last column names the better run where 0 is outside"
    tables = [ScoreTable("differences", "A against B", ("", "A", "B", "A - B", "better"), tuple(rows), note)]
    tests = tuple(
        (name, test["only_a"], test["only_b"], round(test["statistic"], 3), float(f"{test['p']:.3g}"))
        for name, test in result["mcnemar"].items()
    )
    columns = ("accuracy", "only A right", "only B right", "statistic", "p")
    return [*tables, ScoreTable("mcnemar", "McNemar's test", columns, tests, "with continuity correction")]
