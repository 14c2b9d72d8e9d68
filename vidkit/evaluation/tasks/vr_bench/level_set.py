"""A set of levels on disk in the published tree: which levels there are, and how one is read.

The tree is `[train|eval]/TYPE/SKIN/DIFFICULTY/{images,states,videos}/DIFFICULTY_NNNN.{png,json,mp4}`; further
optimal ways lie beside a clip as `DIFFICULTY_NNNN_K.mp4`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.errors import ConfigError, DataError, VideoError
from vidkit.mazes.drawing.skins import SKINS, find_skin
from vidkit.mazes.level import Level
from vidkit.mazes.state_file import read_state
from vidkit.mazes.types import Difficulty, MazeType, difficulty_of, maze_type
from vidkit.video.image import read_image

SPLITS = ("eval", "train")
EXPECTED = "TYPE/SKIN/DIFFICULTY/states/*.json, below eval/ or train/, or directly"
_STEM = re.compile(r"(easy|medium|hard)_(\d+)")
_FIRST_SKIN = "1"


@dataclass(frozen=True)
class LevelFile:
    """Where one level of a set lies.

    Attributes:
        type: of the maze.
        skin: name of the skin's folder.
        difficulty: easy, medium or hard.
        number: of the level in its folder, as written: `0097`.
        state: its state file.
        image: its first frame, which may be missing.
        videos: clips of optimal ways, the first one first; none where the set has no clips.
    """

    type: MazeType
    skin: str
    difficulty: Difficulty
    number: str
    state: Path
    image: Path
    videos: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """The level's name in its folder."""
        return f"{self.difficulty}_{self.number}"

    @property
    def id(self) -> str:
        """Unique in the set."""
        return f"{self.type}/{self.skin}/{self.name}"


@dataclass(frozen=True)
class Picked:
    """Which levels of a set are meant.

    Attributes:
        split: eval, train or all; empty: eval where there is one, else what is there.
        types: none: all.
        difficulties: none: all.
        skins: names of skin folders; none: all.
    """

    split: str = ""
    types: tuple[MazeType, ...] = ()
    difficulties: tuple[Difficulty, ...] = ()
    skins: tuple[str, ...] = ()

    @classmethod
    def of_words(
        cls, split: str, types: Sequence[str], difficulties: Sequence[str], skins: Sequence[object]
    ) -> Picked:
        """From what was typed.

        Raises:
            ConfigError: an unknown split, type or difficulty.
        """
        if split not in ("", "all", *SPLITS):
            raise ConfigError(f"unknown split '{split}'", "choose from: eval, train, all")
        return cls(
            split,
            tuple(maze_type(str(name)) for name in types),
            tuple(difficulty_of(str(name)) for name in difficulties),
            tuple(str(name) for name in skins),
        )

    def takes(self, file: LevelFile) -> bool:
        """Whether a level is meant."""
        return (
            (not self.types or file.type in self.types)
            and (not self.difficulties or file.difficulty in self.difficulties)
            and (not self.skins or file.skin in self.skins)
        )


def read_set(folder: Path, picked: Picked | None = None) -> list[LevelFile]:
    """The levels of a set, in the order of types, skins, difficulties and numbers.

    Raises:
        DataError: no folder, no level in it, none that is meant, or one level twice.
    """
    picked = picked or Picked()
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise DataError(f"'{folder}' {what}", f"give the folder of a set: {EXPECTED}")
    found: dict[str, LevelFile] = {}
    for root in _roots(folder, picked.split):
        for level in _levels_in(root):
            if level.id in found:
                raise DataError(
                    f"level '{level.id}' is both at '{found[level.id].state}' and at '{level.state}'",
                    "choose a split: benchmark.split=eval",
                )
            found[level.id] = level
    if not found:
        raise DataError(f"no levels in '{folder}'", f"expected there: {EXPECTED}")
    meant = [level for level in found.values() if picked.takes(level)]
    if not meant:
        raise DataError(
            f"none of the {len(found)} levels in '{folder}' matches the request", _there(found.values())
        )
    kinds, hard = list(MazeType), list(Difficulty)
    order = {level.id: (kinds.index(level.type), level.skin, hard.index(level.difficulty)) for level in meant}
    return sorted(meant, key=lambda level: (*order[level.id], int(level.number), level.number))


@dataclass(frozen=True)
class LeftOut:
    """Levels of a set that are not asked for, and why not."""

    levels: tuple[LevelFile, ...]
    why: str


def levels_left_out(folder: Path, picked: Picked, asked: Iterable[LevelFile]) -> list[LeftOut]:
    """The levels of a set that are not asked for: of the same split first, then of others."""
    mine = {level.id for level in asked}
    roots = _roots(folder, picked.split)
    here = [level for root in roots for level in _levels_in(root)]
    ids = {level.id for level in here}
    found = []
    for root in _roots(folder, "all"):
        if root in roots:
            continue
        there = tuple(_levels_in(root))
        # a level that lies in both cannot be asked for with both
        choice = "all" if ids.isdisjoint(level.id for level in there) or root == folder else root.name
        place = "outside the splits" if root == folder else f"in the {root.name} split"
        found.append(LeftOut(there, f"lies {place}, which is not scored: benchmark.split={choice} scores it"))
    settings = "benchmark.types, benchmark.difficulties, benchmark.skins or --limit"
    rest = tuple(level for level in here if level.id not in mine)
    return [LeftOut(rest, f"is left out by {settings}"), *found]


def _roots(folder: Path, split: str) -> list[Path]:
    there = [folder / name for name in SPLITS if (folder / name).is_dir()]
    if split in SPLITS:
        wanted = folder / split
        if not wanted.is_dir():
            raise DataError(f"no split '{split}' in '{folder}'", f"expected there: {split}/TYPE/SKIN/...")
        return [wanted]
    if split == "" and there:
        return there[:1]
    return [*there, folder]


def _there(levels: Iterable[LevelFile]) -> str:
    parts = {"types": set[str](), "difficulties": set[str](), "skins": set[str]()}
    for level in levels:
        for name, value in zip(parts, (level.type, level.difficulty, level.skin), strict=True):
            parts[name].add(str(value))
    return "there: " + "; ".join(f"{name} {', '.join(sorted(found))}" for name, found in parts.items())


def _levels_in(root: Path) -> Iterator[LevelFile]:
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        try:
            kind = maze_type(folder.name)
        except ConfigError:
            continue
        for states in sorted(folder.glob("*/*/states")):
            yield from _levels_of(kind, states)


def _levels_of(kind: MazeType, states: Path) -> Iterator[LevelFile]:
    base = states.parent
    videos: dict[str, list[Path]] = {}
    for video in sorted((base / "videos").glob("*.mp4")):
        match = _STEM.match(video.stem)
        if match:
            videos.setdefault(match.group(0), []).append(video)
    for state in sorted(states.glob("*.json")):
        match = _STEM.fullmatch(state.stem)
        if match is None:
            continue
        ways = sorted(videos.get(state.stem, ()), key=lambda path: (len(path.stem), path.stem))
        yield LevelFile(
            kind,
            base.parent.name,
            Difficulty(match.group(1)),
            match.group(2),
            state,
            base / "images" / f"{state.stem}.png",
            tuple(ways),
        )


@dataclass(frozen=True)
class LoadedLevel:
    """A level as it can be scored.

    Attributes:
        level: board and looks.
        picture: its first frame at native size where somebody else drew it; None: drawn by us, known exactly.
    """

    level: Level
    picture: NDArray[np.uint8] | None

    @property
    def shown(self) -> NDArray[np.uint8]:
        """The first frame at native size."""
        return self.level.picture() if self.picture is None else self.picture


def load_level(file: LevelFile) -> LoadedLevel:
    """Read a level: its state file, and its picture unless a skin of ours draws the very same.

    Raises:
        DataError: the state file cannot be used, or the picture is missing or damaged.
    """
    board = read_state(file.state)
    if board.type is not file.type:
        raise DataError(
            f"'{file.state}' is a level of type {board.type}", f"it is among levels of {file.type}"
        )
    if not file.image.is_file():
        raise DataError(f"no first frame at '{file.image}'", "the tracker needs it: complete the set")
    try:
        picture = np.array(read_image(file.image), np.uint8)
    except VideoError as error:
        raise DataError(error.message, "copy the set again") from error
    for skin in _skins_to_try(file):
        level = Level(board, find_skin(file.type, skin), file.difficulty)
        if (board.height, board.width) == picture.shape[:2] and np.array_equal(level.picture(), picture):
            return LoadedLevel(level, None)
    if picture.shape[:2] != (board.height, board.width):
        size = (board.width, board.height)
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    return LoadedLevel(Level(board, find_skin(file.type, None), file.difficulty), picture)


def _skins_to_try(file: LevelFile) -> list[str]:
    """Our skins that the folder's name may mean."""
    names = list(SKINS[file.type])
    place = int(file.skin) if file.skin.isdigit() else 0
    return [names[place - 1]] if 1 <= place <= len(names) else [file.skin] if file.skin in names else []
