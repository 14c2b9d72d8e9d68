"""What the clips of a setting say: quality and speed with intervals, and whether the floor is held."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any

from vidkit.bench.tuning.setting import Setting
from vidkit.config.tune_schema import SweepSettings
from vidkit.utils.statistics import MeanInterval, share_bounds, student_interval


class Verdict(StrEnum):
    """Whether the floor is held."""

    holds = "holds"  # the whole interval lies above it
    unclear = "unclear"  # the interval holds the floor: more clips would tell
    misses = "misses"  # the whole interval lies below it
    failed = "failed"  # the setting cannot run


@dataclass(frozen=True)
class Score:
    """A setting on its clips so far.

    Attributes:
        clips: how many.
        psnr: dB to the reference's clips, mean with its interval.
        solved: mazes solved, of all; None: no mazes.
        lost: mazes that the reference solves and this setting does not.
        kept_of: mazes that the reference solves.
        loss: share of lost mazes with its interval.
        seconds: median of a clip, nothing loaded or written.
        loop_seconds: median of its denoising loop.
        seconds_low: quickest clip.
        seconds_high: slowest clip.
        speed: times as fast as the reference, measured in turns, geometric mean with its interval.
        verdict: whether the floor is held.
        why: of a failure.
    """

    setting: Setting
    clips: int
    psnr: MeanInterval
    solved: int | None
    lost: int
    kept_of: int
    loss: MeanInterval
    seconds: float
    loop_seconds: float
    seconds_low: float
    seconds_high: float
    speed: MeanInterval
    verdict: Verdict
    why: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For the record."""
        return {
            "setting": self.setting.name,
            "changes": list(self.setting.axes),
            "clips": self.clips,
            "psnr_db": self.psnr.rounded(3),
            "mazes_solved": self.solved,
            "mazes_lost": self.lost,
            "mazes_judged": self.kept_of,
            "loss": self.loss.rounded(4),
            "seconds": self.seconds,
            "seconds_range": [self.seconds_low, self.seconds_high],
            "loop_seconds": self.loop_seconds,
            "speed": self.speed.rounded(4),
            "verdict": self.verdict.value,
            "why": self.why,
        }


Row = Mapping[str, Any]


def score_of(
    setting: Setting, rows: Sequence[Row], references: Mapping[int, Row], sweep: SweepSettings
) -> Score:
    """Score of a setting.

    Args:
        setting: of all the rows.
        rows: one a clip and pass, with `ratio`, the reference's seconds of the same turn over its own.
        references: by clip.
        sweep: the floor.
    """
    failed = next((row["failed"] for row in rows if "failed" in row), None)
    if failed is not None or not rows:
        return _failed(setting, failed or "not measured")
    by_clip = {row["clip"]: row for row in rows}
    psnr = student_interval([row["psnr"] for row in by_clip.values()])
    judged = [clip for clip in by_clip if references[clip]["solved"]]
    lost = sum(not by_clip[clip]["solved"] for clip in judged)
    loss = share_bounds(lost, len(judged))
    solved = [row["solved"] for row in by_clip.values()]
    seconds = [row["seconds"] for row in rows]
    speed = _geometric([math.log(ratio) for ratio in ratios_of(rows).values()])
    return Score(
        setting,
        len(by_clip),
        psnr,
        None if None in solved else sum(solved),
        lost,
        len(judged),
        loss,
        median(seconds),
        median(row["loop_seconds"] for row in rows),
        min(seconds),
        max(seconds),
        speed,
        _verdict(psnr, loss, len(judged), None not in solved, sweep),
    )


def ratios_of(rows: Sequence[Row]) -> dict[int, float]:
    """By clip: times as fast as the reference; the geometric mean of its turns."""
    found: dict[int, list[float]] = {}
    for row in rows:
        found.setdefault(row["clip"], []).append(math.log(row["ratio"]))
    return {clip: math.exp(sum(logs) / len(logs)) for clip, logs in sorted(found.items())}


def faster_by(rows: Sequence[Row], other: Sequence[Row]) -> MeanInterval:
    """How many times as fast as another setting, clip by clip, with its interval."""
    mine, theirs = ratios_of(rows), ratios_of(other)
    both = [math.log(mine[clip] / theirs[clip]) for clip in mine if clip in theirs]
    return _geometric(both)


def _geometric(logs: Sequence[float]) -> MeanInterval:
    found = student_interval(logs)
    return MeanInterval(math.exp(found.mean), math.exp(found.low), math.exp(found.high), found.count)


def _verdict(
    psnr: MeanInterval, loss: MeanInterval, judged: int, mazes: bool, sweep: SweepSettings
) -> Verdict:
    """Of mazes of which the reference solves none, nothing is known."""
    if psnr.high < sweep.psnr or (judged and loss.low > sweep.success_loss):
        return Verdict.misses
    if psnr.low >= sweep.psnr and (not mazes or (judged and loss.high <= sweep.success_loss)):
        return Verdict.holds
    return Verdict.unclear


def _failed(setting: Setting, why: str) -> Score:
    nothing = MeanInterval(math.nan, -math.inf, math.inf, 0)
    nan = math.nan
    return Score(setting, 0, nothing, None, 0, 0, nothing, nan, nan, nan, nan, nothing, Verdict.failed, why)
