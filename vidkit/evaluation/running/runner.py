"""Runs a task: takes items one by one, keeps the engine busy, writes every reply down, and can be killed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from vidkit.errors import ConfigError, VidkitError
from vidkit.evaluation.benchmark import Benchmark, benchmark_of
from vidkit.evaluation.running.asker import Asker
from vidkit.evaluation.running.breaker import StopRun
from vidkit.evaluation.running.item_runner import ItemRunner, Outcome
from vidkit.evaluation.running.judging import Panel, check_panel
from vidkit.evaluation.running.manifest import check_free_for, check_manifest, set_aside, write_json
from vidkit.evaluation.running.media import MediaLoader
from vidkit.evaluation.running.options import RunOptions, manifest_of
from vidkit.evaluation.running.output import write_predictions
from vidkit.evaluation.running.picker import open_picker
from vidkit.evaluation.running.resume_log import PredictionLog
from vidkit.evaluation.running.summary import Clock, Progress, RunSummary
from vidkit.evaluation.types import Item, Row, TaskFunctions
from vidkit.serving.engine import Engine
from vidkit.utils.event_loop import run_whole
from vidkit.utils.files import make_folder

logger = logging.getLogger(__name__)

LOG, MANIFEST, JUDGES = "log.jsonl", "manifest.json", "judges.json"
PREDICTIONS, SUMMARY = "predictions.jsonl", "summary.json"
WRITTEN = (JUDGES, PREDICTIONS, SUMMARY)  # beside log and manifest


def run(
    task: TaskFunctions,
    rows: Iterable[Row],
    engine: Engine,
    folder: str | Path,
    options: RunOptions | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RunSummary:
    """Ask a model every item of a task. `run_async` for callers that already have an event loop.

    Args:
        task: a benchmark: a `Benchmark`, or a module or object with its functions.
        rows: its data, read once and never held.
        engine: the model; closed by the caller.
        folder: of the run: `log.jsonl` (append-only), `manifest.json`, and at the end `predictions.jsonl` (a
            row per item, in order) and `summary.json`. The same call again resumes where the folder stops.
        options: how to ask.
        progress: called a few times per second.

    Raises:
        ConfigError: the folder holds a run with another prompt, budget or model.
        DataError: rows or log that cannot be used.
        VidkitError: the engine cannot be used at all; what was answered is kept.
    """
    return run_whole(run_async(task, rows, engine, folder, options, progress))


async def run_async(
    task: TaskFunctions,
    rows: Iterable[Row],
    engine: Engine,
    folder: str | Path,
    options: RunOptions | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RunSummary:
    """See `run`."""
    benchmark = benchmark_of(task)
    options = options or RunOptions()
    place = Path(folder)
    make_folder(place)
    picker = options.picker or open_picker(options.budget)
    log = _open_log(place, options, engine)
    loader = MediaLoader(
        options.media,
        options.budget,
        picker,
        whole_clips=options.whole_clips,
        black=options.mode.modality == "amv",
        workers=options.decode_workers,
        keep=max(8, engine.concurrency // 4),
    )
    try:
        asker = Asker(engine, log, options.sampling, options.stop_after)
        panel = _panel(benchmark, options, log)
        items = ItemRunner(benchmark, asker, loader, options.mode, options, panel)
        return await _Run(items, log, options, place, progress).whole(benchmark.items(rows))
    finally:
        loader.close()
        await log.aclose()


def _open_log(place: Path, options: RunOptions, engine: Engine) -> PredictionLog:
    # the lock comes first: two runs must not look at one manifest at the same time
    log = PredictionLog(place / LOG, options.durability)
    try:
        check_free_for(place, MANIFEST, WRITTEN)
        check_manifest(place / MANIFEST, manifest_of(options, engine.identity()))
    except VidkitError:
        log.release()
        if not options.force:
            raise
        set_aside(place, (LOG, MANIFEST, *WRITTEN))
        log = PredictionLog(place / LOG, options.durability)
        check_manifest(place / MANIFEST, manifest_of(options, engine.identity()))
    return log


def _panel(task: Benchmark, options: RunOptions, log: PredictionLog) -> Panel | None:
    if not options.judges:
        return None
    check_judgeable(task)
    check_panel(log.path.with_name(JUDGES), options.judges, task.JUDGE_VERSION)
    return Panel(options.judges, log, task.parse_judge)


def check_judgeable(task: Benchmark) -> None:
    """Refuse judges for a task whose replies are not judged.

    Raises:
        ConfigError: no kind of the task's items is judged.
    """
    if not task.JUDGED_KIND:
        raise ConfigError("this task has nothing to judge", "run it without judges")


class _Run:
    """One start of a run: workers that share an iterator of items."""

    def __init__(
        self,
        items: ItemRunner,
        log: PredictionLog,
        options: RunOptions,
        place: Path,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._items = items
        self._log = log
        self._options = options
        self._progress = progress
        self._clock = Clock(0.2 if progress else 10.0)
        self.summary = RunSummary(place, place / PREDICTIONS)

    async def whole(self, items: Iterable[Item]) -> RunSummary:
        """Everything, from the first item to the files at the end."""
        waiting = iter(items)
        # as many as are with the engine load the next items or wait for the disk
        concurrency = self._items.asker.engine.concurrency
        workers = 2 * concurrency
        stop: VidkitError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._work(waiting))
        except* StopRun as caught:
            first = caught.exceptions[0]
            while isinstance(first, ExceptionGroup):
                first = first.exceptions[0]
            stop = first.cause if isinstance(first, StopRun) else None
        except* VidkitError as caught:
            first_error = caught.exceptions[0]
            stop = first_error if isinstance(first_error, VidkitError) else None
        await self._log.drain()
        self._finish(stop)
        if stop is not None:
            if len(self.summary.reasons) > 1:
                logger.warning("failed before the stop: %s", "; ".join(self.summary.commonest_reasons()))
            raise stop
        return self.summary

    async def _work(self, waiting: Any) -> None:
        for item in waiting:
            if self._options.kinds is not None and item.kind not in self._options.kinds:
                continue
            outcome = await self._items.run(item)
            self._count(outcome)
            if self._clock.is_due():
                self._tell()

    def _count(self, outcome: Outcome) -> None:
        summary = self.summary
        for record in outcome.records:
            if record.error is not None:
                summary.add_failure(record.id, record.error, str(record.meta.get("error_kind", "")))
                continue
            summary.answered += 1
            if not (record.response or "").strip():
                summary.without_text[record.finish_reason or "empty"] += 1
            summary.cut_off += record.finish_reason == "length"
        summary.not_asked += outcome.not_asked
        summary.resumed += outcome.resumed
        if outcome.verdict is not None:
            for judge in outcome.verdict.scores:
                summary.add_judgement(judge, True)
            for judge in outcome.verdict.failed:
                summary.add_judgement(judge, False)

    def _tell(self) -> None:
        summary = self.summary
        state = Progress(
            done=summary.answered + summary.failed + summary.not_asked,
            total=self._options.total,
            failed=summary.failed,
            resumed=summary.resumed,
            calls=self._items.calls,
            elapsed_s=self._clock.elapsed_s,
        )
        if self._progress is not None:
            self._progress(state)
        else:
            logger.info("%s", state)

    def _finish(self, stop: VidkitError | None) -> None:
        summary = self.summary
        summary.calls = self._items.calls
        summary.seconds = round(self._clock.elapsed_s, 3)
        summary.stopped = stop.message if stop is not None else ""
        engines = (self._items.asker.engine, *self._options.judges.values())
        summary.notes = [note for engine in engines for note in getattr(engine, "notes", ())]
        summary.items = max(self._log.index.count_items(), self._options.total or 0)
        # calls that were cut off by a stop may have been written down without being told here
        summary.answered, summary.failed = self._log.index.count_settled()
        settled = summary.answered + summary.failed + summary.not_asked
        summary.open = summary.items - settled
        write_predictions(summary.predictions, self._log)
        write_json(summary.folder / SUMMARY, summary.as_dict())
        self._tell()
