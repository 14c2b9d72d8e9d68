"""Short videos of a selection: the moments around the kept frames, and the kept frames alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vidkit.frames.outputs.images import clock
from vidkit.video.mp4_stream import mp4_stream
from vidkit.video.reader import VideoReader
from vidkit.video.types import Timeline

_RATE = 30.0  # frames per second at most


def windows_around(timeline: Timeline, picks: Iterable[int], half_s: float) -> list[tuple[float, float]]:
    """Spans of +-half_s around frames, cut to the video and merged where they touch [s]."""
    spans: list[tuple[float, float]] = []
    for pick in sorted(picks):
        at = float(timeline.time_s[pick])
        start, end = max(0.0, at - half_s), min(timeline.duration_s, at + half_s)
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((start, end))
    return spans


def write_clip(
    path: Path, video: VideoReader, picks: Iterable[int], half_s: float = 1.0, short_side: int = 480
) -> float:
    """Write the moments around kept frames, each with its time burnt in; returns the length [s].

    Args:
        path: target, .mp4.
        video: the source.
        picks: source frame numbers.
        half_s: seconds before and after each.
        short_side: pixels.
    """
    kept = list(picks)
    offset, shown = 0.0, set(kept)
    with mp4_stream(path) as stream:
        for start, end in windows_around(video.timeline, kept, half_s):
            numbers = _thinned(video.timeline, start, end, shown)
            for frame in video.read(numbers, short_side):
                text = clock(frame.time_s) + (" *" if frame.index in shown else "")
                stream.add(_stamped(frame.pixels, text), offset + frame.time_s - start)
            offset += end - start
    return offset


def write_keyframe_video(path: Path, pictures: Iterable[NDArray[np.uint8]], fps: float = 1.0) -> None:
    """Write kept frames as an evenly timed video for programs that take only files; true times are lost."""
    size: tuple[int, ...] | None = None
    with mp4_stream(path) as stream:
        for number, picture in enumerate(pictures):
            size = size or picture.shape
            stream.add(picture, number / fps)


def _thinned(timeline: Timeline, start: float, end: float, keep: set[int]) -> list[int]:
    first, last = np.searchsorted(timeline.time_s, [start, end])
    numbers: list[int] = []
    for i in range(int(first), int(last)):
        due = not numbers or timeline.time_s[i] - timeline.time_s[numbers[-1]] >= 0.95 / _RATE
        if due or i in keep:
            numbers.append(i)
    return numbers


def _stamped(pixels: NDArray[np.uint8], text: str) -> NDArray[np.uint8]:
    picture = Image.fromarray(pixels)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(max(11, picture.height // 20))
    left, top, right, bottom = draw.textbbox((8, 6), text, font)
    draw.rectangle((left - 4, top - 3, right + 4, bottom + 3), (0, 0, 0))
    draw.text((8, 6), text, (255, 255, 255), font)
    return np.asarray(picture)
