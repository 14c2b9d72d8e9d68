"""Subtitles in prompts: the whole text, and segments to stand between frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vidkit.video.subtitles import SubtitleSegment

_GAP_S = 0.5
_GAP_AFTER_SENTENCE_S = 0.1


def clip_spoken(
    words: Iterable[SubtitleSegment], start_s: float, end_s: float | None
) -> list[SubtitleSegment]:
    """What is spoken within [start_s, end_s), in seconds from the clip's start."""
    return [
        SubtitleSegment(word.start_s - start_s, word.end_s - start_s, word.text)
        for word in words
        if word.end_s >= start_s and (end_s is None or word.start_s < end_s)
    ]


def whole_text(words: Iterable[SubtitleSegment]) -> str:
    """The whole subtitle text joined by blanks (mode `subs`)."""
    return " ".join(word.text.strip() for word in words if word.text.strip())


def segments(words: Sequence[SubtitleSegment]) -> list[SubtitleSegment]:
    """Group words into segments.

    A new segment begins when the gap to the word before exceeds 0.5 s, or exceeds 0.1 s and that word ended
    in `.`, `!` or `?`. Source: Video-MME-v2, authors' code; differs: none.
    """
    grouped: list[list[SubtitleSegment]] = []
    for word in words:
        if grouped:
            before = grouped[-1][-1]
            gap_s = word.start_s - before.end_s
            ends_sentence = before.text.rstrip().endswith((".", "!", "?"))
            if gap_s <= _GAP_S and not (ends_sentence and gap_s > _GAP_AFTER_SENTENCE_S):
                grouped[-1].append(word)
                continue
        grouped.append([word])
    return [SubtitleSegment(group[0].start_s, group[-1].end_s, whole_text(group)) for group in grouped]


def between_frames(
    spoken: Sequence[SubtitleSegment], times_s: Sequence[float], duration_s: float
) -> list[str]:
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
