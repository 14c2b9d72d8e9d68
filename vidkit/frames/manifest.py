"""A data set of videos: checked lines in, an append-only log of results, resumable after any death."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vidkit.errors import DataError
from vidkit.frames.embed import Progress
from vidkit.frames.options import FrameOptions
from vidkit.frames.outputs.record import plain
from vidkit.frames.outputs.writer import OutputOptions
from vidkit.frames.result_log import ResultLog
from vidkit.utils.files import check_writable, write_text_atomic
from vidkit.utils.naming import check_id
from vidkit.utils.publishing import check_own, staged
from vidkit.utils.reservation import reserve
from vidkit.utils.strict_json import load_json

LOG, RESULTS, KEYFRAMES, SUMMARY = "log.jsonl", "selection.jsonl", "keyframes.json", "summary.json"
_UNWRITABLE = re.compile("[\ud800-\udfff\0]")
_KEYS = ("video", "query", "question", "id", "subtitles")


@dataclass(frozen=True)
class Item:
    """One line of a manifest."""

    id: str
    video: str  # path, made absolute against the manifest's folder
    query: str
    subtitles: str | None
    line: int


@dataclass(frozen=True)
class ManifestRun:
    """What is run.

    Args:
        path: manifest, one JSON object a line.
        folder: where results go.
        options: of every item.
        outputs: files written for each item; None: results alone.
        cache: folder of embeddings; None: none is kept.
        workers: processes; 0: one a core.
        runner: "local" or "ray".
        retry_failed: try failed items again.
        force: start anew where another run's results lie.
    """

    path: Path
    folder: Path
    options: FrameOptions
    outputs: OutputOptions | None = None
    cache: str | None = None
    workers: int = 0
    runner: str = "local"
    retry_failed: bool = False
    force: bool = False


def read_manifest(path: Path) -> list[Item]:
    """Read and check every line before anything runs.

    Raises:
        DataError: unreadable, empty, or a malformed line (file:line).
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"cannot read the manifest '{path}': {error.strerror}", "check the path") from error
    except UnicodeDecodeError as error:
        raise DataError(f"the manifest '{path}' is not UTF-8 text", "write one JSON object a line") from error
    items: list[Item] = []
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            item = _parse(path, number, line)
            if item.id in lines:
                raise DataError(
                    f"{path}:{number}: id '{item.id}' is already on line {lines[item.id]}",
                    "give each line its own id",
                )
            lines[item.id] = number
            items.append(item)
    if not items:
        raise DataError(f"the manifest '{path}' is empty", "write one JSON object a line, with a video")
    return items


def _parse(path: Path, number: int, line: str) -> Item:
    hint = 'write one JSON object a line, such as {"video": "a.mp4", "query": "a red car"}'
    try:
        row = load_json(line, str(path), line=number)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{number}: no JSON ({error.msg} at column {error.colno})", hint) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}:{number}: {error!s:.120}", hint) from error
    if not isinstance(row, dict):
        raise DataError(f"{path}:{number}: a {type(row).__name__}, not an object", hint)
    for key in ("video", "query", "question", "subtitles"):
        if row.get(key) is not None and not isinstance(row[key], str):
            raise DataError(f"{path}:{number}: '{key}' is {row[key]!r:.60}, not text", hint)
        if _UNWRITABLE.search(row.get(key) or ""):
            raise DataError(f"{path}:{number}: '{key}' holds half a character or a zero byte", hint)
    if not row.get("video"):
        raise DataError(f"{path}:{number}: no 'video'", hint)
    folder = path.resolve().parent
    query = row.get("query") if row.get("query") is not None else row.get("question") or ""
    identity = row.get("id", row.get("doc_id", f"{number:06d}"))
    if isinstance(identity, bool) or not isinstance(identity, (str, int)):
        raise DataError(f"{path}:{number}: 'id' is {identity!r:.60}, neither text nor a whole number", hint)
    identity = str(identity)
    check_id(identity, f"{path}:{number}")
    subtitles = row.get("subtitles")
    return Item(
        identity,
        os.path.normpath(folder / row["video"]),
        str(query),
        None if subtitles is None else os.path.normpath(folder / subtitles),
        number,
    )


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
    from vidkit.frames.runners import local_results, ray_results

    log = ResultLog(run.folder / LOG, _fingerprint(run), run.force)
    known = log.rows(retry_failed=run.retry_failed)
    waiting = [item for item in items if _mark(item) not in known]
    tasks = list(_by_video(waiting))
    results = ray_results if run.runner == "ray" else local_results
    done = len(items) - len(waiting)
    if progress is not None:
        progress(done, len(items))
    for row in results(run, tasks):
        log.append(row)
        done += 1
        if progress is not None:
            progress(done, len(items))
    return _finish(run, items, log.rows(), len(items) - len(waiting), inputs)


def _fingerprint(run: ManifestRun) -> str:
    text = json.dumps(plain(asdict(run.options)), sort_keys=True) + str(run.outputs)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def mark_of(item: Item) -> str:
    """Names an item by what it asks, so that an edited line runs again."""
    text = "\0".join((item.id, item.video, item.query, item.subtitles or ""))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


_mark = mark_of


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
    ordered = [rows[_mark(item)] for item in items if _mark(item) in rows]
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
