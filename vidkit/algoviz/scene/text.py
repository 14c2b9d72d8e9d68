"""Text in boxes: measured, cut between characters that belong together, wrapped, shrunk."""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass

from vidkit.algoviz.scene.fonts import LINE, face

SMALLEST = 9.0  # pixels at 720 lines; below nobody reads it
ELLIPSIS = "…"
_LONGEST = 2000  # characters of a text that are looked at


@dataclass(frozen=True)
class Fitted:
    """A text as it fits: what is drawn, at which size, how wide, and whether something is missing."""

    text: str
    size: float
    width: float
    cut: bool


@functools.lru_cache(maxsize=20000)
def unit_width(text: str, font: str = "sans") -> float:
    """Width of a text in one line at size 1."""
    advances = face(font)
    return sum(_cluster_width(cluster, advances.advance) for cluster in clusters(text))


def width(text: str, size: float, font: str = "sans") -> float:
    """Width in pixels of a text in one line."""
    return unit_width(text, font) * size


def line_height(size: float) -> float:
    return LINE * size


def _cluster_width(cluster: str, advance: object) -> float:
    # one picture for a whole sequence (family, flag, skin tone); marks lie over their letter
    return advance(cluster[0])  # type: ignore[operator,no-any-return]


@functools.lru_cache(maxsize=20000)
def clusters(text: str) -> tuple[str, ...]:
    """Characters as people count them: a letter with its marks, a joined emoji, a flag."""
    if text.isascii():
        return tuple(text)
    made: list[str] = []
    for character in text:
        if made and _continues(made[-1], character):
            made[-1] += character
        else:
            made.append(character)
    return tuple(made)


def _continues(cluster: str, character: str) -> bool:
    code = ord(character)
    if unicodedata.category(character) in ("Mn", "Me", "Mc") or code == 0x200D or 0xFE00 <= code <= 0xFE0F:
        return True
    if 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F:  # skin tones, tags of flags
        return True
    if cluster.endswith("\u200d"):
        return code > 0x2000
    is_flag = 0x1F1E6 <= code <= 0x1F1FF
    return is_flag and len(cluster) == 1 and 0x1F1E6 <= ord(cluster) <= 0x1F1FF


def cut(text: str, room: float, size: float, font: str = "sans") -> str:
    """The text in one line of at most `room` pixels, with an ellipsis where something is left out."""
    if width(text, size, font) <= room:
        return text
    left = room - width(ELLIPSIS, size, font)
    kept: list[str] = []
    for cluster in clusters(text[:_LONGEST]):
        left -= width(cluster, size, font)
        if left < 0:
            break
        kept.append(cluster)
    shown = "".join(kept).rstrip()
    return shown + ELLIPSIS if width(shown + ELLIPSIS, size, font) <= room else ""


def fit(text: str, room: float, size: float, font: str = "sans", smallest: float = SMALLEST) -> Fitted:
    """The text in one line: at this size, else shrunk to three fifths of it at least, else cut."""
    needed = unit_width(text[:_LONGEST], font)
    least = min(size, max(smallest, 0.6 * size))
    if len(text) <= _LONGEST and needed * least <= room:
        fitted = min(size, room / needed) if needed else size
        return Fitted(text, fitted, needed * fitted, False)
    shown = cut(text, room, least, font)
    return Fitted(shown, least, width(shown, least, font), True)


def wrap(text: str, room: float, size: float, font: str = "sans", most: int = 4) -> list[str]:
    """Lines of at most `room` pixels; more than `most` of them end in an ellipsis."""
    lines: list[str] = []
    for paragraph in text[:_LONGEST].splitlines() or [""]:
        lines.extend(_wrapped(paragraph, room, size, font))
        if len(lines) > most:
            break
    if len(lines) > most:
        rest = lines[most - 1] + " " + lines[most]
        lines = [*lines[: most - 1], _cut_short(rest, room, size, font)]
    return lines


def _cut_short(line: str, room: float, size: float, font: str) -> str:
    shown = cut(line, room, size, font)
    return shown if shown.endswith(ELLIPSIS) else cut(shown + " " + ELLIPSIS, room, size, font)


def _wrapped(paragraph: str, room: float, size: float, font: str) -> list[str]:
    lines, line = [], ""
    for word in _pieces(paragraph):
        if width((line + word).rstrip(), size, font) <= room:
            line += word
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = word.lstrip()
        while width(line, size, font) > room:
            head = _head(line, room, size, font)
            lines.append(head)
            line = line[len(head) :]
    lines.append(line.rstrip())
    return lines


def _head(text: str, room: float, size: float, font: str) -> str:
    kept, used = "", 0.0
    for cluster in clusters(text):
        used += width(cluster, size, font)
        if used > room and kept:
            break
        kept += cluster
    return kept


def _pieces(paragraph: str) -> list[str]:
    """Where a line may break: after blanks, and around every wide character."""
    pieces: list[str] = []
    for cluster in clusters(paragraph):
        wide = unicodedata.east_asian_width(cluster[0]) in "WF"
        whole = not wide and bool(pieces) and not pieces[-1].endswith(" ") and not _is_wide_end(pieces[-1])
        if whole or (pieces and cluster == " "):
            pieces[-1] += cluster
        else:
            pieces.append(cluster)
    return pieces


def _is_wide_end(piece: str) -> bool:
    return unicodedata.east_asian_width(piece[-1]) in "WF"
