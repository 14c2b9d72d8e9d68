"""The true ways of a level that a clip is compared with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.errors import VideoError
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


class OfficialTruths:
    """The authors' truths of one level: of each size of clip another, since they track at the clip's size.

    Args:
        file: where the level lies.
        loaded: the level.
        tracker: of the authors' trajectories.
    """

    def __init__(self, file: LevelFile, loaded: LoadedLevel, tracker: str) -> None:
        self._file, self._loaded, self._tracker = file, loaded, tracker
        self._known: dict[tuple[int, int], OfficialTruth] = {}

    def of_size(self, size: tuple[int, int]) -> OfficialTruth:
        """For clips of a width and height; tracked in the set's own clips, else the level's own routes."""
        if size not in self._known:
            self._known[size] = self._tracked(size)
        return self._known[size]

    def _tracked(self, size: tuple[int, int]) -> OfficialTruth:
        ways = []
        for video in self._file.videos:
            try:
                frames = _resized(open_clip(video).frames(), size)
                found = track(frames, self._loaded.level, self._tracker, self._loaded.picture)
            except (UnusableClip, VideoError):
                continue
            ways.append(found.points / np.array(size, dtype=np.float64))
        if ways:
            return OfficialTruth(tuple(ways), "clips")
        board = self._loaded.level.board
        native = np.array([board.width, board.height], dtype=np.float64)
        return OfficialTruth(tuple(way / native for way in level_ways(self._loaded.level)), "levels")


def _resized(frames: Iterator[NDArray[np.uint8]], size: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
    for frame in frames:
        same = (frame.shape[1], frame.shape[0]) == size
        yield frame if same else np.asarray(cv2.resize(frame, size), np.uint8)


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
