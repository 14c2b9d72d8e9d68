"""The picture of who was computed when: one strip of steps by latent frame, one tile a latent frame."""

from __future__ import annotations

import math
import textwrap

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_GAP, _TOP, _CAPTION = 8, 24, 16  # pixels
_BACKGROUND, _INK = (24, 24, 27), (228, 228, 231)
_STOPS = np.array([(20, 24, 60), (40, 90, 170), (60, 170, 150), (240, 200, 70), (250, 245, 220)], float)
_TILE, _CELL = 120, 12  # width of a tile, side of a cell of the strip
_WIDTH = 1000
_LINE, _LONGEST = 15, 100  # of a title: pixels a line, characters a line


def heatmap(shares: np.ndarray, counts: np.ndarray, title: str = "") -> Image.Image:
    """Dark: reused; light: computed.

    Args:
        shares: computed share of each latent frame at each step, `[F, steps]` in 0..1.
        counts: how often each token was computed, `[F, rows, columns]`.
        title: above, in lines of 100 characters, four at most.
    """
    frames, steps = shares.shape
    cell = max(2, min(_CELL, (_WIDTH - 2 * _GAP) // max(steps, 1)))
    strip = Image.fromarray(coloured(shares)).resize((steps * cell, frames * cell), Image.Resampling.NEAREST)
    height = max(1, round(_TILE * counts.shape[1] / counts.shape[2]))
    columns = max(1, min(len(counts), (_WIDTH - _GAP) // (_TILE + _GAP)))
    rows = math.ceil(len(counts) / columns)
    lines = textwrap.wrap(title, _LONGEST, max_lines=4, placeholder=" ...") or [""]
    across = f"latent frames (down) by steps (across), {steps} steps"
    legend = f"times each token was computed, 0 to {steps}"
    font = ImageFont.load_default(12)
    # few steps and frames make a narrow strip: what is written must fit all the same
    written = max(math.ceil(font.getlength(line)) for line in (*lines, across, legend))
    width = max(strip.width, columns * (_TILE + _GAP), written) + 2 * _GAP
    head = _TOP + _LINE * (len(lines) - 1)
    top = head + _CAPTION + strip.height + _GAP
    sheet = Image.new("RGB", (width, top + _CAPTION + rows * (height + _CAPTION + _GAP) + _GAP), _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        draw.text((_GAP, 6 + number * _LINE), line, _INK, font)
    draw.text((_GAP, head), across, _INK, font)
    sheet.paste(strip, (_GAP, head + _CAPTION))
    draw.text((_GAP, top), legend, _INK, font)
    for place, tile in enumerate(counts):
        x = _GAP + place % columns * (_TILE + _GAP)
        y = top + _CAPTION + place // columns * (height + _CAPTION + _GAP)
        image = Image.fromarray(coloured(tile / max(steps, 1)))
        sheet.paste(image.resize((_TILE, height), Image.Resampling.NEAREST), (x, y))
        draw.text((x, y + height + 1), f"frame {place}: {tile.mean():.1f}", _INK, font)
    return sheet


def coloured(values: np.ndarray) -> np.ndarray:
    """uint8 `[..., 3]` for values in 0..1."""
    at = np.clip(values, 0, 1) * (len(_STOPS) - 1)
    low = np.minimum(at.astype(int), len(_STOPS) - 2)
    part = (at - low)[..., None]
    made: np.ndarray = ((1 - part) * _STOPS[low] + part * _STOPS[low + 1]).round().astype(np.uint8)
    return made
