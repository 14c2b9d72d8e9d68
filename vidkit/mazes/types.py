"""Words that every maze type shares: types, difficulties, routes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from vidkit.errors import ConfigError

Cell = tuple[int, ...]
Point = tuple[float, float]


class MazeType(StrEnum):
    """The five types of VR-Bench, by the names of its paper."""

    REGULAR = "regular"
    IRREGULAR = "irregular"
    MAZE3D = "maze3d"
    TRAPFIELD = "trapfield"
    SOKOBAN = "sokoban"


class Difficulty(StrEnum):
    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


#: folder of a type in the published tree, and other names under which it is met
FOLDERS = {
    MazeType.REGULAR: "maze",
    MazeType.IRREGULAR: "irregular_maze",
    MazeType.MAZE3D: "maze3d",
    MazeType.TRAPFIELD: "trapfield",
    MazeType.SOKOBAN: "sokoban",
}
#: `game_type` of a state file
GAME_TYPES = {**FOLDERS, MazeType.IRREGULAR: "pathfinder"}
_ALIASES = {"maze": "regular", "base": "regular", "pathfinder": "irregular", "irregular_maze": "irregular"}


def maze_type(name: str) -> MazeType:
    """A type from its name, its folder's name or its `game_type`.

    Raises:
        ConfigError: there is no such type.
    """
    try:
        return MazeType(_ALIASES.get(name, name))
    except ValueError:
        raise ConfigError(f"unknown maze type '{name}'", f"choose from: {', '.join(MazeType)}") from None


def difficulty_of(name: str) -> Difficulty:
    """A difficulty from its name.

    Raises:
        ConfigError: there is no such difficulty.
    """
    try:
        return Difficulty(name)
    except ValueError:
        raise ConfigError(f"unknown difficulty '{name}'", f"choose from: {', '.join(Difficulty)}") from None


@dataclass(frozen=True)
class Route:
    """One way from start to goal.

    Attributes:
        cells: where the player stands, one entry per move and one for the start. Cells of a grid are (row,
            column), of a road map (node,), of a 3-D maze (x, y, z).
        moves: names of the moves; one fewer than cells.
        boxes: sokoban: where the box stands at each entry of `cells`; else empty.
    """

    cells: tuple[Cell, ...]
    moves: tuple[str, ...]
    boxes: tuple[Cell, ...] = ()

    def __len__(self) -> int:
        return len(self.moves)

    def legs(self) -> list[Route]:
        """The route move by move."""
        return [Route(self.cells[i : i + 2], (move,)) for i, move in enumerate(self.moves)]

    @property
    def pushes(self) -> int:
        """How often the box moves."""
        return sum(a != b for a, b in zip(self.boxes, self.boxes[1:], strict=False))


class Routes(Protocol):
    """All optimal routes of a level. There may be far more than fit in memory: they are made as asked for."""

    def __iter__(self) -> Iterator[Route]: ...

    @property
    def count(self) -> int:
        """How many there are; 0: the level cannot be solved."""
        ...

    def __contains__(self, route: object) -> bool: ...

    @property
    def first(self) -> Route:
        """The route that videos show."""
        ...
