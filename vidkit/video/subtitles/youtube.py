"""YouTube's own formats: json3, and XML with `<p t d>` (srv3) or `<text start dur>` (srv1)."""

from __future__ import annotations

import re
from typing import Any
from xml.parsers import expat

from vidkit.errors import DataError
from vidkit.utils import json_depth
from vidkit.video.subtitles.cues import Findings, SubtitleSegment
from vidkit.video.subtitles.markup import plain

_HINT = "fetch the subtitles again, or as SRT (yt-dlp --convert-subs srt)"
_NUMBER = re.compile(r"-?\d{1,12}(?:\.\d{1,9})?")
_OPEN_END_S = 5.0


def is_json3(text: str) -> bool:
    """Whether a JSON text is YouTube's."""
    return '"tStartMs"' in text[: 1 << 16] and text.lstrip().startswith("{")


def is_timedtext(line: str) -> bool:
    """Whether a line opens YouTube's XML."""
    return "<timedtext" in line or "<transcript>" in line


def parse_json3(text: str, found: Findings) -> list[SubtitleSegment]:
    """Cues of a json3 file: events with a start, a length and pieces of text.

    Raises:
        DataError: it is not JSON, or has no list of events.
    """
    try:
        events = json_depth.loads(text)["events"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{found.source}:1: this is not JSON with a list of events", _HINT) from error
    if not isinstance(events, list):
        raise DataError(f"{found.source}:1: the events are not a list", _HINT)
    cues: list[SubtitleSegment] = []
    for number, event in enumerate(events, start=1):
        if not isinstance(event, dict) or not isinstance(event.get("segs"), list):
            continue  # windows and pens
        words = "".join(str(piece.get("utf8", "")) for piece in event["segs"] if isinstance(piece, dict))
        if not words.strip() and event.get("aAppend"):
            continue  # the line break between two lines that roll up
        start_s, length_s = _milliseconds(event.get("tStartMs")), _milliseconds(event.get("dDurationMs"))
        if start_s is None:
            found.damaged(1, f"event {number} has no start", words)
            continue
        end_s = start_s + (_OPEN_END_S if length_s is None else length_s)
        found.keep(cues, 1, start_s, end_s, " ".join(words.split()))
    return cues


def _milliseconds(value: Any) -> float | None:
    match = _NUMBER.fullmatch(str(value).strip()[:30])
    return float(match[0]) / 1000 if match else None


def parse_timedtext(text: str, found: Findings) -> list[SubtitleSegment]:
    """Cues of YouTube's XML.

    Raises:
        DataError: it is not well-formed, or defines entities of its own.
    """
    if "<!entity" in text.lower():
        raise DataError(f"{found.source}:1: defines XML entities", "remove the <!DOCTYPE ...> from the file")
    reader = _Reader(found)
    try:
        reader.parser.Parse(text.lstrip("\ufeff").encode("utf-8", errors="replace"), True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise DataError(f"{found.source}:{error.lineno}: not well-formed XML ({reason})", _HINT) from error
    return reader.cues


class _Reader:
    """Takes the text of each timed element."""

    def __init__(self, found: Findings) -> None:
        self.cues: list[SubtitleSegment] = []
        self._found = found
        self._times: tuple[float, float] | None = None
        self._texts: list[str] = []
        self.parser = expat.ParserCreate(encoding="utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._texts.append

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name not in ("p", "text"):
            if name == "br":
                self._texts.append(" ")
            return
        self._texts.clear()
        start, length = ("t", "d") if name == "p" else ("start", "dur")
        scale = 1.0 if name == "p" else 1000.0
        start_s, length_s = _milliseconds(attributes.get(start)), _milliseconds(attributes.get(length))
        self._times = None
        if start_s is None:
            self._found.damaged(self.parser.CurrentLineNumber, "no start")
        else:
            end_s = start_s * scale + (_OPEN_END_S if length_s is None else length_s * scale)
            self._times = start_s * scale, end_s

    def _end(self, name: str) -> None:
        words = "".join(self._texts)
        if name in ("p", "text") and self._times is not None and words.strip():
            # srv1 escapes what was escaped already
            self._found.keep(self.cues, self.parser.CurrentLineNumber, *self._times, plain(words))
        if name in ("p", "text"):
            self._times = None
            self._texts.clear()
