"""From rows of attempts to values with intervals; the unit of every interval is the level."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from vidkit.evaluation.ratios import RatioMetrics
from vidkit.evaluation.tasks.vr_bench.samples import KS, expected_max, expected_min, pass_at_k
from vidkit.utils import statistics

Row = Mapping[str, Any]
Cell = tuple[float, float, float] | float | None
#: our metrics, and the authors'
OURS = ("success", "em", "sr_end", "legal", "pr", "sd", "mf", "tracked_ratio")
OFFICIAL = ("sr", "em", "pr", "sd", "mf")
_ZERO_WHEN_MISSING = ("sr", "em", "pr")  # of the authors' metrics: nothing was followed, nothing reached


class Estimates:
    """Values and intervals of some rows.

    Args:
        rows: one an attempt.
        resamples: of the bootstrap.
        seed: of the bootstrap.
        as_authors: leave clips that could not be evaluated out of the authors' metrics, as they do.
    """

    def __init__(self, rows: Sequence[Row], resamples: int, seed: int, as_authors: bool = False) -> None:
        self.rows = rows
        self._finish(ratio_metrics(rows, as_authors), resamples, seed)

    def _finish(self, ratios: RatioMetrics, resamples: int, seed: int) -> None:
        self.values = ratios.values()
        groups = ratios.groups()
        draws = ratios.draws(resamples, seed) if len(ratios.names) >= statistics.MIN_GROUPS else {}
        self.alike = ratios.alike()
        self.intervals = statistics.intervals(draws, groups, alike=self.alike)
        self.counts = ratios.denominators()

    def cell(self, name: str) -> Cell:
        """A value with its interval, as tables take it; None where undefined."""
        return as_cell(self.values[name], self.intervals.get(name))

    @property
    def levels(self) -> int:
        """How many levels the rows are of."""
        return len({row["level"] for row in self.rows})

    def as_dict(self) -> dict[str, Any]:
        """For JSON: values, intervals and on how many attempts each stands."""
        return {
            "levels": self.levels,
            "attempts": len(self.rows),
            "values": {name: _plain(value) for name, value in self.values.items()},
            "intervals": {name: interval.rounded() for name, interval in self.intervals.items()},
            "counts": self.counts,
        }


def ratio_metrics(rows: Sequence[Row], as_authors: bool = False) -> RatioMetrics:
    """Our metrics and the authors' of some attempts; clusters are levels."""
    ratios = RatioMetrics([row["level"] for row in rows])
    for name in OURS:
        _add(ratios, name, [row["robust"].get(name) for row in rows])
    for name in OFFICIAL:
        _add(ratios, f"official_{name}", [_official(row, name, as_authors) for row in rows])
    return ratios


class SampleEstimates(Estimates):
    """What k attempts at each level are worth; every level has the same number of rows."""

    def __init__(self, rows: Sequence[Row], k: int, resamples: int, seed: int) -> None:
        self.rows = rows
        levels = by(rows, lambda row: str(row["level"]))
        ratios = RatioMetrics(list(levels))
        for name in ("success", "em"):
            passed = [
                pass_at_k(len(each), sum(bool(row["robust"][name]) for row in each), k)
                for each in levels.values()
            ]
            ratios.add(name, passed)
        for name in ("sr", "em"):
            ratios.add(
                f"official_{name}",
                [
                    pass_at_k(len(each), sum(bool(_official(row, name, False)) for row in each), k)
                    for each in levels.values()
                ],
            )
        ways = [[row["robust"]["pr"] for row in each] for each in levels.values()]
        if all(value is not None for each in ways for value in each):
            ratios.add("pr", [expected_max(each, k) for each in ways])
        least = [expected_min([row["robust"]["sd"] for row in each], k) for each in levels.values()]
        ratios.add("sd", [total for total, _ in least], [chance for _, chance in least], bounded=False)
        self._finish(ratios, resamples, seed)


def shown_ks(rows: Sequence[Row]) -> list[int]:
    """Numbers of attempts that a table of these rows shows."""
    counts = [len(each) for each in by(rows, lambda row: str(row["level"])).values()]
    return [k for k in KS if k <= min(counts, default=0)]


def by(rows: Iterable[Row], key: Callable[[Row], str]) -> dict[str, list[Row]]:
    """Rows by a key, in the order of first appearance."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def as_cell(value: float, interval: statistics.Interval | None) -> Cell:
    """A value as tables take it."""
    if math.isnan(value):
        return None
    if interval is None or math.isnan(interval.low):
        return value
    return value, interval.low, interval.high


def _add(ratios: RatioMetrics, name: str, values: Sequence[float | None]) -> None:
    defined = [value is not None for value in values]
    # a way may be any number of times longer than the best one
    bounded = not name.endswith("sd")
    ratios.add(name, [value or 0.0 for value in values], [float(known) for known in defined], bounded=bounded)


def _official(row: Row, name: str, as_authors: bool) -> float | None:
    found = row.get("official")
    if found is None:
        return 0.0 if name in _ZERO_WHEN_MISSING and not as_authors else None
    value = found.get(name)
    return None if value is None else float(value)


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
