"""Irregular mazes: curved roads between places on a plane.

Source: VR-Bench, its generator's configs (1024 px; roads of 60, 50, 36 px). Differs: places lie on whole
pixels and all choices are made in whole numbers, so that a seed gives the same roads on every machine;
places are joined by their Gabriel graph, whose edges never cross; bends are kept only where roads stay apart.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.boards.base import Board, Box
from vidkit.mazes.random_source import RandomSource
from vidkit.mazes.route_graph import CheapestRoutes
from vidkit.mazes.types import Cell, Difficulty, MazeType, Point, Route, Routes

SIDE = 1024
Place = tuple[int, int]  # x, y
_LENGTH_TOLERANCE = 0.01  # routes of as few roads count as optimal up to so much more length
_T = np.arange(17) / 16  # where a curve is looked at when roads are kept apart
_WEIGHTS = np.stack([(1 - _T) ** 2, 2 * _T * (1 - _T), _T**2], axis=1)


@dataclass(frozen=True)
class Roads:
    """How a difficulty is drawn: road width, spacing of places, extra roads, fewest roads to the goal."""

    width: int
    spacing: int
    extra: int
    fewest: int


SETTINGS = {
    Difficulty.EASY: Roads(60, 307, 1, 3),
    Difficulty.MEDIUM: Roads(50, 205, 2, 5),
    Difficulty.HARD: Roads(36, 154, 3, 6),
}


@dataclass(frozen=True)
class Road:
    """A quadratic Bezier curve from place `a` to place `b`."""

    a: int
    b: int
    control: Point


class IrregularBoard(Board):
    """Places and roads.

    Args:
        places: (x, y) in pixels.
        roads: between places.
        start: index of the player's place.
        goal: index of the goal's place.
        road_px: width of the roads.
        side: of the picture, pixels.
    """

    type: ClassVar[MazeType] = MazeType.IRREGULAR

    def __init__(
        self, places: list[Point], roads: list[Road], start: int, goal: int, road_px: int, side: int = SIDE
    ) -> None:
        self.places, self.roads, self.road_px, self.side = places, roads, road_px, side
        self._start, self._goal = start, goal

    @property
    def width(self) -> int:
        return self.side

    @property
    def height(self) -> int:
        return self.side

    @property
    def unit(self) -> int:
        return self.road_px

    @property
    def start(self) -> Cell:
        return (self._start,)

    @property
    def goal(self) -> Cell:
        return (self._goal,)

    def point(self, cell: Cell) -> Point:
        """The place."""
        return self.places[cell[0]]

    def player_box(self, cell: Cell) -> Box:
        """A square as wide as the road round the place."""
        x, y = self.point(cell)
        return Box(int(x) - self.road_px // 2, int(y) - self.road_px // 2, self.road_px, self.road_px)

    def goal_box(self) -> Box:
        """A square as wide as the road round the goal."""
        return self.player_box(self.goal)

    def moves(self, cell: Cell) -> list[tuple[str, Cell]]:
        """Roads from a place, named after the place that they lead to."""
        found = []
        for road in self.roads:
            if cell[0] in (road.a, road.b):
                other = road.b if cell[0] == road.a else road.a
                found.append((place_name(other), (other,)))
        return sorted(found, key=lambda move: move[1])

    @cached_property
    def routes(self) -> Routes:
        """Routes over the fewest roads whose length is within 1 % of the shortest of them."""
        fewest = CheapestRoutes(self.start, lambda cell: cell == self.goal, self._priced, _route)
        return NearShortest(list(fewest), self)

    def _priced(self, cell: Cell) -> list[tuple[str, Cell, int]]:
        return [(name, there, 1) for name, there in self.moves(cell)]

    def road(self, a: int, b: int) -> Road:
        """The road between two places."""
        return next(road for road in self.roads if {road.a, road.b} == {a, b})

    def curve(self, a: int, b: int, steps: int) -> list[Point]:
        """Points of the road from place a to place b, both ends included."""
        road = self.road(a, b)
        points = bezier(self.places[road.a], road.control, self.places[road.b], steps)
        return points if road.a == a else points[::-1]

    def length(self, route: Route) -> float:
        """Pixels along a route."""
        points = self.trace(route, 4.0)
        return math.fsum(math.dist(p, q) for p, q in itertools.pairwise(points))

    def trace(self, route: Route, spacing: float = 1.0) -> list[Point]:
        """Along the middle of the roads."""
        out = [self.point(route.cells[0])]
        for (a,), (b,) in zip(route.cells, route.cells[1:], strict=False):
            chord = math.dist(self.places[a], self.places[b])
            out += self.curve(a, b, max(2, math.ceil(1.3 * chord / spacing)))[1:]
        return out

    def symmetric_forms(self) -> list[Any]:
        """The eight images of places and roads, in sorted order."""
        return [self._form(turn, flip) for turn in range(4) for flip in (False, True)]

    def _form(self, turn: int, flip: bool) -> Any:
        def moved(point: Point) -> list[float]:
            x, y = (2 * float(v) - self.side for v in point)
            x = -x if flip else x
            for _ in range(turn):
                x, y = -y, x
            return [x, y]

        ends = [
            [*sorted([moved(self.places[r.a]), moved(self.places[r.b])]), moved(r.control)]
            for r in self.roads
        ]
        return [moved(self.point(self.start)), moved(self.point(self.goal)), sorted(ends)]


class NearShortest:
    """The routes of as few roads whose length is within 1 % of the shortest.

    Args:
        routes: all routes over the fewest roads.
        board: measures them.
    """

    def __init__(self, routes: list[Route], board: IrregularBoard) -> None:
        lengths = [board.length(route) for route in routes]
        limit = min(lengths, default=0.0) * (1 + _LENGTH_TOLERANCE)
        ranked = sorted(zip(lengths, range(len(routes)), strict=True))
        self._routes = [routes[index] for length, index in ranked if length <= limit]

    def __iter__(self) -> Any:
        return iter(self._routes)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._routes)

    def __contains__(self, route: object) -> bool:
        return route in self._routes

    @property
    def first(self) -> Route:
        """The shortest.

        Raises:
            ValueError: there is no route.
        """
        if not self._routes:
            raise ValueError("no route leads to the goal")
        return self._routes[0]


def _route(states: Any, moves: Any) -> Route:
    return Route(tuple(states), tuple(moves))


def place_name(index: int) -> str:
    """A, B, ... Z, AA, AB, ...: the letters on the picture for vision-language models."""
    name = ""
    index += 1
    while index:
        index, letter = divmod(index - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def bezier(a: Point, control: Point, b: Point, steps: int) -> list[Point]:
    """Points of a quadratic Bezier curve, both ends included."""
    points = []
    for index in range(steps + 1):
        t = index / steps
        u = 1 - t
        points.append(
            tuple(u * u * p + 2 * u * t * c + t * t * q for p, c, q in zip(a, control, b, strict=True))
        )
    return points  # type: ignore[return-value]


def make_irregular(difficulty: Difficulty, source: RandomSource) -> IrregularBoard:
    """Places by throwing darts, a random spanning tree with some extra roads, bends where there is room."""
    settings = SETTINGS[difficulty]
    while True:
        places = _places(settings, source)
        edges = _gabriel(places)
        if len(places) < settings.fewest + 1 or not _connected(len(places), edges):
            continue
        kept = _tree(len(places), edges, source)
        spare = [edge for edge in edges if edge not in kept]
        kept |= set(source.sample(spare, min(settings.extra, len(spare))))
        start = source.below(len(places))
        away = _distances(len(places), kept, start)
        farthest = max(away)
        if farthest < settings.fewest:
            continue
        goal = source.choice([place for place, hops in enumerate(away) if hops == farthest])
        roads = _bent(places, sorted(kept), settings.width, source)
        return IrregularBoard([(float(x), float(y)) for x, y in places], roads, start, goal, settings.width)


def _places(settings: Roads, source: RandomSource) -> list[Place]:
    margin = settings.width
    spacing = max(settings.spacing, 4 * settings.width) ** 2
    places: list[Place] = []
    for _ in range(400):
        x, y = (margin + source.below(SIDE - 2 * margin) for _ in range(2))
        if all((x - p) ** 2 + (y - q) ** 2 >= spacing for p, q in places):
            places.append((x, y))
    return places


def _gabriel(places: list[Place]) -> list[tuple[int, int]]:
    """Pairs whose circle on the connecting line holds no third place (nor touches one)."""
    at = np.array(places, dtype=np.int64)
    edges = []
    for a in range(len(places)):
        for b in range(a + 1, len(places)):
            inside = ((at[a] - at) * (at[b] - at)).sum(-1) <= 0
            if inside.sum() == 2:  # the ends themselves
                edges.append((a, b))
    return edges


def _distances(count: int, edges: set[tuple[int, int]] | list[tuple[int, int]], start: int) -> list[int]:
    around: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges:
        around[a].append(b)
        around[b].append(a)
    away, queue = [-1] * count, deque([start])
    away[start] = 0
    while queue:
        here = queue.popleft()
        for there in around[here]:
            if away[there] < 0:
                away[there] = away[here] + 1
                queue.append(there)
    return away


def _connected(count: int, edges: list[tuple[int, int]]) -> bool:
    return bool(edges) and min(_distances(count, edges, 0)) >= 0


def _tree(count: int, edges: list[tuple[int, int]], source: RandomSource) -> set[tuple[int, int]]:
    """A uniform spanning tree by Aldous' and Broder's random walk."""
    around: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges:
        around[a].append(b)
        around[b].append(a)
    here, seen, tree = source.below(count), set[int](), set[tuple[int, int]]()
    seen.add(here)
    while len(seen) < count:
        there = source.choice(around[here])
        if there not in seen:
            seen.add(there)
            tree.add((min(here, there), max(here, there)))
        here = there
    return tree


def _bent(places: list[Place], edges: list[tuple[int, int]], width: int, source: RandomSource) -> list[Road]:
    """Each road bends by up to an eighth of its length where it stays clear of the others, else less."""
    roads: list[Road] = [
        Road(a, b, ((places[a][0] + places[b][0]) // 2, (places[a][1] + places[b][1]) // 2)) for a, b in edges
    ]
    for index, (a, b) in enumerate(edges):
        (ax, ay), (bx, by) = places[a], places[b]
        share = source.below(17) - 8  # in 32nds of the length, to either side
        for part in (share, share // 2):
            middle = ((ax + bx) // 2 - (by - ay) * part // 32, (ay + by) // 2 + (bx - ax) * part // 32)
            bent = Road(a, b, middle)
            others = [road for other, road in enumerate(roads) if other != index]
            if part and _stays_clear(places, bent, others, width):
                roads[index] = bent
                break
    return roads


def _stays_clear(places: list[Place], road: Road, others: list[Road], width: int) -> bool:
    """Whether a road keeps a width and a half from others, and from those that it meets, away from there."""
    own = _samples(places, road)
    if own.min() < width or own.max() >= SIDE - width:
        return False
    for other in others:
        theirs = _samples(places, other)
        gap = np.maximum(own.min(0) - theirs.max(0), theirs.min(0) - own.max(0)).max()
        if gap > 1.5 * width:
            continue
        away = ((own[:, None] - theirs[None]) ** 2).sum(-1).min(1)
        for place in {road.a, road.b} & {other.a, other.b}:
            meeting = ((own - np.array(places[place])) ** 2).sum(-1) < (3 * width) ** 2
            away[meeting] = np.inf
        if (away < (1.5 * width) ** 2).any():
            return False
    return True


def _samples(places: list[Place], road: Road) -> NDArray[np.float64]:
    """Points [17, 2] of a road; steps of a sixteenth keep every coordinate an exact binary fraction."""
    ends = np.array([places[road.a], road.control, places[road.b]], dtype=np.float64)
    samples: NDArray[np.float64] = _WEIGHTS @ ends
    return samples
