"""Clips of levels as mp4: the still picture is drawn once, then only what moves is drawn anew.

Everything is composed in whole RGB pixels as in `clip`, a small rectangle at a time, and converted to Y, U
and V there. Most of the time goes into x264; its fastest preset with a constant quantiser does not look
at a picture twice, and blocks that stay as they are cost nearly nothing.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.drawing.clip import changed_area, clip_frames, compose, compose_area
from vidkit.mazes.drawing.pictures import Stage
from vidkit.mazes.drawing.sprites import Pixels
from vidkit.mazes.motion import Motion
from vidkit.video.mp4_writer import Mp4Writer

_X264 = {
    "preset": "ultrafast",
    "qp": "18",  # no look ahead, which a constant rate factor needs
    "x264-params": "scenecut=0:keyint=250",
}
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
    with Mp4Writer(path, width, height, fps, _X264) as writer:
        if (height, width) != whole:
            for frame in clip_frames(stage, motion, (height, width)):
                _put(writer.planes, frame)
                writer.add()
            return
        _put(writer.planes, compose(stage, motion, 0))
        writer.add()
        for index in range(1, len(motion)):
            area = changed_area(stage, motion, index - 1, index)
            if area is not None:
                _put(writer.planes, compose_area(stage, motion, index, area), area.left, area.top)
            writer.add()


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
