"""Where the items of a manifest are worked on: local processes, or Ray."""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
from collections.abc import Generator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any

from vidkit.errors import OutputError, VidkitError, require
from vidkit.frames.cache import CachedRows, EmbeddingCache
from vidkit.frames.manifest import Item, ManifestRun, mark_of
from vidkit.frames.pipeline import VideoSelection, select_from_video
from vidkit.frames.sources import EncoderPool
from vidkit.utils.memory import give_back_free
from vidkit.utils.naming import file_name
from vidkit.utils.workers import end_workers, quiet_threads, start_worker

Rows = Generator[dict[str, Any], None, None]
_log = logging.getLogger(__name__)
_shelf: EncoderPool | None = None  # models of this worker process, loaded once


class HeldCache(EmbeddingCache):
    """A cache that also keeps the rows of the current video in memory, with or without a folder behind it."""

    def __init__(self, folder: str | None) -> None:
        super().__init__(Path(folder or "."))
        self._on_disk = folder is not None
        self._held: dict[Path, CachedRows] = {}

    def load(self, path: Path) -> CachedRows | None:
        """An entry of this video's earlier items, or from the disk."""
        return self._held.get(path) or (super().load(path) if self._on_disk else None)

    def save(self, path: Path, entry: CachedRows) -> None:
        """Hold an entry, and write it where there is a folder."""
        self._held[path] = entry
        if self._on_disk:
            super().save(path, entry)


def work(run: ManifestRun, task: list[Item]) -> list[dict[str, Any]]:
    """Results of the items of one video; errors become failed items with their reason.

    Raises:
        OutputError: files of an item cannot be written: that is not a fault of its video.
    """
    global _shelf
    if _shelf is None:
        _shelf = EncoderPool(run.options)
    cache = HeldCache(run.cache)
    rows = []
    for item in task:
        begin = time.perf_counter()
        head = {"mark": mark_of(item), "id": item.id, "video": item.video, "query": item.query}
        try:
            row = _select(run, item, cache, _shelf)
        except OutputError:
            raise
        except VidkitError as error:
            row = {"status": "failed", "error": error.message}
        except (OSError, RuntimeError, ValueError, MemoryError) as error:
            # one bad video must not end a run of thousands; the type tells a bug from a bad file
            _log.warning("%s failed", item.video, exc_info=True)
            row = {"status": "failed", "error": f"{type(error).__name__}: {error}"}
        rows.append({**head, **row, "seconds": round(time.perf_counter() - begin, 4)})
    give_back_free()
    return rows


def _select(run: ManifestRun, item: Item, cache: EmbeddingCache, shelf: EncoderPool) -> dict[str, Any]:
    # a worker keeps to one core, decoder included: threads of several workers would fight for the same cores
    options = replace(run.options, threads=run.options.threads or 1)
    if item.subtitles is not None:
        options = replace(options, subtitles=item.subtitles)
    result = select_from_video(Path(item.video), item.query, options, shelf, cache)
    if run.outputs is not None:
        _write_files(run, item, result)
    return _row(result)


def _row(result: VideoSelection) -> dict[str, Any]:
    numbers = result.padded_numbers
    timeline = result.video.timeline
    return {
        "status": "ok",
        "method_applied": result.selection.method_applied,
        "relevance_source": result.relevance_name,
        "source_index": numbers,
        "time_s": [round(float(timeline.time_s[number]), 6) for number in numbers],
        "pts": [int(timeline.pts[number]) for number in numbers],
        "reason": list(result.selection.reasons),
        "candidates": len(result.candidates),
        "reader": result.video.backend,
        **({} if result.sizes is None else {"size": [list(size) for size in result.sizes]}),
        "warnings": list(result.warnings),
    }


def _write_files(run: ManifestRun, item: Item, result: VideoSelection) -> None:
    from vidkit.frames.outputs.writer import check_target, write_selection

    assert run.outputs is not None
    folder = run.folder / "items" / file_name(item.id)
    inputs = [run.path, Path(item.video), *([Path(item.subtitles)] if item.subtitles else [])]
    check_target(folder, run.outputs, inputs, force=run.force, again=True)
    write_selection(result, folder, run.options, run.outputs, inputs=inputs, force=run.force)


def local_results(run: ManifestRun, tasks: list[list[Item]]) -> Rows:
    """Results as they come, from worker processes on this machine; one worker is a process of its own too.

    A worker that dies (out of memory, a crash in a decoder) fails its item after a second try alone.
    """
    workers = min(run.workers or os.cpu_count() or 1, len(tasks))
    pending = list(reversed(tasks))
    suspects: list[list[Item]] = []
    while pending or suspects:
        if pending:
            suspects += yield from _pool_round(run, pending, workers)
        else:
            task = suspects.pop()
            again = yield from _pool_round(run, [task], 1)
            for lost in again:
                for item in lost:
                    yield _dead(item)


def _pool_round(
    run: ManifestRun, pending: list[list[Item]], workers: int
) -> Generator[dict[str, Any], None, list[list[Item]]]:
    """Empty `pending` (from its end) until a worker dies; gives back the tasks that were then at work."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=start_worker) as pool:
        running: dict[Future[list[dict[str, Any]]], list[Item]] = {}
        try:
            while pending or running:
                while pending and len(running) < 2 * workers:
                    # taken off only once it is handed over: a pool that just broke refuses it
                    running[pool.submit(work, run, pending[-1])] = pending[-1]
                    pending.pop()
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    rows = future.result()
                    del running[future]
                    yield from rows
        except BrokenProcessPool:
            _log.warning("a worker process died; its items are tried again one by one")
            return list(running.values())
        except BaseException:
            end_workers(pool)
            raise
    return []


def _dead(item: Item) -> dict[str, Any]:
    return {
        "mark": mark_of(item),
        "id": item.id,
        "video": item.video,
        "query": item.query,
        "status": "failed",
        "error": "the worker process died twice (out of memory, or a crash in a decoder)",
        "seconds": 0.0,
    }


def ray_results(run: ManifestRun, tasks: list[list[Item]]) -> Rows:
    """Results as they come from a Ray Data pipeline, one task per block.

    Raises:
        MissingDependency: Ray is not installed (extra `ray`).
    """
    ray = require("ray", "ray")
    data = require("ray.data", "ray")
    if not tasks:
        return
    if not ray.is_initialized():
        ray.init(log_to_driver=False, logging_level="ERROR")
    dataset = data.from_items(
        [{"task": number} for number in range(len(tasks))], override_num_blocks=len(tasks)
    )

    def select(row: dict[str, Any]) -> list[dict[str, Any]]:
        quiet_threads()
        return [{"result": rows} for rows in map(_as_text, work(run, tasks[int(row["task"])]))]

    limit = {"concurrency": run.workers} if run.workers else {}
    for row in dataset.flat_map(select, num_cpus=1, **limit).iter_rows():
        yield _from_text(row["result"])


def _as_text(row: dict[str, Any]) -> str:
    import json

    return json.dumps(row, ensure_ascii=False)


def _from_text(text: str) -> dict[str, Any]:
    import json

    row: dict[str, Any] = json.loads(text)
    return row
