"""Cells: the boxes with a value that rows, tables and buckets consist of."""

from __future__ import annotations

from vidkit.algoviz.scene.look import Look, Paint
from vidkit.algoviz.scene.painters.base import PAD, Box, label
from vidkit.algoviz.scene.shapes import Layer, Shape
from vidkit.algoviz.scene.text import line_height, unit_width

BADGE = 9.0  # size of the number of a style


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
    pad: float = PAD,
) -> list[Shape]:
    """A box with a value in it.

    `style` is the one that it keeps, `mark` that of this step, which goes before it and has a thick outline.
    `key` is the id of the box, `value` that of the text (empty: `KEY:text`); `below` pixels are kept free
    under the text, `pad` at both sides of it.
    """
    asked = (key, text, box, size, style, mark, radius, role, font, value, below, pad)
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
    pad: float,
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
    written = value_text(value or f"{key}:text", text, inside, size, paint, key, font, pad)
    wide = unit_width(look.badge(mark or style)) * BADGE
    return [frame, written, *badge(frame, written, look, mark or style, box.right - 4 - wide, box.y + 2.5)]


def badge(frame: Shape, written: Shape, look: Look, style: str, x: float, y: float) -> list[Shape]:
    """The number of a style at (x, y) in a box, where the text of the box leaves room; else nothing."""
    text = look.badge(style)
    wide, high = unit_width(text) * BADGE, line_height(BADGE)
    beside = x > written.x + written.w + 1 or x + wide < written.x - 1
    above = y + high < written.y + 0.12 * written.h
    if not text or not (beside or above or not written.text) or x < frame.x + 2.5:
        return []
    return [
        Shape(
            f"{frame.id}:badge",
            "text",
            x,
            y,
            wide,
            high,
            layer=Layer.CELL_TEXT,
            role="badge",
            within=frame.id,
            fill=written.fill,
            text=text,
            size=BADGE,
        )
    ]


def value_text(
    key: str,
    text: str,
    box: Box,
    size: float,
    paint: Paint,
    within: str,
    font: str = "sans",
    pad: float = PAD,
) -> Shape:
    return label(
        key,
        text,
        box,
        size,
        paint.text,
        font=font,
        within=within,
        pad=pad,
        role="value",
        layer=Layer.CELL_TEXT,
    )
