"""`vidkit eval vr-bench --rescore DIR --data SET`: a published table scored anew, and what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from vidkit.errors import DataError
from vidkit.evaluation.own_run import OwnResult, OwnRun
from vidkit.evaluation.tasks.vr_bench.clip_files import find_clips
from vidkit.evaluation.tasks.vr_bench.level_set import LevelFile, levels_left_out, read_set
from vidkit.evaluation.tasks.vr_bench.released import METRICS, ReleasedTable, read_released
from vidkit.evaluation.tasks.vr_bench.scored_result import result_of
from vidkit.evaluation.tasks.vr_bench.scoring_options import ScoringOptions
from vidkit.evaluation.tasks.vr_bench.scoring_run import score_set
from vidkit.evaluation.types import ScoreTable

_SAME = {"sr": 1e-9, "em": 1e-9, "pr": 0.005, "sd": 0.005, "mf": 0.005}
_SHOWN = 8  # clips in a line
Key = tuple[str, str, int, str]  # type, difficulty, number, sample


def rescore(run: OwnRun) -> OwnResult:
    """Score the clips of a released folder and compare with the results that lie there.

    Raises:
        DataError: no results, no clips, or nothing that both know.
        ConfigError: settings that cannot be used.
    """
    options: ScoringOptions = run.read_options(ScoringOptions)
    data = run.needs_data("the set that the table was made with")
    levels = read_set(data, options.picked)[: run.limit]
    kinds = {level.type for level in levels}
    skins = sorted({level.skin for level in levels})
    if len({(level.type, level.skin) for level in levels}) > len(kinds):
        raise DataError(
            f"results name no skin, and the set has {', '.join(skins)}",
            "choose the one that was evaluated: benchmark.skins=[1]",
        )
    tables = read_released(run.target, next(iter(kinds)) if len(kinds) == 1 else None)
    stated = _by_key(tables)
    clips = find_clips(run.target, levels, lambda: levels_left_out(data, options.picked, levels))
    known = {_key(level, "")[:3] for level in levels}
    asked = [level for level in levels if any(key[:3] == _key(level, "")[:3] for key in stated)]
    if not asked:
        raise DataError(
            f"none of the {len(stated)} videos of '{run.target}' is of a level of the set", "check --data"
        )
    folder = run.output or Path("outputs") / "eval" / f"vr-bench-rescored-{run.target.resolve().name}"
    wanted = {level.id for level in asked}
    chosen = replace(clips, clips=[clip for clip in clips.clips if clip.level in wanted])
    scored = score_set(run, options, asked, chosen, folder)
    made = result_of(run, options, scored, folder)
    ours = {
        (row["type"], row["difficulty"], int(row["level"].rpartition("_")[2]), row["sample"]): row
        for row in scored.rows
        if row["official"] is not None
    }
    outside = sum(key[:3] not in known for key in stated)
    compared = _compared(stated, ours)
    result = {
        **made.result,
        "published": [_described(table) for table in tables],
        "differences": compared["clips"],
        "tables": [*compared["tables"], *made.result["tables"]],
        "warnings": [*_warnings(tables, outside, compared), *made.result["warnings"]],
    }
    return replace(made, result=result)


def _key(level: LevelFile, sample: str) -> Key:
    return str(level.type), str(level.difficulty), int(level.number), sample


def _by_key(tables: Sequence[ReleasedTable]) -> dict[Key, dict[str, float | None] | None]:
    found: dict[Key, dict[str, float | None] | None] = {}
    for table in tables:
        if table.type is None:
            raise DataError(
                f"'{table.path}' does not name its type of mazes",
                "put it below a folder named after the type, e.g. maze/, or choose benchmark.types=[regular]",
            )
        for clip in table.clips:
            key = (str(table.type), *clip.level, clip.sample)
            if key in found:
                raise DataError(f"'{table.path}' states {clip.video} of {table.type} again", "keep one file")
            found[key] = clip.metrics
    return found


def _compared(
    stated: Mapping[Key, Mapping[str, float | None] | None], ours: Mapping[Key, Mapping[str, Any]]
) -> dict[str, Any]:
    """Both sides over the clips that both evaluated, by type and difficulty; and the clips that differ."""
    both = [key for key in stated if stated[key] is not None and key in ours]
    groups: dict[tuple[str, str], list[Key]] = {}
    for key in both:
        groups.setdefault((key[0], key[1]), []).append(key)
    rows, different = [], []
    for (kind, hard), keys in groups.items():
        for name in METRICS:
            theirs = [_value(stated[key], name) for key in keys]
            again = [_value(ours[key]["official"], name) for key in keys]
            off = [key for key, a, b in zip(keys, theirs, again, strict=True) if not _is_same(name, a, b)]
            different += [
                {"clip": "/".join(map(str, key)), "metric": name, "published": _value(stated[key], name),
                 "rescored": _value(ours[key]["official"], name)}
                for key in off
            ]  # fmt: skip
            a, b = _mean(theirs), _mean(again)
            gap = None if a is None or b is None else b - a
            rows.append((kind, hard, name.upper(), len(keys), a, b, gap, len(off)))
    columns = (
        "type",
        "difficulty",
        "metric",
        "clips",
        "published",
        "rescored",
        "difference",
        "clips that differ",
    )
    note = "the authors' metrics over the clips that both evaluated, per cent"
    table = ScoreTable("rescored", "Published and rescored", columns, tuple(rows), note)
    missing = [key for key in stated if stated[key] is not None and key not in ours]
    return {"tables": [asdict(table)], "clips": different, "missing": missing, "both": len(both)}


def _value(row: Mapping[str, Any] | None, name: str) -> float | None:
    value = None if row is None else row.get(name)
    return None if value is None else float(value)


def _is_same(name: str, a: float | None, b: float | None) -> bool:
    # rounding decides whether a perfect way has no SD or one of 0
    a, b = (0.0 if value is None and name == "sd" else value for value in (a, b))
    return a is not None and b is not None and abs(a - b) <= _SAME[name]


def _mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return 100 * sum(defined) / len(defined) if defined else None


def _described(table: ReleasedTable) -> dict[str, Any]:
    return {
        "file": str(table.path),
        "type": str(table.type),
        "difficulty": table.difficulty,
        "videos": len(table.clips),
        "failed": sum(clip.metrics is None for clip in table.clips),
        "stated": table.summary,
        "means_of_its_rows": table.means(),
    }


def _warnings(tables: Sequence[ReleasedTable], outside: int, compared: Mapping[str, Any]) -> list[str]:
    lines = []
    for table in tables:
        means = table.means()
        wrong = [
            name for name in METRICS
            if (said := table.summary[name]) is not None and abs(said - means[name]) > 1e-6
        ]  # fmt: skip
        if wrong:
            names = ", ".join(name.upper() for name in wrong)
            lines.append(f"'{table.path}': its means are not those of its rows: {names}")
        failed = [clip.video for clip in table.clips if clip.metrics is None]
        if failed:
            lines.append(f"'{table.path}': {len(failed)} videos were left out of its means: {_some(failed)}")
    if outside:
        lines.append(f"{outside} published videos are of no level of the set")
    missing = ["/".join(map(str, key)) for key in compared["missing"]]
    if missing:
        lines.append(f"{len(missing)} published videos are missing or unfit: {_some(missing)}")
    return lines


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
