"""Where views lie that do not fit on the page together: each gets a part and shows a window of its data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vidkit.algoviz.scene.fitting import SCALES, largest, shelves
from vidkit.algoviz.scene.page import shared
from vidkit.algoviz.scene.painters.base import Box, Painter

GAP = 16.0
NOTE = 20.0  # height of the line that names views without a place
_FIRST = 4.0  # how much more the first view counts than another
_PART = 0.75  # of what is seen counts where it is not all: turning pages is harder to follow
_SIZE = 0.5  # what a first view of twice the size counts, beside others that are seen whole
_BESIDE = (0.36, 0.5, 0.64)  # shares of the width for the first view, with the others at its right
_NARROWEST = 160.0


class Turns:
    """Views that are never there at the same time, which can take turns in one place."""

    def __init__(self, first: Painter) -> None:
        self.members = [first]

    @property
    def turns(self) -> bool:
        return any(one.turns for one in self.members)

    @property
    def elastic(self) -> bool:
        return any(one.elastic for one in self.members)

    def takes(self, other: Painter) -> bool:
        """Whether another view is there only when none of these is."""
        return not any(
            one is not None and new is not None
            for member in self.members
            for one, new in zip(member.views, other.views, strict=True)
        )

    def turn(self, turned: bool) -> None:
        for one in self.members:
            one.turn(turned)

    def line_count(self, scale: float, room: float) -> int:
        return max(one.line_count(scale, room) for one in self.members)

    def wanted(self, scale: float, room: float) -> tuple[float, float]:
        sizes = [one.wanted(scale, room) for one in self.members]
        return max(wide for wide, _ in sizes), max(high for _, high in sizes)

    def floor(self, scale: float, room: float) -> float:
        return max(one.floor(scale, room) for one in self.members)

    def place(self, box: Box, scale: float) -> None:
        for one in self.members:
            wide, high = one.wanted(scale, box.w)
            grown = one.elastic or wide > box.w or high > box.h
            one.place(box if grown else Box(box.x, box.y, wide, high), scale)


def taking_turns(painters: Sequence[Painter]) -> list[Turns]:
    """Places for views, fewer than views where some take turns; the first view has its own."""
    made = [Turns(painters[0])]
    for painter in painters[1:]:
        place = next((one for one in made[1:] if one.takes(painter)), None)
        if place is None:
            made.append(Turns(painter))
        else:
            place.members.append(painter)
    return made


@dataclass(frozen=True)
class _Crowd:
    """One way to give each view a part."""

    worth: float
    boxes: tuple[tuple[Turns, Box], ...]
    scale: float  # of the first view
    turned: bool


def crowd(places: Sequence[Turns], room: Box) -> None:
    """Give each place a part of the room; those that matter least get none if all would be illegible.

    Views are drawn at the smallest scale, the first one larger where it can be.

    Args:
        places: of the views, the first one in its own.
        room: for all of them.
    """
    found: list[tuple[_Crowd, int]] = []
    for count in range(len(places), 0, -1):
        less = NOTE if count < len(places) else 0.0
        within = Box(room.x, room.y, room.w, room.h - less)
        found += [(way, count) for way in _ways(places[:count], within)]
    if not found:  # hardly any room at all: the first view makes do with it
        found = [(_Crowd(0.0, ((places[0], room),), SCALES[-1], False), 1)]
    best, count = max(found, key=lambda pair: (pair[0].worth, pair[1]))
    for place in places:
        place.turn(best.turned)
    for place, box in best.boxes:
        place.place(box, best.scale if place is places[0] else SCALES[-1])
    for left in places[count:]:
        for painter in left.members:
            painter.left_out = True


def _ways(places: Sequence[Turns], room: Box) -> Iterator[_Crowd]:
    scale, first, rest = SCALES[-1], places[0], places[1:]
    for turned in (False, True) if any(place.turns for place in places) else (False,):
        for place in places:
            place.turn(turned)
        for rows in ([[first], *shelves(rest, scale, room.w, GAP)], shelves(places, scale, room.w, GAP)):
            boxes = _in_rows(rows, room, scale)
            if boxes is not None:
                yield _Crowd(_worth(boxes, scale, scale), tuple(boxes), scale, turned)
        for share in _BESIDE if rest else ():
            wide = room.w * share
            size = largest(first, scale, 1, wide, room.h)
            own = wide if first.elastic else min(wide, first.wanted(size, wide)[0])
            column = Box(room.x + own + GAP, room.y, room.w - own - GAP, room.h)
            if column.w < _NARROWEST or first.floor(size, own) > room.h:
                continue
            others = _in_rows(shelves(rest, scale, column.w, GAP), column, scale)
            if others is not None:
                high = room.h if first.elastic else min(room.h, first.wanted(size, own)[1])
                boxes = [(first, Box(room.x, room.y, own, high)), *others]
                yield _Crowd(_worth(boxes, scale, size), tuple(boxes), size, turned)


def _in_rows(rows: list[list[Turns]], room: Box, scale: float) -> list[tuple[Turns, Box]] | None:
    """Boxes of views in lines, or None where one would be lower than it can be; the first line gets most."""
    wanted = [max(place.wanted(scale, room.w)[1] for place in row) for row in rows]
    floors = [max(place.floor(scale, room.w) for place in row) for row in rows]
    free = room.h - GAP * (len(rows) - 1)
    if sum(floors) > free:
        return None
    heights = shared(wanted, free, floors)
    if rows:  # what the others have above their least goes to the first one
        heights = [min(wanted[0], free - sum(floors[1:]))]
        heights += shared(wanted[1:], free - heights[0], floors[1:])
    made, y = [], room.y
    for row, high in zip(rows, heights, strict=True):
        x = room.x
        for place in row:
            wide = min(room.w, place.wanted(scale, room.w)[0])
            made.append((place, Box(x, y, wide, high)))
            x += wide + GAP
        y += high + GAP
    return made


def _worth(boxes: Sequence[tuple[Turns, Box]], scale: float, first_scale: float) -> float:
    """The share that is seen of each view; of the first one, which counts most, the size as well."""
    worth = _SIZE * first_scale / scale
    for number, (place, box) in enumerate(boxes):
        wide, high = place.wanted(scale if number else first_scale, box.w)
        seen = min(1.0, box.w / max(wide, 1.0)) * min(1.0, box.h / max(high, 1.0))
        if wide > box.w + 0.5 or high > box.h + 0.5:
            seen *= _PART
        worth += seen * (1.0 if number else _FIRST)
    return worth
