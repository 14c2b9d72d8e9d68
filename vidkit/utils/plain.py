"""Values in plain words."""

from __future__ import annotations

import html
import re

# C0 and C1 with their escape sequences, what turns the direction of the text around it, and the half
# characters that stand for bytes of file names
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_NO_CHARACTER = re.compile(r"&#[0-9]{8,};?")


def visible(text: str, keep: str = "") -> str:
    """A text of others in which nothing steers the terminal: control characters are written out.

    Args:
        text: names of files, answers of models.
        keep: control characters that stay.
    """
    return _CONTROL.sub(lambda found: found[0] if found[0] in keep else ascii(found[0])[1:-1], text)


def visible_json(text: str) -> str:
    """JSON in which nothing steers the terminal and no half character stands: still the same values."""
    return _CONTROL.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def counted(count: int, noun: str, ending: str = "s") -> str:
    """A number with its noun: 1 step, 20 steps; 2 branches with the ending `es`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}{ending}"


def unescaped(text: str) -> str:
    """A text with its HTML entities resolved; numbers that are no character, of any length, are U+FFFD."""
    return html.unescape(_NO_CHARACTER.sub("\ufffd", text)) if "&" in text else text


def byte_size(count: float) -> str:
    """Bytes in the largest unit of which there is at least an eighth: 5.62 GiB, 96.0 MiB, 40.0 KiB."""
    if count >= 2**27:
        return f"{count / 2**30:.2f} GiB"
    return f"{count / 2**20:.1f} MiB" if count >= 2**17 else f"{count / 2**10:.1f} KiB"


def rate(value: float) -> str:
    """A number per second, however slow: 23.5, 3.41, 0.0123."""
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"


def duration(seconds: float) -> str:
    """Seconds as people say them: 45 s, 2 min 05 s, 1 h 30 min."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


TYPE_WORDS: dict[type, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
"""What a setting of a type takes, in messages."""


def json_kind(value: object) -> str:
    """What a JSON value is, in the words of JSON: a string, a list, an object, null."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    kinds = {
        str: "a string",
        int: "a number",
        float: "a number",
        list: "a list",
        tuple: "a list",
        dict: "an object",
    }
    return kinds.get(type(value), f"a {type(value).__name__}")
