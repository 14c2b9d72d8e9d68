"""SRT and WebVTT: a line of times, then a text. SBV differs in that line alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vidkit.video.subtitles.cues import Findings, SubtitleSegment
from vidkit.video.subtitles.markup import plain

_TIME = r"(-)?\s{0,3}(?:(\d{1,9})\s?:\s?)?(\d{1,9})\s?:\s?(\d{1,2})(?:\s?[.,:]\s?(\d{1,9}))?"
_ARROW = re.compile(rf"{_TIME}\s*(?:-{{1,3}}|[–—])>\s*{_TIME}(?![\d:])")
_COMMA = re.compile(rf"{_TIME}\s*,\s*{_TIME}\s*$")
_LOOKS_TIMED = re.compile(r"-?\s{0,3}\d{1,9}\s?[:;]\s?[\dxX?]")
_LONGEST = 200  # characters of a time line that are looked at; cue settings come behind the times
_BLOCKS = ("NOTE", "STYLE", "REGION")


@dataclass(frozen=True)
class _Start:
    line: int  # number of the time line, from 0
    start_s: float
    end_s: float


def parse_arrows(lines: list[str], found: Findings) -> list[SubtitleSegment]:
    """Cues of an SRT or WebVTT file.

    A cue reaches to the next time line, so blank lines within it and missing ones behind it do no harm; the
    number or the name in front of the next time line is taken off.
    """
    is_vtt = next((line for line in lines if line.strip()), "").startswith("WEBVTT")
    if is_vtt:
        lines = _without_blocks(lines, found)
    return _cues(lines, _starts(lines, _ARROW, found), found, is_vtt)


def parse_sbv(lines: list[str], found: Findings) -> list[SubtitleSegment]:
    """Cues of a YouTube SBV file: `0:00:01.000,0:00:03.500`, then the text."""
    starts = _starts(lines, _COMMA, found)
    return _cues([line.replace("[br]", " ") for line in lines], starts, found, is_vtt=False)


def is_sbv_time(line: str) -> bool:
    """Whether a line is a time line of an SBV file."""
    return _COMMA.match(line.strip()[:_LONGEST]) is not None


def seconds(sign: str | None, *parts: str | None) -> float:
    """Seconds of a sign, hours, minutes, seconds and the digits behind the dot."""
    hours, minutes, whole, fraction = parts
    value = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(whole or 0) + float(f"0.{fraction or 0}")
    return -value if sign else value


def _starts(lines: list[str], pattern: re.Pattern[str], found: Findings) -> list[_Start]:
    starts = []
    for number, line in enumerate(lines):
        head = line[:_LONGEST].strip()
        match = pattern.match(head) if head[:1].isdigit() or head[:1] == "-" else None
        if match is not None:
            times = match.groups()
            starts.append(_Start(number, seconds(*times[:5]), seconds(*times[5:])))
        elif "-->" in head and _LOOKS_TIMED.match(head):
            found.damaged(number + 1, "not a time line", line)
            starts.append(_Start(number, float("nan"), float("nan")))
    return starts


def _cues(lines: list[str], starts: list[_Start], found: Findings, is_vtt: bool) -> list[SubtitleSegment]:
    cues: list[SubtitleSegment] = []
    counter = _counter_before(lines, starts[0].line) if starts else None
    if not is_vtt:
        _note_preface(lines, starts, counter is not None, found)
    for place, start in enumerate(starts):
        stop = starts[place + 1].line if place + 1 < len(starts) else len(lines)
        body = lines[start.line + 1 : stop]
        if place + 1 < len(starts):
            counter = _take_name(body, counter, is_vtt)
        elif counter is not None:
            _drop_lone_counter(body, counter)
        text = plain(" ".join(body))
        if start.start_s != start.start_s:  # a damaged time line: told already, its text has no time
            continue
        found.keep(cues, start.line + 1, start.start_s, start.end_s, text)
    return cues


def _take_name(body: list[str], counter: int | None, is_vtt: bool) -> int | None:
    """Take the number or the name of the next cue off the end of this one; returns that number."""
    last = len(body) - 1
    while last >= 0 and not body[last].strip():
        last -= 1
    if last < 0:
        return None
    word = body[last].strip()
    number = int(word) if word.isdecimal() and len(word) < 10 else None
    touches = last == len(body) - 1  # stands on the line before the times
    after_blank = last == 0 or not body[last - 1].strip()
    if number is None:
        is_next = is_vtt and touches and after_blank and last > 0  # WebVTT names its cues freely
    elif counter is not None and number == counter + 1:
        is_next = touches or after_blank
    else:
        is_next = touches and last > 0 and (after_blank or counter is not None)
    if not is_next:
        return None
    del body[last:]
    return number


def _drop_lone_counter(body: list[str], counter: int) -> None:
    """Take off the number of a next cue that the file was cut before; a blank line tells it from a text."""
    while body and not body[-1].strip():
        body.pop()
    if len(body) > 1 and body[-1].strip() == str(counter + 1) and not body[-2].strip():
        body.pop()


def _counter_before(lines: list[str], stop: int) -> int | None:
    for line in reversed(lines[max(0, stop - 3) : stop]):
        word = line.strip()
        if word:
            return int(word) if word.isdecimal() and len(word) < 10 else None
    return None


def _note_preface(lines: list[str], starts: list[_Start], has_counter: bool, found: Findings) -> None:
    stop = starts[0].line if starts else len(lines)
    texts = [number for number, line in enumerate(lines[:stop]) if line.strip()]
    if starts and has_counter:
        texts = texts[:-1]
    if texts and starts:
        found.damaged(texts[0] + 1, "lines before the first cue", lines[texts[0]])


def _without_blocks(lines: list[str], found: Findings) -> list[str]:
    """WebVTT lines with header, notes, styles and regions blanked out, so that line numbers stay."""
    kept: list[str] = []
    skips, after_blank = True, False  # the header reaches to the first blank line
    for line in lines:
        word = line.strip()
        timed = "-->" in line and _ARROW.match(line[:_LONGEST].strip()) is not None
        if not word or timed:
            skips = False
        elif after_blank and not skips and word.split(None, 1)[0] in _BLOCKS:
            kind = word.split(None, 1)[0]
            skips = kind == "NOTE" or word == kind
            if skips:
                found.passed_over({"NOTE": "notes", "STYLE": "style blocks", "REGION": "regions"}[kind])
        kept.append("" if skips else line)
        after_blank = not word
    return kept
