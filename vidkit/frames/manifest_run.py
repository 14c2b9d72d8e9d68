"""Frames for every item of a manifest: a log of results that is resumed after any death, and a summary."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vidkit.errors import ConfigError, OutputError, VidkitError
from vidkit.frames.embed import Progress
from vidkit.frames.manifest import Item, ManifestRun, mark_of, read_manifest
from vidkit.frames.outputs.record import plain
from vidkit.frames.runners import local_results, ray_results
from vidkit.utils.files import check_writable, write_text_atomic
from vidkit.utils.jsonl_log import JsonlLog, Place
from vidkit.utils.publishing import check_own, staged
from vidkit.utils.reservation import reserve

LOG, RESULTS, KEYFRAMES, SUMMARY = "log.jsonl", "selection.jsonl", "keyframes.json", "summary.json"
_OF_SUMMARY = ("method_applied", "relevance_source", "source_index")


def run_manifest(run: ManifestRun, progress: Progress | None = None) -> dict[str, Any]:
    """Select frames for every item that has no result yet.

    A video that cannot be used is a failed item with its reason, never the end of the run. Items of one video
    run together, so that it is decoded once. Killed and started again, nothing is done twice and the results
    are the same.

    Returns:
        Counts of everything, failures, and where the results are.

    Raises:
        DataError: the manifest.
        ConfigError: the folder holds results of other options.
        OutputError: the folder cannot be written, or the disk is full.
    """
    items = read_manifest(run.path)
    check_writable(run.folder, create=True)
    inputs = [run.path, *{Path(item.video) for item in items}]
    own = [run.folder / name for name in (RESULTS, KEYFRAMES, SUMMARY)]
    check_own(own, run.folder / SUMMARY, inputs, run.force)
    with reserve(run.folder / "log"):
        return _run_items(run, items, inputs, progress)


def _run_items(
    run: ManifestRun, items: list[Item], inputs: list[Path], progress: Progress | None
) -> dict[str, Any]:
    log = _Results(run)
    try:
        skipped = _select_missing(run, items, log, progress)
    finally:
        log.close()
    return _finish(run, items, log.rows, skipped, inputs)


def _select_missing(run: ManifestRun, items: list[Item], log: _Results, progress: Progress | None) -> int:
    """Give every item a result; returns how many had one."""
    known = {mark for mark, row in log.rows.items() if row["status"] == "ok" or not run.retry_failed}
    waiting = [item for item in items if mark_of(item) not in known]
    tasks = list(_by_video(waiting))
    results = ray_results if run.runner == "ray" else local_results
    done = len(items) - len(waiting)
    if progress is not None:
        progress(done, len(items))
    with closing(results(run, tasks)) as found:  # workers end with the loop, whatever ends it
        for row in found:
            log.append(row)
            done += 1
            if progress is not None:
                progress(done, len(items))
    return len(items) - len(waiting)


class _Results:
    """Results on disk by mark; a later one of the same item replaces the earlier."""

    def __init__(self, run: ManifestRun) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self._path = run.folder / LOG
        self._log = JsonlLog(
            self._path,
            self._take,
            header={"fingerprint": _fingerprint(run)},
            refuse=self._refuse,
            again="its item will run again",
            anew=run.force,
        )

    def _take(self, row: dict[str, Any], _: Place) -> None:
        needed = ("id", "video", "query", *(_OF_SUMMARY if row["status"] == "ok" else ("error",)))
        if missing := next((name for name in needed if name not in row), None):
            raise ValueError(f"no '{missing}'")
        self.rows[row["mark"]] = row

    def _refuse(self, head: dict[str, Any]) -> VidkitError:
        if "fingerprint" not in head:
            return OutputError(
                f"'{self._path}' already exists and is not a log of select-frames",
                "choose another --output, or overwrite it with --force",
            )
        return ConfigError(
            f"'{self._path.parent}' holds results of other settings",
            "choose another --output, or pass --force to start over",
        )

    def append(self, row: dict[str, Any]) -> None:
        """Add a result; on disk when this returns."""
        self._log.append(row)
        self.rows[row["mark"]] = row

    def close(self) -> None:
        """Let others write."""
        self._log.release()


def _fingerprint(run: ManifestRun) -> str:
    text = json.dumps(plain(asdict(run.options)), sort_keys=True) + str(run.outputs)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _by_video(items: list[Item]) -> Iterator[list[Item]]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.video, []).append(item)
    yield from groups.values()


def _finish(
    run: ManifestRun,
    items: list[Item],
    rows: dict[str, dict[str, Any]],
    skipped: int,
    inputs: list[Path],
) -> dict[str, Any]:
    ordered = [rows[mark_of(item)] for item in items if mark_of(item) in rows]
    clean = [{key: value for key, value in row.items() if key not in ("mark", "seconds")} for row in ordered]
    good = [row for row in clean if row["status"] == "ok"]
    keyframes = [
        {
            "doc_id": row["id"],
            "video": row["video"],
            "question": row["query"],
            "keyframe_indices": row["source_index"],
        }
        for row in good
    ]
    summary: dict[str, Any] = {
        "items": len(items),
        "done": len(good),
        "failed": len(clean) - len(good),
        "skipped": skipped,
        "applied": dict(Counter(row["method_applied"] for row in good)),
        "relevance": dict(Counter(row["relevance_source"].split(":")[0] for row in good)),
        "unused_fields": dict(Counter(name for item in items for name in item.unused)),
        "failures": [{"id": row["id"], "error": row["error"]} for row in clean if row["status"] != "ok"],
        "results": str(run.folder / RESULTS),
        "keyframes": str(run.folder / KEYFRAMES),
    }
    with staged(run.folder, SUMMARY, inputs, run.force) as stage:
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in clean)
        write_text_atomic(stage.folder / RESULTS, lines)
        write_text_atomic(
            stage.folder / KEYFRAMES, json.dumps(keyframes, ensure_ascii=False, indent=1) + "\n"
        )
        stage.publish(summary)
    return summary
