"""Plain text out of marked-up cues, in time that grows with the length of the text alone."""

from __future__ import annotations

import re

from vidkit.utils.plain import unescaped

# only what the formats define is a tag: "5 < 6" and "<laughs>" are text
_TAG = re.compile(
    r"</?(?:i|b|u|s|em|strong|ruby|rt|rp|tt|big|small)\s{0,9}/?>"
    r"|</?(?:font|span|c|v|lang|p|div|a|ruby|rt)(?:[\s.][^<>]*)?/?>"
    r"|<\d{1,9}:[\d:.,]{1,20}>",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<br\s{0,9}/?>", re.IGNORECASE)
_OVERRIDE = re.compile(r"\{\\[^{}]*\}")  # of ASS, as many SRT files carry them
_DRAWING = re.compile(r"\\p(\d{1,3})(?!\d)")
_ASS_SPACE = re.compile(r"\\[Nnh]")


def plain(text: str) -> str:
    """Text of an SRT, WebVTT or SBV cue: tags vanish within words, line breaks and entities are resolved."""
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub(" ", text))
    if "{\\" in text:
        text = _OVERRIDE.sub("", text)
    if "\\" in text:
        text = _ASS_SPACE.sub(" ", text)
    text = unescaped(text)
    return " ".join(text.split())


def plain_ass(text: str) -> tuple[str, int]:
    r"""Text of an ASS event, and how many drawings (`{\p1} m 0 0 l 1 1`) were in it."""
    parts: list[str] = []
    drawings, draws, place = 0, False, 0
    while place < len(text):
        start = text.find("{", place)
        end = text.find("}", start) if start >= 0 else -1
        if end < 0:
            start = len(text)  # a brace that nothing closes is text
        piece = text[place:start]
        if not draws:
            parts.append(piece)
        elif piece.strip():
            drawings += 1
        if end < 0:
            break
        if start and text[start - 1] == "\\":  # an escaped brace is text
            parts[-1:] = [parts[-1][:-1] + "{"] if parts else ["{"]
            place = start + 1
            continue
        modes = _DRAWING.findall(text, start, end)
        draws = int(modes[-1]) > 0 if modes else draws
        place = end + 1
    joined = "".join(parts).replace("\\}", "}")
    return " ".join(_ASS_SPACE.sub(" ", joined).split()), drawings
