"""What a subtitle file says, and an account of everything in it that was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_KEPT_PROBLEMS = 50  # named one by one; all are counted


@dataclass(frozen=True, slots=True)
class SubtitleSegment:
    """A text on screen, or a word spoken, from `start_s` to `end_s` [s]."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True)
class Subtitles:
    """Cues in order of time, where they come from, and what could not be read.

    Attributes:
        cues: texts with their times; JSON formats keep the order of the file.
        source: path, or the stream inside a video.
        problems: damaged places as `file:line: reason`, at most fifty.
        left_out: number of things left out by reason, harmless ones (notes, styles) included.
        encoding: of the file, a Python codec name.
        language: two letters as far as known.
        kind: the format, as far as it tells how the text is to be taken ("lrc": each line for itself).
    """

    cues: tuple[SubtitleSegment, ...]
    source: str
    problems: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    encoding: str = "utf-8"
    language: str | None = None
    kind: str = ""

    def account(self) -> str:
        """What was left out, by count and reason; empty when nothing was."""
        parts = ", ".join(f"{count} {reason}" for reason, count in self.left_out.items())
        return f"{parts}; first {self.problems[0]}" if self.problems else parts


class Findings:
    """Collects what a parser leaves out, so that nothing goes unsaid.

    Args:
        source: path or stream, the head of every message.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[str] = []
        self.left_out: Counter[str] = Counter()

    def damaged(self, line: int, reason: str, excerpt: str = "") -> None:
        """Something the author meant as a cue and that cannot be one, on a line counted from 1."""
        self.left_out[reason] += 1
        if len(self.problems) < _KEPT_PROBLEMS:
            shown = f": {excerpt.strip()[:60]!r}" if excerpt else ""
            self.problems.append(f"{self.source}:{line}: {reason}{shown}")

    def passed_over(self, reason: str, count: int = 1) -> None:
        """Something that is not a text to read: a note, a style, a drawing."""
        if count:
            self.left_out[reason] += count

    def keep(self, cues: list[SubtitleSegment], line: int, start_s: float, end_s: float, text: str) -> None:
        """Add a cue if it can be seen: after the start of the video, not backwards, with a text."""
        if end_s < start_s:
            self.damaged(line, "ends before it starts", text)
        elif end_s < 0:
            self.damaged(line, "lies before the video starts", text)
        elif not text:
            self.passed_over("empty cues")
        else:
            cues.append(SubtitleSegment(max(start_s, 0.0), end_s, text))


def in_order(cues: Iterable[SubtitleSegment]) -> tuple[SubtitleSegment, ...]:
    """Cues by start and end; those of equal times stay in the order of the file."""
    return tuple(sorted(cues, key=lambda cue: (cue.start_s, cue.end_s)))
