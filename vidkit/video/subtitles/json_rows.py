"""JSON subtitles: an object per line (words with times), or one list of objects (LongVideoBench, Whisper)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from vidkit.errors import DataError
from vidkit.video.subtitles.cues import Findings, SubtitleSegment
from vidkit.video.subtitles.timed import seconds
from vidkit.video.subtitles.ttml import CLOCK

_TEXTS = ("text", "line", "content")
_STARTS = ("start_time", "start", "from")
_ENDS = ("end_time", "end", "to")
_LIST = re.compile(r'"(?:segments|subtitles|captions|body)"\s{0,99}:\s{0,99}\[')
_SPACE = re.compile(r"\s*")
_OPEN_END_S = 5.0  # of a cue whose end is null, the last of a LongVideoBench video
_HINT = 'write one JSON object per line: {"text": ..., "start_time": seconds, "end_time": seconds}'


def parse_json(text: str, found: Findings) -> list[SubtitleSegment]:
    """Cues in the order of the file.

    Rows are `{"text", "start_time", "end_time"}` in seconds, `{"start", "end", "line"}` with clock times, or
    `{"timestamp": [start, end], "text"}`.

    Raises:
        DataError: a bad row (file:line).
    """
    cues: list[SubtitleSegment] = []
    for line, row in _rows(text, found.source):
        start_s, end_s, words = _row(row, f"{found.source}:{line}")
        found.keep(cues, line, start_s, end_s, " ".join(words.split()))
    return cues


def _rows(text: str, source: str) -> Iterator[tuple[int, Any]]:
    """Rows with the line each begins on."""
    begin = len(text) - len(text.lstrip())
    if text.startswith("[", begin):
        yield from _listed(text, begin, source)
        return
    if text.startswith("{", begin) and (named := _LIST.search(text)) is not None and _is_object(text):
        yield from _listed(text, named.end() - 1, source)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            value, end = _value(line, 0, source, number)
            if line[end:].strip():
                raise DataError(f"{source}:{number}: bad subtitle line: text after the object", _HINT)
            yield number, value


def _listed(text: str, place: int, source: str) -> Iterator[tuple[int, Any]]:
    line, counted = 1, 0
    place = _SPACE.match(text, place + 1).end()  # type: ignore[union-attr]
    while place < len(text) and text[place] != "]":
        line, counted = line + text.count("\n", counted, place), place
        row, place = _value(text, place, source, line)
        yield line, row
        place = _SPACE.match(text, place).end()  # type: ignore[union-attr]
        if text[place : place + 1] == ",":
            place = _SPACE.match(text, place + 1).end()  # type: ignore[union-attr]
        elif place < len(text) and text[place] != "]":
            raise DataError(f"{source}:{line}: bad subtitle line: no comma or ] after a row", _HINT)
    if place >= len(text):
        raise DataError(f"{source}:{line}: bad subtitle line: the list is not closed", _HINT)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False  # an object per line


def _value(text: str, place: int, source: str, line: int) -> tuple[Any, int]:
    place = _SPACE.match(text, place).end()  # type: ignore[union-attr]
    try:
        value, end = json.JSONDecoder().raw_decode(text, place)
    except json.JSONDecodeError as error:
        raise DataError(f"{source}:{line}: bad subtitle line: {error.msg}", _HINT) from error
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise DataError(f"{source}:{line}: bad subtitle line: {reason}", _HINT) from error
    return value, end


def _row(row: Any, place: str) -> tuple[float, float, str]:
    if not isinstance(row, dict):
        raise DataError(f"{place}: bad subtitle line: a {type(row).__name__}, not an object", _HINT)
    words = _first(row, _TEXTS, place)
    if not isinstance(words, str):
        raise DataError(f"{place}: bad subtitle line: the text is {words!r:.60}, not text", _HINT)
    pair = row.get("timestamp")
    if isinstance(pair, list) and len(pair) == 2:
        start, end = pair
    else:
        start, end = _first(row, _STARTS, place), _first(row, _ENDS, place)
    start_s = _time(start, place)
    end_s = start_s + _OPEN_END_S if end is None else _time(end, place)
    return start_s, end_s, words


def _first(row: dict[str, Any], names: tuple[str, ...], place: str) -> Any:
    for name in names:
        if name in row:
            return row[name]
    raise DataError(f"{place}: bad subtitle line: no field '{names[0]}'", _HINT)


def _time(value: Any, place: str) -> float:
    if isinstance(value, str):
        clock = CLOCK.fullmatch(value.strip().replace(",", ".")[:60])
        if clock is not None:
            sign, hours, minutes, whole, fraction, _ = clock.groups()
            return seconds(sign, hours, minutes, whole, fraction)
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{place}: bad subtitle line: {value!r:.60} is not a time", _HINT) from error
    if not math.isfinite(number):
        raise DataError(f"{place}: a subtitle time is not finite", _HINT)
    return number
