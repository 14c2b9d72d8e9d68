"""A contact sheet: the film at a glance, in one PNG."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vidkit.algoviz.renderers.base import Options
from vidkit.algoviz.renderers.pictures import Screen
from vidkit.algoviz.scene.film import Film
from vidkit.algoviz.scene.fonts import font_path

_MOST, _WIDE, _GAP, _CAPTION, _MARGIN, _HEAD = 24, 480, 18, 24, 24, 46


class Sheet:
    """Steps spread evenly, the first and the last among them, each with its number."""

    suffix: ClassVar[str] = ".png"
    each: ClassVar[bool] = False

    def write(self, film: Film, folder: Path, name: str, options: Options) -> list[str]:
        count = min(_MOST, len(options.steps))
        picks = np.unique(np.linspace(0, len(options.steps) - 1, count).round().astype(int))
        steps = [options.steps[pick] for pick in picks]
        columns = min(len(steps), 3 if len(steps) <= 9 else 4)
        lines = -(-len(steps) // columns)
        high = round(_WIDE * 9 / 16)
        size = (
            2 * _MARGIN + columns * (_WIDE + _GAP) - _GAP,
            2 * _MARGIN + _HEAD + lines * (high + _CAPTION + _GAP) - _GAP,
        )
        theme = film.look.theme
        page = Image.new("RGB", size, theme.background)
        draw = ImageDraw.Draw(page)
        bold, plain = (ImageFont.truetype(str(font_path(f)), s) for f, s in (("bold", 24), ("sans", 15)))
        draw.text(
            (_MARGIN, _MARGIN - 4), _line(draw, film.title, size[0] - 2 * _MARGIN, bold), theme.text, bold
        )
        screen = Screen(_WIDE * 2, high * 2, film.size)  # twice as large, then reduced: text stays clear
        for place, step in enumerate(steps):
            x = _MARGIN + place % columns * (_WIDE + _GAP)
            y = _MARGIN + _HEAD + place // columns * (high + _CAPTION + _GAP)
            picture = Image.fromarray(screen.rgb(film.scene(step)))
            page.paste(picture.resize((_WIDE, high), Image.Resampling.LANCZOS), (x, y))
            draw.rectangle((x - 1, y - 1, x + _WIDE, y + high), outline=theme.line)
            draw.text((x + 2, y + high + 4), f"step {step}", theme.muted, plain)
        page.save(folder / f"{name}{self.suffix}", format="PNG")
        return screen.notes()


def _line(draw: ImageDraw.ImageDraw, text: str, room: float, font: ImageFont.FreeTypeFont) -> str:
    while text and draw.textlength(text, font) > room:
        text = text[:-2].rstrip() + "…" if len(text) > 2 else ""
    return text
