"""Where a frame differs from the known background: nothing can be seen anywhere else."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.tracking.appearance import Float

_CHANGED = 10.0  # grey levels: more than compression and noise leave at half size, less than a faint object
_HALF_TILE = 4
_TILE = 2 * _HALF_TILE  # working pixels
_MOST_WINDOWS = 6
_MOST_SHARE = 0.6  # of the picture, above which windows cost more than they save


@dataclass(frozen=True)
class Window:
    """A part of the picture: edges in working pixels, right and bottom not included."""

    left: int
    top: int
    right: int
    bottom: int

    def grown(self, by: int, width: int, height: int) -> Window:
        """Larger on all sides, within the picture."""
        return Window(
            max(0, self.left - by),
            max(0, self.top - by),
            min(width, self.right + by),
            min(height, self.bottom + by),
        )

    def overlaps(self, other: Window) -> bool:
        """Whether they share a pixel."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def joined(self, other: Window) -> Window:
        """The smallest window that holds both."""
        return Window(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    @property
    def area(self) -> int:
        """In working pixels."""
        return (self.right - self.left) * (self.bottom - self.top)


def changed_windows(frame: Float, still: Float, reach: int) -> list[Window]:
    """Windows that hold everything that changed, with `reach` around; the whole picture where most of it did.

    A change of brightness or colour of the whole picture is none.

    Args:
        frame: RGB [H, W, 3].
        still: the background.
        reach: working pixels to each side.
    """
    height, width = frame.shape[:2]
    whole = Window(0, 0, width, height)
    # at half size: a quarter of the work, and noise is averaged
    half = (-(-width // 2), -(-height // 2))
    off = cv2.resize(cv2.subtract(frame, still), half, interpolation=cv2.INTER_LINEAR)
    level = np.median(off[::5, ::5].reshape(-1, 3), axis=0)
    away = np.abs(off - level.astype(np.float32))
    worst = cv2.max(cv2.max(away[..., 0], away[..., 1]), away[..., 2])
    tiles = cv2.dilate(_tiles((worst > _CHANGED).astype(np.uint8)), np.ones((3, 3), np.uint8))
    count, _, boxes, _ = cv2.connectedComponentsWithStats(tiles)
    if count - 1 > 4 * _MOST_WINDOWS:
        return [whole]
    windows = [
        Window(x * _TILE, y * _TILE, min(width, (x + w) * _TILE), min(height, (y + h) * _TILE))
        for x, y, w, h, _ in boxes[1:].tolist()
    ]
    windows = _apart([window.grown(reach, width, height) for window in windows])
    if len(windows) > _MOST_WINDOWS or sum(window.area for window in windows) > _MOST_SHARE * whole.area:
        return [whole]
    return windows


def _tiles(changed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Whether anything changed in each tile."""
    height, width = changed.shape
    rows, columns = -(-height // _HALF_TILE), -(-width // _HALF_TILE)
    padded = np.zeros((rows * _HALF_TILE, columns * _HALF_TILE), np.uint8)
    padded[:height, :width] = changed
    made = padded.reshape(rows, _HALF_TILE, columns, _HALF_TILE).max((1, 3))
    return np.ascontiguousarray(made)


def _apart(windows: list[Window]) -> list[Window]:
    """Windows that overlap are joined, until none do."""
    left, done = list(windows), list[Window]()
    while left:
        one = left.pop()
        other = next((each for each in left + done if each.overlaps(one)), None)
        if other is None:
            done.append(one)
            continue
        (left if other in left else done).remove(other)
        left.append(one.joined(other))
    return done
