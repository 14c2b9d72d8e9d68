"""Tables and matrices: cells in rows and columns with headers, and arrows between cells."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from vidkit.algoviz.scene.painters.base import Box, Painter, empty, label, window_of
from vidkit.algoviz.scene.painters.cells import cell
from vidkit.algoviz.scene.painters.chips import arrow
from vidkit.algoviz.scene.painters.row import pointer
from vidkit.algoviz.scene.picture import MAIN, Body, Cell, Grid, Marks
from vidkit.algoviz.scene.shapes import Layer, Shape
from vidkit.algoviz.scene.text import unit_width

SIZE, HIGH, HEADER, GAP = 16.0, 36.0, 24.0, 3.0
TAG = 17.0  # height in each cell for the names of pointers
_NARROWEST, _WIDEST = 38.0, 170.0
_NOTE = 22.0  # height of what is said of a window
_LEAST_ROWS = 3  # of a window
_TURNED_FROM = 5  # rows of a table of one column, beyond which it may lie on its side


class GridPainter(Painter):
    """Columns as wide as their widest value of all steps; a window where there are too many cells.

    A table of one column, such as a dict, has the names of pointers at its right. It can lie on its side:
    the headers of its rows above the values.
    """

    def measure(self) -> None:
        self.grids = [body if isinstance(body, Grid) else None for body in self._bodies()]
        self.upright = (self.grids, self.marks)
        found = [grid for grid in self.grids if grid is not None]
        self.turns = (
            max((len(grid.rows[0]) for grid in found if grid.rows), default=0) == 1
            and max((len(grid.rows) for grid in found), default=0) > _TURNED_FROM
            and any(any(grid.row_headers) for grid in found)
        )
        self.turned = False
        self._measure()

    def _bodies(self) -> list[Body | None]:
        return [view.body if view else None for view in self.views]

    def turn(self, turned: bool) -> None:
        if not self.turns or turned == self.turned:
            return
        self.turned = turned
        self.grids, self.marks = self.upright
        if turned:
            made = {id(grid): _on_its_side(grid) for grid in self.grids if grid is not None}
            self.grids = [None if grid is None else made[id(grid)] for grid in self.grids]
            self.marks = [_turned_marks(marks) for marks in self.marks]
        self._measure()

    def _measure(self) -> None:
        grids = list({id(grid): grid for grid in self.grids if grid is not None}.values())
        self.n_rows = max((len(grid.rows) for grid in grids), default=0)
        self.n_cols = max((len(grid.rows[0]) for grid in grids if grid.rows), default=0)
        self.has_rows = any(any(grid.row_headers) for grid in grids)
        self.has_cols = any(any(grid.col_headers) for grid in grids)
        layouts, is_main = self.look.layouts, self.id == MAIN
        self.grow = layouts.cells if is_main else 1.0
        self.between = GAP * (layouts.gaps if is_main else 1.0)
        # letters grow with their cells, but never get too small to read
        self.size = SIZE * min(max(self.grow, 0.6), 1.7)
        self.high = max(HIGH * self.grow, self.size * 1.5)
        self.narrowest = max(_NARROWEST * self.grow, 22.0)
        self.widths = self._widths(grids)
        tags = {text for marks in self.marks for text in _tags(marks).values()}
        self.side = 0.0  # width at the right of a single column for the names of pointers
        if tags and self.n_cols == 1:
            self.side = min(max(unit_width(f"◀ {text}", "bold") for text in tags) * 12 + 18, 120.0)
        self.tag = TAG if tags and not self.side else 0.0
        headers = {text for grid in grids for text in grid.row_headers}
        self.longest = max((unit_width(text) for text in headers), default=0.0)

    def _widths(self, grids: list[Grid]) -> list[float]:
        """Of each column at scale 1; equal for numbers side by side, which makes a matrix calm."""
        needed = [0.0] * self.n_cols
        for row in {row for grid in grids for row in grid.rows}:
            for column, text in enumerate(row):
                needed[column] = max(needed[column], unit_width(text) * self.size + 18)
        for heads in {grid.col_headers for grid in grids}:
            for column, text in enumerate(heads[: self.n_cols]):
                needed[column] = max(needed[column], unit_width(text) * 13 + 10)
        needed = [min(max(wide, self.narrowest), _WIDEST * max(1.0, self.grow)) for wide in needed]
        if needed and max(needed) <= 1.6 * min(needed):
            return [max(needed)] * self.n_cols
        return needed

    def _header(self, scale: float) -> float:
        """Width of the headers of rows, which are never smaller than can be read."""
        return min(self.longest * _header_size(scale) + 14 * scale, 130.0) if self.has_rows else 0.0

    def natural(self, scale: float, room: float) -> tuple[float, float]:
        wide = sum(self.widths) + self.between * max(0, self.n_cols - 1) + self.side
        high = (HEADER if self.has_cols else 0) + self.n_rows * (self.high + self.tag + self.between)
        wide = max(wide * scale + self._header(scale), 88.0 * scale)
        note = _NOTE if wide > room + 1 else 0.0
        return wide, max(high, 40.0) * scale + note

    def window(self, scale: float) -> float:
        rows = min(self.n_rows, _LEAST_ROWS) * (self.high + self.tag + self.between)
        return (rows + (HEADER if self.has_cols else 0)) * scale + _NOTE + 1

    def settle(self) -> None:
        scale, box = self.scale, self.inner
        self.top = box.y + (HEADER * scale if self.has_cols else 0)
        self.left = box.x + self._header(scale)
        free_h = box.bottom - self.top + self.between * scale + 0.5
        each = (self.high + self.tag + self.between) * scale
        self.room_rows = max(1, int(free_h // each))
        self.even = max(self.widths, default=self.narrowest)
        total = (sum(self.widths) + self.between * len(self.widths)) * scale
        self.fits_wide = total <= box.right - self.left + self.between * scale + 0.5
        if self.side:  # beside what is left of the width, however narrow
            self.side_room = max(0.0, min(self.side * scale, box.right - self.left - total))
        self.room_cols = self.n_cols
        if not self.fits_wide:
            self.room_cols = max(1, int((box.right - self.left + 1) // ((self.even + self.between) * scale)))
        self.windowed = self.room_rows < self.n_rows or self.room_cols < self.n_cols
        if self.windowed:
            self.room_rows = max(1, min(self.n_rows, int((free_h - _NOTE) // each)))
        self.firsts = self._windows()

    def _windows(self) -> list[Cell]:
        made, row, col = [], 0, 0
        for step, found in enumerate(self.grids):
            grid = found or Grid()
            focus = self._focus(step, grid)
            row = window_of(len(grid.rows), self.room_rows, focus[0] if focus else None, row)
            col = window_of(
                len(grid.rows[0]) if grid.rows else 0, self.room_cols, focus[1] if focus else None, col
            )
            made.append((row, col))
        return made

    def _focus(self, step: int, grid: Grid) -> Cell | None:
        if not self.windowed:
            return None
        marks = self.marks[step]
        marked = [*marks.cells, *(target for _, target, _ in marks.arrows)]
        marked += [place for place in marks.pointers.values() if isinstance(place, tuple)]
        if marked:
            return marked[0]
        before = self.grids[step - 1] if step else None
        if before is not None and before is not grid:
            for r, (new, old) in enumerate(zip(grid.rows, before.rows, strict=False)):
                if new is not old and new != old:
                    return r, next(c for c, (a, b) in enumerate(zip(new, old, strict=False)) if a != b)
        return None

    def slot(self, row: int, column: int, first: Cell) -> Box:
        """The cell at (row, column), where `first` is the one at the top left of the window."""
        scale = self.scale
        wide = self.widths[column] if self.fits_wide else self.even
        before = sum(self.widths[:column]) if self.fits_wide else self.even * (column - first[1])
        skipped = sum(self.widths[: first[1]]) if self.fits_wide else 0.0
        high = (self.high + self.tag + self.between) * scale
        x = self.left + (before - skipped + self.between * (column - first[1])) * scale
        return Box(x, self.top + (row - first[0]) * high, wide * scale, high - self.between * scale)

    def shapes(self, step: int, body: Body, marks: Marks) -> list[Shape]:
        assert isinstance(body, Grid)
        body, marks = self.grids[step] or Grid(), self.marks[step]
        if not body.rows or not body.rows[0]:
            return empty(self.id, self.inner, self.look)
        first = self.firsts[step]
        rows = range(first[0], min(len(body.rows), first[0] + self.room_rows))
        columns = range(first[1], min(len(body.rows[0]), first[1] + self.room_cols))
        made = self._headers(body, rows, columns, first)
        for row in rows:
            for column in columns:
                made += cell(
                    f"cell:{self.id}:{self._key(row, column)}",
                    body.rows[row][column],
                    self.slot(row, column, first),
                    self.size * self.scale,
                    self.look,
                    body.styles.get((row, column), ""),
                    marks.cells.get((row, column), ""),
                    radius=3,
                    value=f"value:{self.id}:{self._key(row, column)}",
                    below=self.tag * self.scale,
                )
        made += self._arrows(marks, rows, columns, first)
        for place, names in _tags(marks).items():
            if place[0] in rows and place[1] in columns:
                made += self._pointer(names, self.slot(*place, first))
        if len(rows) < len(body.rows) or len(columns) < len(body.rows[0]):
            made.append(self._window_note(body, rows, columns))
        return made

    def _key(self, row: int, column: int) -> str:
        """A cell's place in the data, the same upright and on its side."""
        return f"{column},{row}" if self.turned else f"{row},{column}"

    def _headers(self, body: Grid, rows: range, columns: range, first: Cell) -> list[Shape]:
        made, muted, size = [], self.look.theme.muted, _header_size(self.scale)
        for column in columns if self.has_cols else ():
            text = body.col_headers[column] if column < len(body.col_headers) else ""
            box = self.slot(first[0], column, first)
            above = Box(box.x, self.top - HEADER * self.scale, box.w, (HEADER - 3) * self.scale)
            made.append(label(f"col:{self.id}:{column}", text, above, size, muted, role="header"))
        for row in rows if self.has_rows else ():
            text = body.row_headers[row] if row < len(body.row_headers) else ""
            box = self.slot(row, first[1], first)
            beside = Box(self.inner.x, box.y, self.left - self.inner.x - 7 * self.scale, box.h)
            made.append(label(f"row:{self.id}:{row}", text, beside, size, muted, anchor="end", role="header"))
        return [shape for shape in made if shape.text]

    def _arrows(self, marks: Marks, rows: range, columns: range, first: Cell) -> list[Shape]:
        made = []
        for source, target, style in {(a, b): (a, b, style) for a, b, style in marks.arrows}.values():
            if not all(r in rows and c in columns for r, c in (source, target)) or source == target:
                continue
            colour, wide = self.look.line(style, self.look.theme.secondary)
            start, end = self.slot(*source, first), self.slot(*target, first)
            made.append(between(f"arrow:{self.id}:{source}>{target}", start, end, colour, wide))
        return made

    def _pointer(self, name: str, box: Box) -> list[Shape]:
        if self.side:
            beside = Box(box.right + 4, box.y + (box.h - 19) / 2, max(self.side_room - 4, 24.0), 19.0)
            wide = unit_width(f"◀ {name}", "bold") * 12 * min(self.scale, 1.0) + 14
            tag = Box(beside.x, beside.y, min(wide, beside.w), beside.h)
            return pointer(self, name, tag, "◀")
        high = self.tag * self.scale  # inside the cell, since other cells lie around it
        return pointer(self, name, Box(box.x + 2, box.bottom - high - 1, box.w - 4, high - 1))

    def _window_note(self, body: Grid, rows: range, columns: range) -> Shape:
        text = (
            f"rows {rows.start:,} to {rows.stop - 1:,} of {len(body.rows):,},"
            f" columns {columns.start:,} to {columns.stop - 1:,} of {len(body.rows[0]):,}"
        )
        box = Box(self.inner.x, self.inner.bottom - 18, self.inner.w, 18)
        return label(f"window:{self.id}", text, box, 12, self.look.theme.muted, anchor="start", role="window")

    def notes(self, step: int) -> list[str]:
        grid = self.grids[step]
        if not self.windowed or grid is None or not grid.rows:
            return []
        count = len(grid.rows) * len(grid.rows[0])
        shown = min(len(grid.rows), self.room_rows) * min(len(grid.rows[0]), self.room_cols)
        return [f"{self.title or self.id}: {shown:,} of {count:,} cells are shown"] if shown < count else []


def _header_size(scale: float) -> float:
    return max(9.5, 13 * scale)


def _tags(marks: Marks) -> dict[Cell, str]:
    """Names of the pointers at each cell; of `i, j` and `j, i` at the same one the first."""
    names: dict[Cell, list[str]] = {}
    for name, place in marks.pointers.items():
        if isinstance(place, tuple):
            found = names.setdefault(place, [])
            if not any(sorted(name.split(", ")) == sorted(other.split(", ")) for other in found):
                found.append(name)
    return {place: ", ".join(found) for place, found in names.items()}


def _on_its_side(grid: Grid) -> Grid:
    """Rows as columns; the header of the one column, which says little, is left out."""
    rows = tuple(zip(*grid.rows, strict=True)) if grid.rows else ()
    styles = {(column, row): style for (row, column), style in grid.styles.items()}
    return replace(grid, rows=rows, col_headers=grid.row_headers, row_headers=(), styles=styles)


def _turned_marks(marks: Marks) -> Marks:
    def over(place: Any) -> Any:
        return (place[1], place[0]) if isinstance(place, tuple) else place

    return replace(
        marks,
        cells={over(place): style for place, style in marks.cells.items()},
        pointers={name: over(place) for name, place in marks.pointers.items()},
        arrows=tuple((over(a), over(b), style) for a, b, style in marks.arrows),
    )


def between(key: str, start: Box, end: Box, colour: str, wide: float) -> Shape:
    """An arrow from one box to another, from border to border, slightly bent to be told from others."""
    ax, ay = start.x + start.w / 2, start.y + start.h / 2
    bx, by = end.x + end.w / 2, end.y + end.h / 2
    length = math.hypot(bx - ax, by - ay) or 1.0
    if abs(by - ay) < 1 and length < 1.6 * start.w:  # neighbours in a row: an arc over their upper borders
        side = 0.16 * start.w * (1 if bx > ax else -1)
        via = ((ax + bx) / 2, start.y - 0.34 * start.h)
        points = (ax + side, start.y + 0.14 * start.h), (bx - side, end.y + 0.14 * end.h)
        return arrow(key, *points, colour, wide, via=via, layer=Layer.ARROW, role="arrow")
    bend = min(0.16 * length, 26.0)
    via = ((ax + bx) / 2 + (by - ay) / length * bend, (ay + by) / 2 - (bx - ax) / length * bend)
    return arrow(
        key,
        _on_border(start, via),
        _on_border(end, via),
        colour,
        wide,
        via=via,
        layer=Layer.ARROW,
        role="arrow",
    )


def _on_border(box: Box, towards: tuple[float, float]) -> tuple[float, float]:
    x, y = box.x + box.w / 2, box.y + box.h / 2
    dx, dy = towards[0] - x, towards[1] - y
    # inside the border by a little, so that neighbours (with hardly a gap) still show a shaft
    reach = min(
        (box.w * 0.36) / abs(dx) if dx else math.inf, (box.h * 0.36) / abs(dy) if dy else math.inf, 1.0
    )
    return x + dx * reach, y + dy * reach
