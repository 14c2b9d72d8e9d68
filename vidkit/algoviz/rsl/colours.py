"""Colours as files write them, and whether they can be told apart (WCAG 2 contrast)."""

from __future__ import annotations

import re
from collections.abc import Iterable

Rgb = tuple[int, int, int]

TEXT_RATIO = 4.5  # WCAG 2.2, 1.4.3: text on what is behind it
LINE_RATIO = 3.0  # WCAG 2.2, 1.4.11: outlines and arrows
NAMES = {
    "black": "#000000",
    "white": "#ffffff",
    "red": "#ff0000",
    "green": "#008000",
    "blue": "#0000ff",
    "yellow": "#ffff00",
    "orange": "#ffa500",
    "purple": "#800080",
    "pink": "#ffc0cb",
    "brown": "#a52a2a",
    "gray": "#808080",
    "grey": "#808080",
    "lightgray": "#d3d3d3",
    "lightgrey": "#d3d3d3",
    "darkgray": "#a9a9a9",
    "darkgrey": "#a9a9a9",
    "cyan": "#00ffff",
    "magenta": "#ff00ff",
    "lime": "#00ff00",
    "navy": "#000080",
    "teal": "#008080",
    "maroon": "#800000",
    "olive": "#808000",
    "silver": "#c0c0c0",
    "gold": "#ffd700",
    "lightblue": "#add8e6",
    "lightgreen": "#90ee90",
    "darkgreen": "#006400",
    "darkblue": "#00008b",
    "darkred": "#8b0000",
}
_LONGEST = 200  # characters of a colour, blanks included
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{4}|[0-9a-f]{6}|[0-9a-f]{8})", re.ASCII)
_FUNCTION = re.compile(
    r"rgba?\(\s*(\d{1,3}%?)\s*[, ]\s*(\d{1,3}%?)\s*[, ]\s*(\d{1,3}%?)\s*(?:[,/]\s*(\d*\.?\d+%?)\s*)?\)",
    re.ASCII,
)


def parse_colour(text: object, behind: str = "#ffffff") -> str | None:
    """A colour as `#rrggbb`: from #rgb, #rrggbb (or with alpha), rgb(), rgba() or a name; None: it is none.

    Args:
        text: as a file has it.
        behind: the colour that shows through where alpha is below 1.
    """
    if not isinstance(text, str):
        return None
    if len(text) > _LONGEST:
        return None
    word = text.strip().lower()
    word = NAMES.get(word, word)
    if _HEX.fullmatch(word):
        digits = word[1:] if len(word) > 5 else "".join(digit * 2 for digit in word[1:])
        alpha = int(digits[6:], 16) / 255 if len(digits) == 8 else 1.0
        return _over(rgb("#" + digits[:6]), alpha, behind)
    found = _FUNCTION.fullmatch(word)
    if found is None:
        return behind if word == "transparent" else None
    channels = [_channel(part) for part in found.groups()[:3]]
    alpha = 1.0 if found[4] is None else _share(found[4])
    return _over((channels[0], channels[1], channels[2]), alpha, behind)


def _channel(text: str) -> int:
    value = int(text.rstrip("%"))
    return min(255, round(value * 255 / 100) if text.endswith("%") else value)


def _share(text: str) -> float:
    return min(1.0, float(text[:-1]) / 100 if text.endswith("%") else float(text))


def _over(front: Rgb, alpha: float, behind: str) -> str:
    return mixed(behind, to_hex(front), alpha)


def rgb(colour: str) -> Rgb:
    """Red, green and blue, 0 to 255, of a `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def to_hex(channels: Iterable[float]) -> str:
    return "#" + "".join(f"{max(0, min(255, round(value))):02x}" for value in channels)


def mixed(one: str, other: str, share: float) -> str:
    """The colour between two, `share` of the way to the other, in sRGB."""
    return to_hex(a + (b - a) * share for a, b in zip(rgb(one), rgb(other), strict=True))


def luminance(colour: str) -> float:
    """Relative luminance, 0 (black) to 1 (white). Source: WCAG 2.2, "relative luminance"."""
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in rgb(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 (equal) to 21. Source: WCAG 2.2, "contrast ratio"."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def passing(colour: str, behind: Iterable[str], ratio: float) -> str:
    """The colour itself where its contrast to all that is behind it suffices, else the nearest that does.

    Nearest on the ways to black and to white. Where none suffices for all, black or white, whichever is
    further from the worst.

    Args:
        colour: `#rrggbb`.
        behind: colours it stands on.
        ratio: least contrast.
    """
    grounds = tuple(behind)
    if _worst(colour, grounds) >= ratio:
        return colour
    found = [
        (share, made) for end in ("#000000", "#ffffff") for share, made in _ways(colour, end, grounds, ratio)
    ]
    if found:
        return min(found)[1]
    return max(("#000000", "#ffffff"), key=lambda end: _worst(end, grounds))


def _worst(colour: str, grounds: tuple[str, ...]) -> float:
    return min((contrast(colour, ground) for ground in grounds), default=21.0)


def _ways(colour: str, end: str, grounds: tuple[str, ...], ratio: float) -> Iterable[tuple[float, str]]:
    """The first colour on the way to an end that suffices, with how far it is."""
    if _worst(end, grounds) < ratio:
        return
    low, high = 0.0, 1.0
    for _ in range(10):  # a thousandth of the way is less than a step of 8 bits
        middle = (low + high) / 2
        low, high = (low, middle) if _worst(mixed(colour, end, middle), grounds) >= ratio else (middle, high)
    yield high * max(abs(a - b) for a, b in zip(rgb(colour), rgb(end), strict=True)), mixed(colour, end, high)
