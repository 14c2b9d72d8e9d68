"""TTML and DFXP: paragraphs of an XML file with begin, end or dur, nested times added up."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from xml.parsers import expat

from vidkit.errors import DataError
from vidkit.video.subtitles.cues import Findings, SubtitleSegment

CLOCK = re.compile(r"(-)?(\d{1,9}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9})|:(\d{1,4})(?:\.\d{1,4})?)?")
_OFFSET = re.compile(r"(-?\d{1,15}(?:\.\d{1,9})?)(h|ms|m|s|f|t)")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_DEEPEST = 200  # elements within one another
_REPAIR = "repair that line, or give the subtitles as SRT"
_SILENT = ("metadata", "head", "styling", "layout", "title", "desc", "style")


@dataclass(slots=True)
class _Level:
    """An open element and the times it gives to what is within."""

    name: str
    begin_s: float
    end_s: float | None
    is_timed: bool
    line: int
    texts: list[str] = field(default_factory=list)


def parse_ttml(text: str, found: Findings) -> list[SubtitleSegment]:
    """Cues of a TTML document; entities of its own are refused, times may be clocks, offsets or frames.

    Raises:
        DataError: it is not well-formed XML (file:line).
    """
    if "<!ENTITY" in text or "<!entity" in text:
        raise DataError(f"{found.source}:1: defines XML entities", "remove the <!DOCTYPE ...> from the file")
    reader = _Reader(found)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    reader.parser = parser
    head = _DECLARATION.match(text)
    body = (head[0].count("\n") * "\n" if head else "") + text[head.end() if head else 0 :]
    try:
        parser.Parse(body.lstrip("\ufeff").encode("utf-8", errors="replace"), True)
    except expat.ExpatError as error:
        raise DataError(
            f"{found.source}:{error.lineno}: not well-formed XML ({expat.ErrorString(error.code)})",
            _REPAIR,
        ) from error
    return reader.cues


def _holds_text(level: _Level) -> bool:
    """Whether text within is a cue: of paragraphs, and of spans that have times of their own."""
    return level.name == "p" or (level.name == "span" and level.is_timed)


class _Reader:
    """Follows the elements, without a tree: documents nest as deep as they like."""

    def __init__(self, found: Findings) -> None:
        self.cues: list[SubtitleSegment] = []
        self.parser = expat.ParserCreate()
        self._found = found
        self._levels: list[_Level] = []
        self._rate, self._ticks = Fraction(30), Fraction(1)
        self._silent = 0
        self._open: _Level | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if len(self._levels) >= _DEEPEST:
            line = self.parser.CurrentLineNumber
            raise DataError(f"{self._found.source}:{line}: elements nest deeper than {_DEEPEST}", _REPAIR)
        near = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        if local == "tt":
            self._rates(near)
        above = self._levels[-1] if self._levels else None
        zero = above.begin_s if above is not None else 0.0
        begin, end = self._seconds(near.get("begin")), self._seconds(near.get("end"))
        length = self._seconds(near.get("dur"))
        begin_s = zero + (begin or 0.0)
        ends = [zero + end] if end is not None else []
        ends += [begin_s + length] if length is not None else []
        if above is not None and above.end_s is not None:
            ends.append(above.end_s)
        is_timed = begin is not None or end is not None or length is not None
        level = _Level(local, begin_s, min(ends) if ends else None, is_timed, self.parser.CurrentLineNumber)
        self._levels.append(level)
        self._silent += local in _SILENT
        if local == "br":
            self.text(" ")
        elif _holds_text(level):
            self._flush()  # a timed span is a cue of its own
            self._open = level

    def end(self, name: str) -> None:
        level = self._levels.pop()
        self._silent -= level.name in _SILENT
        if level is self._open:
            self._flush()
            cues = (one for one in reversed(self._levels) if _holds_text(one))
            self._open = next(cues, None)

    def text(self, data: str) -> None:
        if self._open is not None and not self._silent:
            self._open.texts.append(data)

    def _flush(self) -> None:
        level = self._open
        if level is None:
            return
        text = " ".join("".join(level.texts).split())
        level.texts.clear()
        if not text:
            return  # its spans speak for it
        if level.end_s is None:
            self._found.damaged(level.line, "a paragraph without an end", text)
        else:
            self._found.keep(self.cues, level.line, level.begin_s, level.end_s, text)

    def _rates(self, values: dict[str, str]) -> None:
        try:
            rate = Fraction(int(values.get("frameRate", "30")[:6]))
            top, _, bottom = values.get("frameRateMultiplier", "1 1").replace(":", " ").partition(" ")
            self._rate = rate * Fraction(int(top[:9]), int(bottom[:9] or "1"))
            ticks = values.get("tickRate")
            self._ticks = (
                Fraction(int(ticks[:12])) if ticks else (self._rate if "frameRate" in values else Fraction(1))
            )
        except (ValueError, ZeroDivisionError):
            self._found.damaged(self.parser.CurrentLineNumber, "a frame or tick rate that is not a number")
        if self._rate <= 0 or self._ticks <= 0:
            self._rate, self._ticks = Fraction(30), Fraction(1)

    def _seconds(self, text: str | None) -> float | None:
        if text is None:
            return None
        text = text.strip()[:60]
        clock = CLOCK.fullmatch(text.replace(",", "."))
        if clock is not None:
            sign, hours, minutes, whole, fraction, frames = clock.groups()
            value = int(hours) * 3600 + int(minutes) * 60 + int(whole) + float(f"0.{fraction or 0}")
            value += float(int(frames or 0) / self._rate)
            return -value if sign else value
        offset = _OFFSET.fullmatch(text)
        if offset is None:
            self._found.damaged(self.parser.CurrentLineNumber, "not a time", text)
            return None
        number, unit = float(offset[1]), offset[2]
        scale = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
        if unit in scale:
            return number * scale[unit]
        return number / float(self._rate if unit == "f" else self._ticks)
