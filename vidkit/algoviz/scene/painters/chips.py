"""Entries that come and go: lists, queues and sets as chips in lines, stacks as a pile."""

from __future__ import annotations

from dataclasses import dataclass

from vidkit.algoviz.scene.painters.base import PAD, Box, Painter, empty, label
from vidkit.algoviz.scene.painters.cells import cell
from vidkit.algoviz.scene.painters.row import pointer
from vidkit.algoviz.scene.picture import Body, Item, Marks, Row
from vidkit.algoviz.scene.routing import extent
from vidkit.algoviz.scene.shapes import Layer, Shape
from vidkit.algoviz.scene.text import unit_width

SIZE, HIGH, GAP, LANE = 16.0, 34.0, 8.0, 20.0
LONGEST = 60  # entries that are shown; the last ones
_WIDEST = 200.0


@dataclass(frozen=True)
class _Place:
    """Where an entry lies, relative to the inside of the view."""

    index: int
    box: Box


class ChipsPainter(Painter):
    """Lines of chips as wide as their texts; named lists one below the other."""

    below = 0.0  # height of what stands under each chip

    def measure(self) -> None:
        self.rows = [body if isinstance(body, Row) else Row() for body in self._every()]
        self.names = self._names()
        self.pointers = any(marks.pointers for marks in self.marks)

    def _every(self) -> list[Body | None]:
        return [view.body if view else None for view in self.views]

    def _names(self) -> list[str]:
        found = dict.fromkeys(name for row in self.rows for name, _ in row.names)
        return list(found) if list(found) != [""] else []

    def _line(self, scale: float) -> float:
        return (HIGH + GAP + (LANE if self.pointers else 0) + self.below) * scale

    def natural(self, scale: float, room: float) -> tuple[float, float]:
        wide, high = 60.0 * scale, HIGH * scale
        for row in dict.fromkeys(self.rows):
            places = self._flow(row, scale, room)[0]
            wide = max([wide, *(place.box.right for place in places)])
            high = max([high, *(place.box.bottom for place in places)])
        return min(wide, room), high + self._line(scale) - (HIGH + GAP) * scale

    def window(self, scale: float) -> float:
        return 2 * self._line(scale)

    def settle(self) -> None:
        lines = max(1, int((self.inner.h + GAP * self.scale + 0.01) // self._line(self.scale)))
        self.lines = lines

    def _flow(self, row: Row, scale: float, room: float) -> tuple[list[_Place], list[tuple[str, float]]]:
        """Places of the last entries, and where the names of lists stand."""
        places: list[_Place] = []
        names: list[tuple[str, float]] = []
        left = max((unit_width(n, "bold") for n in self.names), default=0.0) * 13 * scale
        left = min(left + 12 * scale, room / 3) if self.names else 0.0
        y = 0.0
        start = 0
        for name, count in row.names or (("", len(row.items)),):
            if self.names:
                names.append((name, y))
            x = left
            first = max(start, start + count - LONGEST)
            for index in range(first, start + count):
                wide = self._wide(row.items[index], scale, room - left)
                if x > left and x + wide > room + 0.5:
                    x, y = left, y + self._line(scale)
                places.append(_Place(index, Box(x, y, wide, HIGH * scale)))
                x += wide + GAP * scale
            y += self._line(scale)
            start += count
        return places, names

    def _wide(self, item: Item, scale: float, room: float) -> float:
        needed = unit_width(item.text) * SIZE + (22 if len(item.text) < 3 else HIGH)  # round ends
        return min(min(max(needed, HIGH), _WIDEST) * scale, room)

    def shapes(self, step: int, body: Body, marks: Marks) -> list[Shape]:
        assert isinstance(body, Row)
        if not body.items and not self.names:
            return empty(self.id, self.inner, self.look)
        places, names = self._flow(body, self.scale, self.inner.w)
        places, left_out = self._windowed(places, len(body.items))
        made: list[Shape] = []
        for name, y in names:
            box = Box(self.inner.x, self.inner.y + y, self.inner.w / 3, HIGH * self.scale)
            if box.bottom <= self.inner.bottom + 0.5:
                made.append(
                    label(
                        f"name:{self.id}:{name}",
                        name,
                        box,
                        13 * self.scale,
                        self.look.theme.muted,
                        font="bold",
                        anchor="start",
                        role="name",
                    )
                )
        at = {place.index: self._moved(place.box) for place in places}
        for index, box in at.items():
            made += self._chip(body.items[index], index, box, marks)
        made += self._joints(body, at)
        tags: dict[int, list[str]] = {}
        for name, place in marks.pointers.items():
            if isinstance(place, int) and place in at:
                tags.setdefault(place, []).append(name)
        for place, names_there in tags.items():
            name, box = ", ".join(names_there), at[place]
            made += pointer(
                self, name, Box(box.x, box.bottom + 3 * self.scale, box.w, (LANE - 3) * self.scale)
            )
        if left_out:
            made.append(self._window_note(left_out, len(body.items)))
        return made

    def _chip(self, item: Item, index: int, box: Box, marks: Marks) -> list[Shape]:
        key = f"item:{self.id}:{item.key or index}"
        mark = marks.cells.get((0, index), "")
        return cell(
            key,
            item.text,
            box,
            SIZE * self.scale,
            self.look,
            item.style,
            mark,
            radius=box.h / 2,
            role="cell",
            pad=PAD if len(item.text) < 3 else max(PAD, 0.3 * box.h),
        )

    def _moved(self, box: Box) -> Box:
        return Box(self.inner.x + box.x, self.inner.y + box.y, box.w, box.h)

    def _windowed(self, places: list[_Place], count: int) -> tuple[list[_Place], int]:
        """The last lines that fit, and how many entries that leaves out."""
        if not places:
            return [], 0
        high = places[-1].box.y + self._line(self.scale)
        free = self.lines * self._line(self.scale)
        if high <= free + 0.5 and len(places) == count:
            return places, 0
        shift = max(0.0, high + 18 - free)
        shift = -(-shift // self._line(self.scale)) * self._line(self.scale)
        kept = [
            _Place(place.index, Box(place.box.x, place.box.y - shift, place.box.w, place.box.h))
            for place in places
            if place.box.y - shift > -0.5
        ]
        return kept, count - len(kept)

    def _joints(self, body: Row, at: dict[int, Box]) -> list[Shape]:
        return []

    def _window_note(self, left_out: int, count: int) -> Shape:
        text = f"{left_out:,} of {count:,} entries are not shown"
        box = Box(self.inner.x, self.inner.bottom - 18, self.inner.w, 18)
        return label(f"window:{self.id}", text, box, 12, self.look.theme.muted, anchor="start", role="window")

    def notes(self, step: int) -> list[str]:
        row = self.rows[step]
        if self.views[step] is None or not row.items:
            return []
        places = self._flow(row, self.scale, self.inner.w)[0]
        left_out = self._windowed(places, len(row.items))[1]
        return [f"{self.title or self.id}: {left_out:,} of {len(row.items):,} entries are not shown"] * bool(
            left_out
        )


class QueuePainter(ChipsPainter):
    """Chips with a word at the end that is served first, and at the other."""

    below = 18.0
    ends = ("front", "back")

    def _joints(self, body: Row, at: dict[int, Box]) -> list[Shape]:
        ends = dict(zip(self.ends, (0, len(body.items) - 1), strict=True))
        if len(body.items) == 1:
            ends = {self.ends[0]: 0}
        made = []
        for name, index in ends.items():
            if index in at:
                box = at[index]
                under = Box(box.x - 8, box.bottom + 1, box.w + 16, 16 * self.scale)
                made.append(
                    label(
                        f"end:{self.id}:{name}",
                        name,
                        under,
                        11 * self.scale,
                        self.look.theme.muted,
                        role="end",
                    )
                )
        return made

    def _wide(self, item: Item, scale: float, room: float) -> float:
        return max(super()._wide(item, scale, room), 38 * scale)


class StackPainter(Painter):
    """A pile: the entry pushed last on top."""

    def measure(self) -> None:
        rows = [body for body in self.bodies if isinstance(body, Row)]
        self.count = max((len(row.items) for row in rows), default=0)
        texts = {item.text for row in rows for item in row.items}
        self.widest = max((unit_width(text) for text in texts), default=0.0)

    def _wide(self, scale: float) -> float:
        return min(max(96.0, self.widest * SIZE + 28), _WIDEST) * scale

    def natural(self, scale: float, room: float) -> tuple[float, float]:
        count = min(max(self.count, 1), 12)
        return self._wide(scale) + 44 * scale, count * (HIGH + 4) * scale + 8

    def window(self, scale: float) -> float:
        return 2 * (HIGH + 4) * scale + 29.0

    def settle(self) -> None:
        self.room = max(1, int((self.inner.h - 8 + 0.01) // ((HIGH + 4) * self.scale)))
        if self.room < self.count:
            self.room = max(1, int((self.inner.h - 8 - 20) // ((HIGH + 4) * self.scale)))

    def shapes(self, step: int, body: Body, marks: Marks) -> list[Shape]:
        assert isinstance(body, Row)
        if not body.items:
            return empty(self.id, self.inner, self.look)
        made: list[Shape] = []
        first = max(0, len(body.items) - self.room)
        bottom = self.inner.bottom - 4 - (20 if self.room < self.count else 0)
        for index in range(first, len(body.items)):
            high = HIGH * self.scale
            box = Box(
                self.inner.x,
                bottom - (index - first + 1) * (high + 4 * self.scale),
                self._wide(self.scale),
                high,
            )
            item = body.items[index]
            made += cell(
                f"item:{self.id}:{index}",
                item.text,
                box,
                SIZE * self.scale,
                self.look,
                item.style,
                marks.cells.get((0, index), ""),
                radius=4,
            )
            if index == len(body.items) - 1:
                side = Box(box.right + 6, box.y, 40 * self.scale, high)
                made.append(
                    label(
                        f"top:{self.id}",
                        "← top",
                        side,
                        11 * self.scale,
                        self.look.theme.muted,
                        anchor="start",
                        role="end",
                    )
                )
        if first:
            made.append(
                label(
                    f"window:{self.id}",
                    f"{first:,} more below",
                    Box(self.inner.x, self.inner.bottom - 18, 200, 18),
                    12,
                    self.look.theme.muted,
                    anchor="start",
                    role="window",
                )
            )
        return made

    def notes(self, step: int) -> list[str]:
        view = self.views[step]
        count = len(view.body.items) if view and isinstance(view.body, Row) else 0
        over = count - self.room
        return [f"{self.title or self.id}: {over:,} of {count:,} entries are not shown"] if over > 0 else []


def arrow(
    key: str,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    wide: float,
    *,
    via: tuple[float, float] | None = None,
    head: bool = True,
    layer: int = Layer.EDGE,
    role: str = "edge",
    dash: bool = False,
) -> Shape:
    """A line from point to point, over a third one where it bends."""
    points = (start, end) if via is None else (start, via, end)
    left, top, right, bottom = extent(points)
    return Shape(
        key,
        "line",
        left,
        top,
        right - left,
        bottom - top,
        layer=layer,
        role=role,
        stroke=colour,
        stroke_width=wide,
        points=points,
        head=head,
        dash=dash,
    )
