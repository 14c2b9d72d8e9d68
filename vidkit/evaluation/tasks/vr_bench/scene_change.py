"""Whether a clip goes on showing the level that it began with: no wall gone, no way drawn anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vidkit.evaluation.tasks.vr_bench.clip_watch import ClipWatch
from vidkit.mazes.level import Level
from vidkit.mazes.tracking.trajectory import Trajectory

_TILE = 6  # working pixels of a tile that is compared
_CHANGED = 0.45  # of the contrast between ways and walls
_STEADY = 3  # looks in which a tile must be changed: a passing blur is no change
_LOOKS = 24  # frames that are looked at


def changed_share(watch: ClipWatch, level: Level, found: Trajectory) -> float:
    """Share of the picture that no longer looks like the level, away from player, box and goal.

    Args:
        watch: of the clip, all frames gone by.
        level: what they are meant to show.
        found: where the player was.

    Returns:
        0.0 for a faithful clip. One cell of a 7x7 maze is 0.02.
    """
    still = watch.still
    height, width = still.shape[:2]
    contrast = max(40.0, float(still.reshape(-1, 3).std(0).max()) * 2)
    changed = np.zeros((height // _TILE, width // _TILE), dtype=np.int64)
    watched = np.zeros_like(changed)
    hidden = _mask_of_goal(level, width, height)
    for index, look in watch.looks(_LOOKS):
        off = look.astype(np.float64) - still
        off -= np.median(off.reshape(-1, 3), axis=0)  # another brightness is no change
        free = hidden & _away(watch, level, found, index, width, height)
        tiles = _tiles(np.abs(off).mean(-1), free)
        changed += np.nan_to_num(tiles, nan=0.0) > _CHANGED * contrast
        watched += ~np.isnan(tiles)
    steady = changed >= np.minimum(_STEADY, np.maximum(1, watched // 2))
    return float((steady & (watched > 0)).sum() / max(1, int((watched > 0).sum())))


def _mask_of_goal(level: Level, width: int, height: int) -> NDArray[np.bool_]:
    free = np.ones((height, width), dtype=bool)
    box = level.board.goal_box()
    ratio = width / level.board.width
    _hide(free, (box.x + box.width / 2) * ratio, (box.y + box.height / 2) * ratio, 0.7 * box.width * ratio)
    return free


def _away(
    watch: ClipWatch, level: Level, found: Trajectory, index: int, width: int, height: int
) -> NDArray[np.bool_]:
    free = np.ones((height, width), dtype=bool)
    ratio = width / level.board.width
    reach = 1.2 * level.board.unit * ratio
    ways = [found, *([found.box] if found.box is not None else [])]
    for way in ways:
        for near in range(max(0, index - 1), min(len(way), index + 2)):
            x, y = watch.there.to_native(way.points[near]) * ratio
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
