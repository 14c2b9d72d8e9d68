"""Clips of board levels judged by the project's own tracker and rules, in several processes."""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.evaluation.tasks.vr_bench.robust_score import robust_score
from vidkit.evaluation.tasks.vr_bench.truths import MOST_ROUTES
from vidkit.mazes.drawing.skins import SKINS
from vidkit.mazes.embedded.board_levels import BoardLevel, sample_board_level, shown_board
from vidkit.mazes.level import make
from vidkit.mazes.tracking import track
from vidkit.mazes.types import maze_type

Row = dict[str, Any]
Words = tuple[str, str, int]  # type, difficulty, number


@dataclass(frozen=True)
class HeldOutBoard:
    """A held-out level by what it is made from, which processes hand on, and what a model is given."""

    type: str
    difficulty: str
    seed: int
    skin: str
    picture: NDArray[np.uint8]
    caption: str

    def level(self) -> BoardLevel:
        """The level itself."""
        return BoardLevel(shown_board(make(self.type, self.difficulty, self.seed, self.skin)))


def held_out_board(words: Words) -> HeldOutBoard:
    """Level of a number; skins take turns."""
    kind, hard, number = words
    skins = list(SKINS[maze_type(kind)])
    drawn = sample_board_level(kind, hard, number, skins[number % len(skins)])
    assert drawn.level.seed is not None
    picture, caption = drawn.picture(), drawn.caption()
    return HeldOutBoard(kind, hard, drawn.level.seed, drawn.level.skin.name, picture, caption)


def true_clip(board: HeldOutBoard) -> NDArray[np.uint8]:
    """Frames of the solution [61, 96, 96, 3]."""
    return np.stack(list(board.level().frames()))


def score(board: HeldOutBoard, frames: NDArray[np.uint8]) -> Row:
    """What became of the player in frames [T, 96, 96, 3]."""
    level = board.level().level
    routes = [route for route, _ in zip(level.solutions, range(MOST_ROUTES), strict=False)]
    ways = [np.array(level.board.trace(route)) for route in routes]
    found = robust_score(list(frames), level, track(frames, level), ways)
    return {"success": found.success, "em": found.em, "failure": found.failure}


def _score(pair: tuple[HeldOutBoard, NDArray[np.uint8]]) -> Row:
    return score(*pair)


def _quiet() -> None:
    import cv2

    cv2.setNumThreads(0)


class ScoringPool:
    """Makes and judges levels in `workers` processes; 0: in this one, at once."""

    def __init__(self, workers: int) -> None:
        self._pool: Any = None
        if workers:
            held, os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES"), ""
            self._pool = multiprocessing.get_context("spawn").Pool(workers, _quiet)
            os.environ.pop("CUDA_VISIBLE_DEVICES")
            if held is not None:
                os.environ["CUDA_VISIBLE_DEVICES"] = held

    def _mapped(self, function: Any, items: list[Any]) -> list[Any]:
        if self._pool is None:
            return [function(each) for each in items]
        return list(self._pool.map(function, items, chunksize=2))

    def levels(self, words: list[Words]) -> list[HeldOutBoard]:
        return self._mapped(held_out_board, words)

    def clips(self, boards: list[HeldOutBoard]) -> NDArray[np.uint8]:
        return np.stack(self._mapped(true_clip, boards))

    def begin(self, boards: list[HeldOutBoard], clips: NDArray[np.uint8]) -> Any:
        """Start judging; `finish` what it returns."""
        pairs = list(zip(boards, clips, strict=True))
        if self._pool is None:
            return [_score(pair) for pair in pairs]
        return self._pool.map_async(_score, pairs, chunksize=2)

    def finish(self, begun: Any) -> list[Row]:
        rows: list[Row] = begun if isinstance(begun, list) else begun.get()
        return rows
