"""What a solver of a board level knows: how far each place is from start and goal, and what is on the way."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.boards.base import Board
from vidkit.mazes.boards.grid_board import STEPS, GridBoard
from vidkit.mazes.boards.sokoban import SokobanBoard
from vidkit.mazes.embedded.board_levels import BoardLevel
from vidkit.mazes.types import Cell

LATENT, FAR_CLASS, OUTSIDE = 24, 23, 255
_GRAPH_SCALE = 3  # classes a move where routes have few moves
_BETWEEN = 12  # places along a road or a walk that are marked

Reach = dict[Cell, int]


def solver_maps(drawn: BoardLevel) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Distances [2, 24, 24] from start and from goal, 0..23 and 255 outside, and the way [24, 24], 0 or 1.

    Sokoban: moves of the player from its start round the box; pushes that a box needs from a place to the
    target wherever the player stands.
    """
    board = drawn.level.board
    if isinstance(board, GridBoard):
        return _of_grid(drawn, board)
    return _of_graph(drawn, board)


def _of_grid(drawn: BoardLevel, board: GridBoard) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    if isinstance(board, SokobanBoard):
        ends = [_walked(board, board.start, board.box), _pushed(board)]
    else:
        ends = [_walked(board, board.start), _walked(board, board.goal)]
    rows, columns = board.blocked.shape
    centre = (np.arange(LATENT) + 0.5) / LATENT
    row, column = (centre * rows).astype(int), (centre * columns).astype(int)
    grids = np.full((2, rows, columns), FAR_CLASS, np.uint8)
    for grid, reach in zip(grids, ends, strict=True):
        for cell, steps in reach.items():
            grid[cell] = min(steps, FAR_CLASS)
    way = np.zeros((rows, columns), np.uint8)
    for cell in drawn.level.solution.cells:
        way[cell] = 1
    return grids[:, row[:, None], column[None]], way[row[:, None], column[None]]


def _walked(board: GridBoard, start: Cell, box: Cell | None = None) -> Reach:
    reach, queue = {start: 0}, deque([start])
    while queue:
        here = queue.popleft()
        for _, there in board.moves(here):
            if there not in reach and there != box:
                reach[there] = reach[here] + 1
                queue.append(there)
    return reach


def _pushed(board: SokobanBoard) -> Reach:
    """Pushes from each cell of a box to the target: backwards, the player can always walk round."""
    reach, queue = {board.goal: 0}, deque([board.goal])
    while queue:
        row, column = queue.popleft()
        for _, (down, right) in STEPS:
            origin, behind = (row - down, column - right), (row - 2 * down, column - 2 * right)
            if origin not in reach and board.is_free(origin) and board.is_free(behind):
                reach[origin] = reach[row, column] + 1
                queue.append(origin)
    return reach


def _of_graph(drawn: BoardLevel, board: Board) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Places on roads and cubes take the distance between their ends'; nearer ends win."""
    ends = [_hops(board, board.start), _hops(board, board.goal)]
    maps = np.full((2, LATENT, LATENT), OUTSIDE, np.uint8)
    for here in ends[0]:
        for name, there in board.moves(here):
            places = _latent_places(drawn, [(here, there)], [name])
            share = np.linspace(0, 1, len(places))
            for grid, reach in zip(maps, ends, strict=True):
                low, high = reach.get(here, FAR_CLASS), reach.get(there, FAR_CLASS)
                steps = np.minimum(_GRAPH_SCALE * (low + (high - low) * share), FAR_CLASS).round()
                for (x, y), value in zip(places, steps, strict=True):
                    grid[y, x] = min(int(grid[y, x]), int(value))
    way = np.zeros((LATENT, LATENT), np.uint8)
    solution = drawn.level.solution
    for x, y in _latent_places(
        drawn, list(zip(solution.cells, solution.cells[1:], strict=False)), list(solution.moves)
    ):
        way[y, x] = 1
    return maps, way


def _hops(board: Board, start: Cell) -> Reach:
    reach, queue = {start: 0}, deque([start])
    while queue:
        here = queue.popleft()
        for _, there in board.moves(here):
            if there not in reach:
                reach[there] = reach[here] + 1
                queue.append(there)
    return reach


def _latent_places(drawn: BoardLevel, legs: list[Any], names: list[str]) -> list[tuple[int, int]]:
    """Latent pixels (x, y) along moves."""
    from vidkit.mazes.types import Route

    board = drawn.level.board
    scale = LATENT / np.array([board.width, board.height], np.float64)
    out: list[tuple[int, int]] = []
    for leg, name in zip(legs, names, strict=True):
        line = np.array(board.trace(Route(tuple(leg), (name,)), 8.0))
        index = np.linspace(0, len(line) - 1, _BETWEEN).round().astype(int)
        places = (line[index] * scale).astype(int).clip(0, LATENT - 1)
        out += [(int(x), int(y)) for x, y in places]
    return out
