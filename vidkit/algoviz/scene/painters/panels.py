"""The side of the page: code with its current line, the variables, the calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vidkit.algoviz.scene.colours import mix
from vidkit.algoviz.scene.fonts import LINE
from vidkit.algoviz.scene.look import Look
from vidkit.algoviz.scene.painters.base import Box, label
from vidkit.algoviz.scene.shapes import Layer, Shape
from vidkit.algoviz.scene.text import cut, unit_width

CODE, SMALLEST_CODE, PAD, HEAD = 14.0, 10.5, 12.0, 26.0
ROW, CALL = 26.0, 26.0


@dataclass(frozen=True)
class CodePanel:
    """Pseudocode with line numbers; a window of it where there are more lines than room."""

    lines: tuple[str, ...]
    look: Look

    def wanted(self, wide: float) -> float:
        return HEAD + len(self.lines) * self._size(wide) * 1.45 + PAD

    def longest(self) -> float:
        """Width that would show every line at full size."""
        return (
            max((unit_width(line, "mono") for line in self.lines), default=0) * CODE
            + self._gutter(CODE)
            + 2 * PAD
        )

    def _gutter(self, size: float) -> float:
        return unit_width("0" * len(str(len(self.lines))), "mono") * size + 12

    def _size(self, wide: float) -> float:
        longest = self.longest() - 2 * PAD
        return max(SMALLEST_CODE, min(CODE, CODE * (wide - 2 * PAD) / longest)) if longest > 0 else CODE

    def _room(self, box: Box) -> int:
        high = self._size(box.w) * 1.45
        room = max(1, int((box.h - HEAD - PAD + 0.5) // high))
        if room < len(self.lines):
            room = max(1, int((box.h - HEAD - PAD - 14) // high))
        return room

    def firsts(self, box: Box, steps: Sequence[tuple[int, ...]]) -> list[int]:
        """First line shown at each step, such that the current one is seen; `steps` has those, from 1."""
        room, first, made = self._room(box), 0, []
        for current in steps:
            seen = [line for line in current if 1 <= line <= len(self.lines)]
            if seen and not first <= seen[0] - 1 < first + room:
                first = max(0, min(seen[0] - 1 - room // 3, len(self.lines) - room))
            made.append(first)
        return made

    def draw(self, box: Box, current: tuple[int, ...], first: int) -> list[Shape]:
        """The panel with the current lines, from 1; `first` of `firsts`."""
        theme = self.look.theme
        made = panel("code", "Code", box, self.look)
        size, room = self._size(box.w), self._room(box)
        high = size * 1.45
        gutter = self._gutter(size)
        for index in range(first, min(len(self.lines), first + room)):
            line = Box(box.x + 6, box.y + HEAD + (index - first) * high, box.w - 12, high)
            now = index + 1 in current
            if now:
                made.append(
                    Shape(
                        f"code:current:{current.index(index + 1)}",
                        "rect",
                        line.x,
                        line.y,
                        line.w,
                        line.h,
                        layer=Layer.PANEL,
                        role="current-line",
                        region="side",
                        radius=4,
                        fill=mix(theme.panel, theme.primary, 0.16),
                    )
                )
            made += self._line(index, line, size, gutter, now)
        if room < len(self.lines):
            made.append(
                label(
                    "code:window",
                    f"lines {first + 1} to {min(len(self.lines), first + room)} of {len(self.lines)}",
                    Box(box.x + PAD, box.bottom - 18, box.w - 2 * PAD, 14),
                    10.5,
                    theme.muted,
                    anchor="end",
                    role="window",
                    region="side",
                    within="panel:code",
                )
            )
        return made

    def _line(self, index: int, line: Box, size: float, gutter: float, now: bool) -> list[Shape]:
        theme, text = self.look.theme, self.lines[index]
        body = text.lstrip(" ")
        indent = unit_width(" ", "mono") * size * (len(text) - len(body))
        number = Box(line.x, line.y, gutter - 6, line.h)
        made = [
            label(
                f"code:number:{index}",
                str(index + 1),
                number,
                size * 0.85,
                theme.primary if now else theme.muted,
                font="mono",
                anchor="end",
                role="line-number",
                region="side",
                within="panel:code",
            )
        ]
        if body:
            indent = min(indent, (line.w - gutter) / 2)
            rest = Box(line.x + gutter + indent, line.y, line.w - gutter - indent - 4, line.h)
            made.append(_one_size(f"code:line:{index}", body, rest, size, theme.text, now))
        return made


def _one_size(key: str, text: str, box: Box, size: float, colour: str, bold: bool) -> Shape:
    """A line of code: cut where it is too long, never shrunk, since lines of different sizes look broken."""
    font = "mono-bold" if bold else "mono"
    shown = cut(text, box.w, size, font)
    wide = unit_width(shown, font) * size
    return Shape(
        key,
        "text",
        box.x,
        box.y + (box.h - LINE * size) / 2,
        wide,
        LINE * size,
        layer=Layer.CELL_TEXT,
        role="code",
        region="side",
        within="panel:code",
        fill=colour,
        text=shown,
        font=font,
        size=size,
        full=text if shown != text else "",
    )


@dataclass(frozen=True)
class VariablesPanel:
    """Names and values, one line each, in the order in which they came."""

    names: tuple[str, ...]
    look: Look

    def wanted(self) -> float:
        return HEAD + len(self.names) * ROW + PAD / 2

    def draw(self, box: Box, values: dict[str, str], before: dict[str, str]) -> list[Shape]:
        theme = self.look.theme
        made = panel("variables", "Variables", box, self.look)
        room = max(1, int((box.h - HEAD - PAD / 2 + 0.5) // ROW))
        names = [name for name in self.names if name in values]
        hidden = len(names) - room
        if hidden > 0:
            names = names[: room - 1]
        left = min(max((unit_width(n, "mono") * 13 for n in self.names), default=0) + 14, box.w * 0.5)
        for place, name in enumerate(names):
            line = Box(box.x + PAD, box.y + HEAD + place * ROW, box.w - 2 * PAD, ROW)
            changed = name in before and before[name] != values[name]
            if changed:
                made.append(
                    Shape(
                        f"variable:changed:{name}",
                        "rect",
                        line.x + left - 6,
                        line.y + 1,
                        line.w - left + 6,
                        ROW - 2,
                        layer=Layer.PANEL,
                        role="changed",
                        region="side",
                        radius=4,
                        fill=mix(theme.panel, theme.accent, 0.16),
                    )
                )
            made.append(
                label(
                    f"variable:{name}",
                    name,
                    Box(line.x, line.y, left - 8, ROW),
                    13,
                    theme.muted,
                    font="mono",
                    anchor="start",
                    role="variable",
                    region="side",
                    within="panel:variables",
                )
            )
            made.append(
                label(
                    f"value:variable:{name}",
                    values[name],
                    Box(line.x + left, line.y, line.w - left - 4, ROW),
                    13.5,
                    theme.text,
                    font="mono-bold" if changed else "mono",
                    anchor="start",
                    role="variable",
                    region="side",
                    within="panel:variables",
                )
            )
        if hidden > 0:
            last = Box(box.x + PAD, box.y + HEAD + len(names) * ROW, box.w - 2 * PAD, ROW)
            made.append(
                label(
                    "variables:window",
                    f"{hidden + 1} more",
                    last,
                    12,
                    theme.muted,
                    anchor="start",
                    role="window",
                    region="side",
                    within="panel:variables",
                )
            )
        return made


@dataclass(frozen=True)
class CallsPanel:
    """The calls that are not over, the innermost at the bottom."""

    deepest: int
    look: Look

    def wanted(self) -> float:
        return HEAD + self.deepest * CALL + PAD / 2

    def draw(self, box: Box, calls: tuple[str, ...]) -> list[Shape]:
        theme = self.look.theme
        made = panel("calls", "Calls", box, self.look)
        room = max(1, int((box.h - HEAD - PAD / 2 + 0.5) // CALL))
        shown = calls
        if len(calls) > room:
            shown = calls[len(calls) - max(1, room - 1) :]
            over = len(calls) - len(shown)
            above = Box(box.x + PAD, box.y + HEAD, box.w - 2 * PAD, CALL)
            made.append(
                label(
                    "calls:window",
                    f"{over} more above",
                    above,
                    12,
                    theme.muted,
                    anchor="start",
                    role="window",
                    region="side",
                    within="panel:calls",
                )
            )
        offset = 1 if len(shown) < len(calls) and room > 1 else 0
        for place, text in enumerate(shown):
            depth = len(calls) - len(shown) + place
            now = depth == len(calls) - 1
            line = Box(box.x + PAD, box.y + HEAD + (place + offset) * CALL, box.w - 2 * PAD, CALL - 3)
            made.append(
                Shape(
                    f"call:{depth}",
                    "rect",
                    line.x,
                    line.y,
                    line.w,
                    line.h,
                    role="cell",
                    region="side",
                    radius=4,
                    fill=mix(theme.panel, theme.primary, 0.16 if now else 0.05),
                )
            )
            made.append(
                label(
                    f"call:{depth}:text",
                    text,
                    line,
                    13,
                    theme.text,
                    font="mono-bold" if now else "mono",
                    anchor="start",
                    role="value",
                    region="side",
                    within=f"call:{depth}",
                    pad=7,
                )
            )
        return made


def panel(key: str, title: str, box: Box, look: Look, region: str = "side") -> list[Shape]:
    """A card; with a title in its head."""
    theme = look.theme
    card = Shape(
        f"panel:{key}",
        "rect",
        box.x,
        box.y,
        box.w,
        box.h,
        layer=Layer.PANEL,
        role="panel",
        region=region,
        fill=theme.panel,
        stroke=theme.line,
        stroke_width=1,
        radius=10,
    )
    if not title:
        return [card]
    head = Box(box.x + PAD, box.y + 4, box.w - 2 * PAD, HEAD - 6)
    return [
        card,
        label(
            f"panel:{key}:title",
            title,
            head,
            12,
            theme.muted,
            font="bold",
            anchor="start",
            role="panel-title",
            region=region,
            within=card.id,
            layer=Layer.CELL_TEXT,
        ),
    ]
