"""Text as outlines of its letters, for outputs that have no fonts of their own for them."""

from __future__ import annotations

import functools
import unicodedata
from typing import Any

from vidkit.algoviz.renderers.writing_order import visual
from vidkit.algoviz.scene.fonts import font_path
from vidkit.algoviz.scene.text import clusters, unit_width
from vidkit.errors import require

Command = tuple[str, tuple[tuple[float, float], ...]]  # move, line, curve (two controls and the end) or close


def outlines(text: str, font: str, x: float, base: float, size: float) -> list[Command]:
    """Contours of a text whose first letter begins at (x, base), y downwards; to be filled.

    Characters that the bundled fonts lack become the box that stands for them.
    """
    made: list[Command] = []
    for cluster in clusters(visual(text)):
        wide = unit_width(cluster, font) * size
        for place, character in enumerate(cluster):
            if unicodedata.category(character) == "Cf" or (place and ord(character) > 0xFFFF):
                continue  # directions and joiners; one box for a sequence of emoji
            # marks over a letter are drawn from where the letter ends
            left = x + wide if place else x
            for kind, points in _glyph(font, character):
                made.append((kind, tuple((left + px * size, base - py * size) for px, py in points)))
        x += wide
    return made


@functools.lru_cache(maxsize=2048)
def _glyph(font: str, character: str) -> tuple[Command, ...]:
    """Contours of a letter at size 1, y upwards."""
    opened = _open(font)
    name = opened.getBestCmap().get(ord(character), ".notdef")
    scale = 1 / opened["head"].unitsPerEm
    pen = require("fontTools.pens.recordingPen").DecomposingRecordingPen(opened.getGlyphSet())
    opened.getGlyphSet()[name].draw(pen)
    made: list[Command] = []
    last = (0.0, 0.0)
    for kind, given in pen.value:
        points = [(px * scale, py * scale) for px, py in given]
        if kind == "moveTo":
            made.append(("move", (points[0],)))
        elif kind == "lineTo":
            made.append(("line", (points[0],)))
        elif kind == "qCurveTo":
            for control, end in _quadratic(points):
                one = tuple(a + (c - a) * 2 / 3 for a, c in zip(last, control, strict=True))
                two = tuple(b + (c - b) * 2 / 3 for b, c in zip(end, control, strict=True))
                made.append(("curve", ((one[0], one[1]), (two[0], two[1]), end)))
                last = end
        elif kind == "closePath":
            made.append(("close", ()))
        if points:
            last = points[-1]
    return tuple(made)


def _quadratic(points: list[tuple[float, float]]) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Control and end of each arc: TrueType leaves out ends that lie half-way between controls."""
    *controls, end = points
    made = []
    for place, control in enumerate(controls):
        if place < len(controls) - 1:
            following = controls[place + 1]
            made.append((control, ((control[0] + following[0]) / 2, (control[1] + following[1]) / 2)))
        else:
            made.append((control, end))
    return made


@functools.lru_cache(maxsize=4)
def _open(font: str) -> Any:
    return require("fontTools.ttLib").TTFont(font_path(font), lazy=True)
