"""Short videos of a selection: the moments around the kept frames, and the kept frames alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vidkit.errors import OutputError
from vidkit.frames.outputs.images import clock
from vidkit.utils.files import atomic_path
from vidkit.video.reader import VideoReader
from vidkit.video.types import Timeline
from vidkit.video.writing import require_encoder

_BASE = Fraction(1, 90000)  # time base of what is written
_RATE = 30.0  # frames a second at most


class Mp4Stream:
    """Writes RGB frames with their own times, one by one; memory does not grow with length."""

    def __init__(self, av: Any, container: Any) -> None:
        self._av, self._container = av, container
        self._stream: Any = None
        self._size = (0, 0)
        self._last = -1

    def add(self, pixels: NDArray[np.uint8], time_s: float) -> None:
        """Append a frame [H, W, 3] shown from `time_s` on."""
        if self._stream is None:
            self._start(pixels)
        width, height = self._size
        frame = self._av.VideoFrame.from_ndarray(
            np.ascontiguousarray(pixels[:height, :width]), format="rgb24"
        )
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
        self._last = max(self._last + 1, round(time_s / _BASE))
        frame.pts, frame.time_base = self._last, _BASE
        self._container.mux(self._stream.encode(frame))

    def _start(self, pixels: NDArray[np.uint8]) -> None:
        height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2  # 4:2:0 chroma wants even sizes
        self._size = width, height
        self._stream = self._container.add_stream(
            "libx264", rate=30, options={"crf": "20", "preset": "veryfast"}
        )
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.codec_context.time_base = _BASE
        context = self._stream.codec_context
        context.colorspace, context.color_range, context.color_primaries, context.color_trc = 1, 1, 1, 1

    def finish(self) -> None:
        """Flush the encoder."""
        if self._stream is not None:
            self._container.mux(self._stream.encode())


@contextmanager
def mp4_stream(path: Path) -> Iterator[Mp4Stream]:
    """An H.264 file that appears whole or not at all.

    Raises:
        OutputError: the folder cannot be written or the disk is full.
    """
    av = require_encoder()
    with atomic_path(path) as temporary:
        try:
            with av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as container:
                stream = Mp4Stream(av, container)
                yield stream
                stream.finish()
        except av.error.FFmpegError as error:
            raise OutputError(
                f"could not write '{path}': {error}", "free space, or choose another --output"
            ) from error


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
