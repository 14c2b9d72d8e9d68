"""MF of a clip that went by once: how much of the picture stays as it was in the first frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vidkit.evaluation.tasks.vr_bench.clip_watch import ClipWatch
from vidkit.evaluation.tasks.vr_bench.metrics import Points, masked_share
from vidkit.mazes.boards.base import Box
from vidkit.mazes.boards.sokoban import SokobanBoard
from vidkit.mazes.level import Level
from vidkit.mazes.tracking.frame_map import FrameMap
from vidkit.mazes.tracking.trajectory import Trajectory

_ROUND = 1.25  # of a box: antialiased edges and compression reach beyond it


def official_fidelity(
    watch: ClipWatch, points: Points, start_box: Sequence[float], goal_box: Sequence[float]
) -> float:
    """As `metrics.maze_fidelity` computes it, 0.0 where no frame is compared."""
    shares = []
    for index, kept in watch.kept_pixels():
        at = points[int(index / watch.count * (len(points) - 1))]
        player = (at[0] - start_box[2] / 2, at[1] - start_box[3] / 2, start_box[2], start_box[3])
        shares.append(masked_share(kept, (start_box, goal_box, player)))
    return float(np.mean(shares)) if shares else 0.0


def robust_fidelity(watch: ClipWatch, level: Level, found: Trajectory) -> float | None:
    """The same without all that may move (player, box, start, goal); None: nothing is compared."""
    board, there = level.board, watch.there
    fixed = [board.player_box(board.start), board.goal_box()]
    moving = [(found.points, board.player_box(board.start))]
    if isinstance(board, SokobanBoard) and found.box is not None:
        fixed.append(board.box_box(board.box))
        moving.append((found.box.points, board.box_box(board.box)))
    still = [_grown(scaled_box(box, there)) for box in fixed]
    sizes = [_grown(scaled_box(box, there))[2:] for _, box in moving]
    shares = []
    for index, kept in watch.kept_pixels():
        boxes = list(still)
        for (points, _), (width, height) in zip(moving, sizes, strict=True):
            x, y = points[min(index, len(points) - 1)]
            boxes.append((x - width / 2, y - height / 2, width, height))
        shares.append(masked_share(kept, boxes))
    return float(np.mean(shares)) if shares else None


def scaled_box(box: Box, there: FrameMap) -> tuple[float, float, float, float]:
    """A native box in a clip: left, top, width, height."""
    x, y = box.x * there.scale[0] + there.offset[0], box.y * there.scale[1] + there.offset[1]
    return x, y, box.width * there.scale[0], box.height * there.scale[1]


def whole_box(box: Box, there: FrameMap) -> tuple[int, int, int, int]:
    """The same as the authors' code has it: cut off to whole pixels and kept inside the frame."""
    width, height = there.size
    x, y, wide, high = (int(value) for value in scaled_box(box, there))
    x, y = min(max(0, x), width - 1), min(max(0, y), height - 1)
    return x, y, max(1, min(wide, width - x)), max(1, min(high, height - y))


def _grown(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x, y, width, height = box
    more = (_ROUND - 1) / 2
    return x - more * width, y - more * height, _ROUND * width, _ROUND * height
