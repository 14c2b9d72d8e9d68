"""Which frames stand for a moment: candidate sampling on true display times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import ConfigError
from vidkit.video.types import Timeline

AUTO_RATES = ((180.0, 1.0), (1200.0, 0.5), (float("inf"), 0.25))  # longest duration in s, fps


@dataclass(frozen=True)
class Sampling:
    """Candidates of a video: frame numbers [N] (strictly increasing) and the rate that was really used."""

    indices: NDArray[np.int64]
    effective_fps: float
    note: str = ""


def sample_frames(
    timeline: Timeline,
    fps: float | None = 1.0,
    phase: float = 0.0,
    max_candidates: int = 7200,
    rule: str = "times",
) -> Sampling:
    """Choose candidate frames.

    "times": the frame displayed at T_j = (j + phase) / fps for each T_j < duration, each frame once.
    "authors": every max(1, int(average rate / fps))th frame, which drifts on 23.976 and 29.97 fps.

    Args:
        timeline: displayed frames.
        fps: candidates per second; None chooses 1, 0.5 or 0.25 by the video's length (up to 3 min, 20 min,
        longer).
        phase: in [0, 1), shift of the target times in units of their distance.
        max_candidates: above it the rate is lowered evenly ("times" alone).
        rule: "times" or "authors".

    Raises:
        ConfigError: a value out of range.
    """
    if fps is None:
        fps = next(rate for longest, rate in AUTO_RATES if timeline.duration_s <= longest)
    if not (fps > 0 and np.isfinite(fps)):
        raise ConfigError(f"fps must be > 0, got {fps}", "give candidates per second, or auto")
    if not 0 <= phase < 1:
        raise ConfigError(f"phase must be in [0, 1), got {phase}", "a share of the distance")
    if max_candidates < 1:
        raise ConfigError(f"max_candidates must be >= 1, got {max_candidates}", "e.g. max_candidates=600")
    if rule == "authors":
        rate = len(timeline) / timeline.duration_s if timeline.duration_s > 0 else 1.0
        step = max(1, int(rate / fps))
        return Sampling(np.arange(0, len(timeline), step), rate / step)
    if rule != "times":
        raise ConfigError(f"no sampling rule '{rule}'", "use times or authors")
    note = ""
    if timeline.duration_s * fps > max_candidates:
        lowered = max_candidates / timeline.duration_s
        note = f"fps lowered from {fps:g} to {lowered:.4g} to stay within {max_candidates} candidates"
        fps = lowered
    return Sampling(displayed_at(timeline, target_times(timeline.duration_s, fps, phase)), fps, note)


def target_times(duration_s: float, fps: float, phase: float = 0.0) -> NDArray[np.float64]:
    """T_j = (j + phase) / fps below the duration; at least one."""
    count = max(1, int(np.ceil(duration_s * fps - phase - 1e-9)))
    return (np.arange(count, dtype=np.float64) + phase) / fps


def displayed_at(timeline: Timeline, times: NDArray[np.float64]) -> NDArray[np.int64]:
    """Numbers of the frames on display at `times`, each once: the last that has begun, or the first."""
    # half a microsecond of slack: 1/3 s as a float may lie a hair below the frame's own time stamp
    found = np.searchsorted(timeline.time_s, times + 5e-7, side="right") - 1
    return np.unique(np.maximum(found, 0)).astype(np.int64)


def densify(timeline: Timeline, sampling: Sampling, k: int) -> Sampling:
    """Raise the rate of a short video until it gives k candidates, or every frame is one."""
    indices, fps = sampling.indices, sampling.effective_fps
    if indices.size >= k or indices.size == len(timeline):
        return sampling
    while indices.size < min(k, len(timeline)) and fps < 1e5:
        fps *= 2
        indices = displayed_at(timeline, target_times(timeline.duration_s, fps))
    if indices.size < min(k, len(timeline)):
        indices = np.arange(len(timeline))
    return Sampling(indices, fps, f"short video: sampled at {fps:g} fps to reach {k} candidates")
