"""What moves from step to step: values that change places, and every shape on its way in between."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from vidkit.algoviz.scene.colours import mix
from vidkit.algoviz.scene.shapes import Effect, Layer, Scene, Shape

Box = tuple[float, float, float, float]  # left, top, right, bottom
_MOST_AREAS = 12
_LIFT = 70.0  # pixels that an arc rises at most
_PULSE, _SHAKE, _DIMS = 0.12, 5.0, 0.65  # of a size, in pixels, of the opacity
_GONE_BY, _COMES_AT = 0.4, 0.45  # shares of the time: what goes is gone before what comes appears


def _values(shapes: Iterable[Shape]) -> dict[str, Shape]:
    return {shape.id: shape for shape in shapes if shape.role in ("value", "variable")}


def changed_values(before: Sequence[Shape], after: Sequence[Shape]) -> list[str]:
    """Ids of values that are others than in the step before, or new."""
    if not before:
        return []
    old = _values(before)
    return [key for key, shape in _values(after).items() if key not in old or old[key].text != shape.text]


def moves_between(before: Sequence[Shape], after: Sequence[Shape]) -> dict[str, str]:
    """Values that change places within a view: by their id in the new step, the id that they come from.

    Only where the changed places hold the same values in another order, which is what swaps and shifts do.
    """
    old, new = _values(before), _values(after)
    places: dict[str, list[str]] = {}
    for key, shape in new.items():
        if key.startswith("value:") and key in old and old[key].text != shape.text:
            places.setdefault(key.rsplit(":", 1)[0], []).append(key)
    moves: dict[str, str] = {}
    for view, keys in places.items():
        if view == "value:variable" or sorted(old[key].text for key in keys) != sorted(
            new[key].text for key in keys
        ):
            continue
        free = list(keys)
        for key in keys:
            source = min(
                (other for other in free if old[other].text == new[key].text and other != key),
                key=lambda other: abs(old[other].x - new[key].x) + abs(old[other].y - new[key].y),
            )
            free.remove(source)
            moves[key] = source
    return moves


def eased(share: float, easing: str = "ease-in-out") -> float:
    """The share of the way after a share of the time; as usual slow at both ends."""
    if easing == "linear":
        return share
    if easing == "ease-in":
        return share * share
    if easing == "ease-out":
        return share * (2 - share)
    return share * share * (3 - 2 * share)


class Transition:
    """The way from a step to the next.

    Args:
        before: the step that is left.
        after: the step that is reached.

    Attributes:
        resting: shapes that stay as they are, each with its place in the order of drawing.
        areas: boxes, apart from each other, in which everything lies that changes, arcs of values included.
    """

    def __init__(self, before: Scene, after: Scene) -> None:
        self.after = after
        self.old = before.by_id()
        new_ids = {shape.id for shape in after.shapes}
        self.resting: list[tuple[int, Shape]] = []
        self.changing: list[tuple[int, Shape]] = []
        leaving = set(after.moves.values())
        for place, shape in enumerate(after.shapes):
            same = self.old.get(shape.id) == shape and shape.id not in after.moves and shape.id not in leaving
            same = same and shape.id not in after.effects
            (self.resting if same else self.changing).append((place, shape))
        self.going = [(place, shape) for place, shape in enumerate(before.shapes) if shape.id not in new_ids]
        self.leaving = leaving
        self.areas = self._areas()

    def _areas(self) -> list[Box]:
        boxes = [shape.box for _, shape in (*self.going, *self.changing)]
        boxes += [self.old[shape.id].box for _, shape in self.changing if shape.id in self.old]
        new = {shape.id: shape for _, shape in self.changing}
        for key, source in self.after.moves.items():
            one, other = self.old[source].box, new[key].box
            # the whole way, and the arc over it
            boxes.append((
                min(one[0], other[0]) - _LIFT, min(one[1], other[1]) - _LIFT,
                max(one[2], other[2]) + _LIFT, max(one[3], other[3]) + _LIFT,
            ))  # fmt: skip
        for _, shape in self.changing:
            if shape.id in self.old and self.old[shape.id].box != shape.box:
                boxes.append(_around([self.old[shape.id].box, shape.box]))
        # with room for what pulses, shakes and glows
        boxes += [
            (x - wide, y - wide, right + wide, bottom + wide)
            for _, shape in self.changing
            if shape.id in self.after.effects
            for x, y, right, bottom in [shape.box]
            for wide in [8 + _PULSE * max(shape.w, shape.h)]
        ]
        # with room for outlines and arrowheads
        return _merged([(left - 12, top - 12, right + 12, bottom + 12) for left, top, right, bottom in boxes])

    def moving(self, share: float) -> list[tuple[int, Shape]]:
        """What is not at rest, at a share of the way from 0 to 1."""
        made: list[tuple[int, Shape]] = []
        if share < _GONE_BY:
            made = [(place, _faded(shape, 1 - share / _GONE_BY)) for place, shape in self.going]
        appeared = (share - _COMES_AT) / (1 - _COMES_AT)
        for place, shape in self.changing:
            effect = self.after.effects.get(shape.id)
            way = eased(share, effect.easing if effect else "ease-in-out")
            if effect is not None:
                made += [(place, found) for found in self._with_effect(shape, effect, share, way)]
                continue
            source = self.after.moves.get(shape.id)
            old = self.old.get(shape.id)
            if source is not None:
                made.append((place, _arched(self.old[source], shape, way)))
            elif old is None:
                if appeared > 0:
                    made.append((place, _faded(shape, appeared)))
            else:
                made += [(place, found) for found in self._changed(old, shape, share, way, appeared)]
        return made

    def _with_effect(self, shape: Shape, effect: Effect, share: float, way: float) -> list[Shape]:
        """A shape on its way as a style wants it to move."""
        source, old = self.after.moves.get(shape.id), self.old.get(shape.id)
        appeared = (share - _COMES_AT) / (1 - _COMES_AT)
        if effect.variant == "fade" and old is not None:
            if old == shape:
                return [_faded(shape, 1 - _DIMS * math.sin(math.pi * way))]
            return [_faded(old, 1 - way), _faded(shape, way)]
        if source is not None:
            found = [_arched(self.old[source], shape, way)]
        elif old is None:
            found = [_faded(shape, appeared)] if appeared > 0 else []
        else:
            found = self._changed(old, shape, share, way, appeared)
        return [one for part in found for one in affected(part, effect, share)]

    def _changed(self, old: Shape, new: Shape, share: float, way: float, appeared: float) -> list[Shape]:
        if new.kind != "text" or old.text == new.text:
            return [blend(old, new, way)]
        if new.id in self.leaving:
            return []
        if share < _GONE_BY:
            return [_faded(old, 1 - share / _GONE_BY)]
        return [_faded(new, appeared)] if appeared > 0 else []


def affected(shape: Shape, effect: Effect, share: float) -> list[Shape]:
    """A shape with its effect at a share of the time; back to itself at the end."""
    swell = math.sin(math.pi * share)
    if effect.variant == "pulse":
        scale, (x, y) = 1 + _PULSE * swell, effect.centre
        points = tuple((x + (px - x) * scale, y + (py - y) * scale) for px, py in shape.points)
        return [
            replace(
                shape,
                x=x + (shape.x - x) * scale,
                y=y + (shape.y - y) * scale,
                w=shape.w * scale,
                h=shape.h * scale,
                size=shape.size * scale,
                points=points,
            )
        ]
    if effect.variant == "shake":
        off = _SHAKE * math.sin(6 * math.pi * share) * (1 - share)
        return [replace(shape, x=shape.x + off, points=tuple((px + off, py) for px, py in shape.points))]
    if effect.variant == "glow" and shape.kind != "text":
        return [_faded(halo(shape, shape.stroke or shape.fill), 1.8 * swell), shape]
    return [shape]


def halo(shape: Shape, colour: str) -> Shape:
    """A glow round a shape, behind it."""
    if shape.kind == "line":
        return replace(
            shape,
            id=f"glow:{shape.id}",
            stroke=colour,
            stroke_width=shape.stroke_width + 7,
            head=False,
            opacity=0.3,
            layer=Layer.EDGE,
            role="glow",
        )
    return replace(
        shape,
        id=f"glow:{shape.id}",
        x=shape.x - 5,
        y=shape.y - 5,
        w=shape.w + 10,
        h=shape.h + 10,
        fill=colour,
        stroke="",
        opacity=0.3,
        radius=shape.radius + 4,
        layer=Layer.EDGE,
        role="glow",
        within="",
    )


def _around(boxes: Sequence[Box]) -> Box:
    return (
        min(box[0] for box in boxes), min(box[1] for box in boxes),
        max(box[2] for box in boxes), max(box[3] for box in boxes),
    )  # fmt: skip


def _merged(boxes: Sequence[Box]) -> list[Box]:
    """Boxes that no longer meet, at most a few."""
    made: list[Box] = []
    for box in sorted(boxes):
        joined = box
        while meeting := [other for other in made if _meet(other, joined)]:
            made = [other for other in made if other not in meeting]
            joined = _around([joined, *meeting])
        made.append(joined)
    return made if len(made) <= _MOST_AREAS else [_around(made)]


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def in_order(shapes: Iterable[tuple[int, Shape]]) -> list[Shape]:
    """Shapes back to front."""
    return [shape for _, shape in sorted(shapes, key=lambda pair: (pair[1].layer, pair[0]))]


def between(before: Scene, after: Scene, share: float) -> list[Shape]:
    """Shapes at a share of the way from a step to the next, 0 to 1, back to front."""
    if share >= 1:
        return list(after.shapes)
    way = Transition(before, after)
    return in_order([*way.resting, *way.moving(share)])


def _faded(shape: Shape, opacity: float) -> Shape:
    return replace(shape, opacity=shape.opacity * min(1.0, max(0.0, opacity)))


def blend(old: Shape, new: Shape, way: float) -> Shape:
    """A shape on its way: place, size and colours."""
    points = new.points
    if len(old.points) == len(new.points):
        points = tuple(
            (a[0] + (b[0] - a[0]) * way, a[1] + (b[1] - a[1]) * way)
            for a, b in zip(old.points, new.points, strict=True)
        )
    return replace(
        new,
        x=old.x + (new.x - old.x) * way,
        y=old.y + (new.y - old.y) * way,
        w=old.w + (new.w - old.w) * way,
        h=old.h + (new.h - old.h) * way,
        size=old.size + (new.size - old.size) * way,
        stroke_width=old.stroke_width + (new.stroke_width - old.stroke_width) * way,
        fill=_mixed(old.fill, new.fill, way),
        stroke=_mixed(old.stroke, new.stroke, way),
        points=points,
    )


def _mixed(old: str, new: str, way: float) -> str:
    # in sixteenths, so that few colours have to be made
    return mix(old, new, round(way * 16) / 16) if old and new and old != new else new


def _arched(old: Shape, new: Shape, way: float) -> Shape:
    """On an arc above (to the right) or below (to the left), so that two that swap do not meet."""
    made = blend(old, new, way)
    distance = new.x - old.x
    lift = min(_LIFT, 16 + abs(distance) * 0.25) * math.sin(math.pi * way)
    if abs(distance) < 1:
        return replace(made, x=made.x + (lift if new.y > old.y else -lift))
    return replace(made, y=made.y - (lift if distance > 0 else -lift))
