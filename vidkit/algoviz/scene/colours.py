"""Colours as texts, and whether one can be read on another (WCAG 2.2)."""

from __future__ import annotations

import functools
import re

TEXT_CONTRAST, OUTLINE_CONTRAST = 4.5, 3.0
_NAMES = {
    "black": "#000000", "white": "#ffffff", "red": "#ff0000", "green": "#008000", "blue": "#0000ff",
    "yellow": "#ffff00", "orange": "#ffa500", "purple": "#800080", "gray": "#808080", "grey": "#808080",
    "cyan": "#00ffff", "magenta": "#ff00ff", "pink": "#ffc0cb", "brown": "#a52a2a", "gold": "#ffd700",
    "lightgray": "#d3d3d3", "lightgrey": "#d3d3d3", "darkgray": "#a9a9a9", "lime": "#00ff00",
    "lightblue": "#add8e6", "lightgreen": "#90ee90", "navy": "#000080", "teal": "#008080",
    "silver": "#c0c0c0", "crimson": "#dc143c", "tomato": "#ff6347", "skyblue": "#87ceeb",
}  # fmt: skip
_FUNCTION = re.compile(r"rgba?\(\s*([\d.]+)\s*,\s*([\d.]+)\s*,\s*([\d.]+)\s*(?:,\s*[\d.]+%?\s*)?\)")


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> str | None:
    """A colour as #rrggbb; None for what is none, and for `none` and `transparent`."""
    colour = text.strip().lower()
    if re.fullmatch(r"#[0-9a-f]{3,4}", colour):
        return "#" + "".join(2 * digit for digit in colour[1:4])
    if re.fullmatch(r"#[0-9a-f]{6}([0-9a-f]{2})?", colour):
        return colour[:7]
    found = _FUNCTION.fullmatch(colour)
    if found:
        return "#" + "".join(f"{min(255, round(float(part))):02x}" for part in found.groups())
    return _NAMES.get(colour)


@functools.lru_cache(maxsize=4096)
def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of #rrggbb, 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@functools.lru_cache(maxsize=4096)
def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, 0 (black) to 1 (white)."""
    parts = [value / 255 for value in rgb(colour)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@functools.lru_cache(maxsize=4096)
def contrast(first: str, second: str) -> float:
    """Contrast of two colours, 1 (equal) to 21 (black on white)."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@functools.lru_cache(maxsize=4096)
def mix(first: str, second: str, share: float) -> str:
    """The colour on the way from the first (share 0) to the second (share 1)."""
    pairs = zip(rgb(first), rgb(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


@functools.lru_cache(maxsize=4096)
def ink(colour: str, background: str, least: float = TEXT_CONTRAST) -> str:
    """A colour to write in: the given one if it can be read there, else the clearer of black and white."""
    if contrast(colour, background) >= least:
        return colour
    return max(("#000000", "#ffffff"), key=lambda end: contrast(end, background))


@functools.lru_cache(maxsize=4096)
def readable(colour: str, background: str, least: float = TEXT_CONTRAST) -> str:
    """The colour itself if it can be read there, else the nearest one towards black or white that can."""
    if contrast(colour, background) >= least:
        return colour
    ends = sorted(("#000000", "#ffffff"), key=lambda end: -contrast(end, background))
    for tenth in range(1, 20):
        mixed = mix(colour, ends[0], tenth / 20)
        if contrast(mixed, background) >= least:
            return mixed
    return ends[0]
