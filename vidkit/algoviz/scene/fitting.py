"""What gets a place on the page, at which scale it fits, and how several stand side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from vidkit.algoviz.scene.painters.base import Box

SCALES = (1.6, 1.4, 1.25, 1.1, 1.0, 0.92, 0.85, 0.78, 0.71, 0.65, 0.6, 0.57)


class Placed(Protocol):
    """What gets a place: a view, or several that take turns."""

    @property
    def turns(self) -> bool: ...

    @property
    def elastic(self) -> bool: ...

    def turn(self, turned: bool) -> None: ...

    def line_count(self, scale: float, room: float) -> int: ...

    def wanted(self, scale: float, room: float) -> tuple[float, float]: ...

    def place(self, box: Box, scale: float) -> None: ...


P = TypeVar("P", bound=Placed)


def shelves(places: Sequence[P], scale: float, room: float, gap: float) -> list[list[P]]:
    """Lines of views that stand side by side as long as they fit."""
    rows: list[list[P]] = []
    used = 0.0
    for place in places:
        wide = place.wanted(scale, room)[0]
        if rows and used + gap + wide <= room:
            rows[-1].append(place)
            used += gap + wide
        else:
            rows.append([place])
            used = wide
    return rows


def largest(place: Placed, scale: float, lines: int, wide: float, high: float) -> float:
    """The largest scale at which a view fits in no more lines; `scale` where no larger one does."""
    for larger in SCALES if not place.elastic else ():
        if larger <= scale:
            break
        wanted = place.wanted(larger, wide)
        if wanted[0] <= wide and wanted[1] <= high and place.line_count(larger, wide) <= lines:
            return larger
    return scale
