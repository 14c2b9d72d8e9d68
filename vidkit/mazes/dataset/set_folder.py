"""The folder of a set: whose it is, what it is to hold, and what of that is there."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vidkit import __version__
from vidkit.errors import ConfigError, OutputError
from vidkit.mazes.dataset.options import SetOptions
from vidkit.mazes.dataset.plan import EVAL, TRAIN, Entry
from vidkit.mazes.dataset.prompts import video_prompt
from vidkit.mazes.drawing.skin_folder import open_skin
from vidkit.mazes.types import FOLDERS, GAME_TYPES, maze_type
from vidkit.utils.files import write_text_atomic
from vidkit.utils.strict_json import load_json

SET_FILE, LEVELS_FILE = "set.json", "levels.jsonl"
FORMAT = 1
_LEFT_OVER = re.compile(r"\.(easy|medium|hard)_\d{4}(_\d+)?-\w+\.(png|json|mp4)")
_LOCK = re.compile(r"\..+\.vidkit-lock")


def open_folder(folder: Path, options: SetOptions) -> None:
    """Begin a set in a folder that is empty, or take up the one that is there.

    Raises:
        OutputError: the folder holds something else, or another set.
    """
    file = folder / SET_FILE
    wanted = _description(options)
    if not file.is_file():
        others = [path.name for path in folder.iterdir() if not _LOCK.fullmatch(path.name)]
        if others:
            raise OutputError(
                f"'{folder}' holds '{sorted(others)[0]}' and is not a set that can be resumed",
                "give an empty or a new folder",
            )
        write_text_atomic(file, json.dumps(wanted, indent=1) + "\n")
        return
    found = _read(file)
    for part in ("options", "versions"):
        there = found.get(part)
        if not isinstance(there, dict) or there != wanted[part]:
            key, old, new = _difference(there if isinstance(there, dict) else {}, wanted[part])
            raise OutputError(
                f"'{folder}' holds a set that was begun with {key}={old}, not {key}={new}",
                "resume it with the same settings and versions, or give another folder",
            )


def _description(options: SetOptions) -> dict[str, Any]:
    return {
        "benchmark": "vr-bench",
        "format": FORMAT,
        "options": options.as_dict(),
        "versions": {"vidkit": __version__, "format": FORMAT, "av": _av_version()},
    }


def _av_version() -> str:
    from vidkit.video.writing import require_encoder

    return str(require_encoder().__version__)


def _read(file: Path) -> dict[str, Any]:
    try:
        found = load_json(file.read_text(encoding="utf-8"), str(file))
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot read '{file}': {error}", "give another folder") from error
    if not isinstance(found, dict) or found.get("benchmark") != "vr-bench":
        raise OutputError(f"'{file}' does not describe a set of vr-bench", "give another folder")
    return found


def _difference(found: dict[str, Any], wanted: dict[str, Any]) -> tuple[str, Any, Any]:
    key = next(key for key in [*wanted, *found] if found.get(key) != wanted.get(key))
    return key, found.get(key), wanted.get(key)


def read_plan(folder: Path) -> list[Entry] | None:
    """The levels of a set that was planned already, None before that.

    Raises:
        ConfigError: the file was damaged.
    """
    file = folder / LEVELS_FILE
    if not file.is_file():
        return None
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        rows = [load_json(line, str(file), line=number) for number, line in enumerate(lines, 1)]
        return [Entry(**{k: v for k, v in row.items() if k != "path"}) for row in rows]
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"'{file}' is damaged: {error}", f"remove it: the same command writes '{LEVELS_FILE}' again"
        ) from error


def write_plan(folder: Path, entries: list[Entry]) -> None:
    """Write what the set is to hold; it stays as its index."""
    lines = [json.dumps({"path": f"{e.bucket}/*/{e.stem}.*", **asdict(e)}) for e in entries]
    write_text_atomic(folder / LEVELS_FILE, "\n".join(lines) + "\n")


def make_folders(folder: Path, entries: Iterable[Entry]) -> None:
    """Make the tree, and remove what a killed run was writing when it ended."""
    for bucket in dict.fromkeys(entry.bucket for entry in entries):
        for kind in ("images", "states", "videos"):
            place = folder / bucket / kind
            place.mkdir(parents=True, exist_ok=True)
            for path in place.glob(".*"):
                if _LEFT_OVER.fullmatch(path.name):
                    path.unlink(missing_ok=True)


def write_words(folder: Path, entries: list[Entry], routes: int) -> None:
    """Prompts beside each split, and what each skin shows, as the authors' files have it."""
    used = sorted({(maze_type(e.type), e.skin, e.skin_name) for e in entries})
    skins = {(kind, number): open_skin(kind, name) for kind, number, name in used}
    prompts = {(kind, number): video_prompt(kind, skin) for (kind, number), skin in skins.items()}
    for split in (TRAIN, EVAL):
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["video", "prompt", "input_image", "state"])
        for entry in entries:
            if entry.split != split:
                continue
            prompt = prompts[maze_type(entry.type), entry.skin]
            rest = [entry.path("images", ".png"), entry.path("states", ".json")]
            cut = len(split) + 1  # paths are relative to the split's folder
            for route in range(min(routes, entry.routes)):
                video = entry.path("videos", ".mp4", route)
                table.writerow([video[cut:], prompt, *(path[cut:] for path in rest)])
        if text.getvalue().count("\n") > 1:
            write_text_atomic(folder / split / "metadata.csv", text.getvalue())
    for (kind, number), skin in skins.items():
        place = folder / "skins" / FOLDERS[kind]
        place.mkdir(parents=True, exist_ok=True)
        told = {
            "game_type": GAME_TYPES[kind],
            "skin_id": str(number),
            "visual_description": skin.words,
        }
        write_text_atomic(place / f"{number}_description.json", json.dumps(told, indent=2) + "\n")


def is_whole(folder: Path, entry: Entry, routes: int) -> bool:
    """Whether all files of a level are there; each is written at one stroke."""
    files = [entry.path("states", ".json"), entry.path("images", ".png")]
    files += [entry.path("videos", ".mp4", route) for route in range(min(routes, entry.routes))]
    return all((folder / file).is_file() for file in files)
