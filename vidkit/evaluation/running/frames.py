"""The frames of a clip that a model sees, as encoded pictures with their times."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import PIL.Image

from vidkit.evaluation.running.budget import RATE, FrameBudget
from vidkit.evaluation.running.decode import VideoFile
from vidkit.evaluation.running.indices import fit_area, rate_indices, uniform_indices
from vidkit.serving.messages import Image


@dataclass(frozen=True, slots=True)
class Frames:
    """Chosen frames of a clip.

    Attributes:
        images: encoded pictures, in order of time.
        indices: frame numbers in the file.
        times_s: seconds from the clip's start, one a picture.
        duration_s: of the clip.
        decoder: which library decoded it.
        detail: what a selector says of its choice.
    """

    images: tuple[Image, ...]
    indices: tuple[int, ...]
    times_s: tuple[float, ...]
    duration_s: float
    decoder: str
    detail: dict[str, Any]


class FramePicker(Protocol):
    """Chooses frames of a video for a question. `vidkit.frames` is wrapped as one; others may come in."""

    name: str

    def pick(
        self, path: Path, query: str, count: int, start_s: float, end_s: float | None
    ) -> tuple[list[int], dict[str, Any]]:
        """Frame numbers in the file, increasing, and details for the record."""


def read_frames(
    path: str | Path,
    budget: FrameBudget,
    start_s: float = 0.0,
    end_s: float | None = None,
    query: str = "",
    picker: FramePicker | None = None,
) -> Frames:
    """Decode the frames of [start_s, end_s) that the budget allows.

    Args:
        path: the video.
        budget: how many and chosen how.
        start_s: first second of the clip.
        end_s: last second, None to the end.
        query: the question, for selectors.
        picker: the selector, when the budget names one.

    Raises:
        VideoError: the video cannot be decoded or the clip holds no frame.
    """
    detail: dict[str, Any] = {}
    video = VideoFile(path)
    first, stop = video.span(start_s, end_s)
    if picker is not None:
        indices, detail = picker.pick(Path(path), query, budget.count, start_s, end_s)
    else:
        indices = [first + place for place in _plain_indices(stop - first, video.fps, budget)]
    images = _encode(video, indices, budget)
    times_s = tuple(float(video.times_s[index]) - start_s for index in indices)
    end = video.duration_s if end_s is None else min(end_s, video.duration_s)
    return Frames(images, tuple(indices), times_s, end - start_s, video.decoder, detail)


def _plain_indices(n_frames: int, video_fps: float, budget: FrameBudget) -> list[int]:
    if budget.method != RATE:
        return uniform_indices(n_frames, budget.count)
    indices = rate_indices(n_frames, video_fps, budget.fps)
    if budget.max_frames is not None and len(indices) > budget.max_frames:
        return uniform_indices(n_frames, budget.max_frames)
    return indices


def _encode(video: VideoFile, indices: list[int], budget: FrameBudget) -> tuple[Image, ...]:
    images: list[Image] = []
    last = -1
    for index, pixels in zip(indices, video.frames(indices), strict=True):
        # a repeated frame is the same object, encoded once
        images.append(images[-1] if index == last else _encode_one(pixels, budget))
        last = index
    return tuple(images)


def _encode_one(pixels: np.ndarray, budget: FrameBudget) -> Image:
    picture = PIL.Image.fromarray(pixels)
    if budget.area_px is not None:
        size = fit_area(picture.width, picture.height, budget.area_px)
        picture = picture.resize(size, PIL.Image.Resampling.LANCZOS)
    return Image.from_pil(picture, budget.jpeg_quality)


def blacken(frames: Frames) -> Frames:
    """The same frames with every pixel black (modality `amv`: sound with an empty picture)."""
    black = Image.from_pil(PIL.Image.new("RGB", frames.images[0].to_pil().size))
    images = (black,) * len(frames.images)
    return Frames(images, frames.indices, frames.times_s, frames.duration_s, frames.decoder, frames.detail)
