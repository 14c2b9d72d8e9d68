"""The true ways of a level that a clip is compared with."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidkit.evaluation.tasks.vr_bench.clip_reading import UnusableClip, open_clip
from vidkit.evaluation.tasks.vr_bench.level_set import LevelFile, LoadedLevel
from vidkit.evaluation.tasks.vr_bench.metrics import Points
from vidkit.mazes.boards.grid_board import GridBoard
from vidkit.mazes.boards.sokoban import SokobanBoard
from vidkit.mazes.level import Level
from vidkit.mazes.motion import solution_motion
from vidkit.mazes.tracking import track
from vidkit.mazes.types import Cell, Route

MOST_ROUTES = 64  # of a level that are compared one by one


@dataclass(frozen=True)
class OfficialTruth:
    """Ways as the authors have them: tracked in the clips of the set.

    Attributes:
        ways: points in units of width and height, each [K, 2].
        origin: `clips` of the set, or `levels` where it has none.
    """

    ways: tuple[Points, ...]
    origin: str


def official_truth(file: LevelFile, loaded: LoadedLevel, tracker: str) -> OfficialTruth:
    """Track the player in the set's own clips of a level; without clips, take the level's own routes."""
    ways = []
    for video in file.videos:
        try:
            clip = open_clip(video)
        except UnusableClip:
            continue
        found = track(clip.frames(), loaded.level, tracker, loaded.picture)
        ways.append(found.points / np.array([clip.info.width, clip.info.height], dtype=np.float64))
    if ways:
        return OfficialTruth(tuple(ways), "clips")
    board = loaded.level.board
    size = np.array([board.width, board.height], dtype=np.float64)
    return OfficialTruth(tuple(way / size for way in level_ways(loaded.level)), "levels")


def level_ways(level: Level) -> list[Points]:
    """The player's optimal ways in native pixels, up to `MOST_ROUTES` of them."""
    return [
        solution_motion(level.board, route).player for route in itertools.islice(level.solutions, MOST_ROUTES)
    ]


def nearest_way(level: Level, player: NDArray[np.float64]) -> list[Points]:
    """Of a board with more optimal routes than are compared: the one that a player's way begins.

    Args:
        level: any.
        player: points in native pixels [T, 2].

    Returns:
        One way, or none where all routes are compared anyhow.
    """
    board = level.board
    if not isinstance(board, GridBoard) or isinstance(board, SokobanBoard):
        return []
    if level.solutions.count <= MOST_ROUTES:
        return []
    left = _steps_left(board)
    cells: list[Cell] = [board.start]
    for x, y in player:
        cell = board.cell_at((float(x), float(y)))
        if (
            cell != cells[-1]
            and left.get(cell, -1) == left[cells[-1]] - 1
            and _are_neighbours(cell, cells[-1])
        ):
            cells.append(cell)
    while cells[-1] != board.goal:
        here = left[cells[-1]]
        cells.append(next(there for _, there in board.moves(cells[-1]) if left.get(there) == here - 1))
    return [solution_motion(board, Route(tuple(cells), ("step",) * (len(cells) - 1))).player]


def _are_neighbours(a: Cell, b: Cell) -> bool:
    return abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1


def _steps_left(board: GridBoard) -> dict[Cell, int]:
    """Steps from each cell to the goal."""
    left, edge = {board.goal: 0}, [board.goal]
    while edge:
        edge = [there for cell in edge for there in _reached(board, cell, left)]
    return left


def _reached(board: GridBoard, cell: Cell, left: dict[Cell, int]) -> list[Cell]:
    found = [there for _, there in board.moves(cell) if there not in left]
    left.update(dict.fromkeys(found, left[cell] + 1))
    return found
