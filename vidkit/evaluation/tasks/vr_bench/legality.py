"""Whether a trajectory keeps to the ways of its level: no wall, trap, jump or haste, no box without push."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.boards.base import Board
from vidkit.mazes.boards.grid_board import GridBoard
from vidkit.mazes.boards.irregular import IrregularBoard
from vidkit.mazes.boards.maze3d import Maze3dBoard
from vidkit.mazes.boards.sokoban import SokobanBoard
from vidkit.mazes.types import Cell, Point, Route

Points = NDArray[np.float64]
Line = tuple[Cell, Cell, list[Point]]  # two places and the way between them
#: in units of a cell, of a road's width, of a cube: how far a player may get from frame to frame
FASTEST = 0.75
_INTO_WALL = 0.05  # of a cell: a centre so far inside a wall is in the wall
_OFF_ROAD = 0.6  # of a road's width, from its middle
_OFF_CUBES = 0.4  # of a cube's side in the picture
_NODE_PX = 4.0  # between places of a network
_BOX_STEP = 0.3  # of a cell: the box's movement is looked at in such steps
_REST, _STILL = 4, 0.03  # a box that moves less in so many frames rests; of a cell
_MOST_LOOSE = 0.5  # of a cell: what may add up without a push
_OFF_CENTRE = 0.25  # of a cell, from the middle of its row and of its column: a box goes along one of them
_PUSH_REACH = 0.45  # of a cell: how exactly the player stands behind a box that moves


@dataclass(frozen=True)
class Fault:
    """The first thing that is not allowed.

    Attributes:
        kind: wall, trap, road, cubes, outside, jump, speed or push.
        frame: where it happens.
    """

    kind: str
    frame: int


def find_fault(
    board: Board, player: Points, seen: NDArray[np.bool_], box: Points | None = None
) -> Fault | None:
    """The first fault of a trajectory, None if there is none.

    Args:
        board: of the level.
        player: centres in native pixels [T, 2].
        seen: frames in which the player was seen [T]; what lies between must have a way.
        box: sokoban: centres of the box [T, 2].
    """
    faults = [_haste(board, player, seen), _place_fault(board, player, seen)]
    if isinstance(board, SokobanBoard) and box is not None:
        faults.append(_push_fault(board, player, box, seen))
    found = [fault for fault in faults if fault is not None]
    return min(found, key=lambda fault: fault.frame, default=None)


def pace_unit(board: Board) -> float:
    """Pixels that count as one step."""
    if isinstance(board, Maze3dBoard):
        return board.view.scale
    return float(board.unit)


def _haste(board: Board, player: Points, seen: NDArray[np.bool_]) -> Fault | None:
    frames = np.flatnonzero(seen)
    if len(frames) < 2:
        return None
    gaps = np.diff(frames)
    steps = np.sqrt((np.diff(player[frames], axis=0) ** 2).sum(-1)) / pace_unit(board)
    # over frames in which nothing was seen the player may go on at the same pace
    wrong = np.flatnonzero(steps > FASTEST * gaps + 0.05)
    if not len(wrong):
        return None
    at = int(wrong[0])
    return Fault("jump" if steps[at] > 1.5 * gaps[at] else "speed", int(frames[at + 1]))


def _place_fault(board: Board, player: Points, seen: NDArray[np.bool_]) -> Fault | None:
    frames = np.flatnonzero(seen)
    if isinstance(board, GridBoard):
        return _grid_fault(board, player, frames)
    if isinstance(board, IrregularBoard):
        roads: list[Line] = [((road.a,), (road.b,), board.curve(road.a, road.b, 64)) for road in board.roads]
        return _network_fault(roads, player, frames, _OFF_ROAD * board.road_px, "road")
    if isinstance(board, Maze3dBoard):
        return _network_fault(_walks(board), player, frames, _OFF_CUBES * board.view.scale, "cubes")
    return None


def _grid_fault(board: GridBoard, player: Points, frames: NDArray[np.int64]) -> Fault | None:
    kind = "trap" if board.type == "trapfield" else "wall"
    last: Cell | None = None
    for frame in frames:
        x, y = player[frame] / board.cell_px
        cell = (int(np.floor(y)), int(np.floor(x)))
        inside = min(x - cell[1], cell[1] + 1 - x, y - cell[0], cell[0] + 1 - y)
        rows, columns = board.blocked.shape
        if not (0 <= cell[0] < rows and 0 <= cell[1] < columns):
            return Fault("outside", int(frame))
        if not board.is_free(cell):
            if inside > _INTO_WALL:
                return Fault(kind, int(frame))
            continue  # on the edge: the next cell tells
        if last is not None and cell != last and not _joined(board, last, cell):
            return Fault(kind, int(frame))
        last = cell
    return None


def _joined(board: GridBoard, a: Cell, b: Cell) -> bool:
    """Whether one step, or two round a corner, lead from a cell to another."""
    around = {there for _, there in board.moves(a)}
    return b in around or any(b in {t for _, t in board.moves(there)} for there in around)


def _walks(board: Maze3dBoard) -> list[Line]:
    lines = {}
    for cell in board.cubes:
        for name, there in board.moves(cell):
            if (there, cell) not in lines:
                lines[cell, there] = board.trace(Route((cell, there), (name,)), _NODE_PX)
    return [(a, b, points) for (a, b), points in lines.items()]


def _network_fault(
    lines: list[Line], player: Points, frames: NDArray[np.int64], reach: float, kind: str
) -> Fault | None:
    """Follow the places of a network where the player may be; none left means that it left it, or jumped."""
    places, apart = _network(lines)
    possible: NDArray[np.bool_] | None = None
    last = player[frames[0]]
    for frame in frames:
        here = player[frame]
        near = np.sqrt(((places - here) ** 2).sum(-1)) <= reach
        if possible is not None:
            step = float(np.sqrt(((here - last) ** 2).sum()))
            near &= (apart[possible] <= 1.5 * step + reach).any(0)
        if not near.any():
            return Fault(kind, int(frame))
        possible, last = near, here
    return None


def _network(lines: list[Line]) -> tuple[Points, NDArray[np.float64]]:
    """Places along the lines, and how far they are from each other along them [N, N]."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import shortest_path

    number: dict[object, int] = {}
    places: list[Point] = []
    edges: list[tuple[int, int, float]] = []

    def place(key: object, point: Point) -> int:
        if key not in number:
            number[key] = len(places)
            places.append(point)
        return number[key]

    for index, (a, b, points) in enumerate(lines):
        keys: list[object] = [a, *((index, step) for step in range(1, len(points) - 1)), b]
        nodes = [place(key, point) for key, point in zip(keys, points, strict=True)]
        for (one, p), (two, q) in itertools.pairwise(zip(nodes, points, strict=True)):
            edges.append((one, two, math.dist(p, q)))
    ones, twos, lengths = (list(column) for column in zip(*edges, strict=True))
    size = len(places)
    apart = shortest_path(coo_array((lengths, (ones, twos)), shape=(size, size)), directed=False)
    return np.array(places), np.asarray(apart)


def _push_fault(board: SokobanBoard, player: Points, box: Points, seen: NDArray[np.bool_]) -> Fault | None:
    """A box that moves goes along a row or column of free cells, with the player right behind it.

    Looked at in steps of a part of a cell, so that a tracker's trembling is no movement. What a box that
    comes to rest has moved since the last step counts too: without a push it may not add up.
    """
    side = board.cell_px
    frames = np.flatnonzero(seen).tolist()
    held = box[frames[0]] if frames else box[0]
    loose = np.zeros(2)
    for place, now in enumerate(frames):
        aslant = np.abs(box[now] / side % 1 - 0.5).min() > _OFF_CENTRE
        if aslant or not board.is_free(board.cell_at((float(box[now][0]), float(box[now][1])))):
            return Fault("push", int(now))
        step = (box[now] - held) / side
        if np.sqrt((step**2).sum()) >= _BOX_STEP:
            if not _is_behind(player[now], box[now], step, side):
                return Fault("push", int(now))
            held = box[now]
            continue
        before = frames[max(0, place - _REST)]
        if place >= _REST and np.sqrt(((box[now] - box[before]) ** 2).sum()) < _STILL * side:
            loose += 0 if _is_behind(player[before], box[before], step, side) else step
            held = box[now]
            if np.sqrt((loose**2).sum()) > _MOST_LOOSE:
                return Fault("push", int(now))
    return None


def _is_behind(player: Points, box: Points, step: Points, side: int) -> bool:
    """Whether the player stands a cell behind a box that moves along the axis of a step."""
    axis = int(np.abs(step).argmax())
    behind = (box - player) / side
    along = float(behind[axis] * np.sign(step[axis]))
    return abs(along - 1) <= _PUSH_REACH and abs(float(behind[1 - axis])) <= _PUSH_REACH
