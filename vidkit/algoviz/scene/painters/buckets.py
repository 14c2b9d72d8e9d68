"""Hash tables: numbered buckets one below the other, the entries of each in a chain beside it."""

from __future__ import annotations

import math

from vidkit.algoviz.scene.painters.base import Box, Painter, empty, label, window_of
from vidkit.algoviz.scene.painters.cells import cell
from vidkit.algoviz.scene.painters.chips import arrow
from vidkit.algoviz.scene.picture import Body, Buckets, Marks
from vidkit.algoviz.scene.shapes import Layer, Shape
from vidkit.algoviz.scene.text import unit_width

SIZE, HIGH, GAP, HEAD, JOINT, STRIP = 15.0, 32.0, 8.0, 48.0, 26.0, 34.0
_WIDEST = 190.0


class BucketsPainter(Painter):
    """Buckets flow into several columns where they are many; a strip above says what was hashed."""

    def measure(self) -> None:
        bodies = [body for body in self.bodies if isinstance(body, Buckets)]
        self.count = max((len(body.buckets) for body in bodies), default=0)
        chains = {chain for body in bodies for chain in body.buckets}
        self.longest = max((len(chain) for chain in chains), default=0)
        texts = {item.text for chain in chains for item in chain}
        self.chip = min(max((unit_width(text) * SIZE + 22 for text in texts), default=HIGH), _WIDEST)
        self.strip = STRIP if any(marks.hashes for marks in self.marks) else 0.0

    def _column(self, scale: float) -> float:
        return (HEAD + max(self.longest, 1) * (JOINT + self.chip)) * scale

    def natural(self, scale: float, room: float) -> tuple[float, float]:
        column, gap = self._column(scale), 28 * scale
        columns = max(1, min(int((room + gap) // (column + gap)), math.ceil(self.count / 8)))
        lines = math.ceil(max(self.count, 1) / columns)
        return min(room, columns * (column + gap) - gap), (self.strip + lines * (HIGH + GAP)) * scale

    def window(self, scale: float) -> float:
        return (self.strip + 2 * (HIGH + GAP)) * scale + 23.0

    def settle(self) -> None:
        scale, box = self.scale, self.inner
        column, gap = self._column(scale), 28 * scale
        each = (HIGH + GAP) * scale
        self.columns = max(1, int((box.w + gap + 0.5) // (column + gap)))
        self.lines = max(1, int((box.h - self.strip * scale + GAP * scale + 0.5) // each))
        if self.columns * self.lines < self.count:
            self.lines = max(1, int((box.h - self.strip * scale - 22) // each))
        else:
            self.columns = min(self.columns, math.ceil(self.count / self.lines)) if self.count else 1
            self.lines = max(1, math.ceil(self.count / self.columns))
        self.room = self.columns * self.lines
        free = min(column, box.w) - HEAD * scale
        self.chain = max(1, int((free + 0.5) // ((JOINT + self.chip) * scale)))
        self.firsts = self._windows()

    def _windows(self) -> list[int]:
        made, first = [], 0
        for view, marks in zip(self.views, self.marks, strict=True):
            body = view.body if view else None
            count = len(body.buckets) if isinstance(body, Buckets) else 0
            marked = [*marks.buckets, *(place for _, place in marks.hashes), *marks.collisions]
            first = window_of(count, self.room, marked[0] if marked else None, first)
            made.append(first)
        return made

    def slot(self, place: int) -> Box:
        """The head of a bucket by its place in the window."""
        column, line = divmod(place, self.lines)
        x = self.inner.x + column * (self._column(self.scale) + 28 * self.scale)
        y = self.inner.y + (self.strip + line * (HIGH + GAP)) * self.scale
        return Box(x, y, HEAD * self.scale, HIGH * self.scale)

    def shapes(self, step: int, body: Body, marks: Marks) -> list[Shape]:
        assert isinstance(body, Buckets)
        if not body.buckets:
            return empty(self.id, self.inner, self.look)
        first, made = self.firsts[step], []
        for index in range(first, min(len(body.buckets), first + self.room)):
            made += self._bucket(body, index, self.slot(index - first), marks)
        for text, index in marks.hashes:
            made += self._hash(text, index, first, len(body.buckets))
        if self.room < len(body.buckets):
            text = f"buckets {first:,} to {first + self.room - 1:,} of {len(body.buckets):,}"
            below = Box(self.inner.x, self.inner.bottom - 18, self.inner.w, 18)
            made.append(
                label(
                    f"window:{self.id}", text, below, 12, self.look.theme.muted, anchor="start", role="window"
                )
            )
        return made

    def _bucket(self, body: Buckets, index: int, box: Box, marks: Marks) -> list[Shape]:
        key, scale, theme = f"bucket:{self.id}:{index}", self.scale, self.look.theme
        made = cell(
            key,
            str(index),
            box,
            13 * scale,
            self.look,
            body.styles.get(index, ""),
            marks.buckets.get(index, ""),
            role="bucket",
        )
        chain = body.buckets[index]
        shown = chain if len(chain) <= self.chain else chain[: self.chain - 1]
        end = box.right
        for place, item in enumerate(shown):
            chip = Box(end + JOINT * scale, box.y, self.chip * scale, box.h)
            name = f"entry:{self.id}:{index}:{item.key or place}"
            middle = box.y + box.h / 2
            made.append(arrow(f"link:{name}", (end + 1, middle), (chip.x - 2, middle), theme.outline, 1.6))
            made += cell(
                name,
                item.text,
                chip,
                SIZE * scale,
                self.look,
                item.style,
                marks.cells.get((index, place), ""),
                value=f"value:{name}",
            )
            end = chip.right
        if len(shown) < len(chain):
            rest = Box(end + 8 * scale, box.y, self.chip * scale, box.h)
            more = f"+ {len(chain) - len(shown)} more"
            made.append(
                label(f"more:{key}", more, rest, 12 * scale, theme.muted, anchor="start", role="window")
            )
        if index in marks.collisions:
            # at the left of the bucket's head, a thick frame of another colour around it
            around = box.inset(-2)
            made.append(
                Shape(
                    f"collision:{self.id}:{index}",
                    "rect",
                    around.x,
                    around.y,
                    around.w,
                    around.h,
                    layer=Layer.OUTLINE,
                    role="outline",
                    stroke=theme.danger,
                    stroke_width=3,
                    radius=7,
                    dash=True,
                )
            )
        return made

    def _hash(self, text: str, index: int, first: int, count: int) -> list[Shape]:
        scale, theme = self.scale, self.look.theme
        strip = Box(self.inner.x, self.inner.y, self.inner.w, (STRIP - 8) * scale)
        made = [
            label(
                f"hash:{self.id}",
                text,
                strip,
                15 * scale,
                theme.secondary,
                font="mono-bold",
                anchor="start",
                role="hash",
            )
        ]
        if first <= index < min(count, first + self.room):
            box = self.slot(index - first)
            x = box.x - 9 * scale  # beside the heads, where no chain is
            start, end = (x, strip.bottom), (box.x - 1, box.y + box.h / 2)
            via = (x - 6 * scale, (start[1] + end[1]) / 2)
            made.append(
                arrow(
                    f"hash-arrow:{self.id}",
                    start,
                    end,
                    theme.secondary,
                    2.2,
                    via=via,
                    layer=Layer.ARROW,
                    role="arrow",
                )
            )
        return made

    def notes(self, step: int) -> list[str]:
        view = self.views[step]
        if view is None or not isinstance(view.body, Buckets):
            return []
        count, made = len(view.body.buckets), []
        if count > self.room:
            made.append(f"{self.title or self.id}: {self.room:,} of {count:,} buckets are shown")
        hidden = sum(
            max(0, len(chain) - self.chain + 1) for chain in view.body.buckets if len(chain) > self.chain
        )
        if hidden:
            made.append(f"{self.title or self.id}: {hidden:,} entries at the ends of chains are not shown")
        return made
