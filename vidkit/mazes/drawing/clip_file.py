"""Clips of levels as mp4: the still picture is drawn once, then only what moves is drawn anew.

Everything is composed in whole RGB pixels as in `clip`, a small rectangle at a time, and converted to Y, U
and V there. Nearly all the time goes into x264, which looks at every block of every picture; where what moves
is small against the picture, only a window round it is encoded (`PatchWriter`).
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.drawing.clip import Area, changed_area, clip_frames, compose, compose_area
from vidkit.mazes.drawing.pictures import Stage
from vidkit.mazes.drawing.sprites import Pixels
from vidkit.mazes.motion import Motion
from vidkit.video.h264_slices import UnknownStream
from vidkit.video.mp4_writer import Mp4Writer
from vidkit.video.patch_writer import PatchWriter, gain_of

_X264 = {
    "preset": "ultrafast",
    "qp": "18",  # no look ahead, which a constant rate factor needs
    "x264-params": "scenecut=0:keyint=250",
}
_LEAST_GAIN = 6.0  # of the picture over the window: below, splitting costs more than it saves
# BT.709, limited range: rows of Y, U, V for R, G, B and a constant
_TO_YUV = np.array(
    [
        [0.182586, 0.614231, 0.062007, 16.0],
        [-0.100644, -0.338572, 0.439216, 128.0],
        [0.439216, -0.398942, -0.040274, 128.0],
    ]
)


def write_clip(
    path: Path, stage: Stage, motion: Motion, size: int | tuple[int, int] | None = None, fps: int = 24
) -> None:
    """Write a clip, in place: for paths that are temporary already.

    A native size with odd sides loses its last row or column.

    Args:
        path: target, suffix .mp4.
        stage: picture and sprites at native size.
        motion: where player and box are, native pixels.
        size: (height, width) or one number for both, even; None: native.
        fps: frames per second.
    """
    whole = _even(stage.picture)
    height, width = (size, size) if isinstance(size, int) else size or whole
    if (height, width) != whole:
        with Mp4Writer(path, width, height, fps, _X264) as writer:
            for frame in clip_frames(stage, motion, (height, width)):
                _put(writer.planes, frame)
                writer.add()
        return
    areas = [changed_area(stage, motion, index, index + 1) for index in range(len(motion) - 1)]
    moving = (
        max((area.right - area.left for area in areas if area), default=1),
        max((area.bottom - area.top for area in areas if area), default=1),
    )
    if gain_of(moving, (width, height)) >= _LEAST_GAIN:
        with contextlib.suppress(UnknownStream):  # an encoder that we cannot follow: whole pictures then
            _fill(PatchWriter(path, width, height, fps, moving), stage, motion, areas)
            return
    _fill(Mp4Writer(path, width, height, fps, _X264), stage, motion, areas)


def _fill(opened: Mp4Writer | PatchWriter, stage: Stage, motion: Motion, areas: list[Area | None]) -> None:
    """Write all pictures."""
    with opened as writer:
        _put(writer.planes, compose(stage, motion, 0))
        writer.add(None)
        for index, area in enumerate(areas, 1):
            if area is not None:
                _put(writer.planes, compose_area(stage, motion, index, area), area.left, area.top)
            writer.add(None if area is None else (area.left, area.top, area.right, area.bottom))


def _even(picture: Pixels) -> tuple[int, int]:
    height, width = picture.shape[:2]
    return height - height % 2, width - width % 2


def _put(planes: tuple[NDArray[np.uint8], ...], part: Pixels, left: int = 0, top: int = 0) -> None:
    """Convert a part of the picture and put it in its place; left and top are even."""
    rows, columns = planes[0].shape
    part = part[: rows - top, : columns - left]
    height, width = part.shape[:2]
    yuv = cv2.transform(np.ascontiguousarray(part), _TO_YUV)
    planes[0][top : top + height, left : left + width] = yuv[..., 0]
    small = cv2.resize(yuv[..., 1:], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    at = (slice(top // 2, top // 2 + height // 2), slice(left // 2, left // 2 + width // 2))
    planes[1][at], planes[2][at] = small[..., 0], small[..., 1]
