"""Clips that look like solutions and are none: what a metric of reasoning must not call a success."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.boards.grid_board import GridBoard
from vidkit.mazes.drawing.clip import clip_frames
from vidkit.mazes.level import Level
from vidkit.mazes.motion import Motion
from vidkit.mazes.types import Cell, Point

Clip = NDArray[np.uint8]
Size = int | tuple[int, int] | None
_ROUTES = 40  # optimal ones that are compared with a straight line
_GRAZE = 0.1  # of a cell: what a line that passes a corner may take of it
_LONGER = 1.1  # than a straight line: a way that is one as far as can be seen


def static(level: Level, size: Size, frames: int) -> Clip:
    """The first frame all along."""
    return np.stack([level.picture(size)] * frames)


def teleport(level: Level, size: Size, frames: int) -> Clip:
    """A moment at the start, then at the goal."""
    motion = level.motion()
    at = [0] * (frames // 4) + [len(motion) - 1] * (frames - frames // 4)
    return _shown(level, _picked(motion, np.array(at)), size)


def straight(level: Level, size: Size, frames: int) -> Clip:
    """A straight line to the goal, whatever lies between; in sokoban the box goes straight as well."""
    motion = level.motion()
    share = np.linspace(0, 1, frames)[:, None]
    player = motion.player[0] + share * (motion.player[-1] - motion.player[0])
    box = None if motion.box is None else motion.box[0] + share * (motion.box[-1] - motion.box[0])
    return _shown(level, Motion(player, box), size)


def crossfade(level: Level, size: Size, frames: int) -> Clip:
    """The first picture fades into the last."""
    first, last = level.picture(size).astype(np.float64), _shown_last(level, size).astype(np.float64)
    share = np.clip(np.linspace(-0.5, 1.5, frames), 0, 1)[:, None, None, None]
    return np.asarray((first + share * (last - first)).round(), np.uint8)


def redrawn(level: Level, size: Size, frames: int) -> Clip:
    """Walls, traps or the ground between are painted over along a straight way."""
    clip = straight(level, size, frames)
    honest = level.picture(size)
    scale = honest.shape[1] / level.board.width
    motion = level.motion()
    ends = (motion.player[0] * scale, motion.player[-1] * scale)
    half = max(2, round(0.5 * level.board.unit * scale))
    way = _way_colour(level)
    picture = honest.copy()
    for share in np.linspace(0, 1, 200):
        x, y = (ends[0] + share * (ends[1] - ends[0])).round().astype(int)
        picture[max(0, y - half) : y + half, max(0, x - half) : x + half] = way
    changed = (picture != honest).any(-1)
    for frame in clip[frames // 8 :]:
        still = changed & (np.abs(frame.astype(int) - honest).max(-1) < 8)
        frame[still] = picture[still]
    return clip


def doubled(level: Level, size: Size, frames: int) -> Clip:
    """A second player waits on the goal while the first stays."""
    motion = level.motion()
    first, last = level.picture(size), _shown_last(level, size)
    still = _shown(level, _picked(motion, np.zeros(1, dtype=int)), size)[0]
    both = first.copy()
    arrived = np.abs(last.astype(int) - still).max(-1) > 8
    moved = np.abs(first.astype(int) - last).max(-1) > 8
    there = arrived & moved & _near(level, motion.player[-1], first.shape)
    both[there] = last[there]
    return np.stack([first] * (frames // 4) + [both] * (frames - frames // 4))


def decoy(level: Level, size: Size, frames: int) -> Clip:
    """The player goes the right way, and a copy of it stays at the start."""
    clip = level.render(size, max(frames, 2 * len(level.solution) + 1))
    first = clip[0]
    mask = _near(level, level.motion().player[0], first.shape)
    out = clip.copy()
    for frame in out:
        frame[mask] = first[mask]
    return out


def hasty(level: Level, size: Size, frames: int) -> Clip:
    """The right way in three frames, or one a move where it has less: twice as fast as any honest clip."""
    motion = level.motion()
    steps = min(3, len(level.solution))
    few = np.linspace(0, len(motion) - 1, steps + 1).round().astype(int)
    at = np.concatenate([[0] * (frames // 4), few, [len(motion) - 1] * (frames - frames // 4 - len(few))])
    return _shown(level, _picked(motion, at.astype(int)), size)


def end_state(level: Level, size: Size, frames: int) -> Clip:
    """The solved state from the second frame on."""
    return np.stack([level.picture(size)] + [_shown_last(level, size)] * (frames - 1))


#: kinds of cheats by name
CHEATS: dict[str, Callable[[Level, Size, int], Clip]] = {
    "static": static,
    "teleport": teleport,
    "straight line": straight,
    "cross-fade": crossfade,
    "redrawn": redrawn,
    "doubled": doubled,
    "decoy": decoy,
    "hasty": hasty,
    "end state": end_state,
}


def is_way(level: Level) -> bool:
    """Whether a straight line to the goal is legal, so that `straight line` and `redrawn` are no cheats."""
    board, motion = level.board, level.motion()
    if motion.box is not None:
        # the box goes along with the player from the first frame on: right where every move is the same push
        pushed, walked = (float(np.abs(way[-1] - way[0]).sum()) for way in (motion.box, motion.player))
        return len(set(level.solution.moves)) == 1 and abs(pushed - walked) < 1
    line = motion.player[0] + np.linspace(0, 1, 400)[:, None] * (motion.player[-1] - motion.player[0])
    if isinstance(board, GridBoard):
        places = [(float(x), float(y)) for x, y in line]
        kept = [board.cell_at(place) for place in places if not _grazes(board, place)]
        cells = [cell for cell, _ in itertools.groupby(kept)]
        return all(_leads(board, a, b) for a, b in itertools.pairwise(cells))
    routes = itertools.islice(level.solutions, _ROUTES)
    return any(_lies_along(line, level.motion(route=route).player, board.unit / 2) for route in routes)


def _grazes(board: GridBoard, place: Point) -> bool:
    """Whether a place lies so little inside a blocked cell that its corner is merely touched."""
    cell = board.cell_at(place)
    x, y = place[0] / board.cell_px - cell[1], place[1] / board.cell_px - cell[0]
    return not board.is_free(cell) and min(x, 1 - x, y, 1 - y) <= _GRAZE


def _leads(board: GridBoard, a: Cell, b: Cell) -> bool:
    """Whether one move leads from a cell to another, or two round a corner that the line touches."""
    around = {there for _, there in board.moves(a)}
    return b in around or any(b == there for beside in around for _, there in board.moves(beside))


def _lies_along(line: NDArray[np.float64], way: NDArray[np.float64], near: float) -> bool:
    """Whether a way is the line itself, both seen as curves: a view may show another way on top of it."""
    length = np.sqrt((np.diff(way, axis=0) ** 2).sum(-1)).sum()
    chord = float(np.sqrt(((line[-1] - line[0]) ** 2).sum()))
    off = np.sqrt(((way[:, None] - line[None]) ** 2).sum(-1)).min(1)
    return bool(off.max() <= near and length <= _LONGER * chord)


def is_cheat(level: Level, name: str) -> bool:
    """Whether a clip of this kind is against the rules on this level."""
    return name not in ("straight line", "redrawn") or not is_way(level)


def _picked(motion: Motion, at: NDArray[np.int64]) -> Motion:
    return Motion(motion.player[at], None if motion.box is None else motion.box[at])


def _shown(level: Level, motion: Motion, size: Size) -> Clip:
    return np.stack(list(clip_frames(level.stage, motion, size)))


def _shown_last(level: Level, size: Size) -> Clip:
    motion = level.motion()
    return np.asarray(_shown(level, _picked(motion, np.array([len(motion) - 1])), size)[0], np.uint8)


def _way_colour(level: Level) -> NDArray[np.uint8]:
    """Colour of the ground where the player stands at the start."""
    x, y = (int(value) for value in level.board.point(level.board.start))
    return np.asarray(level.stage.picture[y, x], np.uint8)


def _near(level: Level, point: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    scale = shape[1] / level.board.width
    x, y = point * scale
    half = 0.55 * level.board.unit * scale
    mask = np.zeros(shape[:2], dtype=bool)
    mask[max(0, int(y - half)) : int(y + half) + 1, max(0, int(x - half)) : int(x + half) + 1] = True
    return mask
