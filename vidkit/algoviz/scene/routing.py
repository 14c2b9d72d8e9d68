"""Edges between discs: from border to border, bent round foreign nodes, with labels where nothing else is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Point = tuple[float, float]
Rect = tuple[float, float, float, float]  # left, top, right, bottom
_BENDS = (0.0, 0.14, -0.14, 0.24, -0.24, 0.36, -0.36, 0.5, -0.5, 0.7, -0.7, 0.95, -0.95)
_ALONG = (0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8, 0.14, 0.86)
_BESIDE = (0.0, 0.75, -0.75, 1.4, -1.4, 2.1, -2.1)
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

    def sampled(self, count: int) -> np.ndarray:
        """Points spread along the way [count, 2]."""
        share = np.linspace(0, 1, count)[:, None]
        if len(self.points) == 2:
            start, end = np.array(self.points)
            return np.asarray(start + (end - start) * share)
        start, via, end = np.array(self.points)
        rest = 1 - share
        return np.asarray(rest * rest * start + 2 * rest * share * via + share * share * end)

    def leaves(self, box: Rect) -> bool:
        """Whether a part of it lies outside of a box."""
        left, top, right, bottom = extent(self.points)
        return left < box[0] or top < box[1] or right > box[2] or bottom > box[3]

    def samples(self, count: int = 17) -> list[Point]:
        return [self.at(step / (count - 1)) for step in range(count)]


def extent(points: Sequence[Point]) -> Rect:
    """Box of a line, or of a curve over the middle one of three points, which it does not reach."""
    marks = [points[0], points[-1]]
    if len(points) == 3:
        start, via, end = points
        for a, c, b in zip(start, via, end, strict=True):  # where it turns back, in x and in y
            turn = (a - c) / (a - 2 * c + b) if a - 2 * c + b else -1.0
            if 0 < turn < 1:
                marks.append(Route(tuple(points)).at(turn))
    xs, ys = [x for x, _ in marks], [y for _, y in marks]
    return min(xs), min(ys), max(xs), max(ys)


def route(
    source: str,
    target: str,
    places: Mapping[str, Point],
    radius: float,
    fan: float,
    blocks: Sequence[tuple[str, Rect]],
    within: Rect | None = None,
) -> Route:
    """The way from a disc to another.

    Args:
        source: id of the node that it leaves.
        target: id of the node where it ends.
        places: centres of all nodes.
        radius: of the discs.
        fan: bend that is wanted, as a share of the length; for parallel edges.
        blocks: boxes that are no way through, each with the id of the node that it belongs to.
        within: the place of the whole graph, which no way leaves unless there is no other.
    """
    if source == target:
        return loop(places[source], radius, fan)
    others = [place for node, place in places.items() if node not in (source, target)]
    foreign = [box for node, box in blocks if node not in (source, target)]
    own = [box for node, box in blocks if node in (source, target)]
    discs, boxes = np.array(others).reshape(-1, 2), np.array(foreign).reshape(-1, 4)
    ends = np.array(own).reshape(-1, 4)
    best, least = _bent(places[source], places[target], radius, fan), math.inf
    for bend in _BENDS if others or own or within else ():
        found = _bent(places[source], places[target], radius, fan + bend)
        # the small print of its own ends is worth a small bend, no large one
        crossed = int(_inside(found.sampled(25), ends).any(0).sum()) if own else 0
        hits = (_hits(found, discs, radius, boxes) if others else 0) + crossed
        if within is not None and found.leaves(within):
            hits += 50
        if hits + 4 * abs(bend) < least:
            best, least = found, hits + 4 * abs(bend)
        if not hits:
            break
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


def _hits(way: Route, others: np.ndarray, radius: float, foreign: np.ndarray) -> int:
    """How many discs are crossed, and how many are too near and boxes crossed, which weighs less."""
    points = way.sampled(25)
    gaps = np.hypot(*(points[:, None] - others[None]).transpose(2, 0, 1))
    crossed = _inside(points, foreign).any(0).sum()
    nearest = gaps.min(0)
    near = (nearest < radius + 1).sum() * 100 + (nearest < radius + _CLEAR).sum() * 10
    return int(near) + int(crossed)


def _inside(points: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Which points [P, 2] lie in which boxes [B, 4]: bool [P, B]."""
    x, y = points[:, :1], points[:, 1:]
    left, top, right, bottom = boxes.T
    return np.asarray((left < x) & (x < right) & (top < y) & (y < bottom))


def overlap(one: Rect, other: Rect) -> float:
    """Common area of two boxes."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, wide) * max(0.0, high)


def label_box(
    way: Route, size: Point, taken: np.ndarray, lines: np.ndarray, within: Rect
) -> tuple[Rect, float]:
    """Where the label of an edge lies, and the area that it shares with what is taken.

    Args:
        way: of the edge.
        size: width and height of the label.
        taken: boxes of nodes and labels [B, 4].
        lines: points of the other edges [P, 2], to keep away from where there is a choice.
        within: the place of the whole graph.
    """
    steps = [(step, share) for step in _BESIDE for share in _ALONG]
    boxes = np.array([_beside(way, share, step, size) for step, share in steps])
    wide = np.minimum(boxes[:, None, 2], taken[None, :, 2]) - np.maximum(boxes[:, None, 0], taken[None, :, 0])
    high = np.minimum(boxes[:, None, 3], taken[None, :, 3]) - np.maximum(boxes[:, None, 1], taken[None, :, 1])
    shared = (np.clip(wide, 0, None) * np.clip(high, 0, None)).sum(1)
    out = [within[0] - boxes[:, 0], within[1] - boxes[:, 1], boxes[:, 2] - within[2], boxes[:, 3] - within[3]]
    shared += np.clip(np.max(out, axis=0), 0, None) * 50
    crossed = _inside(lines, boxes).sum(0) if len(lines) else np.zeros(len(boxes))
    liked = np.array([abs(step) * 4 + abs(share - 0.5) for step, share in steps])
    costs = crossed * 1.5 + liked + shared + 1000.0 * (shared > 0)
    best = int(np.argmin(costs))
    left, top, right, bottom = boxes[best]
    return (float(left), float(top), float(right), float(bottom)), float(shared[best])


def _beside(way: Route, share: float, step: float, size: Point) -> Rect:
    x, y = way.at(share)
    if step:
        (ax, ay), (bx, by) = way.at(max(0.0, share - 0.05)), way.at(min(1.0, share + 0.05))
        length = math.hypot(bx - ax, by - ay) or 1.0
        nx, ny = -(by - ay) / length, (bx - ax) / length
        reach = abs(nx) * size[0] / 2 + abs(ny) * size[1] / 2 + 3
        x, y = x + nx * reach * step, y + ny * reach * step
    return x - size[0] / 2, y - size[1] / 2, x + size[0] / 2, y + size[1] / 2
