"""How fast levels are made, clips are rendered and encoded, and players are followed."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.bench.vr_bench.samples import Sample, clip_length
from vidkit.mazes.drawing.clip_file import write_clip
from vidkit.mazes.drawing.skins import SKINS
from vidkit.mazes.level import make
from vidkit.mazes.tracking import track
from vidkit.mazes.types import Difficulty, MazeType
from vidkit.utils.workers import Pool

_MOST_TRACKED = 193  # frames of a tracked clip, as models are trained on


@dataclass(frozen=True)
class SpeedPlan:
    """What is measured.

    Attributes:
        types: of the levels.
        difficulties: of the levels, alike many each.
        levels: of each difficulty, rendered and tracked.
        states: of each difficulty, whose states are made.
        size: side of the tracked clips.
        runs: of each measurement.
        workers: processes of rendering and tracking.
        seed: first seed of the levels.
    """

    types: Sequence[MazeType]
    difficulties: Sequence[Difficulty]
    levels: int
    states: int
    size: int
    runs: int
    workers: int
    seed: int


@dataclass(frozen=True)
class _Task:
    sample: Sample
    size: int | None


def measure_speed(plan: SpeedPlan) -> Iterator[dict[str, Any]]:
    """Rows one by one: `what`, `type`, median, best and worst rate, unit.

    `per_cpu_s` is the median rate per second of one processor: on a busy machine it is what remains true.
    """
    for kind in plan.types:
        rates = [_states(plan, kind, run) for run in range(plan.runs)]
        yield _row("states", kind, "levels/s, one process", rates)
    with Pool(plan.workers) as pool:
        for _ in pool.results(_warm, list(range(4 * plan.workers))):
            pass
        for kind in plan.types:
            tasks = _tasks(plan, kind, None)
            rates = [_rate(pool, tasks) for _ in range(plan.runs)]
            yield _row("render", kind, f"frames/s encoded, {_processes(plan)}", rates)
        for kind in plan.types:
            tasks = _tasks(plan, kind, plan.size)
            rates = [_seconds_apart(pool, tasks) for _ in range(plan.runs)]
            yield _row("track", kind, "frames/s, a process", rates)


def _processes(plan: SpeedPlan) -> str:
    return "one process" if plan.workers == 1 else f"{plan.workers} processes"


@dataclass(frozen=True)
class _Rate:
    """Of one run: per second, and per second of one processor."""

    wall: float
    cpu: float


def _row(what: str, kind: MazeType, unit: str, rates: list[_Rate]) -> dict[str, Any]:
    wall = [rate.wall for rate in rates]
    return {
        "what": what,
        "type": str(kind),
        "unit": unit,
        "median": statistics.median(wall),
        "best": max(wall),
        "worst": min(wall),
        "per_cpu_s": statistics.median(rate.cpu for rate in rates),
        "runs": len(rates),
    }


def _states(plan: SpeedPlan, kind: MazeType, run: int) -> _Rate:
    begin, cpu = time.perf_counter(), time.process_time()
    for difficulty in plan.difficulties:
        for seed in range(plan.states):
            # other levels in every run: nothing is made twice
            assert make(kind, difficulty, plan.seed + run * plan.states + seed).state
    made = plan.states * len(plan.difficulties)
    return _Rate(made / (time.perf_counter() - begin), made / (time.process_time() - cpu))


def _tasks(plan: SpeedPlan, kind: MazeType, size: int | None) -> list[_Task]:
    skins = list(SKINS[kind])
    samples = [
        Sample(str(kind), str(difficulty), skins[seed % len(skins)], plan.seed + seed)
        for difficulty in reversed(plan.difficulties)
        for seed in range(plan.levels)
    ]
    return [_Task(sample, size) for sample in samples]


def _rate(pool: Pool, tasks: list[_Task]) -> _Rate:
    """Frames of all processes together."""
    begin = time.perf_counter()
    found = list(pool.results(rendered_frames, tasks))
    seconds = time.perf_counter() - begin
    frames = sum(one.frames for one in found)
    return _Rate(frames / seconds, frames / sum(one.cpu_s for one in found))


def _seconds_apart(pool: Pool, tasks: list[_Task]) -> _Rate:
    """Frames of a process, each measured by itself."""
    found = list(pool.results(tracked_frames, tasks))
    frames = sum(one.frames for one in found)
    return _Rate(frames / sum(one.wall_s for one in found), frames / sum(one.cpu_s for one in found))


@dataclass(frozen=True)
class Timed:
    """What one task came to: frames, seconds, and seconds of a processor."""

    frames: int
    wall_s: float
    cpu_s: float


def rendered_frames(task: _Task) -> Timed:
    """Draw, encode and write the clip of a level at native size."""
    wall, cpu = time.perf_counter(), time.process_time()
    level = task.sample.level()
    motion = level.motion()
    with tempfile.TemporaryDirectory(prefix="vidkit-speed-") as folder:
        write_clip(Path(folder) / "clip.mp4", level.stage, motion, task.size)
    return Timed(len(motion), time.perf_counter() - wall, time.process_time() - cpu)


def tracked_frames(task: _Task) -> Timed:
    """Follow the player through a clip, the preparations included."""
    level = task.sample.level()
    clip = level.render(task.size, clip_length(level, _MOST_TRACKED))
    wall, cpu = time.perf_counter(), time.process_time()
    track(clip, level)
    return Timed(len(clip), time.perf_counter() - wall, time.process_time() - cpu)


def _warm(number: int) -> int:
    """Load what a process needs."""
    level = make("regular", "easy", number)
    with tempfile.TemporaryDirectory(prefix="vidkit-speed-") as folder:
        write_clip(Path(folder) / "clip.mp4", level.stage, level.motion())
    return 0
