"""Cells: the boxes with a value that rows, tables and buckets consist of."""

from __future__ import annotations

from vidkit.algoviz.scene.look import Look, Paint
from vidkit.algoviz.scene.painters.base import PAD, Box, label
from vidkit.algoviz.scene.shapes import Layer, Shape


def cell(
    key: str,
    text: str,
    box: Box,
    size: float,
    look: Look,
    style: str = "",
    mark: str = "",
    *,
    radius: float = 5.0,
    role: str = "cell",
    font: str = "sans",
    value: str = "",
    below: float = 0.0,
) -> list[Shape]:
    """A box with a value in it.

    `style` is the one that it keeps, `mark` that of this step, which goes before it and has a thick outline.
    `key` is the id of the box, `value` that of the text (empty: `KEY:text`); `below` pixels are kept free
    under the text.
    """
    asked = (key, text, box, size, style, mark, radius, role, font, value, below)
    known = look.cells.get(asked)
    if known is None:
        known = look.cells[asked] = tuple(_cell(look, *asked))
    return list(known)


def _cell(
    look: Look,
    key: str,
    text: str,
    box: Box,
    size: float,
    style: str,
    mark: str,
    radius: float,
    role: str,
    font: str,
    value: str,
    below: float,
) -> list[Shape]:
    paint = look.paint(mark or style)
    outline = max(2.5, paint.width) if mark else paint.width
    frame = Shape(
        key,
        "rect",
        box.x,
        box.y,
        box.w,
        box.h,
        role=role,
        fill=paint.fill,
        stroke=paint.stroke,
        stroke_width=outline,
        radius=radius,
    )
    inside = Box(box.x, box.y, box.w, box.h - below)
    return [frame, value_text(value or f"{key}:text", text, inside, size, paint, key, font)]


def value_text(
    key: str, text: str, box: Box, size: float, paint: Paint, within: str, font: str = "sans"
) -> Shape:
    return label(
        key,
        text,
        box,
        size,
        paint.text,
        font=font,
        within=within,
        pad=PAD,
        role="value",
        layer=Layer.CELL_TEXT,
    )
