"""Clips of board levels judged by the project's own tracker and rules, in several processes."""

from __future__ import annotations

import multiprocessing
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.evaluation.tasks.vr_bench.robust_score import robust_score
from vidkit.evaluation.tasks.vr_bench.truths import MOST_ROUTES
from vidkit.mazes.drawing.skins import SKINS
from vidkit.mazes.embedded.board_levels import BoardLevel, sample_board_level
from vidkit.mazes.tracking import track
from vidkit.mazes.types import maze_type

Row = dict[str, Any]


def made(type: str, difficulty: str, seed: int, split: str = "test") -> BoardLevel:
    """Level `seed` of a test; skins take turns."""
    skins = list(SKINS[maze_type(type)])
    return sample_board_level(type, difficulty, seed, skins[seed % len(skins)], split)


def score(drawn: BoardLevel, frames: NDArray[np.uint8]) -> Row:
    """What became of the player in frames [T, 96, 96, 3]."""
    board = drawn.level.board
    routes = [route for route, _ in zip(drawn.level.solutions, range(MOST_ROUTES), strict=False)]
    ways = [np.array(board.trace(route)) for route in routes]
    found = robust_score(list(frames), drawn.level, track(frames, drawn.level), ways)
    return {"success": found.success, "em": found.em, "failure": found.failure}


def _make(words: tuple[str, str, int, str]) -> BoardLevel:
    import cv2

    cv2.setNumThreads(0)
    return made(*words)


def _score(pair: tuple[BoardLevel, NDArray[np.uint8]]) -> Row:
    return score(*pair)


class ScoringPool:
    """Makes and judges levels in `workers` processes; 0: in this one, at once."""

    def __init__(self, workers: int) -> None:
        self._pool = None
        if workers:
            held, os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES"), ""
            self._pool = multiprocessing.get_context("spawn").Pool(workers)
            os.environ.pop("CUDA_VISIBLE_DEVICES")
            if held is not None:
                os.environ["CUDA_VISIBLE_DEVICES"] = held

    def levels(self, words: list[tuple[str, str, int, str]]) -> list[BoardLevel]:
        if self._pool is None:
            return [_make(each) for each in words]
        return self._pool.map(_make, words, chunksize=2)

    def begin(self, drawn: list[BoardLevel], clips: NDArray[np.uint8]) -> Any:
        """Start judging; `finish` what it returns."""
        pairs = list(zip(drawn, clips, strict=True))
        if self._pool is None:
            return [_score(pair) for pair in pairs]
        return self._pool.map_async(_score, pairs, chunksize=2)

    def finish(self, begun: Any) -> list[Row]:
        rows: list[Row] = begun if isinstance(begun, list) else begun.get()
        return rows
