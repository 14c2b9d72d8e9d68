"""Random choices that come out the same on every machine and Python version."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class RandomSource:
    """Choices built on `random.Random.random` alone, whose sequence Python promises to keep for a seed.

    Args:
        words: what the sequence depends on (type, difficulty, seed, ...).
    """

    def __init__(self, *words: object) -> None:
        self._random = random.Random("/".join(["vidkit-mazes-1", *map(str, words)])).random

    def unit(self) -> float:
        """Uniform in [0, 1)."""
        return self._random()

    def below(self, count: int) -> int:
        """Uniform in 0 .. count - 1."""
        return int(self._random() * count)

    def choice(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """`count` different items in random order."""
        pool = list(items)
        for index in range(count):
            other = index + self.below(len(pool) - index)
            pool[index], pool[other] = pool[other], pool[index]
        return pool[:count]
