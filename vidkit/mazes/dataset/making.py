"""Making a set: planned first, then level by level, by several processes, resumed where it was left."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2

from vidkit.errors import OutputError, VidkitError
from vidkit.mazes.dataset.options import SetOptions
from vidkit.mazes.dataset.plan import Entry, check_frames, plan_boards
from vidkit.mazes.dataset.set_folder import (
    is_whole,
    make_folders,
    open_folder,
    read_plan,
    write_plan,
    write_words,
)
from vidkit.mazes.drawing.clip_file import write_clip
from vidkit.mazes.types import Difficulty, MazeType
from vidkit.utils.files import atomic_path, check_writable, write_text_atomic
from vidkit.utils.reservation import reserve
from vidkit.utils.workers import results_of

_LEVELS_A_TASK = 6
Show = Callable[[int, int, str], None]


def _silent(done: int, total: int, note: str) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class MadeSet:
    """What is in the folder now.

    Attributes:
        folder: of the set.
        entries: all its levels.
        made: levels that were made by this call; the others were there.
    """

    folder: Path
    entries: list[Entry]
    made: int


def plan_set(
    options: SetOptions, workers: int = 1, show: Show = lambda done, total, note: None
) -> list[Entry]:
    """All levels of a set in the order of the tree; nothing is written.

    Args:
        options: what to make.
        workers: processes.
        show: told of levels planned, of how many, and what is done.

    Raises:
        ConfigError: not so many different levels, or a solution that the clips are too short for.
    """
    options.check()
    # the slowest first: nobody waits for them at the end
    boards = [(kind, level) for level in reversed(options.grades) for kind in options.kinds]
    total = sum(len(options.skins_of(kind)) * options.levels for kind, _ in boards)
    entries: list[Entry] = []
    show(0, total, "planning")
    for found in results_of(partial(_plan_one, options), boards, min(workers, len(boards))):
        entries += found
        show(len(entries), total, "planning")
    kinds, grades = list(MazeType), list(Difficulty)
    entries.sort(
        key=lambda e: (
            kinds.index(MazeType(e.type)),
            e.skin,
            grades.index(Difficulty(e.difficulty)),
            e.number,
        )
    )
    check_frames(entries, options.frames)
    return entries


def _place(entry: Entry) -> tuple[int, int, int, int]:
    kind = list(MazeType).index(MazeType(entry.type))
    return kind, entry.skin, list(Difficulty).index(Difficulty(entry.difficulty)), entry.number


def _plan_one(options: SetOptions, board: tuple[MazeType, Difficulty]) -> list[Entry]:
    return plan_boards(options, *board)


def make_set(
    folder: Path,
    options: SetOptions | None = None,
    workers: int = 1,
    show: Show = _silent,
) -> MadeSet:
    """Make a set, or go on with one that was left: the files come out the same, byte by byte.

    Args:
        folder: empty, absent, or begun by an earlier call with the same options.
        options: what to make; None: the whole set.
        workers: processes.
        show: told of levels done, of how many, and what is done.

    Raises:
        ConfigError: options that cannot be had; said before anything is written.
        OutputError: the folder holds something else, another process writes there, or the disk is full; what
            was made stays, and the same call goes on.
    """
    options = options or SetOptions()
    options.check()
    # refused before anything is written
    planned = plan_set(options, workers, show) if _is_empty(folder) else None
    check_writable(folder, create=True)
    with reserve(folder / "set"):
        open_folder(folder, options)
        entries = read_plan(folder)
        if entries is None:
            entries = planned if planned is not None else plan_set(options, workers, show)
            write_plan(folder, entries)
        make_folders(folder, entries)
        write_words(folder, entries, options.routes)
        left = [entry for entry in entries if not is_whole(folder, entry, options.routes)]
        _make(folder, options, left, len(entries), workers, show)
    return MadeSet(folder, entries, len(left))


def _is_empty(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def _make(folder: Path, options: SetOptions, left: list[Entry], total: int, workers: int, show: Show) -> None:
    there = total - len(left)
    done = there
    show(done, total, f"{there} were there" if there else "")
    try:
        for made in results_of(partial(_make_some, folder, options), _tasks(left), workers):
            done += made
            show(done, total, f"{there} were there" if there else "")
    except OutputError as error:
        raise OutputError(
            error.message,
            f"{done} of {total} levels are complete; free some space and run the same command again",
        ) from error


def _tasks(entries: list[Entry]) -> list[list[Entry]]:
    """Small tasks, each with levels of all kinds: the time left is told by those that are done."""
    count = -(-len(entries) // _LEVELS_A_TASK)
    return [list(itertools.islice(entries, first, None, count)) for first in range(count)]


def _make_some(folder: Path, options: SetOptions, entries: list[Entry]) -> int:
    for entry in entries:
        _make_level(folder, options, entry)
    return len(entries)


def _make_level(folder: Path, options: SetOptions, entry: Entry) -> None:
    level = entry.level()
    if level.board.fingerprint() != entry.fingerprint:
        raise VidkitError(
            f"{entry.bucket}/{entry.stem}: seed {entry.seed} makes a different level than planned",
            "the set was begun by another version: give another folder",
            exit_code=1,
        )
    state = folder / entry.path("states", ".json")
    if not state.is_file():
        write_text_atomic(state, json.dumps(level.state) + "\n")
    picture = folder / entry.path("images", ".png")
    if not picture.is_file():
        shown = cv2.cvtColor(level.picture(options.size), cv2.COLOR_RGB2BGR)
        with atomic_path(picture) as temporary:
            temporary.write_bytes(cv2.imencode(".png", shown)[1].tobytes())
    for number, route in enumerate(itertools.islice(level.solutions, options.routes)):
        video = folder / entry.path("videos", ".mp4", number)
        if not video.is_file():
            with atomic_path(video) as temporary:
                motion = level.motion(options.frames, route)
                write_clip(temporary, level.stage, motion, options.size, options.fps)
