"""How values are written: one short line for anything that a trace may hold."""

from __future__ import annotations

import json
import math
import unicodedata
from typing import Any

from vidkit.algoviz.scene.text import ELLIPSIS, clusters

NOTHING, INFINITY = "∅", "∞"
_LONGEST_NESTED = 24  # characters of a list or dict
_LONGEST = 120  # characters of a text; boxes cut further
_RTL = ("R", "AL")


def show(value: Any, nothing: str = NOTHING) -> str:
    """A value in one line.

    Args:
        value: anything from JSON.
        nothing: what null is written as.
    """
    if value is None:
        return nothing
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        return one_line(value)
    return _shorten(one_line(_json(value)), _LONGEST_NESTED)


def one_line(text: str, longest: int = _LONGEST) -> str:
    """A text without line breaks and control characters; text from right to left is kept to itself."""
    if text.isascii() and text.isprintable() and len(text) <= longest:
        return text
    made = "".join(_visible(c) for c in text[: 8 * longest].replace("\r\n", "\n"))
    made = _shorten(made, longest)
    if any(unicodedata.bidirectional(c) in _RTL for c in made):
        return f"\u2068{made}\u2069"
    return made


def _visible(character: str) -> str:
    if character == "\n":
        return "↵"
    if character == "\t":
        return " "
    code, category = ord(character), unicodedata.category(character)
    if category == "Cc":
        return f"\\x{code:02x}"
    if category == "Cs" or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069:
        # half a character cannot be written, and directions would turn the text around them
        return f"\\u{code:04x}"
    return character


def _integer(value: int) -> str:
    if abs(value) < 10**12:
        return str(value)
    digits = (
        len(str(abs(value))) if abs(value) < 10**4000 else int(math.log10(2) * abs(value).bit_length()) + 1
    )
    lead = abs(value) // 10 ** (digits - 3)
    return f"{'-' if value < 0 else ''}{lead / 100:.2f}e{digits - 1}"


def _float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return INFINITY if value > 0 else "-" + INFINITY
    return f"{value:.6g}"


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    except (ValueError, RecursionError):
        return str(type(value).__name__)


def _shorten(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    parts = clusters(text)
    return text if len(parts) <= longest else "".join(parts[: longest - 1]) + ELLIPSIS
