"""A data set of videos: checked lines in, an append-only log of results, resumable after any death."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vidkit.errors import ConfigError, DataError, OutputError
from vidkit.frames.embed import Progress
from vidkit.frames.options import FrameOptions
from vidkit.frames.outputs.record import plain
from vidkit.frames.outputs.writer import OutputOptions
from vidkit.utils.files import check_writable, write_text_atomic
from vidkit.utils.strict_json import load_json

LOG = "log.jsonl"
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
    for number, line in enumerate(text.splitlines(), start=1):
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
    if not isinstance(row, dict):
        raise DataError(f"{path}:{number}: a {type(row).__name__}, not an object", hint)
    for key in ("video", "query", "question", "subtitles"):
        if row.get(key) is not None and not isinstance(row[key], str):
            raise DataError(f"{path}:{number}: '{key}' is {row[key]!r}, not text", hint)
    if not row.get("video"):
        raise DataError(f"{path}:{number}: no 'video'", hint)
    folder = path.resolve().parent
    query = row.get("query") if row.get("query") is not None else row.get("question") or ""
    identity = row.get("id", row.get("doc_id", f"{number:06d}"))
    subtitles = row.get("subtitles")
    return Item(
        str(identity),
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
    from vidkit.frames.runners import local_results, ray_results

    items = read_manifest(run.path)
    check_writable(run.folder, create=True)
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
    return _finish(run, items, log.rows(), skipped=len(items) - len(waiting))


class ResultLog:
    """An append-only file of results; a line torn by a kill is dropped, everything before it counts.

    Raises:
        ConfigError: it belongs to a run with other options.
    """

    def __init__(self, path: Path, fingerprint: str, force: bool = False) -> None:
        self._path = path
        if force:
            path.unlink(missing_ok=True)
        if path.exists():
            self._drop_torn_end()
        head = self._head()
        if head is None:
            self._write({"fingerprint": fingerprint})
        elif head.get("fingerprint") != fingerprint:
            raise ConfigError(
                f"'{path.parent}' holds results of other settings",
                "choose another --output, or pass --force to start anew",
            )

    def rows(self, retry_failed: bool = False) -> dict[str, dict[str, Any]]:
        """Results by mark; a later one of the same item replaces the earlier."""
        found: dict[str, dict[str, Any]] = {}
        for row in self._lines():
            if "mark" in row:
                found[row["mark"]] = row
        return {mark: row for mark, row in found.items() if row["status"] == "ok" or not retry_failed}

    def append(self, row: dict[str, Any]) -> None:
        """Add a result and push it to the disk.

        Raises:
            OutputError: the disk is full or the file cannot be written; what is there stays good.
        """
        self._write(row)

    def _write(self, row: dict[str, Any]) -> None:
        data = (json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")
        before = self._path.stat().st_size if self._path.exists() else 0
        try:
            with self._path.open("ab") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            if self._path.exists():
                os.truncate(self._path, before)
            raise OutputError(
                f"cannot write '{self._path}': {error.strerror}",
                "free space and start again: finished items are kept",
            ) from error

    def _drop_torn_end(self) -> None:
        data = self._path.read_bytes()
        if data and not data.endswith(b"\n"):
            os.truncate(self._path, data.rfind(b"\n") + 1)

    def _head(self) -> dict[str, Any] | None:
        return next(self._lines(), None)

    def _lines(self) -> Iterator[dict[str, Any]]:
        if not self._path.exists():
            return
        with self._path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield json.loads(line)
                except json.JSONDecodeError as error:
                    raise DataError(
                        f"{self._path}:{number}: damaged line", "remove that line: its item will run again"
                    ) from error


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
    run: ManifestRun, items: list[Item], rows: dict[str, dict[str, Any]], skipped: int
) -> dict[str, Any]:
    ordered = [rows[_mark(item)] for item in items if _mark(item) in rows]
    clean = [{key: value for key, value in row.items() if key not in ("mark", "seconds")} for row in ordered]
    results = run.folder / "selection.jsonl"
    write_text_atomic(results, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in clean))
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
    write_text_atomic(
        run.folder / "keyframes.json", json.dumps(keyframes, ensure_ascii=False, indent=1) + "\n"
    )
    summary: dict[str, Any] = {
        "items": len(items),
        "done": len(good),
        "failed": len(clean) - len(good),
        "skipped": skipped,
        "applied": dict(Counter(row["method_applied"] for row in good)),
        "relevance": dict(Counter(row["relevance_source"].split(":")[0] for row in good)),
        "failures": [{"id": row["id"], "error": row["error"]} for row in clean if row["status"] != "ok"],
        "results": str(results),
        "keyframes": str(run.folder / "keyframes.json"),
    }
    write_text_atomic(run.folder / "summary.json", json.dumps(summary, ensure_ascii=False, indent=1) + "\n")
    return summary
