"""Boards of square cells: what mazes, trap fields and sokoban share."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.boards.base import Board, Box, straight_trace
from vidkit.mazes.route_graph import CheapestRoutes
from vidkit.mazes.types import Cell, Point, Route, Routes

#: names and (row, column) steps; this order breaks ties between routes of equal length
STEPS = (("up", (-1, 0)), ("down", (1, 0)), ("left", (0, -1)), ("right", (0, 1)))
FREE, BLOCKED = 0, 1


class GridBoard(Board):
    """A grid of free and blocked cells.

    Args:
        blocked: walls or traps, bool [rows, columns].
        start: (row, column) of the player.
        goal: (row, column) of the goal.
    """

    #: side of a cell, pixels
    cell_px = 64

    def __init__(self, blocked: NDArray[np.bool_], start: Cell, goal: Cell) -> None:
        self.blocked = np.asarray(blocked, dtype=bool)
        self._start, self._goal = tuple(start), tuple(goal)

    @property
    def width(self) -> int:
        return int(self.blocked.shape[1]) * self.cell_px

    @property
    def height(self) -> int:
        return int(self.blocked.shape[0]) * self.cell_px

    @property
    def unit(self) -> int:
        return self.cell_px

    @property
    def start(self) -> Cell:
        return self._start

    @property
    def goal(self) -> Cell:
        return self._goal

    def is_free(self, cell: Cell) -> bool:
        """Whether a cell lies on the board and is neither wall nor trap."""
        row, column = cell
        rows, columns = self.blocked.shape
        return 0 <= row < rows and 0 <= column < columns and not self.blocked[row, column]

    def moves(self, cell: Cell) -> list[tuple[str, Cell]]:
        """Steps to free neighbours."""
        row, column = cell
        around = [(name, (row + down, column + right)) for name, (down, right) in STEPS]
        return [(name, there) for name, there in around if self.is_free(there)]

    @cached_property
    def routes(self) -> Routes:
        """All shortest routes."""
        return CheapestRoutes(self.start, lambda cell: cell == self.goal, self._priced, _route)

    def _priced(self, cell: Cell) -> list[tuple[str, Cell, int]]:
        return [(name, there, 1) for name, there in self.moves(cell)]

    def cell_box(self, cell: Cell) -> Box:
        """The whole cell."""
        row, column = cell
        return Box(column * self.cell_px, row * self.cell_px, self.cell_px, self.cell_px)

    def player_box(self, cell: Cell) -> Box:
        """The whole cell, as the authors' files have it."""
        return self.cell_box(cell)

    def goal_box(self) -> Box:
        """The goal's cell."""
        return self.cell_box(self.goal)

    def point(self, cell: Cell) -> Point:
        """Centre of a cell."""
        return (cell[1] + 0.5) * self.cell_px, (cell[0] + 0.5) * self.cell_px

    def cell_at(self, point: Point) -> Cell:
        """The cell that a point lies in; it may be off the board."""
        return int(point[1] // self.cell_px), int(point[0] // self.cell_px)

    def trace(self, route: Route, spacing: float = 1.0) -> list[Point]:
        """Straight from centre to centre."""
        return straight_trace([self.point(cell) for cell in route.cells], spacing)

    def codes(self) -> NDArray[np.int64]:
        """The numbers of a state file: 0 free, 1 wall or trap, 2 player, 3 goal; [rows, columns]."""
        grid = self.blocked.astype(np.int64)
        grid[self.goal] = 3
        grid[self.start] = 2
        return grid

    def symmetric_forms(self) -> list[Any]:
        """The eight images of the grid's codes."""
        codes = self.codes()
        turned = [np.rot90(codes, turn) for turn in range(4)]
        return [grid.tolist() for one in turned for grid in (one, np.fliplr(one))]


def _route(states: Any, moves: Any) -> Route:
    return Route(tuple(states), tuple(moves))
