"""Elements side by side with their indices: arrays and strings."""

from __future__ import annotations

import math

from vidkit.algoviz.scene.painters.base import Box, Painter, empty, label, window_of
from vidkit.algoviz.scene.painters.cells import cell
from vidkit.algoviz.scene.picture import MAIN, Body, Marks, Range, Row
from vidkit.algoviz.scene.shapes import Layer, Shape
from vidkit.algoviz.scene.text import line_height, unit_width

SIZE, CELL, INDEX, LANE, ROW_GAP = 18.0, 46.0, 18.0, 22.0, 14.0
_WIDEST = 150.0


class RowPainter(Painter):
    """Indices below, marked ranges as bars above, pointers under the indices; wraps into several lines."""

    gap = 6.0
    font = "sans"
    least = CELL

    def measure(self) -> None:
        rows = [body for body in self.bodies if isinstance(body, Row)]
        self.count = max((len(row.items) for row in rows), default=0)
        texts = {item.text for row in rows for item in row.items}
        self.widest = max((unit_width(text, self.font) for text in texts), default=0.0)
        self.lane_of = _lanes([marks.ranges for marks in self.marks])
        self.lanes = max(self.lane_of.values(), default=-1) + 1
        self.pointer_lanes = max((_crowd(marks) for marks in self.marks), default=0)
        layouts, is_main = self.look.layouts, self.id == MAIN
        # letters grow with their cells, but never get too small to read
        self.grow = layouts.cells if is_main else 1.0
        self.size = SIZE * min(max(self.grow, 0.6), 1.7)
        self.high = CELL * self.grow if self.grow >= 1 else max(CELL * self.grow, self.size * 1.5)
        self.between = self.gap * (layouts.gaps if is_main else 1.0)
        self.line_gap = ROW_GAP * (layouts.gaps if is_main else 1.0)
        kind = layouts.main if is_main else None
        wide = {"vertical_array": 1, "grid": layouts.columns or math.ceil(math.sqrt(max(1, self.count)))}
        self.most_columns = wide.get(kind or "", self.count or 1)

    def _cell(self, scale: float) -> float:
        least = max(self.least * self.grow, 20.0)
        widest = _WIDEST * max(1.0, self.grow)
        return min(max(least, self.widest * self.size + 20), widest) * scale

    def _line(self, scale: float) -> float:
        """Height of one line with everything over and under it."""
        return (self.lanes * LANE + self.high + INDEX + self.pointer_lanes * LANE) * scale

    def natural(self, scale: float, room: float) -> tuple[float, float]:
        wide, gap = self._cell(scale), self.between * scale
        columns, lines = self._shape(int((room + gap) // (wide + gap)))
        high = lines * self._line(scale) + (lines - 1) * self.line_gap * scale
        return columns * (wide + gap) - gap, high

    def _shape(self, most: int) -> tuple[int, int]:
        """Columns and lines for all elements, of at most `most` columns: lines of about the same length."""
        count = max(self.count, 1)
        columns = max(1, min(count, self.most_columns, most))
        lines = math.ceil(count / columns)
        if columns < self.most_columns or self.most_columns == self.count:
            columns = math.ceil(count / lines)
        return columns, lines

    def line_count(self, scale: float, room: float) -> int:
        if self.most_columns < self.count:
            return 1  # a style asked for these lines
        gap = self.between * scale
        return self._shape(int((room + gap) // (self._cell(scale) + gap)))[1]

    def window(self, scale: float) -> float:
        return self._line(scale) + 21.0

    def settle(self) -> None:
        scale, box = self.scale, self.inner
        self.wide, self.step_x = self._cell(scale), self._cell(scale) + self.between * scale
        self.columns, wanted = self._shape(int((box.w + self.between * scale + 0.01) // self.step_x))
        self.step_y = self._line(scale) + self.line_gap * scale
        free = box.h + 0.01
        lines = max(1, int((free + self.line_gap * scale) // self.step_y))
        if lines < wanted:  # a window, with a line for what it leaves out
            most = int((box.w + self.between * scale + 0.01) // self.step_x)
            self.columns = max(1, min(self.count, self.most_columns, most))
            lines = max(1, int((free - 20 + self.line_gap * scale) // self.step_y))
        self.room = self.columns * lines
        self.firsts = self._windows()

    def _windows(self) -> list[int]:
        firsts, first = [], 0
        for step, view in enumerate(self.views):
            count = len(view.body.items) if view and isinstance(view.body, Row) else 0
            first = window_of(count, self.room, self._focus(step), first)
            firsts.append(first)
        return firsts

    def _focus(self, step: int) -> int | None:
        marks = self.marks[step]
        marked = [column for _, column in marks.cells]
        marked += [place for place in marks.pointers.values() if isinstance(place, int)]
        now, before = self.views[step], self.views[step - 1] if step else None
        if not marked and now and before and isinstance(now.body, Row) and isinstance(before.body, Row):
            pairs = zip(now.body.items, before.body.items, strict=False)
            marked = [i for i, (a, b) in enumerate(pairs) if a.text != b.text or a.style != b.style][:1]
        return min(marked) if marked else None

    def slot(self, place: int) -> Box:
        """The cell of an element by its place in the window."""
        line, column = divmod(place, self.columns)
        top = self.inner.y + line * self.step_y + self.lanes * LANE * self.scale
        return Box(self.inner.x + column * self.step_x, top, self.wide, self.high * self.scale)

    def shapes(self, step: int, body: Body, marks: Marks) -> list[Shape]:
        assert isinstance(body, Row)
        if not body.items:
            return empty(self.id, self.inner, self.look)
        first = self.firsts[step]
        made: list[Shape] = []
        shown = range(first, min(len(body.items), first + self.room))
        for index in shown:
            item, box = body.items[index], self.slot(index - first)
            made += cell(
                f"cell:{self.id}:{index}",
                item.text,
                box,
                self.size * self.scale,
                self.look,
                item.style,
                marks.cells.get((0, index), ""),
                font=self.font,
                value=f"value:{self.id}:{index}",
            )
            made.append(self._index(index, box))
        for span in marks.ranges:
            made += self._range(span, shown)
        made += self._pointers(marks, shown)
        if len(shown) < len(body.items):
            made.append(self._window_note(shown, len(body.items)))
        return made

    def notes(self, step: int) -> list[str]:
        view = self.views[step]
        count = len(view.body.items) if view and isinstance(view.body, Row) else 0
        return (
            [f"{self.title or self.id}: {self.room} of {count:,} elements are shown"]
            if count > self.room
            else []
        )

    def _index(self, index: int, box: Box) -> Shape:
        below = Box(box.x, box.bottom, box.w, INDEX * self.scale)
        return label(
            f"index:{self.id}:{index}",
            str(index),
            below,
            max(9.5, 12 * self.scale),
            self.look.theme.muted,
            role="index",
        )

    def _range(self, span: Range, shown: range) -> list[Shape]:
        first, last = max(span.first, shown.start), min(span.last, shown.stop - 1)
        made: list[Shape] = []
        paint, lane = self.look.paint(span.style), self.lane_of[span.key]
        line_from, line_to = (first - shown.start) // self.columns, (last - shown.start) // self.columns
        for line in range(line_from, line_to + 1) if first <= last else ():
            left = self.slot(max(first - shown.start, line * self.columns))
            right = self.slot(min(last - shown.start, (line + 1) * self.columns - 1))
            top = left.y - (lane + 1) * LANE * self.scale
            box = Box(left.x, top, right.right - left.x, (LANE - 4) * self.scale)
            key = f"range:{self.id}:{span.key}" + (f":{line - line_from}" if line > line_from else "")
            made.append(
                Shape(
                    key,
                    "rect",
                    box.x,
                    box.y,
                    box.w,
                    box.h,
                    layer=Layer.OUTLINE,
                    role="range",
                    fill=paint.fill,
                    stroke=paint.stroke,
                    stroke_width=paint.width,
                    radius=4 * self.scale,
                )
            )
            if span.label and line == line_from:
                made.append(
                    label(
                        f"{key}:text",
                        span.label,
                        box,
                        12 * self.scale,
                        paint.text,
                        within=key,
                        pad=3,
                        role="value",
                        layer=Layer.OUTLINE,
                    )
                )
        return made

    def _pointers(self, marks: Marks, shown: range) -> list[Shape]:
        made: list[Shape] = []
        taken: dict[int, int] = {}
        for name, place in marks.pointers.items():
            if not isinstance(place, int) or place not in shown:
                continue
            lane = taken.get(place, 0)
            taken[place] = lane + 1
            box = self.slot(place - shown.start)
            top = box.bottom + (INDEX + lane * LANE) * self.scale
            made += pointer(self, name, Box(box.x, top, box.w, (LANE - 3) * self.scale))
        return made

    def _window_note(self, shown: range, count: int) -> Shape:
        text = f"{shown.start:,} to {shown.stop - 1:,} of {count:,} elements"
        box = Box(self.inner.x, self.inner.bottom - 18, self.inner.w, 18)
        return label(f"window:{self.id}", text, box, 12, self.look.theme.muted, anchor="start", role="window")


class StringPainter(RowPainter):
    """Characters: narrow cells without gaps, in a typewriter's face."""

    gap = 0.0
    font = "mono"
    least = 32.0


def pointer(painter: Painter, name: str, box: Box, sign: str = "▲") -> list[Shape]:
    """A named cursor under an element or beside it: a tag with its name."""
    look, key = painter.look, f"pointer:{painter.id}:{name}"
    tag = Shape(
        key,
        "rect",
        box.x,
        box.y,
        box.w,
        box.h,
        layer=Layer.POINTER,
        role="pointer",
        fill=look.theme.panel,
        stroke=look.theme.accent,
        stroke_width=1.5,
        radius=box.h / 2,
    )
    size = min(12 * painter.scale, (box.h + 2) / line_height(1.0))  # a line's height has air
    pad = 0.3 * box.h  # the ends of a tag are round
    marked = f"{sign} {name}"
    text = marked if unit_width(marked, "bold") * 0.9 * size < box.w - 2 * pad else name
    return [
        tag,
        label(
            f"{key}:text",
            text,
            box,
            size,
            look.theme.accent,
            font="bold",
            within=key,
            pad=pad if unit_width(text, "bold") * 9 < box.w - 2 * pad else 3,
            role="value",
            layer=Layer.POINTER,
            full=name,
        ),
    ]


def _crowd(marks: Marks) -> int:
    """How many pointers stand at one place."""
    places = [place for place in marks.pointers.values() if isinstance(place, int)]
    return max((places.count(place) for place in set(places)), default=0)


def _lanes(steps: list[tuple[Range, ...]]) -> dict[str, int]:
    """A lane for each range, the same at every step; those that meet somewhere get different ones."""
    together: dict[str, set[str]] = {}
    for ranges in steps:
        for span in ranges:
            meets = together.setdefault(span.key, set())
            meets |= {
                other.key
                for other in ranges
                if other is not span and other.first <= span.last and span.first <= other.last
            }
    lanes: dict[str, int] = {}
    for key in together:
        taken = {lanes[other] for other in together[key] if other in lanes}
        lanes[key] = next(lane for lane in range(len(together)) if lane not in taken)
    return lanes
