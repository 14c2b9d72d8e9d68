"""Where player and box are in each frame of a clip."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import ConfigError
from vidkit.mazes.boards.base import Board
from vidkit.mazes.boards.irregular import IrregularBoard
from vidkit.mazes.types import Route
from vidkit.utils.plain import counted

FRAMES_PER_MOVE = 12  # of the published clips, at 24 frames per second
FPS = 24
_ROAD_PX_PER_FRAME = 64 / 12  # irregular mazes: the pace of a cell of 64 px per move
_FEWEST_PER_MOVE = 2  # below, the player jumps from cell to cell and no tracker can tell walls from moves


@dataclass(frozen=True)
class Motion:
    """Positions in native pixels.

    Attributes:
        player: (x, y) of the centre [T, 2].
        box: the same of the box, or None.
    """

    player: NDArray[np.float64]
    box: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return int(self.player.shape[0])

    def at(self, index: int) -> tuple[float, ...]:
        """All that moves in one frame: equal where two frames look the same."""
        own = (float(self.player[index, 0]), float(self.player[index, 1]))
        return own if self.box is None else (*own, float(self.box[index, 0]), float(self.box[index, 1]))


def solution_motion(board: Board, route: Route, frames: int | None = None) -> Motion:
    """The player follows a route at a constant pace.

    Args:
        board: where the route lies.
        route: its cells.
        frames: length of the clip; None: twelve frames per move and one for the start. A longer clip rests at
            the end, a shorter one moves faster.

    Raises:
        ConfigError: so few frames that less than two would remain a move.
    """
    paces = natural_paces(board, route)
    needed = fewest_frames(len(route.moves))
    if frames is not None and frames < needed:
        raise ConfigError(
            f"the solution has {counted(len(route.moves), 'move')},"
            f" which {counted(frames, 'frame')} cannot show",
            f"give at least {needed} frames, or choose another level",
        )
    total = sum(paces) + 1
    length = total if frames is None else frames
    scale = min(1.0, (length - 1) / max(1, total - 1))
    ends = np.concatenate([[0.0], np.cumsum(paces) * scale])
    progress = np.interp(np.arange(length), ends, np.arange(len(ends)))  # in moves
    player = _along(board, route, progress)
    if not route.boxes:
        return Motion(player)
    centres = np.array([board.point(cell) for cell in route.boxes])
    moves = np.arange(len(centres))
    box = np.stack([np.interp(progress, moves, centres[:, axis]) for axis in (0, 1)], axis=1)
    return Motion(player, box)


def fewest_frames(moves: int) -> int:
    """Frames that a clip of so many moves must have at least."""
    return _FEWEST_PER_MOVE * moves + 1


def natural_paces(board: Board, route: Route) -> list[int]:
    """Frames that each move takes in a clip of the published pace."""
    if not isinstance(board, IrregularBoard):
        return [FRAMES_PER_MOVE] * len(route.moves)
    lengths = [board.length(leg) for leg in route.legs()]
    return [max(FRAMES_PER_MOVE, math.ceil(length / _ROAD_PX_PER_FRAME)) for length in lengths]


def _along(board: Board, route: Route, progress: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points [T, 2] after so many moves; within a move the pace is constant along the line."""
    moves, points = [np.zeros(1)], [np.array([board.point(route.cells[0])])]
    for index, leg in enumerate(route.legs()):
        line = np.array(board.trace(leg))
        along = np.concatenate([[0.0], np.cumsum(np.sqrt(((line[1:] - line[:-1]) ** 2).sum(-1)))])
        moves.append(index + along[1:] / along[-1])
        points.append(line[1:])
    at, line = np.concatenate(moves), np.concatenate(points)
    return np.stack([np.interp(progress, at, line[:, axis]) for axis in (0, 1)], axis=1)
