"""`vidkit bench vr-bench`: trackers on the truth, clips that cheat, and speeds."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from vidkit.bench.progress import BenchProgress, busy_note
from vidkit.bench.record import BenchRecord, environment
from vidkit.bench.running import Part, Tell, run_parts
from vidkit.bench.vr_bench.authors import check_checkout, measure_authors
from vidkit.bench.vr_bench.cheating import CheatTask, measure_cheats
from vidkit.bench.vr_bench.row_log import RowLog
from vidkit.bench.vr_bench.samples import Sample, spread, sweep
from vidkit.bench.vr_bench.speed import SpeedPlan, measure_speed
from vidkit.bench.vr_bench.summary import cheat_summary, truth_summary
from vidkit.bench.vr_bench.truth import FolderTask, TruthTask, folder_tasks, measure_truth
from vidkit.commands.bench.common import command_of, folder_for, plan_of, print_files
from vidkit.commands.bench.vr_bench_report import print_section
from vidkit.config.bench_vr_schema import BenchVrBenchSettings, Tracker, VrBenchSection
from vidkit.errors import ConfigError
from vidkit.mazes.dataset.options import SetOptions
from vidkit.mazes.tracking.official import check_csrt
from vidkit.utils.files import check_writable
from vidkit.utils.paths import expanded

_PACKAGES = ("numpy", "av", "opencv-python-headless", "opencv-contrib-python-headless", "scipy")
_INPUTS = {
    "truth": "clips of levels made here, encoded as the maker does and read back",
    "adversarial": "clips of levels made here, as arrays",
    "speed": "levels made here",
}
# rows of the log mean something else when one of these changes
_LOG_VERSION = 4
_TRUTH_S, _CHEATS_S = 1.6, 5.0  # a clip and tracker; a level; on one quiet core
_OFTEN = 10  # notes of progress a section


def run(settings: BenchVrBenchSettings) -> dict[str, Any]:
    """Measure section by section; a stopped run goes on where its work folder stops.

    Returns:
        The record, as it lies in `vr_bench.json`; of a dry run, the plan.

    Raises:
        ConfigError: a type, difficulty or skin that there is not, or a device.
        MissingDependency: csrt without OpenCV's contributed modules.
        DataError: `truth.levels` or `authors` holds nothing that can be used.
    """
    _check(settings)
    command = command_of("vr-bench", settings)
    output = folder_for("vr-bench", settings.output, settings.dry_run)
    work = expanded(settings.work) if settings.work else output / "work"
    parts = [_part(section, settings, work) for section in dict.fromkeys(settings.sections)]
    if settings.dry_run:
        return plan_of("vr-bench", parts, ["times are estimates for quiet cores"], command)
    check_writable(work, create=True)
    record = BenchRecord(
        "vr-bench",
        output,
        [],
        made_by=command,
        settings=dataclasses.asdict(settings),
        environment=environment(_PACKAGES, settings.seed),
        force=settings.force,
        inputs={part.name: _INPUTS[part.name] for part in parts},
    )
    record.found = {"sections": {}}
    with BenchProgress([(part.name, part.planned_s) for part in parts]) as progress:
        if busy_note(record.environment):
            progress.note(f"warning: {busy_note(record.environment)}")
        try:
            run_parts(parts, record, progress, partial(_take, record), partial(_show, record))
        finally:
            print_files(output, [record.file.name])
    return record.content()


def _check(settings: BenchVrBenchSettings) -> None:
    if settings.device not in ("auto", "cpu"):
        raise ConfigError(
            f"device={settings.device}: this benchmark does not use a device", "leave --device out"
        )
    asked = set(settings.sections)
    csrt = Tracker.csrt in settings.truth.trackers and VrBenchSection.truth in asked
    csrt |= settings.adversarial.tracker is Tracker.csrt and VrBenchSection.adversarial in asked
    if csrt:
        check_csrt()
    if settings.authors is not None:
        check_checkout(expanded(settings.authors))


def _take(record: BenchRecord, part: Part, found: dict[str, Any]) -> str:
    note = str(found.pop("note", ""))
    record.found["sections"][part.name] = found
    return note


def _show(record: BenchRecord, part: Part) -> None:
    found = record.found["sections"].get(part.name)
    if found is not None and found["rows"]:
        print_section(part.name, found, record.head["inputs"][part.name], record.environment)


def _part(section: VrBenchSection, settings: BenchVrBenchSettings, work: Path) -> Part:
    makers = {
        VrBenchSection.truth: _truth,
        VrBenchSection.adversarial: _adversarial,
        VrBenchSection.speed: _speed,
    }
    return makers[section](settings, work)


def _samples(settings: BenchVrBenchSettings, seeds: int) -> list[Sample]:
    return sweep(settings.types, settings.difficulties, settings.skins, seeds, settings.seed)


def _truth(settings: BenchVrBenchSettings, work: Path) -> Part:
    asked = settings.truth
    trackers = tuple(str(name) for name in dict.fromkeys(asked.trackers))
    every = _samples(settings, asked.seeds)
    compared = every[: len(every) * min(asked.compared, asked.seeds) // asked.seeds]
    tasks: list[TruthTask | FolderTask] = [
        TruthTask(sample, trackers if sample in compared else trackers[:1], asked.size, asked.frames)
        for sample in spread(every, asked.share)
    ]
    if asked.levels is not None:
        tasks += folder_tasks(expanded(asked.levels), trackers)
    tasks.sort(key=lambda task: len(task.trackers))  # what is quick first: a run may be stopped
    what = f"{len(tasks)} clips, {', '.join(trackers)}"
    header = {"section": "truth", "version": _LOG_VERSION}
    log = work / "truth.jsonl"
    about = _TRUTH_S * sum(len(task.trackers) for task in tasks) / settings.workers
    steps = partial(_logged, log, header, tasks, measure_truth, truth_summary, settings.workers)
    return Part("truth", what, about, steps)


def _adversarial(settings: BenchVrBenchSettings, work: Path) -> Part:
    asked = settings.adversarial
    every = _samples(settings, asked.seeds)
    chosen = spread(every, asked.share)
    tasks = [CheatTask(sample, asked.size, asked.frames, str(asked.tracker)) for sample in chosen]
    header = {"section": "adversarial", "version": _LOG_VERSION}
    about = _CHEATS_S * len(tasks) / settings.workers
    log = work / "adversarial.jsonl"
    steps = partial(_logged, log, header, tasks, measure_cheats, cheat_summary, settings.workers)
    return Part("adversarial", f"{len(tasks)} levels, nine cheats each", about, steps)


def _logged(
    log: Path,
    header: dict[str, Any],
    tasks: Sequence[Any],
    measure: Callable[[Any], list[dict[str, Any]]],
    summary: Callable[[list[dict[str, Any]]], dict[str, Any]],
    workers: int,
    tell: Tell,
) -> Iterator[dict[str, Any]]:
    rows = RowLog(log, header)
    try:
        told = -1
        for done in rows.measure(tasks, measure, workers):
            tenth = _OFTEN * done // len(tasks)
            if tenth > told and done:
                told = tenth
                counts = {"done": done, "of": len(tasks), "note": f"{done} of {len(tasks)}"}
                yield summary(rows.rows(tasks)) | counts
    finally:
        rows.close()


def _speed(settings: BenchVrBenchSettings, work: Path) -> Part:
    asked = settings.speed
    options = SetOptions(tuple(settings.types), tuple(settings.difficulties))
    options.check()
    plan = SpeedPlan(
        options.kinds,
        options.grades,
        asked.levels,
        asked.states,
        asked.size,
        asked.runs,
        settings.workers,
        settings.seed,
    )
    clips = len(options.kinds) * len(options.grades) * asked.levels
    what = f"states, {clips} clips encoded and tracked, {asked.runs} times"
    return Part("speed", what, 2.0 * clips * asked.runs, partial(_speed_steps, settings, plan))


def _speed_steps(settings: BenchVrBenchSettings, plan: SpeedPlan, tell: Tell) -> Iterator[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    measured = [measure_speed(plan)]
    if settings.authors is not None:
        folder = expanded(settings.authors)
        python = settings.authors_python or sys.executable
        measured.append(measure_authors(folder, python, plan.types, plan.difficulties, plan.levels))
    for source in measured:
        for row in source:
            rows.append(row)
            note = f"{row['what']} {row['type']}: {row['median']:,.0f} {row['unit']}"
            yield {"rows": list(rows), "note": note}
