"""MicroDVD, which counts in frames (`{25}{75}text`), and MPL2, in tenths of a second (`[10][35]text`)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

from vidkit.errors import DataError
from vidkit.video.subtitles.cues import Findings, SubtitleSegment
from vidkit.video.subtitles.markup import plain

_LINE = re.compile(r"\s{0,9}([{\[])(\d{1,9})[}\]][{\[](\d{0,9})[}\]](.*)")
_DEFAULTS = re.compile(r"\s{0,9}\{DEFAULT\}", re.IGNORECASE)
_CODE = re.compile(r"\{[A-Za-z]:[^{}]{0,200}\}")
_SLANT = re.compile(r"(?:^|(?<=\|))\s*/")  # of a line in italics
_RATE = re.compile(r"\s*(\d{1,3}(?:[.,]\d{1,6})?)\s*$")
_OPEN_END_S = 5.0  # of a cue without an end, unless the next one comes before
_TENTHS = 10.0


def is_frame_line(line: str) -> bool:
    """Whether a line is a cue of MicroDVD or MPL2."""
    return _LINE.match(line[:200]) is not None or _DEFAULTS.match(line[:200]) is not None


def parse_microdvd(
    lines: list[str], found: Findings, frame_rate: Callable[[], float | None]
) -> list[SubtitleSegment]:
    """Cues of a file in frames or tenths of a second.

    Args:
        lines: of the file.
        found: takes what is left out.
        frame_rate: asked for the video's rate where the first cue (`{1}{1}25`) does not tell it.

    Raises:
        DataError: nothing tells how long a frame is.
    """
    rows: list[tuple[int, int, int | None, str]] = []
    rate: float | None = None
    for number, line in enumerate(lines, start=1):
        match = _LINE.match(line)
        if match is None:
            if line.strip() and _DEFAULTS.match(line) is None:
                found.damaged(number, "not a timed line", line)
            continue
        bracket, start, end, text = match.groups()
        told = (
            _RATE.match(text) if not rows and rate is None and end in (start, "") and int(start) < 2 else None
        )
        if bracket == "[":
            rate = _TENTHS
        elif told is not None:
            rate = float(told[1].replace(",", "."))
            continue
        rows.append((number, int(start), int(end) if end else None, text))
    if rows and not rate:
        rate = frame_rate()
    if rows and not rate:
        raise DataError(
            f"{found.source}:{rows[0][0]}: times are frame numbers, and the frame rate is unknown",
            "put {1}{1}25 (frames per second) into the first line",
        )
    cues: list[SubtitleSegment] = []
    starts = sorted({start for _, start, _, _ in rows})
    following = dict(itertools.pairwise(starts))
    for number, start, stop, text in rows:
        start_s = start / (rate or 1.0)
        later_s = following[start] / (rate or 1.0) if start in following else float("inf")
        end_s = min(start_s + _OPEN_END_S, later_s) if stop is None else stop / (rate or 1.0)
        found.keep(cues, number, start_s, end_s, _text(text))
    return cues


def _text(text: str) -> str:
    return plain(_SLANT.sub("", _CODE.sub("", text)).replace("|", " "))
