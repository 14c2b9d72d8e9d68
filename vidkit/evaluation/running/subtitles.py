"""Subtitles: reading them, the whole text, and segments to stand between frames."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidkit.errors import DataError

_GAP_S = 0.5
_GAP_AFTER_SENTENCE_S = 0.1
_SRT_TIMES = re.compile(
    r"(\d+):(\d{1,2}):(\d{1,2})[,.](\d{1,3})\s*-->\s*(\d+):(\d{1,2}):(\d{1,2})[,.](\d{1,3})"
)
_MARKUP = re.compile(r"<[^>]+>|\{\\[^}]*\}")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word or a segment with its time in the video."""

    text: str
    start_s: float
    end_s: float


def read_subtitles(path: str | Path) -> list[Spoken]:
    """Read `.jsonl` or `.srt`; an empty file is no speech.

    A line of `.jsonl` is `{"text", "start_time", "end_time"}`, seconds.

    Raises:
        DataError: missing, wrong encoding, or a bad line, with its number.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(
            f"no subtitles '{path}'", "check the media folder, or run without subtitles"
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"subtitles '{path}' are not UTF-8 (byte {error.start})", "convert the file"
        ) from error
    return _srt(text, path) if path.suffix.lower() == ".srt" else _jsonl(text, path)


def _jsonl(text: str, path: Path) -> list[Spoken]:
    words = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            word = Spoken(str(row["text"]), float(row["start_time"]), float(row["end_time"]))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            reason = f"no field {error}" if isinstance(error, KeyError) else str(error)
            raise DataError(
                f"{path}:{number}: bad subtitle line: {reason}", "one JSON object a line"
            ) from error
        if not math.isfinite(word.start_s + word.end_s):
            raise DataError(f"{path}:{number}: a subtitle time is not finite")
        words.append(word)
    return words


def _srt(text: str, path: Path) -> list[Spoken]:
    spoken = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        lines = block.strip().split("\n")
        place = next((number for number, line in enumerate(lines) if "-->" in line), None)
        if place is None:
            continue
        match = _SRT_TIMES.search(lines[place])
        if match is None:
            raise DataError(f"subtitles '{path}': cannot read the times '{lines[place]}'")
        times = match.groups()
        start_s, end_s = _seconds(times[:4]), _seconds(times[4:])
        body = _MARKUP.sub("", " ".join(lines[place + 1 :])).strip()
        if body:
            spoken.append(Spoken(body, start_s, end_s))
    return spoken


def _seconds(time: Sequence[str]) -> float:
    hours, minutes, seconds, fraction = time
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + int(fraction) / 10.0 ** len(fraction)


def clip_spoken(words: Iterable[Spoken], start_s: float, end_s: float | None) -> list[Spoken]:
    """What is spoken within [start_s, end_s), in seconds from the clip's start."""
    return [
        Spoken(word.text, word.start_s - start_s, word.end_s - start_s)
        for word in words
        if word.end_s >= start_s and (end_s is None or word.start_s < end_s)
    ]


def whole_text(words: Iterable[Spoken]) -> str:
    """The whole subtitle text joined by blanks (mode `subs`)."""
    return " ".join(word.text.strip() for word in words if word.text.strip())


def segments(words: Sequence[Spoken]) -> list[Spoken]:
    """Group words into segments.

    A new segment begins when the gap to the word before exceeds 0.5 s, or exceeds 0.1 s and that word ended
    in `.`, `!` or `?`. Source: Video-MME-v2, authors' code; differs: none.
    """
    grouped: list[list[Spoken]] = []
    for word in words:
        if grouped:
            before = grouped[-1][-1]
            gap_s = word.start_s - before.end_s
            ends_sentence = before.text.rstrip().endswith((".", "!", "?"))
            if gap_s <= _GAP_S and not (ends_sentence and gap_s > _GAP_AFTER_SENTENCE_S):
                grouped[-1].append(word)
                continue
        grouped.append([word])
    return [Spoken(whole_text(group), group[0].start_s, group[-1].end_s) for group in grouped]


def between_frames(spoken: Sequence[Spoken], times_s: Sequence[float], duration_s: float) -> list[str]:
    """What to print after each frame (mode `subs_interleave`).

    After frame i: every segment with end >= t_i and start < t_{i+1} (after the last frame: before the video's
    end), one line each, `[Subtitle a s - b s]: text` with two decimals. A long segment is printed several
    times.
    Source: Video-MME-v2, authors' code; differs: none.

    Args:
        spoken: segments.
        times_s: times of the frames, in order.
        duration_s: of the video.
    """
    texts = []
    for place, start_s in enumerate(times_s):
        end_s = times_s[place + 1] if place + 1 < len(times_s) else duration_s
        lines = [
            f"[Subtitle {one.start_s:.2f}s - {one.end_s:.2f}s]: {one.text}"
            for one in spoken
            if one.end_s >= start_s and one.start_s < end_s
        ]
        texts.append("\n".join(lines))
    return texts
