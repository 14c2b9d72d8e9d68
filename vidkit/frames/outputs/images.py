"""The kept frames as files and as a contact sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vidkit.utils.files import atomic_path
from vidkit.video.sheet import fit_label
from vidkit.video.types import Frame

FORMATS = ("jpeg", "png")
_GAP, _CAPTION, _TITLE = 8, 36, 30  # pixels
_BACKGROUND, _INK, _QUIET, _BAR = (24, 24, 27), (236, 236, 240), (161, 161, 170), (96, 165, 250)


def clock(time_s: float) -> str:
    """Seconds as m:ss.d or h:mm:ss.d."""
    tenths = round(time_s * 10)
    hours, rest = divmod(tenths, 36000)
    minutes, rest = divmod(rest, 600)
    seconds = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{seconds}" if hours else f"{minutes}:{seconds}"


def write_frames(folder: Path, frames: Sequence[Frame], kind: str = "jpeg") -> list[Path]:
    """Write frames as `00_t0012.400s_f000310.jpg`, at the size they have.

    Args:
        folder: must exist.
        frames: in order of time.
        kind: "jpeg" (quality 95) or "png".
    """
    suffix, options = ("jpg", {"quality": 95}) if kind == "jpeg" else ("png", {})
    digits = max(2, len(str(len(frames) - 1)))  # so that names sort as the frames do
    paths = []
    for rank, frame in enumerate(frames):
        path = folder / f"{rank:0{digits}d}_t{frame.time_s:08.3f}s_f{frame.index:06d}.{suffix}"
        with atomic_path(path) as temporary:
            Image.fromarray(frame.pixels).save(temporary, format=kind.upper(), **options)
        paths.append(path)
    return paths


def contact_sheet(
    frames: Sequence[Frame],
    captions: Sequence[str],
    relevance: Sequence[float | None],
    title: str,
    width: int = 256,
) -> Image.Image:
    """The kept frames with time stamps, a caption and a bar of relevance.

    Args:
        frames: in order of time.
        captions: one a frame.
        relevance: one a frame, drawn as a share of the largest; None draws no bar.
        title: one line above.
        width: of a thumbnail, pixels.
    """
    columns = min(len(frames), 4 if len(frames) <= 16 else 8)
    height = max(1, round(width * max(frame.pixels.shape[0] / frame.pixels.shape[1] for frame in frames)))
    rows = math.ceil(len(frames) / columns)
    cell_width, cell_height = width + _GAP, height + _CAPTION + _GAP
    sheet = Image.new("RGB", (columns * cell_width + _GAP, _TITLE + rows * cell_height + _GAP), _BACKGROUND)
    draw, font, small = ImageDraw.Draw(sheet), ImageFont.load_default(15), ImageFont.load_default(12)
    draw.text((_GAP, 7), fit_label(draw, title, sheet.width - 2 * _GAP, font), _INK, font)
    top = max([value for value in relevance if value is not None], default=0.0)
    for place, (frame, caption, value) in enumerate(zip(frames, captions, relevance, strict=True)):
        x, y = _GAP + place % columns * cell_width, _TITLE + _GAP + place // columns * cell_height
        picture = Image.fromarray(frame.pixels)
        picture.thumbnail((width, height), Image.Resampling.LANCZOS)
        if picture.width < width and picture.height < height:  # small sources are shown larger, pixels kept
            scale = min(width / picture.width, height / picture.height)
            size = (round(picture.width * scale), round(picture.height * scale))
            picture = picture.resize(size, Image.Resampling.NEAREST)
        sheet.paste(picture, (x + (width - picture.width) // 2, y + (height - picture.height) // 2))
        if value is not None and top > 0:
            draw.rectangle(
                (x, y + height + 1, x + round(width * max(value, 0.0) / top), y + height + 3), _BAR
            )
        draw.text((x, y + height + 5), clock(frame.time_s), _INK, font)
        stamp = draw.textlength(clock(frame.time_s), font) + 10
        draw.text((x + stamp, y + height + 8), fit_label(draw, caption, width - stamp, small), _QUIET, small)
    return sheet


def write_sheet(path: Path, sheet: Image.Image) -> None:
    """Write a sheet as PNG; the file appears whole or not at all."""
    with atomic_path(path) as temporary:
        sheet.save(temporary, format="PNG")


def jpeg_bytes(pixels: np.ndarray, width: int = 480, quality: int = 82) -> bytes:
    """A picture as JPEG, at most `width` pixels wide."""
    import io

    picture = Image.fromarray(pixels)
    picture.thumbnail((width, 4 * width), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    picture.save(data, format="JPEG", quality=quality)
    return data.getvalue()
