"""Discs with a label, their small print below, and the edges between them: what graphs and trees share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from vidkit.algoviz.scene.look import Look, Paint, is_plain
from vidkit.algoviz.scene.painters.base import Box, label
from vidkit.algoviz.scene.painters.cells import BADGE, badge
from vidkit.algoviz.scene.painters.chips import arrow
from vidkit.algoviz.scene.picture import Node
from vidkit.algoviz.scene.routing import Rect, Route
from vidkit.algoviz.scene.shapes import Layer, Shape
from vidkit.algoviz.scene.text import unit_width

LARGEST, SMALLEST = 34.0, 11.0  # radius of a node in pixels
NOTE = 12.0  # size of the small print
RADII = (34.0, 30.0, 27.0, 25.0, 23.0, 21.0, 19.0, 17.0, 15.0, 13.0, 11.0)
_LARGER = (54.0, 48.0, 43.0, 38.0)  # of nodes whose labels are long
_LEAST = 10.5  # size of a label; longer ones are cut
_READABLE = 14.5  # size of a label that need not be shrunk more, three fifths of the usual


def widest(labels: Iterable[str]) -> float:
    """Width of the longest label at size 1."""
    return max((unit_width(text, "bold") for text in labels), default=0.0)


def radii(scale: float, widest: float) -> list[float]:
    """Radii to try, the largest first; nodes grow beyond the usual only for labels that are long."""
    usual = LARGEST * max(scale, 0.6)
    long = (widest * _READABLE + 10) / 2
    larger = [radius for radius in _LARGER if radius < long + 5]
    return [r for r in (*larger, *RADII) if r <= usual or r <= long + 5 or r == SMALLEST]


def common_size(radius: float, widest: float) -> float:
    """Size at which the longest label fits, so that all are written alike; it may still be cut."""
    usual = label_size(radius)
    return min(usual, max(_LEAST, (2 * radius - 9) / widest)) if widest else usual


def label_size(radius: float) -> float:
    return min(max(9.5, radius * 0.68), 24.0)


def note_text(node: Node) -> str:
    return " · ".join(node.notes)


def note_size(radius: float) -> float:
    return max(9.0, min(NOTE, radius * 0.55))


def note_height(radius: float) -> float:
    """Height under a disc that its small print takes."""
    return note_size(radius) * 1.3 + 2


def note_width(texts: Sequence[str], radius: float) -> float:
    return max((unit_width(text) * note_size(radius) + 6 for text in texts if text), default=0.0)


def note_rect(x: float, y: float, radius: float, wide: float) -> Rect:
    """Box of the small print of a disc at (x, y)."""
    return x - wide / 2 - 2, y + radius + 1, x + wide / 2 + 2, y + radius + 1 + note_height(radius)


def disc(
    view: str,
    node: Node,
    x: float,
    y: float,
    radius: float,
    look: Look,
    mark: str,
    room: float,
    size: float,
) -> list[Shape]:
    """A node at (x, y), its label of a size.

    `mark` is a style of this step alone, drawn as a ring, `room` the width of the small print.
    """
    key = f"node:{view}:{node.id}"
    paint: Paint = look.paint(node.style)
    made = [
        Shape(
            key,
            "ellipse",
            x - radius,
            y - radius,
            2 * radius,
            2 * radius,
            role="node",
            fill=paint.fill,
            stroke=look.paint(mark).stroke if mark else paint.stroke,
            stroke_width=4 if mark else max(paint.width, 1.5 if is_plain(node.style) else 2.5),
        ),
        label(
            f"{key}:text",
            node.label,
            Box(x - radius, y - radius, 2 * radius, 2 * radius),
            size,
            paint.text,
            font="bold",
            within=key,
            pad=4,
            role="value",
        ),
    ]
    wide = unit_width(look.badge(node.style)) * BADGE
    made += badge(made[0], made[1], look, node.style, x - wide / 2, y - radius + 2.5)
    text = note_text(node)
    if text:
        size = note_size(radius)
        below = Box(x - room / 2, y + radius + 1, room, note_height(radius))
        written = label(
            f"{key}:note", text, below, size, look.theme.muted, role="note", within=f"{key}:plate", pad=2
        )
        made.append(
            Shape(
                f"{key}:plate",
                "rect",
                written.x - 3,
                below.y,
                written.w + 6,
                below.h,
                layer=Layer.EDGE,
                role="plate",
                fill=look.theme.panel,
                radius=3,
            )
        )
        made.append(written)
    return made


def line(key: str, way: Route, style: str, look: Look, directed: bool, marked: bool) -> Shape:
    """An edge along its way."""
    colour, wide = look.line(style, look.theme.outline)
    if style and not is_plain(style):
        wide = max(wide, 3.2)
    if marked:
        wide = max(wide, 4.5)
    via = way.points[1] if len(way.points) == 3 else None
    return arrow(key, way.points[0], way.points[-1], colour, wide, via=via, head=directed)


def crowded(places: Sequence[tuple[float, float]], apart: float) -> bool:
    """Whether two of these are nearer than `apart`."""
    ordered = sorted(places)
    for index, (x, y) in enumerate(ordered):
        for other in ordered[index + 1 :]:
            if other[0] - x >= apart:
                break
            if math.hypot(other[0] - x, other[1] - y) < apart - 0.01:
                return True
    return False
