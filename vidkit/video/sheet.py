"""Contact sheets: a video at a glance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vidkit.utils.files import atomic_path
from vidkit.utils.plain import visible

_GAP = 6  # pixels between thumbnails
_CAPTION = 16  # pixels under each thumbnail
_LONGEST_LABEL = 4000  # letters that are measured
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_BACKGROUND, _INK = (24, 24, 27), (228, 228, 231)


def contact_sheet(
    frames: np.ndarray, fps: float, title: str = "", count: int = 16, thumbnail_width: int = 192
) -> Image.Image:
    """Evenly spread frames, first and last included, each with its number and time.

    Args:
        frames: uint8 [T, H, W, 3].
        fps: frames per second.
        title: one line above the frames.
        count: how many frames at most.
        thumbnail_width: pixels; never below the frame's own width if that is smaller.
    """
    chosen = sorted(sheet_frames(len(frames), count))
    return sheet_of({number: frames[number] for number in chosen}, fps, title, thumbnail_width)


def sheet_frames(total: int, count: int = 16) -> set[int]:
    """Numbers of the frames that a contact sheet shows, of `total`."""
    return {int(n) for n in np.linspace(0, total - 1, min(count, total)).round()}


def sheet_of(
    frames: Mapping[int, np.ndarray], fps: float, title: str = "", thumbnail_width: int = 192
) -> Image.Image:
    """A contact sheet of given frames.

    Args:
        frames: uint8 [H, W, 3] by number.
        fps: frames per second.
        title: one line above the frames.
        thumbnail_width: pixels; never below the frame's own width if that is smaller.
    """
    chosen = sorted(frames)
    tall, wide, _ = frames[chosen[0]].shape
    columns = _columns(len(chosen))
    rows = math.ceil(len(chosen) / columns)
    width = thumbnail_width
    height = max(1, round(width * tall / wide))
    top = 24 if title else 0
    sheet = Image.new(
        "RGB",
        (columns * (width + _GAP) + _GAP, top + rows * (height + _CAPTION + _GAP) + _GAP),
        _BACKGROUND,
    )
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    draw.text((_GAP, 6), fit_label(draw, title, sheet.width - 2 * _GAP, font), _INK, font)
    for place, index in enumerate(chosen):
        x = _GAP + place % columns * (width + _GAP)
        y = top + _GAP + place // columns * (height + _CAPTION + _GAP)
        # nearest keeps the pixels of small models visible, Lanczos reduces large frames cleanly
        kernel = Image.Resampling.NEAREST if width > wide else Image.Resampling.LANCZOS
        sheet.paste(Image.fromarray(frames[index]).resize((width, height), kernel), (x, y))
        draw.text((x, y + height + 1), f"{index}  {index / fps:.2f} s", _INK, font)
    return sheet


def write_contact_sheet(path: Path, frames: np.ndarray, fps: float, title: str = "") -> None:
    """Write a contact sheet as PNG; the file appears whole or not at all."""
    sheet = contact_sheet(frames, fps, title)
    with atomic_path(path) as temporary:
        sheet.save(temporary, format="PNG")


def _columns(count: int) -> int:
    if count <= 4:
        return count
    return 4 if count <= 16 else 8


def fit_label(draw: ImageDraw.ImageDraw, text: str, width: float, font: Font) -> str:
    """A text in one line of at most `width` pixels, cut with an ellipsis where it is longer."""
    text = visible(" ".join(text.split()))
    if len(text) <= _LONGEST_LABEL and draw.textlength(text, font) <= width:
        return text
    low, high = 0, min(len(text), _LONGEST_LABEL)
    while low < high:  # the longest part that fits, by halving
        middle = (low + high + 1) // 2
        fits = draw.textlength(text[:middle] + "…", font) <= width
        low, high = (middle, high) if fits else (low, middle - 1)
    return text[:low] + "…"
