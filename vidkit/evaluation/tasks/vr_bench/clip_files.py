"""Clips that a model made, found in a folder: which level each belongs to, and which sample it is.

Read are `TYPE/LEVEL/SAMPLE.mp4` (a level is called `easy_0097`), the published tree with or without its
folder `videos`, the authors' `DIFFICULTY_ID__sSEED.mp4`, and these with the skin's folder or without it where
the set has one skin of the type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidkit.errors import ConfigError, DataError
from vidkit.evaluation.tasks.vr_bench.level_set import LeftOut, LevelFile
from vidkit.mazes.types import MazeType, maze_type

SUFFIXES = (".mp4", ".webm", ".mov", ".mkv", ".avi", ".m4v", ".gif")
LAYOUTS = "TYPE/LEVEL/SAMPLE.mp4, or TYPE/SKIN/DIFFICULTY/[videos/]DIFFICULTY_NNNN[__sSEED].mp4"
_LEVEL = re.compile(r"(easy|medium|hard)_0*(\d+)")
_FILE = re.compile(r"(easy|medium|hard)_0*(\d+)(?:_{1,2}s?(\d+))?")
_NO_LEVEL = "the set has no level"
_BARE = re.compile(r"0*(\d+)(?:__s(\d+))?")


@dataclass(frozen=True)
class ClipFile:
    """A clip of a level.

    Attributes:
        level: id of the level.
        sample: name of the attempt, unique for the level.
        path: of the file.
    """

    level: str
    sample: str
    path: Path


@dataclass(frozen=True)
class FoundClips:
    """What a folder holds.

    Attributes:
        clips: in the order of levels and samples.
        unmatched: video files that belong to no level, with the reason.
    """

    clips: list[ClipFile]
    unmatched: list[tuple[Path, str]]

    def by_level(self) -> dict[str, list[ClipFile]]:
        """Clips of each level."""
        found: dict[str, list[ClipFile]] = {}
        for clip in self.clips:
            found.setdefault(clip.level, []).append(clip)
        return found


def find_clips(
    folder: Path, levels: Sequence[LevelFile], left_out: Callable[[], Sequence[LeftOut]] = tuple
) -> FoundClips:
    """Find the clips of a set's levels.

    Args:
        folder: of the clips.
        levels: that are asked for.
        left_out: gives the levels that are not, to say of a clip why it has none; asked only then.

    Raises:
        DataError: no such folder, no video in it, or two files for one sample.
    """
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise DataError(f"'{folder}' {what}", f"give a folder of clips: {LAYOUTS}")
    files = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES and path.is_file()]
    if not files:
        raise DataError(f"no video in '{folder}'", f"expected there: {LAYOUTS}")
    places = _Places(levels)
    clips: dict[tuple[str, str], ClipFile] = {}
    unmatched = []
    for path in files:
        found = places.of(path.relative_to(folder))
        if isinstance(found, str):
            unmatched.append((path, found))
            continue
        key = (found[0], found[1])
        if key in clips:
            raise DataError(
                f"'{clips[key].path}' and '{path}' are both sample {found[1]} of {found[0]}",
                "keep one of them",
            )
        clips[key] = ClipFile(*key, path)
    order = {level.id: place for place, level in enumerate(levels)}
    if any(why.startswith(_NO_LEVEL) for _, why in unmatched):
        others = [(_Places(other.levels), other.why) for other in left_out() if other.levels]
        unmatched = [(path, _explained(path.relative_to(folder), why, others)) for path, why in unmatched]
    kept = sorted(clips.values(), key=lambda clip: (order[clip.level], len(clip.sample), clip.sample))
    return FoundClips(kept, unmatched)


class _Places:
    """The levels by what a path may say of them."""

    def __init__(self, levels: Sequence[LevelFile]) -> None:
        self._ids: dict[tuple[MazeType, str, str, int], str] = {}
        self._skins: dict[MazeType, list[str]] = {}
        for level in levels:
            self._ids[level.type, level.skin, str(level.difficulty), int(level.number)] = level.id
            skins = self._skins.setdefault(level.type, [])
            if level.skin not in skins:
                skins.append(level.skin)

    def of(self, path: Path) -> tuple[str, str] | str:
        """Id of the level and the sample's name, or why there is none."""
        folders, stem = list(path.parts[:-1]), path.stem
        kinds = [(place, kind) for place, kind in enumerate(map(_type_of, folders)) if kind is not None]
        if kinds:
            place, kind = kinds[-1]
            folders = folders[place + 1 :]
        elif len(self._skins) == 1:
            kind = next(iter(self._skins))
        else:
            return "no folder of its path names a maze type"
        if kind not in self._skins:
            return f"{_NO_LEVEL} of type {kind}"
        named = _level_of(folders, stem)
        if named is None:
            return "neither its name nor its folder names a level such as easy_0097"
        difficulty, number, sample = named
        skin = self._skin_of(kind, folders)
        if skin is None:
            return f"the set has several skins of {kind}, and its path names none of them"
        level = self._ids.get((kind, skin, difficulty, number))
        if level is None:
            return f"{_NO_LEVEL} {difficulty}_{number:04d} of {kind} with skin {skin}"
        return level, sample

    def _skin_of(self, kind: MazeType, folders: list[str]) -> str | None:
        skins = self._skins[kind]
        named = [folder for folder in folders if folder in skins]
        if named:
            return named[0]
        return skins[0] if len(skins) == 1 else None


def _explained(path: Path, why: str, others: Sequence[tuple[_Places, str]]) -> str:
    """Why a clip has no level; that the set has none is said only where nothing left out is meant."""
    if why.startswith(_NO_LEVEL):
        for places, reason in others:
            found = places.of(path)
            if not isinstance(found, str):
                return f"level {found[0]} {reason}"
    return why


def _type_of(folder: str) -> MazeType | None:
    try:
        return maze_type(folder)
    except ConfigError:
        return None


def _level_of(folders: list[str], stem: str) -> tuple[str, int, str] | None:
    """Difficulty, number and sample."""
    whole = _FILE.fullmatch(stem)
    if whole:
        return whole.group(1), int(whole.group(2)), whole.group(3) or "0"
    for folder in reversed(folders):
        level = _LEVEL.fullmatch(folder)
        if level:
            return level.group(1), int(level.group(2)), stem
    bare = _BARE.fullmatch(stem)
    difficulty = next((folder for folder in reversed(folders) if folder in ("easy", "medium", "hard")), None)
    if bare and difficulty:
        return difficulty, int(bare.group(1)), bare.group(2) or "0"
    return None
