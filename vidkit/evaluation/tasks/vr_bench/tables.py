"""Tables of VR-Bench: ours and the authors' metrics by type and difficulty, failures, attempts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from vidkit.evaluation.tasks.vr_bench.summary import Estimates, Row, SampleEstimates, by, shown_ks
from vidkit.evaluation.types import ScoreTable
from vidkit.utils import statistics

_OURS = (
    ("success", "success"),
    ("em", "EM"),
    ("pr", "PR"),
    ("sd", "SD"),
    ("mf", "MF"),
    ("sr_end", "SR at end"),
    ("legal", "legal"),
)
_OFFICIAL = (
    ("official_sr", "SR"),
    ("official_em", "EM"),
    ("official_pr", "PR"),
    ("official_sd", "SD"),
    ("official_mf", "MF"),
)
_NOTE = (
    "per cent with 95 % intervals over levels; success: from start to goal on legal ways; EM: also the "
    "optimal way; PR: share of it that is followed; SD: extra length, of those that arrive; MF: picture kept"
)


class Groups:
    """Estimates of all rows, of each type, difficulty and size.

    Args:
        rows: one an attempt.
        resamples: of the bootstrap.
        seed: of the bootstrap.
        as_authors: see `Estimates`.
        official: the rows have the authors' metrics.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        resamples: int,
        seed: int,
        as_authors: bool = False,
        *,
        official: bool = True,
    ) -> None:
        self.rows, self._resamples, self._seed, self._official = rows, resamples, seed, official

        def estimates(some: Sequence[Row]) -> Estimates:
            return Estimates(some, resamples, seed, as_authors)

        types = by(rows, lambda row: str(row["type"]))
        self.all = estimates(rows)
        self.attempts: dict[tuple[str, int], Estimates] = {}
        self.types = {name: estimates(some) for name, some in types.items()}
        self.difficulties = {
            (name, hard): estimates(part)
            for name, some in types.items()
            for hard, part in by(some, lambda row: str(row["difficulty"])).items()
        }
        self.sizes = {
            (name, size): estimates(part)
            for name, some in types.items()
            for size, part in sorted(by(some, lambda row: str(row.get("cells") or "")).items())
            if size
        }

    def tables(self) -> list[dict[str, Any]]:
        """All tables, for the result."""
        made = [self._main("models", "VR-Bench", _OURS, _NOTE)]
        if self._official:
            made.append(self._main("official", "VR-Bench, the authors' metrics", _OFFICIAL, ""))
        made.append(self._by_difficulty())
        sizes = {size for _, size in self.sizes}
        if len(sizes) > 1 and len(self.sizes) > len(self.difficulties):
            made.append(self._by_size())
        made += [*self._attempts(), self._failures()]
        return [asdict(table) for table in made]

    def _main(self, name: str, title: str, metrics: Sequence[tuple[str, str]], note: str) -> ScoreTable:
        columns = ("type", "levels", "clips", *(heading for _, heading in metrics))
        groups = {**self.types, "all": self.all} if len(self.types) > 1 else self.types
        rows = tuple(
            (label, each.levels, len(each.rows), *(each.cell(metric) for metric, _ in metrics))
            for label, each in groups.items()
        )
        return ScoreTable(name, title, columns, rows, note)

    def _by_difficulty(self) -> ScoreTable:
        theirs = (("official_sr", "official SR"), ("official_em", "official EM")) if self._official else ()
        metrics = (*_OURS[:4], *theirs)
        rows = tuple(
            (kind, hard, each.levels, *(each.cell(metric) for metric, _ in metrics))
            for (kind, hard), each in self.difficulties.items()
        )
        columns = ("type", "difficulty", "levels", *(heading for _, heading in metrics))
        return ScoreTable("difficulties", "By difficulty", columns, rows)

    def _by_size(self) -> ScoreTable:
        metrics = _OURS[:4]
        rows = tuple(
            (kind, size, each.levels, *(each.cell(metric) for metric, _ in metrics))
            for (kind, size), each in self.sizes.items()
        )
        return ScoreTable("sizes", "By size", ("type", "size", "levels", *(h for _, h in metrics)), rows)

    def _attempts(self) -> list[ScoreTable]:
        ks = shown_ks(self.rows)
        if len(ks) < 2:
            return []
        rows = []
        groups: dict[str, Sequence[Row]] = {name: each.rows for name, each in self.types.items()}
        if len(groups) > 1:
            groups["all"] = self.rows
        for name, some in groups.items():
            for k in ks:
                each = SampleEstimates(some, k, self._resamples, self._seed)
                self.attempts[name, k] = each
                metrics = ("success", "em", *(("official_sr",) if self._official else ()))
                rows.append((name, k, *(each.cell(metric) for metric in metrics)))
        note = "chance that one of k attempts is a success, an exact match, a success by the authors' metric"
        columns = ("type", "k", "success", "EM", *(("official SR",) if self._official else ()))
        return [ScoreTable("attempts", "Best of k attempts (pass@k)", columns, tuple(rows), note)]

    def _failures(self) -> ScoreTable:
        kinds = list(self.types)
        counts = {kind: Counter(row["failure"] or "none" for row in self.types[kind].rows) for kind in kinds}
        names = Counter[str]()
        for each in counts.values():
            names.update(each)
        rows = tuple(
            (name, *(counts[kind].get(name, 0) for kind in kinds), names[name])
            for name, _ in names.most_common()
        )
        return ScoreTable("failures", "What went wrong", ("failure", *kinds, "all"), rows)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "overall": self.all.as_dict(),
            "types": {name: each.as_dict() for name, each in self.types.items()},
            "difficulties": {f"{k}/{d}": each.as_dict() for (k, d), each in self.difficulties.items()},
            "sizes": {f"{k}/{s}": each.as_dict() for (k, s), each in self.sizes.items()},
            "best_of": {f"{name}/{k}": each.as_dict() for (name, k), each in self.attempts.items()},
        }

    def warnings(self) -> list[str]:
        """What has no interval, and why."""
        counts = {name: each.levels for name, each in self.types.items()}
        return [*statistics.too_few_groups({**counts, "all": self.all.levels}, "level"), *self._alike()]

    def _alike(self) -> list[str]:
        """One line that names the metrics which all levels of a type, or all in all, have alike."""
        shown = dict(_OURS) | (
            {name: f"official {head}" for name, head in _OFFICIAL} if self._official else {}
        )
        groups = {f" of {name}": each for name, each in self.types.items()} if len(self.types) > 1 else {}
        groups[""] = self.all
        groups |= {
            f" of {kind} {hard}": each
            for (kind, hard), each in self.difficulties.items()
            if len(self.difficulties) > len(self.types)
        }
        groups |= {f" of {k} attempts ({kind})": each for (kind, k), each in self.attempts.items() if k > 1}
        bounds, alike = {}, {}
        for label, each in groups.items():
            for name, heading in shown.items():
                if name in each.alike and name in each.intervals:
                    bounds[heading + label] = each.intervals[name]
                    alike[heading + label] = each.alike[name]
        return statistics.groups_alike(bounds, alike, "level", list(bounds))


def authors_means(rows: Sequence[Row]) -> dict[str, dict[str, float | None]]:
    """The authors' figures of each type: plain means of the difficulties, SD 0 where none succeeds."""
    found = {}
    for kind, some in by(rows, lambda row: str(row["type"])).items():
        parts = [
            _plain_means([row["official"] for row in part if row.get("official")])
            for part in by(some, lambda row: str(row["difficulty"])).values()
        ]
        parts = [part for part in parts if part]
        found[kind] = {
            name: 100 * sum(part[name] or 0.0 for part in parts) / len(parts) if parts else None
            for name in ("sr", "em", "pr", "sd", "mf")
        }
    return found


def _plain_means(rows: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Means over clips, SD over those where it is defined."""
    means: dict[str, float | None] = {}
    if not rows:
        return means
    for name in ("sr", "em", "pr", "sd", "mf"):
        values = [row[name] for row in rows if row.get(name) is not None]
        means[name] = sum(values) / len(values) if values else None
    return means
