"""Whether a trajectory keeps to the ways of its level: no wall, trap, jump or haste, no box without push."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidkit.evaluation.tasks.vr_bench.way_network import Line, WayNetwork
from vidkit.mazes.boards.base import Board
from vidkit.mazes.boards.grid_board import GridBoard
from vidkit.mazes.boards.irregular import IrregularBoard
from vidkit.mazes.boards.maze3d import Maze3dBoard
from vidkit.mazes.boards.sokoban import SokobanBoard
from vidkit.mazes.types import Cell, Route

Points = NDArray[np.float64]
#: in cells, a cube's side, a sixteenth of a plane with roads: how far a player may get from frame to frame
FASTEST = 0.75
_UNSURE = 0.05  # of a step: what a tracker may err by in a large picture
#: of a step, at most: what a pixel of a small clip counts. A whole step in one frame stays too fast
_MOST_UNSURE = 0.19
_INTO_WALL = 0.05  # of a cell: a centre so far inside a wall is in the wall
_BETWEEN = 0.1  # of a cell: how close the places are that are looked at
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


@dataclass(frozen=True)
class Journey:
    """What a trajectory comes to.

    Attributes:
        fault: the first thing that is not allowed, None if there is none.
        ends_at_goal: False where the ways lead to a place that only looks like the goal in the picture.
    """

    fault: Fault | None
    ends_at_goal: bool = True


def find_fault(
    board: Board, player: Points, seen: NDArray[np.bool_], box: Points | None = None
) -> Fault | None:
    """The first fault of a trajectory, None if there is none; see `retrace`."""
    return retrace(board, player, seen, box).fault


def retrace(
    board: Board, player: Points, seen: NDArray[np.bool_], box: Points | None = None, pixel: float = 0.0
) -> Journey:
    """Follow a trajectory along the ways of its level.

    Args:
        board: of the level.
        player: centres in native pixels [T, 2].
        seen: frames in which the player was seen [T]; what lies between must have a way.
        box: sokoban: centres of the box [T, 2].
        pixel: of the clip, in native pixels. A place is known to about half of it, a step to the whole.
    """
    on_ways = _on_ways(board, player, np.flatnonzero(seen))
    faults = [_haste(board, player, seen, pixel), on_ways.fault]
    if isinstance(board, SokobanBoard) and box is not None:
        faults.append(_push_fault(board, player, box, seen))
    found = [fault for fault in faults if fault is not None]
    return Journey(min(found, key=lambda fault: fault.frame, default=None), on_ways.ends_at_goal)


def pace_unit(board: Board) -> float:
    """Pixels that count as one step."""
    if isinstance(board, Maze3dBoard):
        return board.view.scale
    if isinstance(board, IrregularBoard):
        return board.side / 16  # as the cells whose pace the published clips have, however narrow the road
    return float(board.unit)


def _haste(board: Board, player: Points, seen: NDArray[np.bool_], pixel: float) -> Fault | None:
    frames = np.flatnonzero(seen)
    unsure = _UNSURE + min(pixel / pace_unit(board), _MOST_UNSURE)
    if len(frames) < 2:
        return None
    gaps = np.diff(frames)
    steps = np.sqrt((np.diff(player[frames], axis=0) ** 2).sum(-1)) / pace_unit(board)
    # over frames in which nothing was seen the player may go on at the same pace
    wrong = np.flatnonzero(steps > FASTEST * gaps + unsure)
    if not len(wrong):
        return None
    at = int(wrong[0])
    return Fault("jump" if steps[at] > 1.5 * gaps[at] else "speed", int(frames[at + 1]))


def _on_ways(board: Board, player: Points, frames: NDArray[np.int64]) -> Journey:
    if isinstance(board, GridBoard):
        return Journey(_grid_fault(board, player, frames))
    if isinstance(board, IrregularBoard):
        roads: list[Line] = [((road.a,), (road.b,), board.curve(road.a, road.b, 64)) for road in board.roads]
        return _on_network(board, WayNetwork(roads, _OFF_ROAD * board.road_px), player, frames, "road")
    if isinstance(board, Maze3dBoard):
        ways = WayNetwork(_walks(board), _OFF_CUBES * board.view.scale)
        return _on_network(board, ways, player, frames, "cubes")
    return Journey(None)


def _on_network(
    board: Board, ways: WayNetwork, player: Points, frames: NDArray[np.int64], kind: str
) -> Journey:
    if not len(frames):
        return Journey(None)
    left, possible = ways.follow(player, frames, board.start)
    if left is not None:
        return Journey(Fault(kind, left), False)
    return Journey(None, ways.is_at(possible, board.goal))


def _grid_fault(board: GridBoard, player: Points, frames: NDArray[np.int64]) -> Fault | None:
    kind = "trap" if board.type == "trapfield" else "wall"
    last: Cell | None = None
    for frame, (x, y) in _close_points(player / board.cell_px, frames):
        cell = (int(np.floor(y)), int(np.floor(x)))
        inside = min(x - cell[1], cell[1] + 1 - x, y - cell[0], cell[0] + 1 - y)
        rows, columns = board.blocked.shape
        if not (0 <= cell[0] < rows and 0 <= cell[1] < columns):
            return Fault("outside", frame)
        if not board.is_free(cell):
            if inside > _INTO_WALL:
                return Fault(kind, frame)
            continue  # on the edge: the next cell tells
        if last is not None and cell != last and not _joined(board, last, cell):
            return Fault(kind, frame)
        last = cell
    return None


def _close_points(player: Points, frames: NDArray[np.int64]) -> Iterator[tuple[int, Points]]:
    """The places of all frames and what lies between neighbours, so that no corner goes by unseen."""
    before: int | None = None
    for frame in frames.tolist():
        if before == frame - 1:
            step = player[frame] - player[before]
            parts = math.ceil(float(np.abs(step).max()) / _BETWEEN)
            for part in range(1, parts):
                yield frame, player[before] + step * (part / parts)
        yield frame, player[frame]
        before = frame


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
