"""Sokoban with one box: the player pushes the box onto the target.

Source: VR-Bench, its generator's configs (5, 8 and 12 cells a side of 64 px); ours is seeded. Optimal means
fewest pushes and, among those, fewest moves; the authors' solver looks at pushes alone and
takes one of the ways.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.boards.base import Box
from vidkit.mazes.boards.grid_board import STEPS, GridBoard
from vidkit.mazes.random_source import RandomSource
from vidkit.mazes.route_graph import CheapestRoutes
from vidkit.mazes.types import Cell, Difficulty, MazeType, Route, Routes

SIZES = {Difficulty.EASY: 5, Difficulty.MEDIUM: 8, Difficulty.HARD: 12}
_WALL_SHARE = 0.1
_PUSH_COST = 1_000_000  # more than any walk: pushes are counted first
State = tuple[Cell, Cell]  # player, box


class SokobanBoard(GridBoard):
    """A grid with a box.

    Args:
        blocked: walls, bool [rows, columns].
        start: cell of the player.
        goal: the box's target.
        box: cell of the box.
    """

    type: ClassVar[MazeType] = MazeType.SOKOBAN

    def __init__(self, blocked: NDArray[np.bool_], start: Cell, goal: Cell, box: Cell) -> None:
        super().__init__(blocked, start, goal)
        self.box = tuple(box)

    @cached_property
    def _around(self) -> dict[Cell, list[tuple[str, Cell, Cell | None]]]:
        """Of every free cell: name of a step, where it leads, where a box there would go if it can."""
        found: dict[Cell, list[tuple[str, Cell, Cell | None]]] = {}
        for row, column in np.argwhere(~self.blocked).tolist():
            steps: list[tuple[str, Cell, Cell | None]] = []
            for name, (down, right) in STEPS:
                there, beyond = (row + down, column + right), (row + 2 * down, column + 2 * right)
                if self.is_free(there):
                    steps.append((name, there, beyond if self.is_free(beyond) else None))
            found[row, column] = steps
        return found

    def pushes(self, state: State) -> list[tuple[str, State]]:
        """Moves of the player with the box where it is: walks and pushes."""
        player, box = state
        found: list[tuple[str, State]] = []
        for name, there, beyond in self._around[player]:
            if there != box:
                found.append((name, (there, box)))
            elif beyond is not None:
                found.append((name, (there, beyond)))
        return found

    def _priced(self, state: Any) -> list[tuple[str, Any, int]]:
        player, box = state
        found: list[tuple[str, Any, int]] = []
        for name, there, beyond in self._around[player]:
            if there != box:
                found.append((name, (there, box), 1))
            elif beyond is not None:
                found.append((name, (there, beyond), _PUSH_COST))
        return found

    @cached_property
    def routes(self) -> Routes:
        """All routes with the fewest pushes and, among those, the fewest moves."""
        start = (self.start, self.box)
        return CheapestRoutes(start, lambda state: state[1] == self.goal, self._priced, _route)

    def box_box(self, cell: Cell) -> Box:
        """Where the box is drawn on a cell."""
        return self.cell_box(cell)

    def codes(self) -> NDArray[np.int64]:
        """0 free, 1 wall, 2 box, 3 target, 4 box on target, 5 player, 6 player on target."""
        grid = self.blocked.astype(np.int64)
        grid[self.goal] = 3
        grid[self.box] = 4 if self.box == self.goal else 2
        grid[self.start] = 6 if self.start == self.goal else 5
        return grid


def _route(states: Any, moves: Any) -> Route:
    return Route(tuple(s[0] for s in states), tuple(moves), tuple(s[1] for s in states))


def make_sokoban(difficulty: Difficulty, source: RandomSource) -> SokobanBoard:
    """Border walls, inner walls at random; box, target and player anywhere, until a level can be solved."""
    size = SIZES[difficulty]
    while True:
        blocked = np.ones((size, size), dtype=bool)
        inner = [(row, column) for row in range(1, size - 1) for column in range(1, size - 1)]
        for cell in inner:
            blocked[cell] = source.unit() < _WALL_SHARE
        free = [cell for cell in inner if not blocked[cell]]
        if len(free) < 3:
            continue
        box, target, player = source.sample(free, 3)
        board = SokobanBoard(blocked, player, target, box)
        if is_solvable(board):
            return board


def is_solvable(board: SokobanBoard) -> bool:
    """Whether some pushes bring the box to the target.

    Looks at pushes only, with the cells in reach of the player as bits of one integer: many times quicker
    than the routes themselves.
    """
    rows, columns = board.blocked.shape
    free = sum(1 << int(i) for i in np.flatnonzero(~board.blocked.ravel()))
    bit = {cell: 1 << (cell[0] * columns + cell[1]) for cell in np.ndindex(rows, columns)}
    first = _reach(bit[board.start], free & ~bit[board.box], columns)
    seen, queue = {(board.box, first)}, [(board.box, first)]
    while queue:
        box, reach = queue.pop()
        if box == board.goal:
            return True
        for _, (down, right) in STEPS:
            behind, ahead = (box[0] - down, box[1] - right), (box[0] + down, box[1] + right)
            if board.is_free(behind) and board.is_free(ahead) and reach & bit[behind]:
                state = (ahead, _reach(bit[box], free & ~bit[ahead], columns))
                if state not in seen:
                    seen.add(state)
                    queue.append(state)
    return False


def _reach(start: int, free: int, columns: int) -> int:
    """Cells that can be walked to; the border of walls keeps shifts within their row."""
    reach, grown = start, 0
    while reach != grown:
        grown = reach
        reach |= (reach << 1 | reach >> 1 | reach << columns | reach >> columns) & free
    return reach
