"""Where a level's picture lies within the frames of a clip: rescaled, or with bars round it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.types import Point

_BAR_SPREAD = 12  # grey levels: a bar is one colour, up to compression
_ASPECT_TOLERANCE = 0.03


@dataclass(frozen=True)
class FrameMap:
    """From native pixels of a level to pixels of a clip.

    Attributes:
        scale: (x, y).
        offset: (x, y) of the picture's corner.
        size: (width, height) of the clip.
    """

    scale: Point
    offset: Point
    size: tuple[int, int]

    def to_clip(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Native points [..., 2] in the clip."""
        return np.asarray(points * np.array(self.scale) + np.array(self.offset))

    def to_native(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Clip points [..., 2] in the level's picture."""
        return np.asarray((points - np.array(self.offset)) / np.array(self.scale))


def find_map(
    first: NDArray[np.uint8], native: tuple[int, int], picture: NDArray[np.uint8] | None
) -> FrameMap:
    """Find the level's picture in the first frame.

    Bars are looked for where the clip has another aspect ratio than the level. Which way fits better, with or
    without bars, is told by the level's picture; without a picture, by the aspect ratio.

    Args:
        first: RGB uint8 [H, W, 3].
        native: (width, height) of the level.
        picture: the level's first frame, RGB uint8, or None.
    """
    height, width = first.shape[:2]
    whole = FrameMap((width / native[0], height / native[1]), (0.0, 0.0), (width, height))
    if abs(width / height / (native[0] / native[1]) - 1) <= _ASPECT_TOLERANCE:
        return whole
    left, top, right, bottom = _content(first)
    inner = FrameMap(
        ((right - left) / native[0], (bottom - top) / native[1]), (float(left), float(top)), (width, height)
    )
    if picture is None:
        return inner
    return min((whole, inner), key=lambda one: _difference(first, picture, one))


def _content(frame: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is not a bar of one colour."""
    height, width = frame.shape[:2]
    corner = frame[: max(1, height // 64), : max(1, width // 64)].reshape(-1, 3).mean(0)
    other = np.abs(frame.astype(np.int16) - corner).max(-1) > _BAR_SPREAD
    columns, rows = other.mean(0) > 0.01, other.mean(1) > 0.01
    if not columns.any() or not rows.any():
        return 0, 0, width, height
    left, right = int(columns.argmax()), width - int(columns[::-1].argmax())
    top, bottom = int(rows.argmax()), height - int(rows[::-1].argmax())
    return left, top, right, bottom


def _difference(frame: NDArray[np.uint8], picture: NDArray[np.uint8], there: FrameMap) -> float:
    left, top = round(there.offset[0]), round(there.offset[1])
    width = max(1, round(picture.shape[1] * there.scale[0]))
    height = max(1, round(picture.shape[0] * there.scale[1]))
    part = frame[top : top + height, left : left + width]
    small = cv2.resize(picture, (96, 96), interpolation=cv2.INTER_AREA).astype(np.float64)
    return float(np.abs(cv2.resize(part, (96, 96), interpolation=cv2.INTER_AREA) - small).mean())
