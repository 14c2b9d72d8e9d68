"""LRC: lyrics, a time in brackets before each line; a line lasts until the next."""

from __future__ import annotations

import re

from vidkit.video.subtitles.cues import Findings, SubtitleSegment
from vidkit.video.subtitles.markup import plain

_TIME = re.compile(r"\s*\[(?:(\d{1,9}):)?(\d{1,9}):(\d{1,2})(?:[.:,](\d{1,9}))?\]")
_FACT = re.compile(r"\[([A-Za-z#][\w ]{0,20}):([^\]]*)\]\s*$")
_LONGEST_S = 10.0  # that a line without a next one near stays
_LAST_S = 5.0


def is_lrc_line(line: str) -> bool:
    """Whether a line is one of lyrics or one of their facts (`[ar:...]`)."""
    return bool(_TIME.match(line[:200]) or _FACT.match(line[:200]))


def parse_lrc(lines: list[str], found: Findings) -> list[SubtitleSegment]:
    """Cues of a file of lyrics; `[offset:+500]` shows them half a second earlier."""
    offset_s = 0.0
    timed: list[tuple[float, int, str]] = []
    for number, line in enumerate(lines, start=1):
        times, rest = _times(line)
        if times:
            timed += [(time_s, number, plain(rest)) for time_s in times]
        elif (fact := _FACT.match(line.strip()[:2000])) is not None:
            if fact[1].strip().lower() == "offset":
                offset_s = _offset(fact[2])
        elif line.strip():
            found.damaged(number, "not a timed line", line)
    timed.sort(key=lambda entry: entry[0])
    ends: list[float | None] = [None] * len(timed)
    for place in range(len(timed) - 2, -1, -1):
        after = timed[place + 1][0]
        ends[place] = after if after > timed[place][0] else ends[place + 1]
    cues: list[SubtitleSegment] = []
    for (start_s, number, text), later in zip(timed, ends, strict=True):
        end_s = start_s + _LAST_S if later is None else min(later, start_s + _LONGEST_S)
        found.keep(cues, number, start_s - offset_s, end_s - offset_s, text)
    return cues


def _times(line: str) -> tuple[list[float], str]:
    times: list[float] = []
    place = 0
    while (match := _TIME.match(line, place)) is not None:
        hours, minutes, whole, fraction = match.groups()
        times.append(int(hours or 0) * 3600 + int(minutes) * 60 + int(whole) + float(f"0.{fraction or 0}"))
        place = match.end()
    return times, line[place:]


def _offset(text: str) -> float:
    match = re.fullmatch(r"\s*([+-]?\d{1,9})\s*", text)
    return int(match[1]) / 1000 if match else 0.0
