"""Frames of a video by number, one at a time, so that no long video lies in memory. Decoding by decord."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from vidkit.errors import VideoError, require

_LEAST_SHARE = 0.9
"""Of the frames that the header announces; edit lists may hide a few."""


class VideoFile:
    """An open video; a context manager.

    Attributes:
        path: the file.
        n_frames: its frames.
        fps: mean frames a second.
        times_s: presentation time of every frame from the start of the video [n_frames], float64.
        decoder: name and version of the decoding library.

    Raises:
        VideoError: missing, empty, or not decodable.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise VideoError(f"no video '{self.path}'", "check the media folder")
        self._decord = require("decord", "video")
        # a damaged video makes FFmpeg print a line a packet; the error below says it once
        self._decord.logging.set_level(self._decord.logging.QUIET)
        self._errors = (self._decord.DECORDError, RuntimeError, IndexError, ValueError)
        try:
            self._reader: Any = self._decord.VideoReader(str(self.path), num_threads=1)
            self.n_frames = len(self._reader)
            self.fps = float(self._reader.get_avg_fps())
            spans = (
                self._reader.get_frame_timestamp(np.arange(self.n_frames))
                if self.n_frames
                else np.zeros((0, 2))
            )
        except self._errors as error:
            raise self._broken(error) from error
        if self.n_frames == 0 or not self.fps > 0:
            raise VideoError(f"video '{self.path}' has no frames", "check that the file is whole")
        self._check_whole()
        starts = np.asarray(spans, dtype=np.float64)[:, 0]
        self.times_s = starts - starts[0]
        self.decoder = f"decord {self._decord.__version__}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader = None

    def _check_whole(self) -> None:
        """Refuse a file that ends long before its header says: decoders take the rest for the whole."""
        av = require("av", "video")
        try:
            with av.open(str(self.path)) as container:
                announced = container.streams.video[0].frames
        except (av.FFmpegError, OSError, IndexError) as error:
            raise self._broken(error) from error
        if self.n_frames < _LEAST_SHARE * announced:
            raise VideoError(
                f"video '{self.path}' is cut short: {self.n_frames} of {announced} frames are there",
                "fetch the file again",
            )

    @property
    def duration_s(self) -> float:
        """Seconds from the first frame's start to the last frame's end."""
        return float(self.times_s[-1]) + 1 / self.fps

    def span(self, start_s: float = 0.0, end_s: float | None = None) -> tuple[int, int]:
        """Half-open range of the frames with start_s <= time < end_s.

        Raises:
            VideoError: there are none.
        """
        # times of frames are rounded to the container's ticks
        first = int(np.searchsorted(self.times_s, start_s - 1e-6))
        stop = self.n_frames if end_s is None else int(np.searchsorted(self.times_s, end_s - 1e-6))
        if stop <= first:
            asked = f"{start_s:g} s and {'the end' if end_s is None else f'{end_s:g} s'}"
            raise VideoError(f"video '{self.path}' ({self.duration_s:.2f} s) has no frame between {asked}")
        return first, stop

    def frames(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        """Decode frames in the given order: uint8 RGB [height, width, 3]; a repeated index costs nothing.

        Raises:
            VideoError: a frame cannot be decoded.
        """
        last, pixels = -1, np.zeros((0, 0, 3), np.uint8)
        for index in indices:
            if index != last:
                try:
                    pixels = self._reader[int(index)].asnumpy()
                except self._errors as error:
                    raise self._broken(error, f"frame {index} of ") from error
                last = index
            yield pixels

    def _broken(self, error: Exception, part: str = "") -> VideoError:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = lines[0][:200] if lines else type(error).__name__
        return VideoError(
            f"cannot decode {part}video '{self.path}': {reason}", "check that the file is whole"
        )
