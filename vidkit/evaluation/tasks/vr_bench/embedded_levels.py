"""The mazes that the embedded model is asked about: where they come from and how they are judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.types import MazeType
from vidkit.utils.seeding import derive_seed

#: cells a side of regular mazes, and what the model's own sizes are called
SIZES = {4: "easy", 5: "easy", 6: "medium", 7: "medium", 8: "hard"}
Verdict = Mapping[str, Any]


@dataclass(frozen=True)
class Bucket:
    """Mazes of one kind.

    Attributes:
        type: of the mazes.
        difficulty: easy, medium or hard.
        size: cells a side of regular mazes, 0 for other types, whose difficulty says it.
    """

    type: MazeType
    difficulty: str
    size: int = 0

    def name(self, number: int) -> str:
        """Of a level; before the number of a regular maze stands the digit of its size."""
        return f"{self.difficulty}_{self.size or ''}{number:04d}"

    @staticmethod
    def parse(type: str, name: str) -> tuple[Bucket, int]:
        """The other way: where a level belongs, and its number."""
        kind, (difficulty, _, digits) = MazeType(type), name.partition("_")
        if kind is not MazeType.REGULAR:
            return Bucket(kind, difficulty), int(digits)
        return Bucket(kind, difficulty, int(digits[0])), int(digits[1:])

    def level(self, number: int, seed: int) -> EmbeddedLevel:
        """Draw a level that training never saw; the same numbers give the same level."""
        if self.type is MazeType.REGULAR:
            return _regular(self.size, derive_seed(seed, f"maze {self.size}", str(number)))
        drawn = derive_seed(seed, f"{self.type} {self.difficulty}", str(number))
        return _board(self.type, self.difficulty, drawn, number)


class EmbeddedLevel(Protocol):
    """What is asked about one maze, and what became of it."""

    def caption(self) -> str: ...

    def picture(self) -> NDArray[np.uint8]:
        """The first frame, RGB uint8 [96, 96, 3]."""

    def verdict(self, frames: NDArray[np.uint8]) -> Verdict:
        """A row about a clip as it left the model, RGB uint8 [T, 96, 96, 3]; plain values for JSON."""


def buckets(types: Sequence[MazeType], sizes: Sequence[int], difficulties: Sequence[str]) -> list[Bucket]:
    """Every kind of maze that the model can show of these types, in their order.

    Args:
        types: of mazes.
        sizes: of regular mazes.
        difficulties: which to keep; empty: all.
    """
    from vidkit.mazes.embedded.board_levels import BOARD_DIFFICULTIES

    found = []
    for kind in types:
        if kind is MazeType.REGULAR:
            found += [Bucket(kind, SIZES[size], size) for size in sizes]
        else:
            found += [Bucket(kind, str(hard)) for hard in BOARD_DIFFICULTIES[kind]]
    return [each for each in found if not difficulties or each.difficulty in difficulties]


def _regular(size: int, seed: int) -> EmbeddedLevel:
    from vidkit.mazes.embedded import sample_level

    return _RegularMaze(sample_level(size, seed))


def _board(kind: MazeType, difficulty: str, seed: int, number: int) -> EmbeddedLevel:
    from vidkit.mazes.drawing.skins import SKINS
    from vidkit.mazes.embedded.board_levels import sample_board_level

    skins = list(SKINS[kind])
    return _BoardMaze(sample_board_level(str(kind), difficulty, seed, skins[number % len(skins)]))


@dataclass(frozen=True)
class _RegularMaze:
    """Judged by the rule of the embedded mazes: cells, from the ball's colour."""

    level: Any

    def caption(self) -> str:
        return str(self.level.caption())

    def picture(self) -> NDArray[np.uint8]:
        from vidkit.mazes.embedded import render_first_frame

        return render_first_frame(self.level)

    def verdict(self, frames: NDArray[np.uint8]) -> Verdict:
        from vidkit.mazes.embedded import judge

        found = asdict(judge(self.level, frames))
        extra = found["moves"] / max(self.level.moves, 1) - 1
        success = bool(found["success"])
        return {
            "shortest": self.level.moves,
            "cells": f"{self.level.size}x{self.level.size}",
            "failure": None if success else _failure(found),
            "reason": found["reason"],
            "robust": {
                "success": float(success),
                "em": float(success and extra == 0),
                "sr_end": float(found["reached_goal"]),
                "legal": float(found["legal"]),
                "pr": None,
                "sd": max(0.0, extra) if success else None,
                "mf": None,
                "tracked_ratio": None,
            },
        }


def _failure(verdict: Verdict) -> str:
    if not verdict["legal"]:
        return "wall"
    return "lost" if verdict["reached_goal"] else "goal"


@dataclass(frozen=True)
class _BoardMaze:
    """Judged like any clip: by the robust tracker and our rules."""

    drawn: Any

    def caption(self) -> str:
        return str(self.drawn.caption())

    def picture(self) -> NDArray[np.uint8]:
        return np.asarray(self.drawn.picture(), np.uint8)

    def verdict(self, frames: NDArray[np.uint8]) -> Verdict:
        from vidkit.evaluation.tasks.vr_bench.clip_jobs import size_of
        from vidkit.evaluation.tasks.vr_bench.clip_score import score_frames

        level = self.drawn.level
        return {"shortest": self.drawn.moves, "cells": size_of(level.board), **score_frames(frames, level)}
