"""`vidkit bench select-frames`: recall of planted events, time of selectors, stages and data sets."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from vidkit.bench.frames import (
    bench_manifest,
    bench_planted,
    bench_selectors,
    bench_stages,
    bench_tokens,
    planted_methods,
    write_long,
)
from vidkit.bench.frames.figures import plot_planted, plot_selectors, plot_stages
from vidkit.commands.bench.common import (
    BenchProgress,
    busy_note,
    command_of,
    folder_for,
    print_files,
    print_plan,
)
from vidkit.commands.bench.select_frames_report import print_section
from vidkit.config.bench_schema import BenchSelectFramesSettings, SelectFramesSection
from vidkit.errors import OutputError, VideoError
from vidkit.frames.registry import METHODS, load_selector
from vidkit.utils.files import check_writable, write_text_atomic
from vidkit.utils.ownership import signed, unchanged_files
from vidkit.utils.provenance import provenance
from vidkit.utils.publishing import check_own

RECORD = "select_frames.json"
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
    "selectors": "made arrays",
    "stages": "a drawn video of 1280x720 at 30 fps",
    "hour": "a drawn video of 1280x720 at 30 fps, 20 s of it over and over",
    "manifest": "drawn clips of 640x360 at 30 fps",
}


@dataclass(frozen=True)
class _Section:
    name: str
    what: str
    about_s: float  # seen on two quiet cores
    steps: Callable[[Path], Iterator[dict[str, Any]]]


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
        return _plan(sections, command)
    environment = provenance(_PACKAGES)
    values = dataclasses.asdict(settings)
    record: dict[str, Any] = {
        "benchmark": "select-frames", "made_by": command, "environment": environment,
        "settings": {name: value for name, value in values.items() if name != "dry_run"},
        "inputs": {section.name: _inputs(section.name, settings) for section in sections},
        "complete": False, "sections": {},
    }  # fmt: skip
    _clear(output)
    parts = [(section.name, section.about_s) for section in sections]
    with _work_folder(settings.folder) as work, BenchProgress(parts) as progress:
        if busy_note(environment):
            progress.note(f"warning: {busy_note(environment)}")
        try:
            for section in sections:
                progress.begin(section.name)
                _measure(section, work, output, record, progress)
            record["complete"] = True
        finally:
            _write(output, record)
            print_files(output, [RECORD, *(f"{name}.png" for name in _PLOTS)])
    return record


def _measure(
    section: _Section, work: Path, output: Path, record: dict[str, Any], progress: BenchProgress
) -> None:
    """Run one section to its end or to an interruption; what there is then is written and shown."""
    found: dict[str, Any] = {"rows": []}
    try:
        for found in section.steps(work):
            progress.note(found.pop("note"))
            if found["rows"]:
                record["sections"][section.name] = found
                _write(output, record)
    finally:
        if found["rows"]:
            print_section(section.name, found, record["inputs"][section.name])
            if section.name in _PLOTS:
                _PLOTS[section.name](output / f"{section.name}.png", found, record["environment"])


def _clear(output: Path) -> None:
    """Remove the plots of an earlier run, which would be taken for this one's; files of others stay."""
    plots = [output / f"{name}.png" for name in _PLOTS]
    try:
        check_own([*plots, output / RECORD], output / RECORD)
    except OutputError as error:
        raise OutputError(error.message, "choose another --output") from error
    for old in unchanged_files(output / RECORD):
        old.unlink(missing_ok=True)


def _write(output: Path, record: dict[str, Any]) -> None:
    plots = [path for name in _PLOTS if (path := output / f"{name}.png").exists()]
    owning = signed(record, output, {path: path for path in plots})
    write_text_atomic(output / RECORD, json.dumps(owning, indent=1, allow_nan=False) + "\n")


@contextlib.contextmanager
def _work_folder(kept: str | None) -> Iterator[Path]:
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="vidkit-bench-") as folder:
            yield Path(folder)
        return
    check_writable(Path(kept).expanduser(), create=True)
    yield Path(kept).expanduser()


def _inputs(section: str, settings: BenchSelectFramesSettings) -> str:
    if section == "stages" and settings.stages.video is not None:
        return f"the video {settings.stages.video}"
    return _INPUTS[section]


def _section(section: SelectFramesSection, settings: BenchSelectFramesSettings) -> _Section:
    makers = {
        SelectFramesSection.planted: _planted,
        SelectFramesSection.tokens: _tokens,
        SelectFramesSection.selectors: _selectors,
        SelectFramesSection.stages: _stages,
        SelectFramesSection.hour: _hour,
        SelectFramesSection.manifest: _manifest,
    }
    return makers[section](settings)


def _planted(settings: BenchSelectFramesSettings) -> _Section:
    asked, methods = settings.planted, planted_methods(settings.methods)
    what = (
        f"{asked.videos} videos of {asked.duration_s} s, {len(methods)} methods, K = {_listed(asked.budgets)}"
    )
    about = asked.videos * (asked.duration_s / 120 + 0.02 * len(methods) * len(asked.budgets))

    def steps(work: Path) -> Iterator[dict[str, Any]]:
        return bench_planted(
            work, asked.videos, methods, sorted(set(asked.budgets)), settings.seed, asked.duration_s,
            asked.events, asked.resamples,
        )  # fmt: skip

    return _Section("planted", what, about, steps)


def _tokens(settings: BenchSelectFramesSettings) -> _Section:
    asked = settings.tokens
    methods = None if settings.methods is None else planted_methods(settings.methods)
    what = f"{asked.videos} videos of {asked.duration_s} s, {_listed(asked.budgets)} tokens"

    def steps(work: Path) -> Iterator[dict[str, Any]]:
        return bench_tokens(
            work, asked.videos, methods, sorted(set(asked.budgets)), settings.seed, asked.duration_s,
            asked.events, asked.resamples,
        )  # fmt: skip

    return _Section("tokens", what, asked.videos * asked.duration_s / 30, steps)


def _selectors(settings: BenchSelectFramesSettings) -> _Section:
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

    return _Section("selectors", what, about, steps)


def _stages(settings: BenchSelectFramesSettings) -> _Section:
    asked = settings.stages
    if asked.video is not None and not Path(asked.video).expanduser().is_file():
        raise VideoError(f"no video at '{asked.video}' (stages.video)", "check the path")
    source = asked.video or f"a drawn video of {asked.duration_s} s"
    what = f"{source}, {asked.runs} times selection, decoding, decord"
    about = 12 + 3 * asked.runs * (4 + 0.1 * asked.duration_s)
    return _Section(
        "stages", what, about, partial(_timed, settings, asked.duration_s, asked.runs, asked.video)
    )


def _hour(settings: BenchSelectFramesSettings) -> _Section:
    about = 12 + 3 * (4 + 0.1 * _HOUR_S)
    what = "a drawn video of an hour: selection, decoding, decord"
    return _Section("hour", what, about, partial(_timed, settings, _HOUR_S, 1, None))


def _timed(
    settings: BenchSelectFramesSettings, duration_s: int, runs: int, video: str | None, work: Path
) -> Iterator[dict[str, Any]]:
    path = Path(video).expanduser() if video else work / f"textured{duration_s}s_{settings.seed}.mp4"
    if not path.exists():
        yield {"note": f"drawing {path.name}", "rows": []}
        write_long(path, duration_s, settings.seed)
    stages = settings.stages
    yield from bench_stages(path, stages.query, stages.k, runs, settings.encoder, settings.device)


def _manifest(settings: BenchSelectFramesSettings) -> _Section:
    asked = settings.manifest
    what = f"{asked.clips} clips of {asked.clip_s} s on 1 and on {asked.workers} workers"
    about = asked.clips * asked.clip_s * 0.12 + 10

    def steps(work: Path) -> Iterator[dict[str, Any]]:
        return bench_manifest(
            work / "manifest", asked.clips, asked.clip_s, asked.workers, settings.encoder, settings.device,
            settings.seed,
        )  # fmt: skip

    return _Section("manifest", what, about, steps)


def _listed(values: list[int]) -> str:
    return "/".join(map(str, values))


def _plan(sections: list[_Section], command: str) -> dict[str, Any]:
    rows = [(section.name, section.what, section.about_s) for section in sections]
    notes = ["times are estimates for two quiet cores and what is embedded"]
    print_plan("bench select-frames", rows, notes, command)
    return {
        "benchmark": "select-frames",
        "dry_run": True,
        "command": command,
        "parts": [{"part": part, "of": of, "about_s": about} for part, of, about in rows],
    }
