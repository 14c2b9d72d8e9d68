"""Scores of single videos: what VBench computes without a model, and stand-ins for what it has models for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidkit.bench.vbench.dimensions import LIKE
from vidkit.errors import DataError, VideoError
from vidkit.video.decoding import Decoding
from vidkit.video.pictures import stored_size, upright
from vidkit.video.timeline import scan
from vidkit.video.types import VideoInfo

Frames = NDArray[np.uint8]
ENDINGS = (".mp4", ".webm", ".mkv", ".mov", ".avi", ".gif")
SAMPLED_PER_SECOND = 8  # of dynamic degree
FLOW_PIXELS, FLOW_SIDE = 6.0, 256  # a movement counts from 6 pixels of a clip whose shorter side is 256
FASTEST = 0.05  # share of the pixels whose movement is looked at
FEWEST_FRAMES = 3  # a frame between two others
MOVING_PAIRS, PER_FRAMES = 4, 16  # so many pairs of so many frames make a clip dynamic


@dataclass(frozen=True)
class Clip:
    """A video in memory.

    Attributes:
        path: of the file.
        frames: RGB `[T, H, W, 3]`, T >= 3.
        per_second: frames.
    """

    path: Path
    frames: Frames
    per_second: float


@dataclass(frozen=True)
class Score:
    """One dimension of one video.

    Attributes:
        value: mean over what was compared.
        count: frames or pairs that the mean is of; VBench weights some dimensions by it.
    """

    value: float
    count: int


Scorer = Callable[[Clip], Score]


def videos_of(folder: Path) -> list[Path]:
    """Videos of a folder, by name.

    Raises:
        DataError: no folder, or no video in it.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder '{folder}'", "give a folder of videos")
    found = sorted(file for file in folder.iterdir() if file.suffix.lower() in ENDINGS)
    if not found:
        raise DataError(f"'{folder}' has no video", f"looked for {', '.join(ENDINGS)}")
    return found


def read_clip(path: Path) -> Clip:
    """All frames of a video.

    Raises:
        VideoError: unreadable, or too few frames to compare.
    """
    info = scan(path, 0, 1).info
    frames = _decoded(path, info)
    if len(frames) < FEWEST_FRAMES:
        raise VideoError(
            f"'{path}' has too few frames to compare: {len(frames)} of at least {FEWEST_FRAMES}",
            "leave it out",
        )
    return Clip(path, np.stack(frames), float(info.average_fps or 0.0) or float(SAMPLED_PER_SECOND))


def _decoded(path: Path, info: VideoInfo) -> list[Frames]:
    width, height = stored_size(info, None)
    with Decoding(str(path), info.stream, 1) as decoding:
        every = (frame.to_ndarray(format="rgb24", width=width, height=height) for frame in decoding.frames())
        return [upright(pixels, info) for pixels in every]


def temporal_flickering(clip: Clip) -> Score:
    """(255 - mean of the absolute difference of neighbouring frames) / 255; for videos of still scenes."""
    apart = [_apart(a, b) for a, b in pairwise(clip.frames)]
    return Score(1 - sum(apart) / len(apart) / 255, len(apart))


def motion_smoothness(clip: Clip) -> Score:
    """Like VBench's, with the mean of both neighbours in the place of AMT's interpolation.

    Every other frame is predicted from the two beside it: (255 - mean absolute error) / 255.
    """
    told = []
    for n in range(1, len(clip.frames) - 1, 2):
        before, own, after = clip.frames[n - 1 : n + 2].astype(np.float32)
        told.append(float(np.abs(own - (before + after) / 2).mean()))
    return Score(1 - sum(told) / len(told) / 255, len(told))


def dynamic_degree(clip: Clip) -> Score:
    """Like VBench's, with OpenCV's DIS flow in the place of RAFT: 1 where a clip moves, else 0.

    Frames at about 8 per second; a pair moves if the fastest 5 % of its pixels move by more than 6 pixels of
    256 on the mean, a clip if a quarter of its frames have such pairs.
    """
    import cv2

    apart = max(1, round(clip.per_second / SAMPLED_PER_SECOND))
    chosen = clip.frames[:: min(apart, len(clip.frames) - 1)]
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in chosen]
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    limit = FLOW_PIXELS * min(clip.frames.shape[1:3]) / FLOW_SIDE
    moving = 0
    for a, b in pairwise(grey):
        found = flow.calc(a, b, np.zeros((*a.shape, 2), np.float32))
        speed = np.sort(np.hypot(found[..., 0], found[..., 1]).ravel())[::-1]
        moving += float(speed[: max(1, int(FASTEST * len(speed)))].mean()) > limit
    wanted = max(1, round(MOVING_PAIRS * len(chosen) / PER_FRAMES))
    return Score(float(moving >= wanted), len(grey) - 1)


def _apart(a: Frames, b: Frames) -> float:
    return float(np.abs(a.astype(np.int16) - b).mean())


def consistency(features: NDArray[np.float32]) -> Score:
    """Mean over frames i >= 1 of (cos to the frame before + cos to the first one) / 2, below 0 as 0.

    Args:
        features: `[T, D]`, T >= 2.
    """
    rows = features.astype(np.float64)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    before = np.maximum((rows[1:] * rows[:-1]).sum(1), 0)
    first = np.maximum(rows[1:] @ rows[0], 0)
    return Score(float(((before + first) / 2).mean()), len(rows) - 1)


def over_all(scores: Sequence[Score], by_frame: bool) -> float:
    """The score of many videos: mean of all frames, as VBench does for features, or of the videos."""
    if by_frame:
        return sum(one.value * one.count for one in scores) / sum(one.count for one in scores)
    return sum(one.value for one in scores) / len(scores)


def like(name: str) -> str:
    """The name of a stand-in."""
    return f"{name} ({LIKE})"
