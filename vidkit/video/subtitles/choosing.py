"""Which of several subtitles answer a query: those in its language, else the default ones, else all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vidkit.errors import DataError
from vidkit.video.subtitles.cues import Subtitles, in_order
from vidkit.video.subtitles.embedded import read_embedded
from vidkit.video.subtitles.languages import language_code, language_of
from vidkit.video.subtitles.reading import SUFFIXES, read_subtitles

_MARKS = ("default", "forced", "sdh", "cc", "hi", "full")
_JSON = (".json", ".jsonl")  # beside a video these are subtitles only where they read as such
_VIDEOS = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".ts", ".mpg", ".mpeg", ".wmv", ".flv", ".m2ts")
_MOST = 20  # files beside one video that are read
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Candidate:
    """Subtitles that could be taken, and what their name or stream says about them."""

    subtitles: Subtitles
    language: str | None
    is_default: bool
    is_forced: bool = False


@dataclass(frozen=True)
class Found:
    """The subtitles chosen, why, and notes on those that could not be read."""

    subtitles: Subtitles | None
    why: str = ""
    notes: tuple[str, ...] = ()


def find_subtitles(video: Path, query: str = "") -> Found:
    """Subtitles of a video: files beside it (`talk.srt`, `talk.en.srt`), else its text streams.

    Of several languages the query's is taken, told by its script and its commonest words, or because its
    words occur in one language alone; then those marked as default, then all together.
    """
    notes: list[str] = []
    candidates = [] if video.is_dir() else _beside(video, notes)
    if not candidates and video.is_file():
        tracks, more = read_embedded(video)
        notes += more
        candidates = [
            Candidate(
                track.subtitles,
                track.subtitles.language or _of_cues(track.subtitles),
                track.is_default,
                track.is_forced,
            )
            for track in tracks
            if track.subtitles.cues
        ]
        if len(candidates) > 1 and all(one.is_default for one in candidates):
            candidates = [replace(one, is_default=False) for one in candidates]  # then the mark says nothing
    if not candidates:
        return Found(None, "", tuple(notes))
    chosen, why = choose(candidates, query)
    return Found(_together(chosen), why, tuple(notes))


def sidecars(video: Path) -> list[Path]:
    """Subtitle files beside a video, the same name first, then those with more behind it (`talk.en.srt`)."""
    try:
        near = [file for file in video.parent.iterdir() if file.is_file()]
    except OSError:
        return []
    # "talk.2.srt" belongs to "talk.2.mp4", where that is
    others = [f.stem for f in near if f.stem != video.stem and f.suffix.lower() in _VIDEOS]
    longer = [stem for stem in others if stem.startswith(video.stem)]
    named = [
        file
        for file in near
        if file.suffix.lower() in SUFFIXES
        and (file.stem == video.stem or (file.suffix.lower() not in _JSON and _tags(file, video)))
        and not any(file.stem == stem or file.stem.startswith(stem + ".") for stem in longer)
    ]
    return sorted(
        named, key=lambda file: (file.stem != video.stem, SUFFIXES.index(file.suffix.lower()), file.name)
    )


def choose(candidates: Sequence[Candidate], query: str) -> tuple[list[Candidate], str]:
    """Candidates to use, and the reason in words."""
    whole = [one for one in candidates if not one.is_forced] or list(candidates)
    if len(whole) == 1:
        return whole, "the only one"
    wanted = language_of(query) if query else None
    if wanted is None or all(one.language != wanted for one in whole):
        wanted = _by_vocabulary(whole, query) or wanted
    same = [one for one in whole if one.language is not None and one.language == wanted]
    if same:
        return same[:1], f"in the query's language ({wanted})"
    marked = [one for one in whole if one.is_default]
    if marked:
        return marked[:1], "the default one"
    return whole, f"all {len(whole)} together, since none is in the query's language or the default"


def _by_vocabulary(candidates: Sequence[Candidate], query: str) -> str | None:
    """The language whose subtitles hold more of the query's words than any other's."""
    words = {word.lower() for word in _WORD.findall(query)}
    hits: dict[str, int] = {}
    for one in candidates:
        if one.language is not None:
            said = {word.lower() for cue in one.subtitles.cues for word in _WORD.findall(cue.text)}
            hits[one.language] = max(hits.get(one.language, 0), len(words & said))
    ranked = sorted(hits.items(), key=lambda item: -item[1])
    if not ranked or ranked[0][1] == 0 or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def _beside(video: Path, notes: list[str]) -> list[Candidate]:
    files = sidecars(video)
    if len(files) > _MOST:
        notes.append(
            f"{len(files) - _MOST} of {len(files)} subtitle files beside the video were not looked at"
        )
    candidates = []
    for file in files[:_MOST]:
        try:
            read = read_subtitles(file, video=video)
        except DataError as error:
            if file.suffix.lower() not in _JSON:
                notes.append(error.message)
            continue
        tags = _tags(file, video)
        # "hi" is Hindi, but "en.hi" is English for the hard of hearing
        named = [
            code for tag in tags if (code := language_code(tag)) and (tag not in _MARKS or tags == ["hi"])
        ]
        language = named[0] if named else None
        candidates.append(
            Candidate(read, language or _of_cues(read), not tags or "default" in tags, "forced" in tags)
        )
    return candidates


def _tags(file: Path, video: Path) -> list[str]:
    """Words between the video's name and the suffix: `en`, `zh-hans`, `sdh`; empty: not this video's."""
    rest = file.stem[len(video.stem) :]
    if not file.stem.startswith(video.stem) or not rest:
        return []
    words = [word.strip("[]() ").lower() for word in rest[1:].split(".")]
    if rest[0] == ".":
        return [word for word in words if word]
    # "talk_en" is talk in English, "talk_two" is another file
    return words if rest[0] in "_- [(" and len(words) == 1 and language_code(words[0]) else []


def _of_cues(read: Subtitles) -> str | None:
    return language_of(" ".join(cue.text for cue in read.cues[:300]))


def _together(chosen: Sequence[Candidate]) -> Subtitles:
    first = chosen[0].subtitles
    if len(chosen) == 1:
        return replace(first, language=chosen[0].language)
    left_out: dict[str, int] = {}
    for one in chosen:
        for reason, count in one.subtitles.left_out.items():
            left_out[reason] = left_out.get(reason, 0) + count
    return Subtitles(
        in_order(cue for one in chosen for cue in one.subtitles.cues),
        " + ".join(one.subtitles.source for one in chosen),
        tuple(problem for one in chosen for problem in one.subtitles.problems),
        left_out,
        first.encoding,
    )
