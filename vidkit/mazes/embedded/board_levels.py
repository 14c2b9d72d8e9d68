"""Levels of the board types at a size that the embedded model can show: 96 pixels, 61 frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import ConfigError
from vidkit.mazes.boards.irregular import IrregularBoard
from vidkit.mazes.drawing.clip import clip_frames, resized
from vidkit.mazes.level import Level, make
from vidkit.mazes.motion import Motion, fewest_frames, solution_motion
from vidkit.mazes.types import Difficulty, MazeType, difficulty_of, maze_type
from vidkit.utils.seeding import derive_seed

PIXELS, FRAMES = 96, 61
#: what 96 pixels can show: true clips of other levels (cubes of 3 pixels, say) are not all judged a success
BOARD_DIFFICULTIES = {
    MazeType.TRAPFIELD: (Difficulty.EASY, Difficulty.MEDIUM),
    MazeType.SOKOBAN: (Difficulty.EASY, Difficulty.MEDIUM),
    MazeType.IRREGULAR: (Difficulty.EASY, Difficulty.MEDIUM),
    MazeType.MAZE3D: (Difficulty.EASY,),
}
BOARDS = tuple((kind, hard) for kind, shown in BOARD_DIFFICULTIES.items() for hard in shown)
#: one level in sixteen, by a hash that symmetric levels share, is never trained on
HELD_OUT_EVERY = 16
_FRAMES_A_MOVE = {
    (MazeType.TRAPFIELD, Difficulty.EASY): 5,
    (MazeType.TRAPFIELD, Difficulty.MEDIUM): 4,
    (MazeType.SOKOBAN, Difficulty.EASY): 5,
    (MazeType.SOKOBAN, Difficulty.MEDIUM): 3,
    (MazeType.MAZE3D, Difficulty.EASY): 8,
}
_ROAD_PX = {Difficulty.EASY: 120, Difficulty.MEDIUM: 96}  # native; twice the published width
_ROAD_PACE = 32.0  # native pixels a frame
_CELLS = {
    (MazeType.TRAPFIELD, Difficulty.EASY): "5x5",
    (MazeType.TRAPFIELD, Difficulty.MEDIUM): "7x7",
    (MazeType.SOKOBAN, Difficulty.EASY): "5x5",
    (MazeType.SOKOBAN, Difficulty.MEDIUM): "8x8",
}


@dataclass(frozen=True)
class BoardLevel:
    """A level that fits a clip of the embedded model."""

    level: Level

    @property
    def type(self) -> MazeType:
        return self.level.type

    @property
    def difficulty(self) -> Difficulty:
        assert self.level.difficulty is not None
        return self.level.difficulty

    @property
    def moves(self) -> int:
        """Of the shortest route."""
        return len(self.level.solution)

    @property
    def fits(self) -> bool:
        """Whether the clip is long enough to show the solution at the pace of the type."""
        return fewest_frames(self.moves) <= self._frames <= FRAMES

    @cached_property
    def _frames(self) -> int:
        pace = _FRAMES_A_MOVE.get((self.type, self.difficulty))
        if pace is not None:
            return self.moves * pace + 1
        board = self.level.board
        assert isinstance(board, IrregularBoard)
        return round(board.length(self.level.solution) / _ROAD_PACE) + 1

    @cached_property
    def motion(self) -> Motion:
        """Player and box in 61 frames, native pixels; they rest at the end."""
        found = solution_motion(self.level.board, self.level.solution, self._frames)
        index = np.minimum(np.arange(FRAMES), len(found) - 1)
        return Motion(found.player[index], None if found.box is None else found.box[index])

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """The clip of the solution, RGB uint8 [96, 96, 3] each."""
        return clip_frames(self.level.stage, self.motion, PIXELS)

    def picture(self) -> NDArray[np.uint8]:
        """The first frame, RGB uint8 [96, 96, 3]."""
        return np.asarray(resized(self.level.picture(), PIXELS), np.uint8)

    def size_word(self) -> str:
        """Cells a side, or the difficulty where there are no cells."""
        return _CELLS.get((self.type, self.difficulty), str(self.difficulty))

    def caption(self) -> str:
        """The prompt that describes this level."""
        return f"a ball solves a {self.level.skin.name} {self.type} {self.size_word()} maze"

    @cached_property
    def is_held_out(self) -> bool:
        """Whether training never sees this level, nor its mirror images and rotations."""
        return int(self.level.board.fingerprint()[:8], 16) % HELD_OUT_EVERY == 0


def shown_board(level: Level) -> Level:
    """A level with roads wide enough to be seen at 96 pixels; other types as they are."""
    board = level.board
    if not isinstance(board, IrregularBoard) or level.difficulty is None:
        return level
    (start,), (goal,) = board.start, board.goal
    wide = IrregularBoard(board.places, board.roads, start, goal, _ROAD_PX[level.difficulty], board.side)
    return Level(wide, level.skin, level.difficulty, level.seed)


def sample_board_level(
    type: str, difficulty: str, seed: int, skin: str | None = None, split: str = "test"
) -> BoardLevel:
    """Draw one level of a board type.

    Args:
        type: trapfield, sokoban, irregular or maze3d.
        difficulty: easy, or medium but for maze3d.
        seed: the same seed gives the same level.
        skin: name or number of a skin of the type; None: the first.
        split: "test" draws levels that the embedded model never saw in training, "train" the others,
            "any" both.

    Raises:
        ConfigError: a type, difficulty, skin or split that does not exist, or that the model cannot show.
    """
    kind, hard = maze_type(type), difficulty_of(difficulty)
    if kind not in BOARD_DIFFICULTIES:
        raise ConfigError(
            f"'{kind}' mazes are drawn by sample_level", f"choose from: {', '.join(BOARD_DIFFICULTIES)}"
        )
    if hard not in BOARD_DIFFICULTIES[kind]:
        raise ConfigError(
            f"{hard} levels of {kind} are too fine for {PIXELS} pixels",
            f"choose from: {', '.join(BOARD_DIFFICULTIES[kind])}",
        )
    if split not in ("train", "test", "any"):
        raise ConfigError(f"unknown split '{split}'", "choose one of train, test, any")
    attempt = 0
    while True:
        made = make(kind, hard, derive_seed(seed, "board", str(attempt)), skin)
        drawn = BoardLevel(shown_board(made))
        wanted = split == "any" or drawn.is_held_out == (split == "test")
        if wanted and drawn.fits:
            return drawn
        attempt += 1
