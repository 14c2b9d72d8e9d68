"""Does anything lie on anything? Checked on the boxes of a scene, for every output at once.

Rules: texts never meet; a text lies inside its box; boxes that hold values never meet; nodes keep a quarter
of their diameter apart; no edge runs through a foreign node; everything is on the canvas and in its part of
the page. Edges may cross each other, and arrows between cells may cross cells.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vidkit.algoviz.scene.routing import Rect, Route, overlap
from vidkit.algoviz.scene.shapes import Region, Scene, Shape

SOLID = ("cell", "node", "bucket", "pointer", "range", "placeholder", "swatch")
_SLACK = 0.6  # pixels; boxes of type are higher than what is drawn
_NODE_GAP = 0.25  # of a diameter


@dataclass(frozen=True)
class Overlap:
    """Two shapes that meet, or one that is where it may not be.

    Attributes:
        rule: text-text, text-box, box-box, node-gap, edge-node, outside or same-id.
        area: in square pixels; of `node-gap` and `edge-node` the missing pixels.
    """

    step: int
    rule: str
    first: str
    second: str
    area: float

    def as_dict(self) -> dict[str, object]:
        return {
            "step": self.step,
            "rule": self.rule,
            "first": self.first,
            "second": self.second,
            "area": round(self.area, 2),
        }


def overlaps(scene: Scene, step: int = 0, regions: Iterable[Region] = ()) -> list[Overlap]:
    """What is wrong with a scene; nothing, in a good one."""
    texts = [shape for shape in scene.shapes if shape.kind == "text" and shape.text]
    solid = [shape for shape in scene.shapes if shape.role in SOLID]
    by_id = scene.by_id()
    twice = [key for key, count in Counter(shape.id for shape in scene.shapes).items() if count > 1]
    found = [
        *(Overlap(step, "same-id", key, key, 0.0) for key in twice),
        *_meeting(texts, "text-text", step, lambda a, b: False),
        *_meeting(solid, "box-box", step, lambda a, b: _allowed(a, b)),
        *_texts_on_boxes(texts, solid, step),
        *_texts_in_boxes(texts, by_id, step),
        *_nodes(scene, step),
        *_outside(scene, {region.name: region for region in regions}, step),
    ]
    return found


def _allowed(first: Shape, second: Shape) -> bool:
    # the tag of a pointer may lie in the cell that it points to
    roles = {first.role, second.role}
    if roles == {"node"}:  # discs, whose distance is checked; the corners of their boxes are empty
        return True
    return roles == {"pointer", "cell"} and (
        _contains(first.box, second.box) or _contains(second.box, first.box)
    )


def _contains(outer: Rect, inner: Rect, slack: float = _SLACK) -> bool:
    return (
        outer[0] <= inner[0] + slack
        and outer[1] <= inner[1] + slack
        and outer[2] >= inner[2] - slack
        and outer[3] >= inner[3] - slack
    )


def _shrunk(shape: Shape) -> Rect:
    left, top, right, bottom = shape.box
    if shape.kind == "text":  # the line's height has room for accents and tails that hardly any text uses
        top, bottom = top + 0.12 * shape.h, bottom - 0.1 * shape.h
    return left + _SLACK, top + _SLACK, right - _SLACK, bottom - _SLACK


def _meeting(shapes: Sequence[Shape], rule: str, step: int, allowed: object) -> list[Overlap]:
    """Pairs that share an area, by a sweep from left to right."""
    found = []
    ordered = sorted(((_shrunk(shape), shape) for shape in shapes), key=lambda pair: pair[0][0])
    active: list[tuple[Rect, Shape]] = []
    for box, shape in ordered:
        active = [pair for pair in active if pair[0][2] > box[0]]
        for other_box, other in active:
            area = overlap(box, other_box)
            if area > 0 and not allowed(other, shape):  # type: ignore[operator]
                found.append(Overlap(step, rule, other.id, shape.id, area))
        active.append((box, shape))
    return found


def _texts_on_boxes(texts: Sequence[Shape], solid: Sequence[Shape], step: int) -> list[Overlap]:
    """Texts on boxes that they do not belong to."""
    found = []
    boxes = sorted(solid, key=lambda shape: shape.x)
    for text in texts:
        box = _shrunk(text)
        for other in boxes:
            if other.x >= box[2]:
                break
            if text.within == other.id or other.x + other.w <= box[0]:
                continue
            if other.role == "cell" and text.within.startswith("pointer:"):
                continue
            area = overlap(box, other.box)
            if area > 1 and (other.kind != "ellipse" or _reaches(other, box)):
                found.append(Overlap(step, "text-box", text.id, other.id, area))
    return found


def _reaches(disc: Shape, box: Rect) -> bool:
    """Whether a disc meets a box, not only the square around it."""
    x, y = disc.centre
    nearest = min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3])
    return math.dist((x, y), nearest) < disc.w / 2


def _texts_in_boxes(texts: Sequence[Shape], by_id: dict[str, Shape], step: int) -> list[Overlap]:
    """Texts that stick out of their own box, or come nearer than 2 pixels to its sides."""
    found = []
    for text in texts:
        holder = by_id.get(text.within)
        if holder is None:
            continue
        left, top, right, bottom = holder.box
        out = max(
            left + 2 - text.x, text.x + text.w - right + 2, top - text.y - 2, text.y + text.h - bottom - 2
        )
        if out > _SLACK:
            found.append(Overlap(step, "text-box", text.id, holder.id, out))
    return found


def _nodes(scene: Scene, step: int) -> list[Overlap]:
    nodes = [shape for shape in scene.shapes if shape.role == "node"]
    found = []
    for place, first in enumerate(nodes):
        for second in nodes[place + 1 :]:
            apart = math.dist(first.centre, second.centre) - first.w / 2 - second.w / 2
            need = _NODE_GAP * min(first.w, second.w)
            if apart < need - _SLACK:
                found.append(Overlap(step, "node-gap", first.id, second.id, need - apart))
    for edge in scene.shapes:
        if edge.role != "edge" or not edge.id.startswith("edge:"):
            continue
        points = Route(edge.points).samples(33)
        ends = edge.points[0], edge.points[-1]
        for node in nodes:
            radius = node.w / 2
            if any(abs(math.dist(end, node.centre) - radius) < 3 for end in ends):
                continue
            nearest = min(math.dist(point, node.centre) for point in points)
            if nearest < radius - _SLACK:
                found.append(Overlap(step, "edge-node", edge.id, node.id, radius - nearest))
    return found


def _outside(scene: Scene, regions: dict[str, Region], step: int) -> list[Overlap]:
    canvas = (0.0, 0.0, float(scene.width), float(scene.height))
    found = []
    for shape in scene.shapes:
        region = regions.get(shape.region)
        holder = region.box if region else canvas
        if not _contains(holder, shape.box, 1.0):
            left, top, right, bottom = shape.box
            area = (right - left) * (bottom - top) - overlap(shape.box, holder)
            found.append(Overlap(step, "outside", shape.id, region.name if region else "canvas", area))
    return found
