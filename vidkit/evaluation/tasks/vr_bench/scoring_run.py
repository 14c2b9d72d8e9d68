"""`vidkit eval vr-bench --videos DIR --data SET`: a folder of clips scored; the same call resumes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vidkit.errors import ConfigError, DataError
from vidkit.evaluation.own_run import OwnResult, OwnRun
from vidkit.evaluation.running.manifest import check_free_for, set_aside
from vidkit.evaluation.tasks.vr_bench.clip_files import FoundClips, find_clips
from vidkit.evaluation.tasks.vr_bench.clip_jobs import LevelJob, scored_levels
from vidkit.evaluation.tasks.vr_bench.clip_score import Metrics, failed_row
from vidkit.evaluation.tasks.vr_bench.level_set import LevelFile, levels_left_out, read_set
from vidkit.evaluation.tasks.vr_bench.scored_result import SUMMARY, ScoredSet, listed, result_of
from vidkit.evaluation.tasks.vr_bench.scoring_options import ScoringOptions
from vidkit.utils.jsonl_log import JsonlLog, Place

LOG = "clips.jsonl"
RULES = 2  # of scoring; a log of other rules is not continued
_SHOWN = 10  # files in a plan
_KEPT = ("level", "sample", "file", "clip_sha256", "level_sha256")


def score_videos(run: OwnRun) -> OwnResult:
    """Score the clips of a folder against a set.

    Raises:
        DataError: no set, no clips, two clips for one attempt, with `strict` also missing ones.
        ConfigError: settings that cannot be used, a log of another run.
    """
    options: ScoringOptions = run.read_options(ScoringOptions)
    data = run.needs_data("a set of levels")
    levels = read_set(data, options.picked)[: run.limit]
    clips = find_clips(run.target, levels, lambda: levels_left_out(data, options.picked, levels))
    if run.strict:
        _refuse_missing(levels, clips)
    if run.dry_run:
        return _planned(run, levels, clips)
    folder = run.output or Path("outputs") / "eval" / f"vr-bench-{run.target.resolve().name}"
    scored = score_set(run, options, levels, clips, folder)
    return result_of(run, options, scored, folder)


def score_set(
    run: OwnRun, options: ScoringOptions, levels: Sequence[LevelFile], clips: FoundClips, folder: Path
) -> ScoredSet:
    """Score every clip that an earlier start did not, and add what is missing."""
    earlier: dict[tuple[str, str], dict[str, Any]] = {}

    def take(row: dict[str, Any], place: Place) -> None:
        earlier[str(row["level"]), str(row["sample"])] = {name: row[name] for name in row}
        if not all(name in row for name in (*_KEPT, "robust")):
            raise ValueError("no scores")

    header = {"log": "vr-bench clips", "rules": RULES, "metrics": asdict(options.metrics)}
    if run.force:
        set_aside(folder, (LOG, SUMMARY))
    check_free_for(folder, LOG, (SUMMARY,))
    log = JsonlLog(
        folder / LOG, take, header=header, again="its clip will be scored again", refuse=_other(folder)
    )
    try:
        jobs, kept = _open_jobs(levels, clips, earlier, options.metrics)
        rows = {(row["level"], row["sample"]): row for row in kept}
        total, done = sum(len(job.clips) for job in jobs) + len(kept), len(kept)
        run.show(done, total, f"{done} scored earlier" if done else "")
        for made in scored_levels(jobs, run.workers):
            for row in made:
                log.append(row)
                rows[row["level"], row["sample"]] = row
                done += 1
            run.show(done, total, "")
    finally:
        log.release()
    by_id = {level.id: level for level in levels}
    whole = list(_with_missing(levels, clips, rows))
    return ScoredSet(whole, by_id, clips, len(kept), folder / LOG)


def _other(folder: Path) -> Any:
    def refuse(found: Mapping[str, Any]) -> ConfigError:
        return ConfigError(
            f"'{folder / LOG}' was begun with other settings: {found.get('metrics') or found}",
            "use another --output, or --force to start over",
        )

    return refuse


def _open_jobs(
    levels: Sequence[LevelFile],
    clips: FoundClips,
    earlier: Mapping[tuple[str, str], dict[str, Any]],
    metrics: Metrics,
) -> tuple[list[LevelJob], list[dict[str, Any]]]:
    """What is to be done, and the rows that stand."""
    jobs, kept = [], []
    found = clips.by_level()
    for level in levels:
        mine = found.get(level.id, [])
        if not mine:
            continue
        level_sha = sha_of(level.state, level.image, *level.videos)
        todo = []
        for clip in mine:
            sha = sha_of(clip.path)
            row = earlier.get((clip.level, clip.sample))
            if row is not None and (row["clip_sha256"], row["level_sha256"]) == (sha, level_sha):
                kept.append({**row, "file": str(clip.path)})
            else:
                todo.append((clip, sha))
        if todo:
            jobs.append(LevelJob(level, level_sha, tuple(todo), metrics))
    return jobs, kept


def _with_missing(
    levels: Sequence[LevelFile], clips: FoundClips, rows: Mapping[tuple[str, str], dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Rows in the order of the set; every level has as many as the one with the most."""
    found = clips.by_level()
    most = max(1, *(len(each) for each in found.values())) if found else 1
    cells = {row["level"]: row.get("cells") for row in rows.values()}
    for level in levels:
        mine = found.get(level.id, [])
        for clip in mine:
            yield rows[clip.level, clip.sample]
        for place in range(most - len(mine)):
            yield {
                "level": level.id,
                "type": str(level.type),
                "skin": level.skin,
                "difficulty": str(level.difficulty),
                "cells": cells.get(level.id),
                "sample": f"missing-{place}" if mine else str(place),
                "file": None,
                **failed_row("missing"),
            }


def _refuse_missing(levels: Sequence[LevelFile], clips: FoundClips) -> None:
    found = clips.by_level()
    missing = [level.id for level in levels if level.id not in found]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(levels)} levels have no clip: {listed(missing)}",
            "without --strict they count as failures",
        )


def _planned(run: OwnRun, levels: Sequence[LevelFile], clips: FoundClips) -> OwnResult:
    found = clips.by_level()
    missing = [level.id for level in levels if level.id not in found]
    warnings = [f"{len(missing)} levels have no clip: {listed(missing)}"] if missing else []
    warnings += [f"'{path}' belongs to no level: {why}" for path, why in clips.unmatched[:_SHOWN]]
    rows = (("levels", len(levels)), ("clips", len(clips.clips)), ("levels without a clip", len(missing)))
    table = {"name": "plan", "title": "What would be scored", "columns": ("", "n"), "rows": rows, "note": ""}
    counts = {"levels": len(levels), "clips": len(clips.clips), "missing": missing}
    return OwnResult(
        {"benchmark": "vr-bench", "dry_run": True, **counts, "tables": [table], "warnings": warnings}
    )


def sha_of(*paths: Path) -> str:
    """Hash of files, those that exist."""
    digest = hashlib.sha256()
    for path in paths:
        if path.is_file():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
