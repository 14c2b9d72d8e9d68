"""What every maze type tells of a level, whoever made it."""

from __future__ import annotations

import hashlib
import itertools
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from vidkit.mazes.types import Cell, MazeType, Point, Route, Routes


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels: left, top, width, height."""

    x: int
    y: int
    width: int
    height: int

    @property
    def centre(self) -> tuple[int, int]:
        """X and y of the middle, rounded down."""
        return self.x + self.width // 2, self.y + self.height // 2


class Board(ABC):
    """A level without its looks: places, moves, start and goal, and where they lie in the picture.

    Pixels are those of the native size, `width` x `height`; points are (x, y).
    """

    type: ClassVar[MazeType]

    @property
    @abstractmethod
    def width(self) -> int: ...

    @property
    @abstractmethod
    def height(self) -> int: ...

    @property
    @abstractmethod
    def unit(self) -> int:
        """`cell_size` of a state file: side of a cell, width of a road, side of the marker; pixels."""

    @property
    @abstractmethod
    def routes(self) -> Routes:
        """All optimal routes."""

    @abstractmethod
    def point(self, cell: Cell) -> Point:
        """Centre of a cell."""

    @abstractmethod
    def player_box(self, cell: Cell) -> Box:
        """Where the player is drawn when it stands on a cell."""

    @property
    @abstractmethod
    def start(self) -> Cell: ...

    @property
    @abstractmethod
    def goal(self) -> Cell: ...

    @abstractmethod
    def goal_box(self) -> Box:
        """Rectangle that counts as the goal."""

    @abstractmethod
    def trace(self, route: Route, spacing: float = 1.0) -> list[Point]:
        """The player's way in pixels, a point at least every `spacing` pixels and at every cell."""

    @abstractmethod
    def moves(self, cell: Cell) -> list[tuple[str, Cell]]:
        """Moves of a player without boxes: name and next cell."""

    @abstractmethod
    def symmetric_forms(self) -> list[Any]:
        """JSON-ready forms of the level and of its mirror images and rotations, each in a canonical order."""

    def fingerprint(self) -> str:
        """The same for levels that a rotation or a reflection turns into each other."""
        forms = (json.dumps(form, separators=(",", ":")) for form in self.symmetric_forms())
        return hashlib.sha256(f"{self.type}{min(forms)}".encode()).hexdigest()


def straight_trace(points: list[Point], spacing: float) -> list[Point]:
    """Points along straight lines between `points`, at least every `spacing` pixels."""
    out = [points[0]]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        count = max(1, int(-(-length // spacing)))
        out += [(x0 + (x1 - x0) * i / count, y0 + (y1 - y0) * i / count) for i in range(1, count + 1)]
    return out
