"""Sentences out of the cues of subtitles, which break wherever a line is full."""

from __future__ import annotations

import re

from vidkit.video.subtitles import SubtitleSegment

_SENTENCE_END = re.compile(r"[.!?…。！？][\"')\]]*$")


def sentences(
    cues: tuple[SubtitleSegment, ...], gap_s: float = 1.0, longest_s: float = 12.0
) -> list[SubtitleSegment]:
    """Join cues until a sentence ends, a pause of `gap_s` comes or `longest_s` is reached."""
    joined: list[SubtitleSegment] = []
    for cue in cues:
        last = joined[-1] if joined else None
        if (
            last is not None
            and not _SENTENCE_END.search(last.text)
            and cue.start_s - last.end_s <= gap_s
            and cue.end_s - last.start_s <= longest_s
        ):
            joined[-1] = SubtitleSegment(last.start_s, max(last.end_s, cue.end_s), f"{last.text} {cue.text}")
        else:
            joined.append(cue)
    return joined
