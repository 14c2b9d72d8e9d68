"""ASS and SSA: dialogue lines whose columns the file names itself."""

from __future__ import annotations

import re

from vidkit.video.subtitles.cues import Findings, SubtitleSegment
from vidkit.video.subtitles.markup import plain_ass
from vidkit.video.subtitles.timed import seconds

_COLUMNS = ["layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text"]
_CLOCK = re.compile(r"\s*(-)?(?:(\d{1,9}):)?(\d{1,9}):(\d{1,2})(?:[.,:](\d{1,9}))?\s*")


def parse_ass(lines: list[str], found: Findings) -> list[SubtitleSegment]:
    """Cues of the events; comments and drawings are counted, not read."""
    cues: list[SubtitleSegment] = []
    columns, in_events = _COLUMNS, True
    for number, line in enumerate(lines, start=1):
        head = line.lstrip()
        if head.startswith("["):
            in_events = head[:8].lower() == "[events]"
            continue
        kind, colon, rest = head.partition(":")
        kind = kind.strip().lower()
        if not colon or kind not in ("format", "dialogue", "comment"):
            continue
        if kind == "format":
            if in_events:
                named = [name.strip().lower() for name in rest.split(",")[:100]]
                columns = named if {"start", "end", "text"} <= set(named) else _COLUMNS
        elif kind == "comment":
            found.passed_over("comments")
        else:
            _add(cues, columns, rest, number, found)
    return cues


def _add(cues: list[SubtitleSegment], columns: list[str], rest: str, number: int, found: Findings) -> None:
    # the text is the last column and holds commas of its own
    place = columns.index("text")
    fields = rest.split(",", len(columns) - 1)
    if len(fields) < len(columns) or place != len(columns) - 1:
        found.damaged(number, "not a dialogue line", rest)
        return
    times = [_CLOCK.fullmatch(fields[columns.index(name)][:60]) for name in ("start", "end")]
    if times[0] is None or times[1] is None:
        found.damaged(number, "not a dialogue line", rest)
        return
    start_s, end_s = (seconds(*match.groups()) for match in times if match is not None)
    text, drawings = plain_ass(fields[place])
    found.passed_over("drawings", drawings)
    if text or not drawings:
        found.keep(cues, number, start_s, end_s, text)
