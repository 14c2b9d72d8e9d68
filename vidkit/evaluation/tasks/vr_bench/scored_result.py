"""What scored clips come to: tables, warnings, JSON, page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vidkit.evaluation.own_run import OwnResult, OwnRun
from vidkit.evaluation.running.manifest import write_json
from vidkit.evaluation.tasks.vr_bench.clip_files import FoundClips
from vidkit.evaluation.tasks.vr_bench.level_set import LevelFile
from vidkit.evaluation.tasks.vr_bench.scoring_options import ScoringOptions
from vidkit.evaluation.tasks.vr_bench.tables import Groups, authors_means
from vidkit.evaluation.types import Mode

SUMMARY = "summary.json"
#: what of an attempt stands in the result, enough to compare it with another run
_ATTEMPT = ("level", "sample", "type", "skin", "difficulty", "failure", "robust", "official")
_SHOWN = 10  # names in a message


@dataclass
class ScoredSet:
    """Everything that scoring a folder gave.

    Attributes:
        rows: one an attempt, missing ones included.
        levels: of the set, by id.
        clips: what the folder holds.
        resumed: attempts that an earlier start scored.
        log: where the rows lie.
    """

    rows: list[dict[str, Any]]
    levels: dict[str, LevelFile]
    clips: FoundClips
    resumed: int = 0
    log: Path | None = None
    notes: list[str] = field(default_factory=list)


def result_of(run: OwnRun, options: ScoringOptions, scored: ScoredSet, folder: Path) -> OwnResult:
    """Tables, warnings, JSON and page of scored clips; the summary is written beside the log."""
    groups = Groups(scored.rows, run.resamples, run.seed, run.mode == Mode.OFFICIAL)
    tables = groups.tables()
    seen = sum(row["official"] is not None for row in scored.rows)
    result: dict[str, Any] = {
        "benchmark": "vr-bench",
        "mode": run.mode,
        "model": options.name or run.target.resolve().name,
        "kind": "videos",
        "videos": str(run.target),
        "data": {"folder": str(run.data), "levels": len(scored.levels)},
        "metrics": asdict(options.metrics),
        "log": str(scored.log),
        "bootstrap": {"resamples": run.resamples, "seed": run.seed, "unit": "level"},
        "clips": {
            "found": len(scored.clips.clips),
            "missing": sum(row["failure"] == "missing" for row in scored.rows),
            "unusable": sum(row["official"] is None for row in scored.rows),
            "unmatched": len(scored.clips.unmatched),
            "resumed": scored.resumed,
        },
        **groups.as_dict(),
        "items": [{name: row.get(name) for name in _ATTEMPT} for row in scored.rows],
        "tables": tables,
        "warnings": [*scored.notes, *_warnings(scored), *groups.warnings()],
    }
    if run.mode == Mode.OFFICIAL:
        result["authors_means"] = authors_means(scored.rows)
    write_json(folder / SUMMARY, result)

    def page() -> str:
        from vidkit.evaluation.tasks.vr_bench.gallery import gallery_page

        return gallery_page(result, scored.rows, scored.levels, options.gallery)

    nothing = "" if seen else f"no clip of '{run.target}' can be scored: {_commonest(scored.rows)}"
    return OwnResult(result, page, nothing, "check that the folder holds the clips of this set")


def _warnings(scored: ScoredSet) -> Iterator[str]:
    missing = [row["level"] for row in scored.rows if row["failure"] == "missing"]
    if missing:
        yield f"{_clips(missing)} missing and counted as failures: {listed(missing)}"
    bad = [
        f"{row['level']} ({row['failure']})"
        for row in scored.rows
        if row["official"] is None and row["failure"] != "missing"
    ]
    if bad:
        yield f"{_clips(bad)} not fit to be scored and counted as failures: {listed(bad)}"
    unmatched = scored.clips.unmatched
    if unmatched:
        path, why = unmatched[0]
        more = f" (and {len(unmatched) - 1} more)" if len(unmatched) > 1 else ""
        yield f"no level for '{path}'{more}: {why}"
    if any((row["official"] or {}).get("truth") == "levels" for row in scored.rows):
        yield "the set has no clips of its own: the authors' metrics compare with the levels' routes"


def _clips(names: Sequence[str]) -> str:
    return "1 clip is" if len(names) == 1 else f"{len(names)} clips are"


def _commonest(rows: Sequence[Mapping[str, Any]]) -> str:
    counts = Counter(str(row["failure"]) for row in rows)
    return ", ".join(f"{count} {kind}" for kind, count in counts.most_common(3))


def listed(names: Sequence[str]) -> str:
    """The first names, each once."""
    unique = list(dict.fromkeys(names))
    return ", ".join(unique[:_SHOWN]) + (", ..." if len(unique) > _SHOWN else "")
