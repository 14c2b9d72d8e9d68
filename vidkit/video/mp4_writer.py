"""H.264 in mp4, frame by frame: for clips that need not be held in memory."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import VideoError
from vidkit.video.writing import require_encoder, tag_colours

Plane = NDArray[np.uint8]
Box = tuple[int, int, int, int]  # left, top, right, bottom


class Mp4Writer:
    """An open mp4 file of yuv420p pictures in BT.709; close it by leaving its context.

    The picture stays between frames: `planes` are written in place, and `add` encodes what they show.

    Args:
        path: a temporary one, suffix .mp4; see `atomic_path`.
        width: even, pixels.
        height: even, pixels.
        fps: frames per second.
        options: of x264, such as preset and crf.

    Raises:
        VideoError: an odd size.
        MissingDependency: PyAV is not installed.
    """

    def __init__(
        self, path: Path, width: int, height: int, fps: int | Fraction, options: dict[str, str]
    ) -> None:
        if width % 2 or height % 2:
            raise VideoError(
                f"H.264 in yuv420p needs even sizes, got {width}x{height}", "choose an even height and width"
            )
        av = require_encoder()
        # the index before the pictures: players over a network start at once
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "faststart"})
        self._stream: Any = self._container.add_stream("libx264", rate=Fraction(fps))
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.options = options
        self._stream.thread_count = 1
        tag_colours(self._stream)
        self._frame = av.VideoFrame(width, height, "yuv420p")
        self._time_base = 1 / Fraction(fps)
        self._count = 0
        #: Y [H, W], U and V [H/2, W/2]; views of the picture
        self.planes: tuple[Plane, ...] = tuple(_view(plane) for plane in self._frame.planes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()

    def add(self, changed: Box | None = None) -> None:
        """Encode the picture as it is now.

        Args:
            changed: left, top, right and bottom of what differs from the picture before; not needed here.
        """
        # x264 copies what it is given, so that the same buffers serve for all frames
        self._frame.pts, self._frame.time_base = self._count, self._time_base
        self._count += 1
        self._container.mux(self._stream.encode(self._frame))


def _view(plane: Any) -> Plane:
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]
