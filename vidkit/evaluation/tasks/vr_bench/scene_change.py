"""Whether a clip goes on showing the level that it began with: no wall gone, no way drawn anew."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.level import Level
from vidkit.mazes.tracking.frame_map import FrameMap, find_map
from vidkit.mazes.tracking.trajectory import Trajectory

_SIDE = 12.0  # working pixels of a cell, of a road's width
_TILE = 6  # working pixels of a tile that is compared
_CHANGED = 0.45  # of the contrast between ways and walls
_STEADY = 3  # looks in which a tile must be changed: a passing blur is no change
_LOOKS = 24  # frames that are looked at


def changed_share(frames: Sequence[NDArray[np.uint8]], level: Level, found: Trajectory) -> float:
    """Share of the picture that no longer looks like the level, away from player, box and goal.

    Args:
        frames: RGB uint8 [H, W, 3], all of one size.
        level: what they are meant to show.
        found: where the player was.

    Returns:
        0.0 for a faithful clip. One cell of a 7x7 maze is 0.02.
    """
    board = level.board
    there = find_map(frames[0], (board.width, board.height), level.picture())
    scale = min(1.0, _SIDE / board.unit)
    height, width = round(board.height * scale), round(board.width * scale)
    still = _small(level.stage.picture, width, height)
    contrast = max(40.0, float(still.reshape(-1, 3).std(0).max()) * 2)
    looks = np.unique(np.linspace(0, len(frames) - 1, _LOOKS).round().astype(int))
    changed = np.zeros((height // _TILE, width // _TILE), dtype=np.int64)
    watched = np.zeros_like(changed)
    hidden = _mask_of_goal(level, width, height)
    for index in looks:
        frame = _small(_cut(frames[index], there), width, height)
        off = frame - still
        off -= np.median(off.reshape(-1, 3), axis=0)  # another brightness is no change
        free = hidden & _away(level, found, int(index), width, height, there)
        tiles = _tiles(np.abs(off).mean(-1), free)
        changed += np.nan_to_num(tiles, nan=0.0) > _CHANGED * contrast
        watched += ~np.isnan(tiles)
    steady = changed >= np.minimum(_STEADY, np.maximum(1, watched // 2))
    return float((steady & (watched > 0)).sum() / max(1, int((watched > 0).sum())))


def _small(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.float64]:
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.float64)


def _cut(frame: NDArray[np.uint8], there: FrameMap) -> NDArray[np.uint8]:
    left, top = (round(value) for value in there.offset)
    height, width = frame.shape[:2]
    return frame[top : height - top or None, left : width - left or None]


def _mask_of_goal(level: Level, width: int, height: int) -> NDArray[np.bool_]:
    free = np.ones((height, width), dtype=bool)
    box = level.board.goal_box()
    ratio = width / level.board.width
    _hide(free, (box.x + box.width / 2) * ratio, (box.y + box.height / 2) * ratio, 0.7 * box.width * ratio)
    return free


def _away(
    level: Level, found: Trajectory, index: int, width: int, height: int, there: FrameMap
) -> NDArray[np.bool_]:
    free = np.ones((height, width), dtype=bool)
    ratio = width / level.board.width
    reach = 1.2 * level.board.unit * ratio
    ways = [found, *([found.box] if found.box is not None else [])]
    for way in ways:
        for near in range(max(0, index - 1), min(len(way), index + 2)):
            x, y = there.to_native(way.points[near]) * ratio
            _hide(free, float(x), float(y), reach)
    return free


def _hide(free: NDArray[np.bool_], x: float, y: float, reach: float) -> None:
    top, left = max(0, int(y - reach)), max(0, int(x - reach))
    free[top : max(0, int(y + reach) + 1), left : max(0, int(x + reach) + 1)] = False


def _tiles(values: NDArray[np.float64], free: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean over each tile, NaN where some of it is hidden."""
    rows, columns = (side // _TILE for side in values.shape)
    shape = (rows, _TILE, columns, _TILE)
    cut = (slice(rows * _TILE), slice(columns * _TILE))
    means = values[cut].reshape(shape).mean((1, 3))
    return np.where(free[cut].reshape(shape).all((1, 3)), means, np.nan)
