"""What moves from step to step: values that change places, and every shape on its way in between."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from vidkit.algoviz.scene.colours import mix
from vidkit.algoviz.scene.shapes import Scene, Shape

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


def eased(share: float) -> float:
    """Slow at both ends."""
    return share * share * (3 - 2 * share)


def between(before: Scene, after: Scene, share: float) -> list[Shape]:
    """Shapes at a share of the way from a step to the next, 0 to 1, back to front."""
    if share >= 1:
        return list(after.shapes)
    old = before.by_id()
    new_ids = {shape.id for shape in after.shapes}
    moved_from = set(after.moves.values())
    way = eased(share)
    made = [
        _faded(shape, 1 - share / _GONE_BY)
        for shape in before.shapes
        if shape.id not in new_ids and share < _GONE_BY
    ]
    for shape in after.shapes:
        source = after.moves.get(shape.id)
        if source is not None:
            made.append(_arched(old[source], shape, way))
        elif shape.id not in old:
            if share > _COMES_AT:
                made.append(_faded(shape, (share - _COMES_AT) / (1 - _COMES_AT)))
        else:
            made += _changing(old[shape.id], shape, share, way, shape.id in moved_from)
    return sorted(made, key=lambda shape: shape.layer)


def _changing(old: Shape, new: Shape, share: float, way: float, leaves: bool) -> list[Shape]:
    if old == new:
        return [new]
    if new.kind == "text" and old.text != new.text:
        if leaves:
            return []
        if share < _GONE_BY:
            return [_faded(old, 1 - share / _GONE_BY)]
        return [_faded(new, (share - _COMES_AT) / (1 - _COMES_AT))] if share > _COMES_AT else []
    return [blend(old, new, way)]


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
    lift = min(70.0, 16 + abs(distance) * 0.25) * math.sin(math.pi * way)
    if abs(distance) < 1:
        return replace(made, x=made.x + (lift if new.y > old.y else -lift))
    return replace(made, y=made.y - (lift if distance > 0 else -lift))
