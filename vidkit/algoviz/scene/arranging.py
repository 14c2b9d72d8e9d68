"""Where the views of the data lie: how they are grouped, and how large they are drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vidkit.algoviz.scene.crowding import crowd, taking_turns
from vidkit.algoviz.scene.fitting import SCALES, Placed, largest, shelves
from vidkit.algoviz.scene.painters.base import Box, Painter

VIEW_GAP = 26.0
_BESIDE_SHARE = 0.55  # of the width for a first view that grows, with the others at its right
Rows = list[list[Placed]]


@dataclass(frozen=True)
class _Plan:
    """A way to lay views out in which everything fits.

    Args:
        worth: how large and how clear the picture is; the larger, the better.
        scale: of all views.
        rows: views in lines, or None: the others in a column at the right of the first.
        turned: the tables of one column lie on their side.
    """

    worth: float
    scale: float
    rows: Rows | None
    turned: bool


def arrange(painters: Sequence[Painter], room: Box) -> None:
    """Give every view its place: as large as fits, and better a little smaller than in several lines.

    The first view has a line of its own, or the others stand in a column beside it. What is left over makes
    the first view larger. Where not all fit, views that are never there together share a place; where that
    does not help, views that want much get a part and show a window.
    """
    if not painters or _arranged(painters, room):
        return
    places = taking_turns(painters)
    if len(places) == len(painters) or not _arranged(places, room):
        crowd(places, room)


def _arranged(painters: Sequence[Placed], room: Box) -> bool:
    """Whether everything fits; then it has its place."""
    best = max(_plans(painters, room), key=lambda plan: plan.worth, default=None)
    _turn(painters, best is not None and best.turned)
    if best is None:
        return False
    if best.rows is None:
        _put_beside(painters, best.scale, room)
    else:
        heights = _heights(best.rows, best.scale, room.w)
        _put(best.rows, heights, best.scale, room, _grown(best.rows, heights, best.scale, room))
    return True


def _turn(painters: Sequence[Placed], turned: bool) -> None:
    for painter in painters:
        painter.turn(turned)


def _plans(painters: Sequence[Placed], room: Box) -> Iterator[_Plan]:
    turns = (False, True) if any(painter.turns for painter in painters) else (False,)
    for turned in turns:
        _turn(painters, turned)
        for scale in SCALES:
            for rows in _groupings(painters, scale, room.w):
                heights = _heights(rows, scale, room.w)
                if sum(heights) + VIEW_GAP * (len(rows) - 1) <= room.h and _fit_wide(rows, scale, room.w):
                    clear = min(_clarity(painter, scale, room.w) for painter in painters)
                    yield _Plan(scale * clear, scale, rows, turned)
            if _fits_beside(painters, scale, room):
                wide = _first_width(painters[0], scale, room)
                clear = min(
                    _clarity(painter, scale, room.w - VIEW_GAP - wide if place else wide)
                    for place, painter in enumerate(painters)
                )
                yield _Plan(scale * clear, scale, None, turned)


def _clarity(painter: Placed, scale: float, room: float) -> float:
    """Lines of a view that runs on in the next one are harder to follow than somewhat smaller cells."""
    lines = painter.line_count(scale, room)
    return 1.0 if lines <= 1 else max(0.4, 0.57 - 0.03 * (lines - 2))


def _groupings(painters: Sequence[Placed], scale: float, room: float) -> list[Rows]:
    first, rest = painters[0], list(painters[1:])
    apart = [[first], *shelves(rest, scale, room, VIEW_GAP)]
    if first.elastic or not rest:
        return [apart]
    return [apart, shelves(painters, scale, room, VIEW_GAP)]


def _heights(rows: Rows, scale: float, room: float) -> list[float]:
    return [max(painter.wanted(scale, room)[1] for painter in row) for row in rows]


def _fit_wide(rows: Rows, scale: float, room: float) -> bool:
    return all(painter.wanted(scale, room)[0] <= room + 0.5 for row in rows for painter in row)


def _grown(rows: Rows, heights: Sequence[float], scale: float, room: Box) -> float:
    """Scale of the first view where it has its line for itself: larger if height is left over."""
    first = rows[0][0]
    if len(rows[0]) > 1:
        return scale
    free = room.h - sum(heights[1:]) - VIEW_GAP * (len(rows) - 1)
    return largest(first, scale, first.line_count(scale, room.w), room.w, free)


def _put(
    rows: Rows, heights: Sequence[float], scale: float, room: Box, first_scale: float | None = None
) -> None:
    scales = [first_scale or scale, *[scale] * (len(rows) - 1)]
    first, heights = rows[0][0], list(heights)
    if scales[0] != scale:
        heights[0] = first.wanted(scales[0], room.w)[1]
    spare = max(0.0, room.h - sum(heights) - VIEW_GAP * (len(rows) - 1))
    if first.elastic:
        heights[0] += spare
    gap = VIEW_GAP + (0.0 if first.elastic else min(spare / (len(rows) + 1), 30.0))
    used = sum(heights) + gap * (len(rows) - 1)
    y = room.y + max(0.0, (room.h - used) * 0.4)
    for row, high, size in zip(rows, heights, scales, strict=True):
        grows = row[0] is first and first.elastic
        wanted = [painter.wanted(size, room.w) for painter in row]
        wide = room.w if grows else sum(one[0] for one in wanted) + VIEW_GAP * (len(row) - 1)
        x = room.x + max(0.0, (room.w - wide) / 2)
        for painter, one in zip(row, wanted, strict=True):
            own = room.w if grows else min(one[0], room.w)
            painter.place(Box(x, y, own, high if grows else min(one[1], high)), size)
            x += own + VIEW_GAP
        y += high + gap


def _first_width(first: Placed, scale: float, room: Box) -> float:
    share = room.w * _BESIDE_SHARE
    return share if first.elastic else first.wanted(scale, share)[0]


def _fits_beside(painters: Sequence[Placed], scale: float, room: Box) -> bool:
    """Whether the other views fit in a column at the right of the first."""
    first, rest = painters[0], painters[1:]
    if not rest:
        return False
    own = first.wanted(scale, room.w * _BESIDE_SHARE)
    column = room.w - VIEW_GAP - _first_width(first, scale, room)
    if own[0] > room.w * 0.7 or own[1] > room.h or column < 160:
        return False
    sizes = [painter.wanted(scale, column) for painter in rest]
    if any(size[0] > column for size in sizes):
        return False
    return sum(size[1] for size in sizes) + VIEW_GAP * (len(rest) - 1) <= room.h


def _put_beside(painters: Sequence[Placed], scale: float, room: Box) -> None:
    first, rest = painters[0], painters[1:]
    full = room.w - VIEW_GAP - _first_width(first, scale, room)
    heights = [painter.wanted(scale, full)[1] for painter in rest]
    column = max(painter.wanted(scale, full)[0] for painter in rest)
    share, free = room.w * _BESIDE_SHARE, room.w - VIEW_GAP - column
    size = largest(first, scale, first.line_count(scale, share), free, room.h)
    own = first.wanted(size, free if size > scale else share)
    wide = free if first.elastic else own[0]
    left = room.x if first.elastic else room.x + max(0.0, room.w - wide - VIEW_GAP - column) / 2
    high = room.h if first.elastic else own[1]
    first.place(Box(left, room.y + (room.h - high) * 0.4, wide, high), size)
    y = room.y + max(0.0, room.h - sum(heights) - VIEW_GAP * (len(rest) - 1)) * 0.4
    for painter, tall in zip(rest, heights, strict=True):
        painter.place(Box(left + wide + VIEW_GAP, y, column, tall), scale)
        y += tall + VIEW_GAP
