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
    """Rows one by one: `what`, `type`, median, best and worst rate, unit."""
    for kind in plan.types:
        rates = [_states(plan, kind, run) for run in range(plan.runs)]
        yield _row("states", kind, "levels/s, one process", rates)
    with Pool(plan.workers) as pool:
        for _ in pool.results(_warm, list(range(4 * plan.workers))):
            pass
        for kind in plan.types:
            tasks = _tasks(plan, kind, None)
            rates = [_rate(pool, tasks, rendered_frames) for _ in range(plan.runs)]
            yield _row("render", kind, f"frames/s encoded, {_processes(plan)}", rates)
        for kind in plan.types:
            tasks = _tasks(plan, kind, plan.size)
            rates = [_seconds_apart(pool, tasks) for _ in range(plan.runs)]
            yield _row("track", kind, "frames/s, a process", rates)


def _processes(plan: SpeedPlan) -> str:
    return "one process" if plan.workers == 1 else f"{plan.workers} processes"


def _row(what: str, kind: MazeType, unit: str, rates: list[float]) -> dict[str, Any]:
    return {
        "what": what,
        "type": str(kind),
        "unit": unit,
        "median": statistics.median(rates),
        "best": max(rates),
        "worst": min(rates),
        "runs": len(rates),
    }


def _states(plan: SpeedPlan, kind: MazeType, run: int) -> float:
    begin = time.perf_counter()
    for difficulty in plan.difficulties:
        for seed in range(plan.states):
            # other levels in every run: nothing is made twice
            assert make(kind, difficulty, plan.seed + run * plan.states + seed).state
    return plan.states * len(plan.difficulties) / (time.perf_counter() - begin)


def _tasks(plan: SpeedPlan, kind: MazeType, size: int | None) -> list[_Task]:
    skins = list(SKINS[kind])
    samples = [
        Sample(str(kind), str(difficulty), skins[seed % len(skins)], plan.seed + seed)
        for difficulty in reversed(plan.difficulties)
        for seed in range(plan.levels)
    ]
    return [_Task(sample, size) for sample in samples]


def _rate(pool: Pool, tasks: list[_Task], function: Any) -> float:
    """Frames per second of all processes together."""
    begin = time.perf_counter()
    frames = sum(int(count) for count in pool.results(function, tasks))
    return frames / (time.perf_counter() - begin)


def _seconds_apart(pool: Pool, tasks: list[_Task]) -> float:
    """Frames per second of a process, each measured by itself."""
    found = list(pool.results(tracked_seconds, tasks))
    return sum(frames for frames, _ in found) / sum((seconds for _, seconds in found), 0.0)


def rendered_frames(task: _Task) -> int:
    """Draw, encode and write the clip of a level at native size; its frames."""
    level = task.sample.level()
    motion = level.motion()
    with tempfile.TemporaryDirectory(prefix="vidkit-speed-") as folder:
        write_clip(Path(folder) / "clip.mp4", level.stage, motion, task.size)
    return len(motion)


def tracked_seconds(task: _Task) -> tuple[int, float]:
    """Frames of a clip, and the seconds in which its player was followed, the preparations included."""
    level = task.sample.level()
    clip = level.render(task.size, clip_length(level, _MOST_TRACKED))
    begin = time.perf_counter()
    track(clip, level)
    return len(clip), time.perf_counter() - begin


def _warm(number: int) -> int:
    """Load what a process needs."""
    level = make("regular", "easy", number)
    with tempfile.TemporaryDirectory(prefix="vidkit-speed-") as folder:
        write_clip(Path(folder) / "clip.mp4", level.stage, level.motion())
    return 0
