"""H.264 in mp4 for pictures of which only a small part changes: that part is encoded, the rest is skipped.

A window round what changes is encoded as a picture of its own, and its slices are put into the large picture
(see `h264_slices`): the time goes with the window, not with the picture. Where the changes leave the window,
it is moved, and encoded without reference to what was there before.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from vidkit.video.h264_slices import Slice, StreamParameters, placed, skipped, slices_of
from vidkit.video.mp4_writer import Box
from vidkit.video.writing import require_encoder, tag_colours

_MB = 16
#: vectors are shorter than 32 pixels, and what a block is predicted from has to lie in the window
_REACH = 32 + _MB
_SLACK = 32  # pixels by which the changes can move before the window has to
_KEY = 250  # pictures from one that can be decoded alone to the next
_X264 = {
    "preset": "ultrafast",
    "tune": "zerolatency",
    "qp": "18",  # no look ahead, which a constant rate factor needs
    "forced-idr": "1",
}
_PARAMS = "scenecut=0:keyint=100000:mvrange=32:bframes=0:ref=1:cabac=0:no-deblock=1:weightp=0:threads=1"


class PatchWriter:
    """An open mp4 file of yuv420p pictures in BT.709; close it by leaving its context.

    Args:
        path: a temporary one, suffix .mp4; see `atomic_path`.
        width: even, pixels.
        height: even, pixels.
        fps: frames per second.
        moving: width and height of the largest part that changes from picture to picture.
    """

    def __init__(
        self, path: Path, width: int, height: int, fps: int | Fraction, moving: tuple[int, int]
    ) -> None:
        self._av = require_encoder()
        self._container = self._av.open(str(path), "w", format="mp4", options={"movflags": "faststart"})
        self._stream: Any = self._container.add_stream("libx264", rate=Fraction(fps))
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.options = _X264 | {"x264-params": _PARAMS}
        self._stream.thread_count = 1
        tag_colours(self._stream)
        self._time_base = 1 / Fraction(fps)
        self._rows, self._columns = -(-height // _MB), -(-width // _MB)
        self._size = width, height
        self._master = _planes(self._columns * _MB, self._rows * _MB)
        #: Y [H, W], U and V [H/2, W/2]; written in place
        self.planes: tuple[NDArray[np.uint8], ...] = (
            self._master[0][:height, :width],
            *(plane[: height // 2, : width // 2] for plane in self._master[1:]),
        )
        self._window = _Window(self._av, *window_of(moving, (width, height)))
        self._parameters: StreamParameters | None = None
        self._count = self._number = 0

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

    def add(self, changed: Box | None) -> None:
        """Encode the picture as it is now.

        Args:
            changed: left, top, right and bottom of all that differs from the picture before.
        """
        if self._count % _KEY == 0:
            self._add_whole()
        else:
            self._number += 1
            self._add_patch(changed)
        self._count += 1

    def _add_whole(self) -> None:
        frame = self._av.VideoFrame(*self._size, "yuv420p")
        for plane, values in zip(frame.planes, self.planes, strict=True):
            rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            rows[: plane.height, : plane.width] = values
        frame.pts, frame.time_base = self._count, self._time_base
        frame.pict_type = self._av.video.frame.PictureType.I
        self._container.mux(self._stream.encode(frame))
        self._parameters = StreamParameters.of(bytes(self._stream.codec_context.extradata))
        self._number = 0
        self._window.leave()

    def _add_patch(self, changed: Box | None) -> None:
        parameters, number, across = self._parameters, self._number, self._columns
        assert parameters is not None
        total = across * self._rows
        units, at = [], 0
        if changed is not None:
            window = self._window
            slices = window.encode(self._master, changed, self._columns, self._rows)
            for one in slices:
                row = one.first // window.columns
                first = (window.top + row) * across + window.left
                if first > at:
                    units.append(skipped(at, first - at, number, parameters))
                units.append(placed(one, first, number, parameters))
                at = first + window.columns
            assert len(slices) == window.rows
        if at < total:
            units.append(skipped(at, total - at, number, parameters))
        packet = self._av.Packet(b"".join(units))
        packet.stream = self._stream
        packet.time_base = self._time_base
        packet.pts = packet.dts = self._count
        packet.duration = 1
        self._container.mux(packet)


def window_of(moving: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the window in macroblocks.

    Args:
        moving: width and height of the largest part that changes.
        size: of the picture, pixels.
    """
    columns, rows = (-(-side // _MB) for side in size)
    wide, high = (-(-(side + 2 * (_REACH + _SLACK)) // _MB) for side in moving)
    return min(columns, wide), min(rows, high)


def gain_of(moving: tuple[int, int], size: tuple[int, int]) -> float:
    """How many times as large as the window the picture is."""
    columns, rows = window_of(moving, size)
    return -(-size[0] // _MB) * -(-size[1] // _MB) / (columns * rows)


class _Window:
    """The small picture: where it is, and its encoder."""

    def __init__(self, av: Any, columns: int, rows: int) -> None:
        self._av = av
        self.columns, self.rows = columns, rows
        self.left = self.top = 0
        self._is_new = True
        width, height = columns * _MB, rows * _MB
        self._context: Any = av.CodecContext.create("libx264", "w")
        self._context.width, self._context.height, self._context.pix_fmt = width, height, "yuv420p"
        self._context.time_base = Fraction(1, 24)
        self._context.options = _X264 | {"x264-params": f"{_PARAMS}:slice-max-mbs={columns}"}
        self._context.thread_count = 1
        self._frame = av.VideoFrame(width, height, "yuv420p")
        self._planes = [
            np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
            for plane in self._frame.planes
        ]
        self._count = 0
        self._parameters: StreamParameters | None = None

    def leave(self) -> None:
        """What was encoded so far is no reference for what comes."""
        self._is_new = True

    def encode(
        self, master: tuple[NDArray[np.uint8], ...], changed: Box, across: int, down: int
    ) -> list[Slice]:
        """Slices of the window that shows what changed, one a row."""
        if self._is_new or not self._holds(changed, across, down):
            self.left = _placed(changed[0], changed[2], self.columns, across)
            self.top = _placed(changed[1], changed[3], self.rows, down)
            self._is_new = True
        for step, (plane, values) in zip((1, 2, 2), zip(self._planes, master, strict=True), strict=True):
            side = _MB // step
            top, left = self.top * side, self.left * side
            plane[:] = values[top : top + self.rows * side, left : left + self.columns * side]
        kinds = self._av.video.frame.PictureType
        self._frame.pict_type = kinds.I if self._is_new else kinds.P
        self._frame.pts, self._count = self._count, self._count + 1
        stream = b"".join(bytes(packet) for packet in self._context.encode(self._frame))
        if self._parameters is None:
            self._parameters = StreamParameters.of(stream)
        self._is_new = False
        return slices_of(stream, self._parameters)

    def _holds(self, changed: Box, across: int, down: int) -> bool:
        """Whether what changed lies far enough from the window's edges, or these are the picture's."""
        left, top, right, bottom = changed
        return (
            (self.left == 0 or left - _REACH >= self.left * _MB)
            and (self.top == 0 or top - _REACH >= self.top * _MB)
            and (self.left + self.columns == across or right + _REACH <= (self.left + self.columns) * _MB)
            and (self.top + self.rows == down or bottom + _REACH <= (self.top + self.rows) * _MB)
        )


def _placed(low: int, high: int, count: int, most: int) -> int:
    """First macroblock of a window of `count` round what changed, within the picture's `most`."""
    middle = (low + high) / 2
    return max(0, min(most - count, round(middle / _MB - count / 2)))


def _planes(width: int, height: int) -> tuple[NDArray[np.uint8], ...]:
    luma, chroma = (height, width), (height // 2, width // 2)
    return tuple(np.full(shape, 128, np.uint8) for shape in (luma, chroma, chroma))
