"""Edges between discs: from border to border, bent round foreign nodes, with labels where nothing else is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Point = tuple[float, float]
Rect = tuple[float, float, float, float]  # left, top, right, bottom
_BENDS = (0.0, 0.14, -0.14, 0.24, -0.24, 0.36, -0.36, 0.5, -0.5, 0.7, -0.7)
_ALONG = (0.5, 0.42, 0.58, 0.35, 0.65, 0.28, 0.72, 0.2, 0.8)
_CLEAR = 5.0  # pixels between an edge and a foreign disc


@dataclass(frozen=True)
class Route:
    """The way of an edge: two or three points (then a quadratic curve over the middle one)."""

    points: tuple[Point, ...]

    def at(self, share: float) -> Point:
        """The point after a share of the parameter, 0 at the start."""
        if len(self.points) == 2:
            (ax, ay), (bx, by) = self.points
            return ax + (bx - ax) * share, ay + (by - ay) * share
        (ax, ay), (cx, cy), (bx, by) = self.points
        rest = 1 - share
        weights = rest * rest, 2 * rest * share, share * share
        return (
            weights[0] * ax + weights[1] * cx + weights[2] * bx,
            weights[0] * ay + weights[1] * cy + weights[2] * by,
        )

    def samples(self, count: int = 17) -> list[Point]:
        return [self.at(step / (count - 1)) for step in range(count)]


def route(
    source: str, target: str, places: Mapping[str, Point], radius: float, fan: float, blocks: Sequence[tuple[str, Rect]]
) -> Route:
    """The way from a disc to another.

    Args:
        places: centres of all nodes.
        fan: bend that is wanted, as a share of the length; for parallel edges.
        blocks: boxes that are no way through, each with the id of the node that it belongs to.
    """
    if source == target:
        return loop(places[source], radius, fan)
    others = [place for node, place in places.items() if node not in (source, target)]
    foreign = [box for node, box in blocks if node not in (source, target)]
    best, fewest = None, math.inf
    for bend in _BENDS:
        found = _bent(places[source], places[target], radius, fan + bend)
        hits = _hits(found, others, radius + _CLEAR, foreign)
        if hits < fewest:
            best, fewest = found, hits
        if not hits:
            break
    assert best is not None
    return best


def loop(centre: Point, radius: float, fan: float) -> Route:
    """From a disc to itself, above it."""
    x, y = centre
    high = radius * (3.0 + 2 * abs(fan))
    left, right = math.radians(235), math.radians(305)
    start = (x + radius * math.cos(left), y + radius * math.sin(left))
    end = (x + radius * math.cos(right), y + radius * math.sin(right))
    return Route((start, (x, y - high), end))


def _bent(start: Point, end: Point, radius: float, bend: float) -> Route:
    (ax, ay), (bx, by) = start, end
    length = math.hypot(bx - ax, by - ay) or 1.0
    if abs(bend) < 1e-6:
        return Route((_leave(start, end, radius), _leave(end, start, radius)))
    # seen from its smaller end, so that an edge and its reverse bend to different sides
    off = bend * length
    via = ((ax + bx) / 2 - (by - ay) / length * off, (ay + by) / 2 + (bx - ax) / length * off)
    return Route((_leave(start, via, radius), via, _leave(end, via, radius)))


def _leave(centre: Point, towards: Point, radius: float) -> Point:
    dx, dy = towards[0] - centre[0], towards[1] - centre[1]
    length = math.hypot(dx, dy) or 1.0
    return centre[0] + dx / length * (radius + 1), centre[1] + dy / length * (radius + 1)


def _hits(way: Route, others: Sequence[Point], clear: float, foreign: Sequence[Rect]) -> int:
    points = way.samples(25)
    hits = sum(any(math.hypot(x - px, y - py) < clear for px, py in points) for x, y in others)
    return hits * 10 + sum(any(_inside(point, box) for point in points) for box in foreign)


def _inside(point: Point, box: Rect) -> bool:
    return box[0] < point[0] < box[2] and box[1] < point[1] < box[3]


def overlap(one: Rect, other: Rect) -> float:
    """Common area of two boxes."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, wide) * max(0.0, high)


def label_box(
    way: Route, size: Point, taken: Sequence[Rect], lines: Sequence[Sequence[Point]], within: Rect
) -> tuple[Rect, float]:
    """Where the label of an edge lies, and the area that it shares with what is taken.

    Args:
        size: width and height of the label.
        taken: boxes of nodes and labels.
        lines: points of the other edges, to keep away from where there is a choice.
        within: the place of the whole graph.
    """
    best: tuple[float, float, Rect] | None = None
    for step in (0.0, 0.75, -0.75, 1.4, -1.4, 2.1, -2.1):
        for share in _ALONG:
            box = _beside(way, share, step, size)
            outside = max(0.0, within[0] - box[0], box[2] - within[2], within[1] - box[1], box[3] - within[3])
            shared = sum(overlap(box, other) for other in taken) + outside * 50
            crossed = sum(any(_inside(point, box) for point in points) for points in lines)
            cost = crossed * 3 + abs(step) * 4 + abs(share - 0.5)
            if best is None or (shared > 0, cost + shared) < (best[0] > 0, best[1]):
                best = (shared, cost + shared, box)
    assert best is not None
    return best[2], best[0]


def _beside(way: Route, share: float, step: float, size: Point) -> Rect:
    x, y = way.at(share)
    if step:
        (ax, ay), (bx, by) = way.at(max(0.0, share - 0.05)), way.at(min(1.0, share + 0.05))
        length = math.hypot(bx - ax, by - ay) or 1.0
        nx, ny = -(by - ay) / length, (bx - ax) / length
        reach = abs(nx) * size[0] / 2 + abs(ny) * size[1] / 2 + 3
        x, y = x + nx * reach * step, y + ny * reach * step
    return x - size[0] / 2, y - size[1] / 2, x + size[0] / 2, y + size[1] / 2
