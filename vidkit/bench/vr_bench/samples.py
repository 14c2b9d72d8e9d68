"""Which levels are measured: every type, difficulty and skin asked for, so many seeds each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vidkit.mazes.dataset.options import SetOptions
from vidkit.mazes.level import Level, make
from vidkit.mazes.motion import fewest_frames, natural_paces


@dataclass(frozen=True)
class Sample:
    """One level in one skin."""

    type: str
    difficulty: str
    skin: str
    seed: int

    @property
    def key(self) -> str:
        """Unique in a log."""
        return f"{self.type}/{self.difficulty}/{self.skin}/{self.seed}"

    def level(self) -> Level:
        """The level itself."""
        return make(self.type, self.difficulty, self.seed, self.skin)


def sweep(
    types: Sequence[str], difficulties: Sequence[str], skins: Sequence[str], seeds: int, first: int
) -> list[Sample]:
    """All samples: seeds on the outside, so that a run that stops early has seen all kinds.

    Raises:
        ConfigError: a type, difficulty or skin that there is not.
    """
    options = SetOptions(tuple(types), tuple(difficulties), tuple(skins))
    options.check()
    return [
        Sample(str(kind), str(difficulty), skin.name, first + 1000 * number + seed)
        for seed in range(seeds)
        for kind in options.kinds
        for difficulty in options.grades
        for number, skin in options.skins_of(kind).items()
    ]


def spread(samples: list[Sample], share: float) -> list[Sample]:
    """A share of them, evenly: which ones depends on the share alone."""
    count = max(1, round(share * len(samples)))
    picks = np.unique(np.linspace(0, len(samples) - 1, count).round().astype(int))
    return [samples[index] for index in picks]


def clip_length(level: Level, most: int) -> int:
    """Frames of a clip of the solution: at its natural pace if that fits, else as fast as need be."""
    natural = sum(natural_paces(level.board, level.solution)) + 1
    return min(natural, max(most, fewest_frames(len(level.solution))))
