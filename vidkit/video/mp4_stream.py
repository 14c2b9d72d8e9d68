"""An mp4 file written frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import OutputError
from vidkit.utils.files import atomic_path
from vidkit.video.writing import require_encoder

_BASE = Fraction(1, 90000)  # time base of what is written


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
