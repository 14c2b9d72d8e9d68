"""Ways that meet or hide each other in the picture: where a player may be, not only where it is seen."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.types import Cell, Point

Points = NDArray[np.float64]
Line = tuple[Cell, Cell, list[Point]]  # two places and the way between them
_SLACK = 1.5  # a way between two frames may be so much longer than the straight line


class WayNetwork:
    """Places along lines, and how far they are from each other along them.

    In a 3-D maze different places of the network lie at the same point of the picture: half way up a ladder
    may look like the goal.

    Args:
        lines: the ways.
        reach: pixels from its middle at which a player is still on a way.
    """

    def __init__(self, lines: Iterable[Line], reach: float) -> None:
        self.reach = reach
        self._number: dict[object, int] = {}
        self._places: list[Point] = []
        edges: list[tuple[int, int, float]] = []
        for index, (a, b, points) in enumerate(lines):
            keys: list[object] = [a, *((index, step) for step in range(1, len(points) - 1)), b]
            nodes = [self._place(key, point) for key, point in zip(keys, points, strict=True)]
            for (one, p), (two, q) in itertools.pairwise(zip(nodes, points, strict=True)):
                edges.append((one, two, math.dist(p, q)))
        self._points = np.array(self._places)
        self._apart = _lengths(edges, len(self._places))

    def _place(self, key: object, point: Point) -> int:
        if key not in self._number:
            self._number[key] = len(self._places)
            self._places.append(point)
        return self._number[key]

    def follow(
        self, player: Points, frames: NDArray[np.int64], start: Cell
    ) -> tuple[int | None, NDArray[np.bool_]]:
        """Keep the places where the player may be.

        Args:
            player: centres in native pixels [T, 2].
            frames: in which it was seen.
            start: the cell on which it stands in the first of them.

        Returns:
            The first frame in which there is no such place, so that it left the ways or jumped, None if
            there is none; and the places of the last frame.
        """
        possible = self._about(start)
        last = player[frames[0]]
        for frame in frames:
            here = player[frame]
            step = float(np.sqrt(((here - last) ** 2).sum()))
            near = np.sqrt(((self._points - here) ** 2).sum(-1)) <= self.reach
            near &= (self._apart[possible] <= _SLACK * step + self.reach).any(0)
            if not near.any():
                return int(frame), possible
            possible, last = near, here
        return None, possible

    def is_at(self, possible: NDArray[np.bool_], cell: Cell) -> bool:
        """Whether one of the places is a cell, or no farther from it along the ways than can be told."""
        return bool((possible & self._about(cell)).any())

    def _about(self, cell: Cell) -> NDArray[np.bool_]:
        """Places at a cell, as exactly as they can be told; none where no way passes it."""
        if cell not in self._number:
            return np.zeros(len(self._points), dtype=bool)
        return np.asarray(self._apart[self._number[cell]] <= 2 * self.reach)


def _lengths(edges: list[tuple[int, int, float]], size: int) -> NDArray[np.float64]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import shortest_path

    ones, twos, lengths = (list(column) for column in zip(*edges, strict=True))
    # SciPy 1.11 finds paths only where indices have 32 bits
    places = np.array(ones, np.int32), np.array(twos, np.int32)
    return np.asarray(shortest_path(coo_array((lengths, places), shape=(size, size)), directed=False))
