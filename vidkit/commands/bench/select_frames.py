"""`vidkit bench select-frames`: recall of planted events, time of selectors, stages and data sets."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from vidkit.bench.frames import (
    bench_manifest,
    bench_planted,
    bench_questions,
    bench_selectors,
    bench_stages,
    bench_tokens,
    planted_methods,
    write_long,
)
from vidkit.bench.frames.figures import plot_planted, plot_selectors, plot_stages
from vidkit.bench.frames.question_log import QUESTIONS_VERSION, QuestionLog
from vidkit.bench.progress import BenchProgress, busy_note
from vidkit.bench.record import BenchRecord, environment
from vidkit.bench.running import Part, Tell, run_parts
from vidkit.commands.bench.common import command_of, folder_for, plan_of, print_files
from vidkit.commands.bench.select_frames_report import print_section
from vidkit.config.bench_schema import BenchSelectFramesSettings, SelectFramesSection
from vidkit.errors import VideoError
from vidkit.frames.registry import METHODS, load_selector
from vidkit.utils.files import check_writable
from vidkit.utils.paths import expanded

_Steps = Callable[[Path], Iterator[dict[str, Any]]]
_PACKAGES = (
    "numpy",
    "scipy",
    "PyWavelets",
    "av",
    "decord2",
    "opencv-python-headless",
    "torch",
    "transformers",
)
_PLOTS = {"planted": plot_planted, "selectors": plot_selectors, "stages": plot_stages, "hour": plot_stages}
_HOUR_S = 3600
_INPUTS = {
    "planted": "drawn videos with planted events; relevance is the share of the query's colour: this compares"
    " rules, not models",
    "tokens": "drawn videos with large and small planted objects, read where they are two tokens high;"
    " relevance is the share of the query's colour",
    "qa": "drawn videos; the oracle is right where every moment of the evidence is shown; relevance is the"
    " share of the query's colour",
    "selectors": "made arrays",
    "stages": "a drawn video of 1280x720 at 30 fps",
    "hour": "a drawn video of 1280x720 at 30 fps, the same 20 s repeated",
    "manifest": "drawn clips of 640x360 at 30 fps",
}


@dataclass(frozen=True)
class Section:
    """A section of the benchmark, before there is a folder to work in.

    Attributes:
        planned_s: seen on two quiet cores.
    """

    name: str
    what: str
    planned_s: float
    measure: _Steps

    @property
    def kind(self) -> str:
        """As the plan calls it."""
        return self.name


def run(settings: BenchSelectFramesSettings) -> dict[str, Any]:
    """Measure section by section.

    Returns:
        The record, as it lies in `select_frames.json`; of a dry run, the plan.

    Raises:
        ConfigError: an unknown method, or one that cannot run.
        VideoError: `stages.video` cannot be used.
    """
    sections = [_section(section, settings) for section in dict.fromkeys(settings.sections)]
    command = command_of("select-frames", settings)
    output = folder_for("select-frames", settings.output, settings.dry_run)
    if settings.dry_run:
        notes = ["times are estimates for two quiet cores and what is embedded"]
        return plan_of("select-frames", sections, notes, command)
    record = BenchRecord(
        "select-frames",
        output,
        [f"{name}.png" for name in _PLOTS],
        made_by=command,
        settings=dataclasses.asdict(settings),
        environment=environment(_PACKAGES, settings.seed),
        force=settings.force,
        inputs={section.name: _inputs(section.name, settings) for section in sections},
    )
    record.found = {"sections": {}}
    with _work_folder(settings.folder) as work:
        parts = [
            Part(one.name, one.what, one.planned_s, partial(_steps, one.measure, work)) for one in sections
        ]
        with BenchProgress([(part.name, part.planned_s) for part in parts]) as progress:
            if busy_note(record.environment):
                progress.note(f"warning: {busy_note(record.environment)}")
            try:
                run_parts(parts, record, progress, partial(_take, record), partial(_show, record))
            finally:
                print_files(output, [record.file.name, *record.plots])
    return record.content()


def _steps(steps: _Steps, work: Path, tell: Tell) -> Iterator[dict[str, Any]]:
    return steps(work)


def _take(record: BenchRecord, part: Part, found: dict[str, Any]) -> str:
    note = str(found.pop("note"))
    if found["rows"]:
        record.found["sections"][part.name] = found
    return note


def _show(record: BenchRecord, part: Part) -> None:
    """Table and plot of what there is of a section."""
    found = record.found["sections"].get(part.name)
    if found is None:
        return
    print_section(part.name, found, record.head["inputs"][part.name], record.environment)
    if part.name in _PLOTS:
        _PLOTS[part.name](record.folder / f"{part.name}.png", found, record.environment)


@contextlib.contextmanager
def _work_folder(kept: str | None) -> Iterator[Path]:
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="vidkit-bench-") as folder:
            yield Path(folder)
        return
    check_writable(expanded(kept), create=True)
    yield expanded(kept)


def _inputs(section: str, settings: BenchSelectFramesSettings) -> str:
    if section == "stages" and settings.stages.video is not None:
        return f"the video {settings.stages.video}"
    return _INPUTS[section]


def _section(section: SelectFramesSection, settings: BenchSelectFramesSettings) -> Section:
    makers = {
        SelectFramesSection.planted: _planted,
        SelectFramesSection.tokens: _tokens,
        SelectFramesSection.selectors: _selectors,
        SelectFramesSection.stages: _stages,
        SelectFramesSection.hour: _hour,
        SelectFramesSection.manifest: _manifest,
        SelectFramesSection.qa: _qa,
    }
    return makers[section](settings)


def _planted(settings: BenchSelectFramesSettings) -> Section:
    asked, methods = settings.planted, planted_methods(settings.methods)
    what = (
        f"{asked.videos} videos of {asked.duration_s} s, {len(methods)} methods, K = {_listed(asked.budgets)}"
    )
    about = asked.videos * (asked.duration_s / 120 + 0.02 * len(methods) * len(asked.budgets))

    def steps(work: Path) -> Iterator[dict[str, Any]]:
        return bench_planted(
            work,
            asked.videos,
            methods,
            sorted(set(asked.budgets)),
            settings.seed,
            asked.duration_s,
            asked.events,
            asked.resamples,
        )

    return Section("planted", what, about, steps)


def _tokens(settings: BenchSelectFramesSettings) -> Section:
    asked = settings.tokens
    methods = None if settings.methods is None else planted_methods(settings.methods)
    what = f"{asked.videos} videos of {asked.duration_s} s, {_listed(asked.budgets)} tokens"

    def steps(work: Path) -> Iterator[dict[str, Any]]:
        return bench_tokens(
            work,
            asked.videos,
            methods,
            sorted(set(asked.budgets)),
            settings.seed,
            asked.duration_s,
            asked.events,
            asked.resamples,
        )

    return Section("tokens", what, asked.videos * asked.duration_s / 30, steps)


def _qa(settings: BenchSelectFramesSettings) -> Section:
    asked, methods = settings.qa, planted_methods(settings.methods)
    what = (
        f"{asked.videos} videos of {asked.duration_s} s, {len(methods)} methods, K = {_listed(asked.budgets)}"
    )
    about = asked.videos * (asked.duration_s / 8 + 0.06 * len(methods) * len(asked.budgets))

    def steps(work: Path) -> Iterator[dict[str, Any]]:
        readers: dict[str, Any] = {}
        weights: dict[str, str] = {}
        if asked.readers:
            from vidkit.bench.frames.pair_readers import pair_readers, reader_weights
            from vidkit.utils.device import resolve_device

            models, hashes = pair_readers(resolve_device(settings.device)), reader_weights()
            readers = {name: models[name] for name in dict.fromkeys(asked.readers)}
            weights = {name: hashes[name] for name in readers}
        log = QuestionLog(
            folder_for("select-frames", settings.output, dry_run=False) / "questions.jsonl",
            {
                "section": "qa",
                "version": QUESTIONS_VERSION,
                "methods": methods,
                "budgets": sorted(set(asked.budgets)),
                "duration_s": asked.duration_s,
                "readers": weights,
                "sure": asked.sure,
            },
        )
        try:
            yield from bench_questions(
                work,
                asked.videos,
                settings.methods,
                sorted(set(asked.budgets)),
                settings.seed,
                asked.duration_s,
                asked.resamples,
                readers,
                asked.sure,
                log,
            )
        finally:
            log.close()

    return Section("qa", what, about, steps)


def _selectors(settings: BenchSelectFramesSettings) -> Section:
    asked = settings.selectors
    methods = list(settings.methods or METHODS)
    for name in methods:
        load_selector(name)
    what = (
        f"{len(methods)} methods, N = {asked.candidates}, D = {asked.dim}, K = {asked.k}, {asked.runs} runs"
    )
    size = asked.candidates * asked.dim / (3600 * 1408)
    about = 2 + 0.12 * size * len(methods) * (asked.runs + 1)

    def steps(work: Path) -> Iterator[dict[str, Any]]:
        return bench_selectors(asked.candidates, asked.dim, asked.k, asked.runs, settings.seed, methods)

    return Section("selectors", what, about, steps)


def _stages(settings: BenchSelectFramesSettings) -> Section:
    asked = settings.stages
    if asked.video is not None and not expanded(asked.video).is_file():
        raise VideoError(f"no video at '{asked.video}' (stages.video)", "check the path")
    source = asked.video or f"a drawn video of {asked.duration_s} s"
    what = f"{source}, {asked.runs} times selection, decoding, decord"
    about = 12 + 3 * asked.runs * (4 + 0.1 * asked.duration_s)
    return Section(
        "stages", what, about, partial(_timed, settings, asked.duration_s, asked.runs, asked.video)
    )


def _hour(settings: BenchSelectFramesSettings) -> Section:
    about = 12 + 3 * (4 + 0.1 * _HOUR_S)
    what = "a drawn video of an hour: selection, decoding, decord"
    return Section("hour", what, about, partial(_timed, settings, _HOUR_S, 1, None))


def _timed(
    settings: BenchSelectFramesSettings, duration_s: int, runs: int, video: str | None, work: Path
) -> Iterator[dict[str, Any]]:
    path = expanded(video) if video else work / f"textured{duration_s}s_{settings.seed}.mp4"
    if not path.exists():
        yield {"note": f"drawing {path.name}", "rows": []}
        write_long(path, duration_s, settings.seed)
    stages = settings.stages
    yield from bench_stages(path, stages.query, stages.k, runs, settings.encoder, settings.device)


def _manifest(settings: BenchSelectFramesSettings) -> Section:
    asked = settings.manifest
    what = f"{asked.clips} clips of {asked.clip_s} s on 1 and on {asked.workers} workers"
    about = asked.clips * asked.clip_s * 0.12 + 10

    def steps(work: Path) -> Iterator[dict[str, Any]]:
        return bench_manifest(
            work / "manifest",
            asked.clips,
            asked.clip_s,
            asked.workers,
            settings.encoder,
            settings.device,
            settings.seed,
        )

    return Section("manifest", what, about, steps)


def _listed(values: list[int]) -> str:
    return "/".join(map(str, values))
