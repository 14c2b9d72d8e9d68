"""A level: a board, a skin, its routes, its state file and its clip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import ConfigError
from vidkit.mazes.boards.base import Board
from vidkit.mazes.boards.irregular import make_irregular
from vidkit.mazes.boards.maze3d import make_maze3d
from vidkit.mazes.boards.regular import make_regular
from vidkit.mazes.boards.sokoban import make_sokoban
from vidkit.mazes.boards.trapfield import make_trapfield
from vidkit.mazes.drawing.pictures import Stage, make_stage
from vidkit.mazes.drawing.skin_folder import open_skin
from vidkit.mazes.drawing.skins import Skin
from vidkit.mazes.motion import Motion, solution_motion
from vidkit.mazes.random_source import RandomSource
from vidkit.mazes.state_file import state_of
from vidkit.mazes.types import Difficulty, MazeType, Route, Routes, difficulty_of, maze_type

#: height and width in pixels, one number for both, or None: native
Size = int | tuple[int, int] | None
_MAKERS = {
    MazeType.REGULAR: make_regular,
    MazeType.IRREGULAR: make_irregular,
    MazeType.MAZE3D: make_maze3d,
    MazeType.TRAPFIELD: make_trapfield,
    MazeType.SOKOBAN: make_sokoban,
}


@dataclass(frozen=True)
class Level:
    """One level with its looks.

    Attributes:
        board: places, moves, start and goal.
        skin: how it is drawn.
        difficulty: None for a level that was read from a file that does not say.
        seed: None for a level that was read from a file.
    """

    board: Board
    skin: Skin
    difficulty: Difficulty | None = None
    seed: int | None = None

    @property
    def type(self) -> MazeType:
        """One of the five."""
        return self.board.type

    @property
    def solutions(self) -> Routes:
        """All optimal routes."""
        return self.board.routes

    @cached_property
    def solution(self) -> Route:
        """The optimal route that the clip shows."""
        return self.board.routes.first

    @cached_property
    def state(self) -> dict[str, Any]:
        """The level as a state file of the published format, version 1.0."""
        return state_of(self.board)

    @cached_property
    def stage(self) -> Stage:
        """The still picture and the sprites, at native size."""
        return make_stage(self.board, self.skin)

    def motion(self, frames: int | None = None, route: Route | None = None) -> Motion:
        """Where player and box are in each frame; see `solution_motion`."""
        return solution_motion(self.board, route or self.solution, frames)

    def frames(self, size: Size = None, frames: int | None = None) -> Iterator[NDArray[np.uint8]]:
        """The clip of the solution, frame by frame; see `render`."""
        from vidkit.mazes.drawing.clip import clip_frames

        if frames is not None:
            frames = _whole("frames", frames, 49)
        return clip_frames(self.stage, self.motion(frames), _size(size))

    def render(self, size: Size = None, frames: int | None = None) -> NDArray[np.uint8]:
        """The clip of the solution.

        Args:
            size: height and width in pixels, or one number for both; None: the native size.
            frames: length of the clip; None: twelve frames per move, as in the published set.

        Returns:
            RGB uint8 [T, H, W, 3]; the first frame is the picture that a model is given.

        Raises:
            ConfigError: the solution does not fit into so few frames, or a size that is none.
        """
        return np.stack(list(self.frames(size, frames)))

    def picture(self, size: Size = None) -> NDArray[np.uint8]:
        """The first frame, RGB uint8 [H, W, 3]."""
        return next(self.frames(size))


def make(type: str, difficulty: str, seed: int = 0, skin: str | int | None = None) -> Level:
    """Make a level: solvable, and the same bytes for the same words on every machine.

    Args:
        type: regular, irregular, maze3d, trapfield or sokoban.
        difficulty: easy, medium or hard.
        seed: a whole number; other seeds give other levels, though small boards repeat.
        skin: name, number or folder (with a slash) of a skin of the type; None: the first. It changes the
            looks alone.

    Raises:
        ConfigError: no such type, difficulty or skin.
        DataError: a folder that is no whole skin of the type.
    """
    kind, hard = maze_type(type), difficulty_of(difficulty)
    seed = _whole("seed", seed, 0)
    looks = open_skin(kind, None if skin is None else str(skin))
    return Level(_MAKERS[kind](hard, RandomSource(kind, hard, seed)), looks, hard, seed)


def _whole(name: str, value: Any, example: int) -> int:
    """A whole number.

    Raises:
        ConfigError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ConfigError(f"{name}={value!r} is not a whole number", f"give one such as {example}")
    return int(value)


def _size(size: Any) -> Size:
    """A size that pictures can have.

    Raises:
        ConfigError: it is neither a number of pixels nor height and width.
    """
    if size is None:
        return None
    pair = isinstance(size, Sequence | np.ndarray) and not isinstance(size, str)
    sides = list(size) if pair else [size]
    whole = [int(side) for side in sides if isinstance(side, int | np.integer) and not isinstance(side, bool)]
    if not len(whole) == len(sides) == (2 if pair else 1) or min(whole) < 1:
        raise ConfigError(
            f"size={size!r} is not a size of a picture", "give pixels per side, or [height, width], all >= 1"
        )
    return whole[0] if len(whole) == 1 else (whole[0], whole[1])
