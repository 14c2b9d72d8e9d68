"""Trap fields: an open grid with traps; many shortest routes.

Source: VR-Bench, its generator's configs (5, 7 and 11 cells a side of 64 px); ours is seeded.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vidkit.mazes.boards.grid_board import GridBoard
from vidkit.mazes.random_source import RandomSource
from vidkit.mazes.types import Difficulty, MazeType

#: cells a side, and traps as a share of the free cells off the path
SIZES = {Difficulty.EASY: (5, 0.2), Difficulty.MEDIUM: (7, 0.3), Difficulty.HARD: (11, 0.35)}
_GOAL_DRAWS = 100
_FEWEST_CELLS = 3


class TrapfieldBoard(GridBoard):
    type: ClassVar[MazeType] = MazeType.TRAPFIELD


def make_trapfield(difficulty: Difficulty, source: RandomSource) -> TrapfieldBoard:
    """The goal is the farthest of a hundred draws; one shortest path stays free, the rest gets traps."""
    size, density = SIZES[difficulty]
    cells = [(row, column) for row in range(size) for column in range(size)]
    while True:
        start = source.choice(cells)
        draws = [source.choice(cells) for _ in range(_GOAL_DRAWS)]
        goal = max(draws, key=lambda cell: abs(cell[0] - start[0]) + abs(cell[1] - start[1]))
        kept = _random_path(start, goal, source)
        if len(kept) >= _FEWEST_CELLS:
            break
    blocked = np.zeros((size, size), dtype=bool)
    off = [cell for cell in cells if cell not in kept]
    for cell in source.sample(off, int(density * len(off))):
        blocked[cell] = True
    return TrapfieldBoard(blocked, start, goal)


def _random_path(start: tuple[int, int], goal: tuple[int, int], source: RandomSource) -> set[tuple[int, int]]:
    row, column = start
    path = {start}
    while (row, column) != goal:
        down, right = goal[0] - row, goal[1] - column
        if down and (not right or source.below(abs(down) + abs(right)) < abs(down)):
            row += 1 if down > 0 else -1
        else:
            column += 1 if right > 0 else -1
        path.add((row, column))
    return path
