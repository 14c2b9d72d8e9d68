"""Which level goes where: the buckets of a set, its split, and no level twice in a bucket.

The split is a property of the level: a hash of its fingerprint, which turns and reflections do not change,
sends a fifth of all levels to `eval`. So no level is in both parts of a set, nor in the train part of one set
and the eval part of another, whatever their seeds and sizes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from vidkit.errors import ConfigError
from vidkit.mazes.dataset.options import TRAIN_SHARE, SetOptions
from vidkit.mazes.level import Level, make
from vidkit.mazes.motion import fewest_frames
from vidkit.mazes.types import FOLDERS, Difficulty, MazeType, maze_type

TRAIN, EVAL = "train", "eval"
_EVAL_OF = 5  # one of so many levels evaluates
_PATIENCE = 50  # levels in a row that other skins have: then a bucket may share levels with theirs
_GIVE_UP = 6000  # levels in a row that the bucket has: then there are no others
_SEEDS_A_SET = 10_000_000


@dataclass(frozen=True)
class Entry:
    """One level of a set.

    Attributes:
        split: train or eval.
        type: of the maze.
        difficulty: of the level.
        skin: number of its skin in the tree.
        skin_name: of the same skin.
        number: of the level in its bucket, from 1.
        seed: with which `vidkit.mazes.make` makes it.
        fingerprint: the same for its mirror images and turns.
        moves: of the optimal route.
        routes: how many optimal routes there are.
    """

    split: str
    type: str
    difficulty: str
    skin: int
    skin_name: str
    number: int
    seed: int
    fingerprint: str
    moves: int
    routes: int

    @property
    def bucket(self) -> str:
        """Folder of the bucket, relative to the set."""
        return f"{self.split}/{FOLDERS[maze_type(self.type)]}/{self.skin}/{self.difficulty}"

    @property
    def stem(self) -> str:
        """Name of its files without suffix."""
        return f"{self.difficulty}_{self.number:04d}"

    def path(self, kind: str, suffix: str, route: int = 0) -> str:
        """Path of a file of the level, relative to the set.

        Args:
            kind: images, states or videos.
            suffix: with its dot.
            route: 0 the first optimal route, others have their number in the name.
        """
        return f"{self.bucket}/{kind}/{self.stem}{f'_{route}' if route else ''}{suffix}"

    def level(self) -> Level:
        """The level itself."""
        return make(self.type, self.difficulty, self.seed, self.skin_name)


def split_of(fingerprint: str) -> str:
    """Where a level belongs, in every set."""
    mixed = hashlib.sha256(f"vr-bench split {fingerprint}".encode()).digest()
    return EVAL if mixed[0] % _EVAL_OF == 0 else TRAIN


def plan_boards(options: SetOptions, kind: MazeType, difficulty: Difficulty) -> list[Entry]:
    """All levels of a type and difficulty, skin by skin.

    Raises:
        ConfigError: there are not so many different levels.
    """
    seeds = _Seeds(kind, difficulty, options.seed * _SEEDS_A_SET)
    train = int(options.levels * TRAIN_SHARE)
    wanted = {TRAIN: train, EVAL: options.levels - train}
    elsewhere: set[str] = set()
    entries: list[Entry] = []
    for number, skin in options.skins_of(kind).items():
        chosen = _bucket(seeds, wanted, elsewhere)
        numbered = [(split, drawn) for split in (TRAIN, EVAL) for drawn in chosen[split]]
        elsewhere |= {drawn.mark for _, drawn in numbered}
        for index, (split, drawn) in enumerate(numbered, 1):
            moves, routes = len(drawn.level.solution), drawn.level.solutions.count
            place = (split, str(kind), str(difficulty), number, skin.name, index)
            entries.append(Entry(*place, drawn.seed, drawn.mark, moves, routes))
    return entries


class _Seeds:
    """Levels one after another, each seed once in a set."""

    def __init__(self, kind: MazeType, difficulty: Difficulty, first: int) -> None:
        self._words, self._next = (kind, difficulty), first

    def draw(self) -> _Drawn:
        """The next level."""
        level = make(*self._words, self._next)
        self._next += 1
        return _Drawn(self._next - 1, level.board.fingerprint(), level)

    def __str__(self) -> str:
        return " ".join(self._words)


@dataclass(frozen=True)
class _Drawn:
    seed: int
    mark: str
    level: Level


_Chosen = dict[str, list[_Drawn]]


def _bucket(seeds: _Seeds, wanted: dict[str, int], elsewhere: set[str]) -> _Chosen:
    """Levels of one skin: all different, and others than those of the other skins while there are some."""
    chosen: _Chosen = {split: [] for split in wanted}
    own: set[str] = set()
    borrowed = repeated = 0  # in a row: levels that other skins have; levels that this one has
    while any(len(chosen[split]) < count for split, count in wanted.items()):
        drawn = seeds.draw()
        split = split_of(drawn.mark)
        if len(chosen[split]) == wanted[split]:
            continue
        if drawn.mark in own:
            repeated += 1
            if repeated > _GIVE_UP:
                raise ConfigError(
                    f"a skin cannot have {sum(wanted.values())} different {seeds} levels: there are about"
                    f" {_most(chosen, wanted)}, mirrored and turned ones not counted",
                    "give fewer levels, or leave that type or difficulty out",
                )
            continue
        repeated = 0
        if drawn.mark in elsewhere and borrowed < _PATIENCE:
            borrowed += 1
            continue
        borrowed = borrowed if drawn.mark in elsewhere else 0
        own.add(drawn.mark)
        chosen[split].append(drawn)
    return chosen


def _most(chosen: _Chosen, wanted: dict[str, int]) -> int:
    """How many levels a skin can have, where one split came to its end."""
    shares = {TRAIN: TRAIN_SHARE, EVAL: 1 - TRAIN_SHARE}
    return min(int(len(chosen[s]) / shares[s]) for s in chosen if len(chosen[s]) < wanted[s])


def check_frames(entries: list[Entry], frames: int | None) -> None:
    """Refuse clips that are too short for some solution, before one is made.

    Raises:
        ConfigError: says how many solutions do not fit, and what would.
    """
    if frames is None:
        return
    longest = max(entries, key=lambda entry: entry.moves)
    late = sum(fewest_frames(entry.moves) > frames for entry in entries)
    if late:
        raise ConfigError(
            f"{frames} frames cannot show the solution of {late} of {len(entries)} levels"
            f" (the longest, {longest.bucket}/{longest.stem}, has {longest.moves} moves)",
            f"give at least {fewest_frames(longest.moves)} frames, or leave the difficulty out",
        )
