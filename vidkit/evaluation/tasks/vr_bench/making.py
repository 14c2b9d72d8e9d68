"""`vidkit eval vr-bench --make DIR`: levels, pictures, clips and prompts. Declared as the own run `make`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vidkit.errors import ConfigError
from vidkit.evaluation.own_run import OwnResult, OwnRun
from vidkit.evaluation.types import ScoreTable
from vidkit.mazes.dataset import SetOptions, make_set
from vidkit.mazes.dataset.making import plan_set
from vidkit.mazes.dataset.plan import EVAL, TRAIN, Entry


@dataclass
class MakeOptions:
    """Settings of `--make` (`benchmark.NAME=VALUE`)."""

    types: Sequence[str] = ()  # maze types; empty: all five
    difficulties: Sequence[str] = ()  # easy, medium, hard; empty: all
    skins: Sequence[str] = ()  # names, numbers or folders of skins; empty: all
    levels: int = 120  # per type, skin and difficulty; four fifths for training, the rest for evaluation
    size: int | Sequence[int] | None = None  # side of the clips in pixels, or [height, width]; null: native
    frames: int | None = None  # frames of a clip; null: twelve per move
    fps: int = 24  # frames per second of the clips
    routes: int = 1  # optimal routes shown, each in a clip of its own

    def __post_init__(self) -> None:
        for name in ("types", "difficulties", "skins"):
            setattr(self, name, _names(getattr(self, name)))
        if isinstance(self.size, Sequence) and not isinstance(self.size, str) and len(self.size) != 2:
            raise ValueError(f"size={list(self.size)} is not a height and a width\ngive one number or two")
        self.options(0)

    def options(self, seed: int) -> SetOptions:
        """What the maker takes."""
        size = (self.size[0], self.size[1]) if isinstance(self.size, Sequence) else self.size
        return SetOptions(
            types=tuple(self.types),
            difficulties=tuple(self.difficulties),
            skins=tuple(self.skins),
            levels=self.levels,
            size=size,
            frames=self.frames,
            fps=self.fps,
            routes=self.routes,
            seed=seed,
        )


def _names(value: Any) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    return tuple(map(str, value)) if isinstance(value, list | tuple) else (str(value),)


def make_levels(run: OwnRun) -> OwnResult:
    """Make the set, or say what would be made.

    Raises:
        ConfigError: settings that cannot be had, or that mean nothing here.
        OutputError: the folder holds something else, or the disk is full.
    """
    if run.limit is not None:
        raise ConfigError(
            f"limit={run.limit} has no effect with --make", "give benchmark.levels=N, the levels per bucket"
        )
    if run.force:
        raise ConfigError("--make never removes existing files", "leave --force out, or give another folder")
    options: SetOptions = run.read_options(MakeOptions).options(run.seed)
    if run.dry_run:
        entries = plan_set(options, run.workers, run.show)
        made = None
    else:
        finished = make_set(run.target, options, run.workers, run.show)
        entries, made = finished.entries, finished.made
    return OwnResult(_told(run.target, options, entries, made))


def _told(folder: Path, options: SetOptions, entries: list[Entry], made: int | None) -> dict[str, Any]:
    rows = []
    for kind in options.kinds:
        own = [entry for entry in entries if entry.type == kind]
        splits = Counter(entry.split for entry in own)
        moves = [entry.moves for entry in own]
        clips = sum(min(options.routes, entry.routes) for entry in own)
        skins = len({entry.skin for entry in own})
        rows.append((str(kind), skins, splits[TRAIN], splits[EVAL], clips, f"{min(moves)}-{max(moves)}"))
    columns = ("type", "skins", "train", "eval", "clips", "moves")
    title = f"{len(entries)} levels in {folder}" if made is not None else f"{len(entries)} levels, not made"
    note = "" if made is None else f"{made} made now, {len(entries) - made} were there"
    return {
        "benchmark": "vr-bench",
        "folder": str(folder),
        "levels": len(entries),
        "made": made,
        "dry_run": made is None,
        "options": options.as_dict(),
        "tables": [asdict(ScoreTable("levels", title, columns, tuple(rows), note))],
        "warnings": [],
    }
