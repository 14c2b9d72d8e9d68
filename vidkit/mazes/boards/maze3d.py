"""3-D mazes: walks over cubes and ladders between levels, drawn from above and aside.

Source: VR-Bench, its generator's configs (grids of 6x6x5, 8x8x7 and 10x10x9; walks of 2 cubes, ladders of 3).
Ours is seeded and projects with fixed numbers, so that positions are the same on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from vidkit.mazes.boards.base import Board, Box, straight_trace
from vidkit.mazes.random_source import RandomSource
from vidkit.mazes.route_graph import CheapestRoutes
from vidkit.mazes.types import Cell, Difficulty, MazeType, Point, Route, Routes

SIDE = 740
GRIDS = {Difficulty.EASY: (6, 6, 5), Difficulty.MEDIUM: (8, 8, 7), Difficulty.HARD: (10, 10, 9)}
WALK, CLIMB = 2, 3
_LEAST_SEEN = 0.5  # of the top of the first and the last cube
BALL_ABOVE = 1.35  # of the cube's floor, cube sides
#: names of horizontal moves and their (x, y) directions, as one sees them in the picture
DIRECTIONS = {
    "forward_left": (0, -1),
    "forward_right": (-1, 0),
    "backward_left": (1, 0),
    "backward_right": (0, 1),
}
# 20 degrees up, 45 degrees round: sin and cos as numbers, not as calls that differ between machines
_COS45 = 0.7071067811865476
_SIN20 = 0.3420201433256687
_COS20 = 0.9396926207859084


@dataclass(frozen=True)
class Ladder:
    """From the top of the cube at `base` to the top of the cube `CLIMB` above; it leans on side +x or +y."""

    base: Cell
    direction: str


@dataclass(frozen=True)
class View:
    """How the grid is seen: a parallel projection.

    Attributes:
        scale: pixels of a cube's side, in the floor.
        rise: pixels of a cube's height.
        origin: where (0, 0, 0) appears.
        size: width and height of the picture.
        marker: side of the square round the ball.
    """

    scale: float
    rise: float
    origin: Point
    size: tuple[int, int]
    marker: int

    def project(self, x: float, y: float, z: float) -> Point:
        """Pixel (x, y) of a place."""
        right, down = (y - x) * _COS45, (x + y) * _COS45 * _SIN20
        return self.origin[0] + right * self.scale, self.origin[1] + down * self.scale - z * self.rise

    @classmethod
    def of_grid(cls, grid: tuple[int, int, int]) -> View:
        """The whole grid, as large as it fits."""
        wide, deep, high = grid
        across = (wide + deep) * _COS45
        upward = (wide + deep) * _COS45 * _SIN20 + (high + 1) * _COS20
        scale = SIDE * 0.94 / max(across, upward)
        middle = ((wide + deep) * _COS45 * _SIN20 - (high + 1) * _COS20) / 2
        origin = (SIDE / 2 - (deep - wide) * _COS45 / 2 * scale, SIDE / 2 - middle * scale)
        return cls(scale, scale * _COS20, origin, (SIDE, SIDE), int(scale * 0.62))

    @classmethod
    def through(
        cls, a: Cell, at_a: Point, b: Cell, at_b: Point, size: tuple[int, int], marker: int, like: View
    ) -> View:
        """The view of a picture drawn elsewhere, from where the ball is seen on two cubes.

        The picture may have perspective, which this view has not: points between are off by some pixels.
        """
        ball = BALL_ABOVE
        right = ((b[1] - b[0]) - (a[1] - a[0])) * _COS45
        scale = (at_b[0] - at_a[0]) / right if right else like.scale
        down = ((b[0] + b[1]) - (a[0] + a[1])) * _COS45 * _SIN20 * scale
        rise = (
            (down - (at_b[1] - at_a[1])) / (b[2] - a[2]) if b[2] != a[2] else scale * like.rise / like.scale
        )
        bare = cls(scale, rise, (0.0, 0.0), size, marker)
        x, y = bare.project(a[0] + 0.5, a[1] + 0.5, a[2] + ball)
        return cls(scale, rise, (at_a[0] - x, at_a[1] - y), size, marker)


class Maze3dBoard(Board):
    """Cubes, ladders, and where they appear.

    Args:
        grid: extent in x, y, z.
        cubes: positions (x, y, z).
        ladders: joining cubes.
        start: cube of the player.
        goal: cube to reach.
    """

    type: ClassVar[MazeType] = MazeType.MAZE3D

    def __init__(
        self, grid: tuple[int, int, int], cubes: list[Cell], ladders: list[Ladder], start: Cell, goal: Cell
    ) -> None:
        self.grid, self.cubes, self.ladders = grid, sorted(cubes), ladders
        self.view = View.of_grid(grid)
        self._start, self._goal = tuple(start), tuple(goal)
        self._solid = set(self.cubes)

    @property
    def width(self) -> int:
        return self.view.size[0]

    @property
    def height(self) -> int:
        return self.view.size[1]

    @property
    def unit(self) -> int:
        return self.view.marker

    @property
    def start(self) -> Cell:
        return self._start

    @property
    def goal(self) -> Cell:
        return self._goal

    def project(self, x: float, y: float, z: float) -> Point:
        """A place in the grid to the picture; x runs to lower left, y to lower right, z upward."""
        return self.view.project(x, y, z)

    def point(self, cell: Cell) -> Point:
        """Centre of the ball on a cube."""
        x, y, z = cell
        return self.project(x + 0.5, y + 0.5, z + BALL_ABOVE)

    def player_box(self, cell: Cell) -> Box:
        """Square round the ball."""
        x, y = self.point(cell)
        return Box(round(x - self.unit / 2), round(y - self.unit / 2), self.unit, self.unit)

    def goal_box(self) -> Box:
        """Square round the ball when it stands on the goal."""
        return self.player_box(self.goal)

    def seen_share(self, cube: Cell) -> float:
        """Share of a cube's top that no other cube hides, by 25 samples."""
        x, y, z = cube
        # what hides it is no farther in x, y and z: for viewers, nothing else stands in front
        nearer = [c for c in self.cubes if c != cube and c[0] >= x and c[1] >= y and c[2] > z]
        places = [(x + (i + 0.5) / 5, y + (j + 0.5) / 5) for i in range(5) for j in range(5)]
        hidden = sum(any(_hides(other, px, py, z + 1.0) for other in nearer) for px, py in places)
        return 1 - hidden / len(places)

    def moves(self, cell: Cell) -> list[tuple[str, Cell]]:
        """Walks of two cubes over solid ground, and ladders up and down."""
        x, y, z = cell
        found: list[tuple[str, Cell]] = []
        for name, (dx, dy) in DIRECTIONS.items():
            between, there = (x + dx, y + dy, z), (x + WALK * dx, y + WALK * dy, z)
            if between in self._solid and there in self._solid:
                found.append((name, there))
        for ladder in self.ladders:
            top = (*ladder.base[:2], ladder.base[2] + CLIMB)
            if cell == ladder.base:
                found.append(("up", top))
            elif cell == top:
                found.append(("down", ladder.base))
        return found

    @cached_property
    def routes(self) -> Routes:
        """All routes with the fewest moves."""
        return CheapestRoutes(self.start, lambda cell: cell == self.goal, self._priced, _route)

    def _priced(self, cell: Cell) -> list[tuple[str, Cell, int]]:
        return [(name, there, 1) for name, there in self.moves(cell)]

    def trace(self, route: Route, spacing: float = 1.0) -> list[Point]:
        """Straight in the picture from cube to cube."""
        return straight_trace([self.point(cell) for cell in route.cells], spacing)

    def symmetric_forms(self) -> list[Any]:
        """The eight images under turns and reflections of the floor."""
        return [self._form(turn, flip) for turn in range(4) for flip in (False, True)]

    def _form(self, turn: int, flip: bool) -> Any:
        def moved(cell: Cell) -> list[int]:
            x, y = 2 * cell[0] + 1 - self.grid[0], 2 * cell[1] + 1 - self.grid[1]
            x = -x if flip else x
            for _ in range(turn):
                x, y = -y, x
            return [x, y, cell[2]]

        ladders = sorted(moved(ladder.base) for ladder in self.ladders)
        return [moved(self.start), moved(self.goal), sorted(map(moved, self.cubes)), ladders]


def _hides(cube: Cell, x: float, y: float, z: float) -> bool:
    """Whether the line from a place to the viewer passes through a cube."""
    low, high = 0.0, 1e9
    # towards the viewer: 45 degrees round, 20 degrees up
    for at, start, step in (
        (x, cube[0], _COS45 * _COS20),
        (y, cube[1], _COS45 * _COS20),
        (z, cube[2], _SIN20),
    ):
        low, high = max(low, (start - at) / step), min(high, (start + 1 - at) / step)
    return high - low > 1e-6


def _route(states: Any, moves: Any) -> Route:
    return Route(tuple(states), tuple(moves))


def make_maze3d(difficulty: Difficulty, source: RandomSource) -> Maze3dBoard:
    """A main way of 5 to 7 moves and 3 or 4 side branches of 1 or 2; the main way is the shortest."""
    grid = GRIDS[difficulty]
    while True:
        builder = _Builder(grid, source)
        start = (source.below(grid[0]), source.below(grid[1]), 0)
        way = builder.extend(start, 5 + source.below(3))
        if way is None or not builder.ladders:
            continue
        for _ in range(3 + source.below(2)):
            builder.extend(source.choice(way[:-1]), 1 + source.below(2))
        board = Maze3dBoard(grid, list(builder.cubes), builder.ladders, start, way[-1])
        shortest = board.routes.count and len(board.routes.first) == len(way) - 1
        if shortest and min(board.seen_share(cell) for cell in (board.start, board.goal)) >= _LEAST_SEEN:
            return board


class _Builder:
    """Lays cubes and ladders without touching what stands already."""

    def __init__(self, grid: tuple[int, int, int], source: RandomSource) -> None:
        self._grid, self._source = grid, source
        self.cubes: set[Cell] = set()
        self.ladders: list[Ladder] = []

    def extend(self, start: Cell, moves: int) -> list[Cell] | None:
        """Walk `moves` moves from `start`; None where the way ends early (what was laid stays)."""
        self.cubes.add(start)
        here, way, upward = start, [start], False
        for _ in range(moves):
            options = [option for option in self._options(here) if not (upward and len(option) == 1)]
            if not options:
                return None
            cells = self._source.choice(options)
            upward = len(cells) == 1
            if upward:
                self.ladders.append(Ladder(here, self._source.choice(("+x", "+y"))))
            self.cubes.update(cells)
            here = cells[-1]
            way.append(here)
        return way

    def _options(self, here: Cell) -> list[tuple[Cell, ...]]:
        """Cubes that each possible move would add."""
        x, y, z = here
        found: list[tuple[Cell, ...]] = []
        for dx, dy in DIRECTIONS.values():
            cells = tuple((x + dx * step, y + dy * step, z) for step in range(1, WALK + 1))
            if all(self._is_open(cell, here) for cell in cells):
                found.append(cells)
        top = (x, y, z + CLIMB)
        if self._is_open(top, here):
            found.append((top,))
        return found

    def _is_open(self, cell: Cell, origin: Cell) -> bool:
        x, y, z = cell
        inside = 0 <= x < self._grid[0] and 0 <= y < self._grid[1] and z < self._grid[2]
        if not inside or cell in self.cubes:
            return False
        # a cube beside a laid one would open a short cut; one right above would sit on the ball's head
        beside = [(x + dx, y + dy, z) for dx, dy in DIRECTIONS.values()]
        near = [other for other in beside if other in self.cubes and other != origin]
        stacked = [(x, y, z + step) for step in (-2, -1, 1, 2)]
        return not near and not any(other in self.cubes for other in stacked)
