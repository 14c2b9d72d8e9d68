"""Regular mazes: one path between any two cells.

Source: VR-Bench, its generator's configs (7, 11 and 15 cells a side of 30 px); ours is seeded.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.boards.grid_board import STEPS, GridBoard
from vidkit.mazes.random_source import RandomSource
from vidkit.mazes.types import Difficulty, MazeType

SIZES = {Difficulty.EASY: 7, Difficulty.MEDIUM: 11, Difficulty.HARD: 15}


class RegularBoard(GridBoard):
    type: ClassVar[MazeType] = MazeType.REGULAR
    cell_px = 30


def make_regular(difficulty: Difficulty, source: RandomSource) -> RegularBoard:
    """A perfect maze by depth-first search from (1, 1); the goal is far from the player, but not farthest.

    The player stands on any free cell, the goal on one at the third largest Manhattan distance there is.
    """
    blocked = _carved(SIZES[difficulty], source)
    free = [(int(row), int(column)) for row, column in np.argwhere(~blocked)]
    start = source.choice(free)
    away = {cell: abs(cell[0] - start[0]) + abs(cell[1] - start[1]) for cell in free}
    ranks = sorted(set(away.values()), reverse=True)
    third = ranks[min(2, len(ranks) - 2)]
    return RegularBoard(blocked, start, source.choice([cell for cell in free if away[cell] == third]))


def _carved(size: int, source: RandomSource) -> NDArray[np.bool_]:
    blocked = np.ones((size, size), dtype=bool)
    blocked[1, 1] = False
    stack = [(1, 1)]
    while stack:
        row, column = stack[-1]
        there = [
            (row + 2 * down, column + 2 * right, row + down, column + right)
            for _, (down, right) in STEPS
            if 0 < row + 2 * down < size - 1 and 0 < column + 2 * right < size - 1
        ]
        walled = [place for place in there if blocked[place[0], place[1]]]
        if not walled:
            stack.pop()
            continue
        to_row, to_column, wall_row, wall_column = source.choice(walled)
        blocked[wall_row, wall_column] = blocked[to_row, to_column] = False
        stack.append((to_row, to_column))
    return blocked
