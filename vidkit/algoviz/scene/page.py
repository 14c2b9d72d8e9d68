"""Where things lie on the page: measured over all steps, then fixed for the whole video.

Title above; code, variables and calls at the left; the data structures at the right; comments below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vidkit.algoviz.scene.painters.base import Box
from vidkit.algoviz.scene.painters.panels import CallsPanel, CodePanel, VariablesPanel
from vidkit.algoviz.scene.shapes import CANVAS, Region

MARGIN, GAP, PAD = 24.0, 14.0, 20.0
HEAD = 44.0  # height of the title
COMMENT = 66.0  # height of the comments, the same at every step
LEGEND = 26.0
NARROWEST = 230.0


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
