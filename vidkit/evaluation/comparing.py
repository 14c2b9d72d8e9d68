"""Compare two runs on the same items: paired bootstrap and swap test on the same clusters."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from vidkit.errors import DataError
from vidkit.evaluation.ratios import RatioMetrics
from vidkit.evaluation.types import ScoreTable
from vidkit.utils.statistics import (
    MIN_GROUPS,
    RESAMPLES,
    SEED,
    Array,
    groups_alike,
    holm,
    intervals,
    none_if_nan,
    paired_differences,
    swap_test,
    too_few_groups,
)

LEVEL = 0.05  # chance of one false "better" among all metrics of a comparison


@dataclass(frozen=True)
class Comparable:
    """What a benchmark gives for a comparison.

    Attributes:
        metrics: per-cluster sums of its metrics.
        derived: adds metrics that are functions of others.
        names: the metrics to compare, in order.
        right: for each accuracy, correctness by item id; None for an item that the mode does not count.
        unread: items without a readable reply, by cause.
        groups: how many clusters stand under each metric.
    """

    metrics: RatioMetrics
    derived: Callable[[dict[str, Array]], dict[str, Array]]
    names: tuple[str, ...]
    right: Mapping[str, Mapping[str, bool | None]]
    unread: str = ""
    groups: Mapping[str, int] = field(default_factory=dict)


def compare(a: Comparable, b: Comparable, *, resamples: int = RESAMPLES, seed: int = SEED) -> dict[str, Any]:
    """Differences A - B with 95 % intervals.

    Args:
        a: the first run.
        b: the second, over the same items.
        resamples: of whole clusters; the same draws for both runs.
        seed: of the bootstrap.

    Returns:
        `metrics`: by name `a`, `b`, `difference`, `interval`, `p` of the swap test, `p_holm` of all metrics
        shown together, `better` (`A`, `B` or empty, at 5 %); `disagreements`: by accuracy the items that only
        one run has right; `test`; `tables`; `warnings`.

    Raises:
        DataError: the runs are over different items.
    """
    _check_same(a, b)

    def of_sums(sums: Array) -> dict[str, Array]:
        return a.derived(a.metrics.of_sums(sums))

    sums_a, sums_b = a.metrics.sums, b.metrics.sums
    total_a, total_b = of_sums(sums_a.sum(0, keepdims=True)), of_sums(sums_b.sum(0, keepdims=True))
    draws = paired_differences(sums_a, sums_b, of_sums, resamples, seed)
    groups = {name: min(a.groups.get(name, MIN_GROUPS), b.groups.get(name, MIN_GROUPS)) for name in a.names}
    alike = a.metrics.differences_alike(b.metrics)
    bounds = intervals({name: draws[name] for name in a.names}, groups, alike=alike)
    found = swap_test(sums_a, sums_b, lambda sums: _named(of_sums(sums), a.names), resamples, seed)
    together = holm(found)
    metrics = {}
    for name in a.names:
        one, two = float(total_a[name][0]), float(total_b[name][0])
        is_better = together[name] < LEVEL
        metrics[name] = {
            "a": none_if_nan(one),
            "b": none_if_nan(two),
            "difference": none_if_nan(one - two),
            "interval": bounds[name].rounded(),
            "p": none_if_nan(found[name]),
            "p_holm": none_if_nan(together[name]),
            "better": ("A" if one > two else "B") if is_better else "",
        }
    result = {
        "metrics": metrics,
        "disagreements": {name: _disagreements(a.right[name], b.right[name]) for name in a.right},
        "test": {
            "name": "swap test of whole groups",
            "swaps": resamples,
            "level": LEVEL,
            "correction": "Holm",
        },
        "warnings": [
            *too_few_groups(groups, "group"),
            *groups_alike(bounds, alike, "group", [f"{name}" for name in a.names if name in alike]),
        ],
        "unread": {"a": a.unread, "b": b.unread},
        "bootstrap": {"resamples": resamples, "seed": seed, "level": 0.95, "paired": True},
    }
    return {**result, "tables": [asdict(table) for table in _tables(result)]}


def _check_same(a: Comparable, b: Comparable) -> None:
    for name, right in a.right.items():
        only = sorted(set(right) ^ set(b.right.get(name, {})))
        if only:
            raise DataError(
                f"the runs are over different items: {len(only)} are in only one of them, first '{only[0]}'",
                "compare runs of the same data",
            )
    if a.right.keys() != b.right.keys() or a.metrics.names != b.metrics.names:
        raise DataError("the runs are over different items", "compare runs of the same data")


def _named(values: Mapping[str, Array], names: tuple[str, ...]) -> dict[str, Array]:
    return {name: values[name] for name in names}


def _disagreements(a: Mapping[str, bool | None], b: Mapping[str, bool | None]) -> dict[str, int]:
    """Items that only one run has right, among those that count in both."""
    pairs = [(right, b[name]) for name, right in a.items() if right is not None and b[name] is not None]
    return {
        "items": len(pairs),
        "only_a": sum(one is True and two is False for one, two in pairs),
        "only_b": sum(two is True and one is False for one, two in pairs),
    }


def _tables(result: Mapping[str, Any]) -> list[ScoreTable]:
    rows = []
    for name, entry in result["metrics"].items():
        low, high = (math.nan if bound is None else bound for bound in entry["interval"])
        difference = None if entry["difference"] is None else (entry["difference"], low, high)
        p, together = (_p(entry[key]) for key in ("p", "p_holm"))
        rows.append((name, entry["a"], entry["b"], difference, p, together, entry["better"]))
    tested = sum(entry["p"] is not None for entry in result["metrics"].values())
    note = (
        "95 % intervals of each difference by itself; p of swapping whole groups; 'better' where Holm's p, "
        f"for the {tested} metrics together, is below {100 * LEVEL:.0f} %"
    )
    columns = ("", "A", "B", "A - B", "p", "p (Holm)", "better")
    tables = [ScoreTable("differences", "A against B", columns, tuple(rows), note)]
    counts = tuple((name, *entry.values()) for name, entry in result["disagreements"].items())
    names = ("accuracy", "items", "only A right", "only B right")
    return [*tables, ScoreTable("disagreements", "Where the runs disagree", names, counts)]


def _p(value: float | None) -> str | None:
    return None if value is None else f"{value:.2g}" if value >= 0.001 else "< 0.001"
