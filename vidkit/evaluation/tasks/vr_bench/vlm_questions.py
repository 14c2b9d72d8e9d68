"""The levels of a set as questions for vision-language models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2

from vidkit.errors import DataError
from vidkit.evaluation.tasks.vr_bench.level_set import LevelFile, load_level, read_set
from vidkit.evaluation.tasks.vr_bench.vlm_prompts import MAX_TOKENS, SYSTEM, question
from vidkit.evaluation.types import Item, Part, PartKind, Prompt, PromptMode, Row, Visuals
from vidkit.mazes.boards.irregular import IrregularBoard
from vidkit.mazes.drawing.pictures import letter_places
from vidkit.mazes.types import GAME_TYPES, Difficulty, MazeType, maze_type
from vidkit.utils.strict_json import load_json

REQUIRED = ("state", "image", "type")


def data_files(folder: Path) -> list[Path]:
    """State files of a set's levels, those of `eval` where there is a split."""
    return [level.state for level in read_set(folder)]


def rows_in(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The question about the level of a state file.

    Raises:
        DataError: the file does not lie in the published tree.
    """
    states = path.parent
    difficulty, skin = states.parent, states.parent.parent
    name, _, number = path.stem.rpartition("_")
    if states.name != "states" or name not in list(Difficulty) or not number.isdigit():
        raise DataError(
            f"'{path}' is not a state file of a set",
            "give the set's folder, or TYPE/SKIN/LEVEL/states/*.json",
        )
    kind = maze_type(skin.parent.name)
    yield (
        1,
        {
            "id": f"{kind}/{skin.name}/{path.stem}",
            "state": str(path.resolve()),
            "image": str((difficulty / "images" / f"{path.stem}.png").resolve()),
            "type": str(kind),
            "skin": skin.name,
            "difficulty": name,
            "number": number,
        },
    )


def record_id(row: Row, number: int = 0) -> str:
    """The level's id."""
    return str(row.get("id") or "")


def file_of(row: Mapping[str, Any]) -> LevelFile:
    """Where a row's level lies."""
    return LevelFile(
        MazeType(row["type"]),
        str(row["skin"]),
        Difficulty(row["difficulty"]),
        str(row["number"]),
        Path(row["state"]),
        Path(row["image"]),
    )


def items(rows: Iterable[Row]) -> Iterator[Item]:
    """One question a level, of the kind of its type."""
    for row in rows:
        kind = MazeType(row["type"])
        words = _words(str(_root(Path(row["state"]))), str(kind), str(row["skin"]))
        yield Item(
            id=str(row["id"]),
            group=str(row["id"]),
            question=question(kind, words),
            kind=str(kind),
            meta=dict(row),
        )


def visuals(item: Item) -> Visuals:
    """The first frame; of irregular mazes with the letters of the places."""
    if item.kind != MazeType.IRREGULAR:
        return Visuals(images=(str(item.meta["image"]),))
    loaded = load_level(file_of(item.meta))
    board = loaded.level.board
    assert isinstance(board, IrregularBoard)
    _, png = cv2.imencode(".png", letter_places(board, loaded.shown)[..., ::-1])
    return Visuals(images=(png.tobytes(),))


def prompt(item: Item, mode: PromptMode) -> Prompt:
    """Picture, then question; without pictures the question alone (blind baseline)."""
    picture = (Part(PartKind.IMAGES),) if "v" in mode.modality else ()
    return Prompt((*picture, Part(PartKind.TEXT, item.question)), system=SYSTEM, max_tokens=MAX_TOKENS)


def _root(state: Path) -> Path:
    """The folder above the types, which may be that of a split."""
    return state.parents[4]


@lru_cache(maxsize=256)
def _words(root: str, kind: str, skin: str) -> dict[str, Any]:
    """`visual_description` of a skin, in the set's folder or above its split; empty where there is none."""
    for folder in (Path(root), Path(root).parent):
        for name in (kind, GAME_TYPES[MazeType(kind)], "irregular_maze" if kind == "irregular" else kind):
            file = folder / "skins" / name / f"{skin}_description.json"
            if file.is_file():
                return _described(file)
    return {}


def _described(file: Path) -> dict[str, Any]:
    try:
        found = load_json(file.read_text(encoding="utf-8"), str(file))
        words = found["visual_description"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"'{file}' does not describe a skin", "expected: an object visual_description"
        ) from error
    if not isinstance(words, dict):
        raise DataError(f"'{file}' does not describe a skin", "visual_description is not an object")
    return words
