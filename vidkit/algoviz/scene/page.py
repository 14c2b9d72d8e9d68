"""Where things lie on the page: measured over all steps, then fixed for the whole video.

Title above; code, variables and calls at the left; the data structures at the right; comments below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vidkit.algoviz.scene.painters.base import Box, Painter
from vidkit.algoviz.scene.painters.panels import CallsPanel, CodePanel, VariablesPanel
from vidkit.algoviz.scene.shapes import CANVAS, Region

MARGIN, GAP, PAD = 24.0, 14.0, 20.0
HEAD = 44.0  # height of the title
COMMENT = 66.0  # height of the comments, the same at every step
LEGEND = 26.0
NARROWEST = 230.0
SCALES = (1.6, 1.4, 1.25, 1.1, 1.0, 0.92, 0.85, 0.78, 0.71, 0.65, 0.6)
VIEW_GAP = 26.0


@dataclass(frozen=True)
class Page:
    """Boxes of the fixed parts; None where the trace has no use for one."""

    title: Box
    main: Box
    comment: Box | None
    code: Box | None
    variables: Box | None
    calls: Box | None
    legend: Box | None

    @property
    def regions(self) -> tuple[Region, ...]:
        """The parts that a narrow screen stacks, in reading order."""
        width, _ = CANVAS
        made = [Region("title", 0, 0, width, self.title.bottom + GAP / 2), _region("main", [self.main])]
        side = [box for box in (self.code, self.calls, self.variables) if box]
        if self.comment:
            made.append(_region("comment", [self.comment]))
        if side:
            made.append(_region("side", side))
        return tuple(made)


def _region(name: str, boxes: Sequence[Box]) -> Region:
    left, top = min(box.x for box in boxes) - 6, min(box.y for box in boxes) - 6
    right, bottom = max(box.right for box in boxes) + 6, max(box.bottom for box in boxes) + 6
    return Region(name, left, top, right - left, bottom - top)


def make_page(
    code: CodePanel | None,
    variables: VariablesPanel | None,
    calls: CallsPanel | None,
    has_comments: bool,
    has_legend: bool,
    on_right: bool = False,
    side_share: float = 0.34,
) -> Page:
    """Divide the canvas."""
    width, height = CANVAS
    title = Box(MARGIN, 14, width - 2 * MARGIN, HEAD)
    top, bottom = title.bottom + GAP, height - MARGIN
    comment = None
    if has_comments:
        comment = Box(MARGIN, bottom - COMMENT, width - 2 * MARGIN, COMMENT)
        bottom = comment.y - GAP
    taken = 0.0
    boxes: tuple[Box | None, Box | None, Box | None] = (None, None, None)
    if code or variables or calls:
        most = side_share * width
        wide = min(most, max(NARROWEST, code.longest() if code else 260.0))
        x = width - MARGIN - wide if on_right else MARGIN
        boxes = _side(code, variables, calls, Box(x, top, wide, bottom - top))
        taken = wide + GAP
    main = Box(MARGIN + (0 if on_right else taken), top, width - 2 * MARGIN - taken, bottom - top)
    legend = Box(main.x + PAD, main.bottom - LEGEND - 6, main.w - 2 * PAD, LEGEND) if has_legend else None
    return Page(title, main, comment, boxes[0], boxes[2], boxes[1], legend)


def _side(
    code: CodePanel | None, variables: VariablesPanel | None, calls: CallsPanel | None, room: Box
) -> tuple[Box | None, Box | None, Box | None]:
    """Boxes of code, calls and variables, from top to bottom."""
    wanted = [
        code.wanted(room.w) if code else 0.0,
        calls.wanted() if calls else 0.0,
        variables.wanted() if variables else 0.0,
    ]
    free = room.h - GAP * (sum(1 for high in wanted if high) - 1)
    heights = shared(wanted, free, least=(0.4 * free, 0.2 * free, 0.25 * free))
    made: list[Box | None] = []
    y = room.y
    for high in heights:
        made.append(Box(room.x, y, room.w, high) if high else None)
        y += high + GAP if high else 0.0
    return made[0], made[1], made[2]


def shared(wanted: Sequence[float], free: float, least: Sequence[float] | None = None) -> list[float]:
    """Heights of at most `free` in all: who wants little gets it, the others share the rest."""
    if sum(wanted) <= free:
        return list(wanted)
    got = [min(want, low) for want, low in zip(wanted, least or [0.0] * len(wanted), strict=True)]
    left = free - sum(got)
    open_ = [place for place, want in enumerate(wanted) if want > got[place]]
    while open_ and left > 0.01:
        each = left / len(open_)
        for place in open_:
            more = min(each, wanted[place] - got[place])
            got[place] += more
            left -= more
        open_ = [place for place in open_ if wanted[place] - got[place] > 0.01]
    return got


def arrange(painters: Sequence[Painter], room: Box) -> None:
    """Give every view its place, all at one scale: the largest at which everything fits.

    The first view has a line of its own; the others stand side by side below it. Where nothing fits, views
    that want much get a part and show a window of what they hold.
    """
    if not painters:
        return
    for scale in SCALES:
        for rows in _groupings(painters, scale, room.w):
            heights = _heights(rows, scale, room.w)
            if sum(heights) + VIEW_GAP * (len(rows) - 1) <= room.h and _fit_wide(rows, scale, room.w):
                _put(rows, heights, scale, room)
                return
        beside = _beside(painters, scale, room)
        if beside:
            _put_beside(painters, beside, scale, room)
            return
    scale = SCALES[-1]
    rows = _groupings(painters, scale, room.w)[0]
    heights = shared(_heights(rows, scale, room.w), room.h - VIEW_GAP * (len(rows) - 1))
    _put(rows, heights, scale, room)


Rows = list[list[Painter]]


def _groupings(painters: Sequence[Painter], scale: float, room: float) -> list[Rows]:
    first, rest = painters[0], list(painters[1:])
    apart = [[first], *_shelves(rest, scale, room)]
    if first.elastic or not rest:
        return [apart]
    return [apart, _shelves(list(painters), scale, room)]


def _shelves(painters: Sequence[Painter], scale: float, room: float) -> Rows:
    rows: Rows = []
    used = 0.0
    for painter in painters:
        wide = painter.wanted(scale, room)[0]
        if rows and not painter.elastic and not rows[-1][0].elastic and used + VIEW_GAP + wide <= room:
            rows[-1].append(painter)
            used += VIEW_GAP + wide
        else:
            rows.append([painter])
            used = wide
    return rows


def _heights(rows: Rows, scale: float, room: float) -> list[float]:
    return [max(painter.wanted(scale, room)[1] for painter in row) for row in rows]


def _fit_wide(rows: Rows, scale: float, room: float) -> bool:
    return all(painter.wanted(scale, room)[0] <= room + 0.5 for row in rows for painter in row)


def _put(rows: Rows, heights: Sequence[float], scale: float, room: Box) -> None:
    spare = max(0.0, room.h - sum(heights) - VIEW_GAP * (len(rows) - 1))
    elastic = [row[0].elastic for row in rows]
    each = spare / sum(elastic) if any(elastic) else 0.0
    gap = VIEW_GAP + (0.0 if any(elastic) else min(spare / (len(rows) + 1), 30.0))
    used = sum(heights) + each * sum(elastic) + gap * (len(rows) - 1)
    y = room.y + max(0.0, (room.h - used) * 0.4)
    for row, high, grows in zip(rows, heights, elastic, strict=True):
        high += each if grows else 0.0
        sizes = [painter.wanted(scale, room.w) for painter in row]
        wide = room.w if grows else sum(size[0] for size in sizes) + VIEW_GAP * (len(row) - 1)
        x = room.x + max(0.0, (room.w - wide) / 2)
        for painter, size in zip(row, sizes, strict=True):
            own = room.w if grows else min(size[0], room.w)
            painter.place(Box(x, y, own, high if grows else min(size[1], high)), scale)
            x += own + VIEW_GAP
        y += high + gap


def _beside(painters: Sequence[Painter], scale: float, room: Box) -> list[float] | None:
    """Heights of the other views in a column at the right of the first; None where they do not fit."""
    first, rest = painters[0], painters[1:]
    if not rest:
        return None
    own = first.wanted(scale, room.w * 0.55)
    column = room.w - VIEW_GAP - (room.w * 0.55 if first.elastic else own[0])
    if own[0] > room.w * 0.7 or own[1] > room.h or column < 160:
        return None
    sizes = [painter.wanted(scale, column) for painter in rest]
    if any(size[0] > column for size in sizes):
        return None
    heights = [size[1] for size in sizes]
    return heights if sum(heights) + VIEW_GAP * (len(rest) - 1) <= room.h else None


def _put_beside(painters: Sequence[Painter], heights: Sequence[float], scale: float, room: Box) -> None:
    first, rest = painters[0], painters[1:]
    own = first.wanted(scale, room.w * 0.55)
    full = room.w - VIEW_GAP - (room.w * 0.55 if first.elastic else own[0])
    column = max(painter.wanted(scale, full)[0] for painter in rest)
    wide = room.w - VIEW_GAP - column if first.elastic else own[0]
    left = room.x if first.elastic else room.x + max(0.0, room.w - wide - VIEW_GAP - column) / 2
    high = room.h if first.elastic else own[1]
    first.place(Box(left, room.y + (room.h - high) * 0.4, wide, high), scale)
    y = room.y + max(0.0, room.h - sum(heights) - VIEW_GAP * (len(rest) - 1)) * 0.4
    for painter, high in zip(rest, heights, strict=True):
        painter.place(Box(left + wide + VIEW_GAP, y, column, high), scale)
        y += high + VIEW_GAP
