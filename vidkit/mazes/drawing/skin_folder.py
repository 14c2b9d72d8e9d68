"""Skins of others: a folder with pictures and `description.json`, as in the authors' `skins/TYPE/NUMBER`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidkit.errors import DataError
from vidkit.mazes.drawing.picture_file import PictureFile, read_picture_file
from vidkit.mazes.drawing.skins import CubeSkin, GridSkin, RoadSkin, Skin, find_skin
from vidkit.mazes.drawing.sprites import Colour, sprite
from vidkit.mazes.drawing.textures import Texture
from vidkit.mazes.types import MazeType, maze_type
from vidkit.utils.paths import expanded
from vidkit.utils.strict_json import load_json

#: pictures of each type; the first of several names that is there
_PICTURES: dict[MazeType, tuple[tuple[str, ...], ...]] = {
    MazeType.REGULAR: (("floor",), ("wall",), ("player",), ("target", "goal")),
    MazeType.TRAPFIELD: (("floor",), ("trap",), ("player",), ("goal", "target")),
    MazeType.SOKOBAN: (("floor",), ("wall",), ("player",), ("target", "goal"), ("box",)),
    MazeType.IRREGULAR: (("road",), ("start",), ("end",)),
    MazeType.MAZE3D: (),
}
_WORDS: dict[MazeType, tuple[str, ...]] = {
    MazeType.REGULAR: ("player", "goal", "wall", "floor"),
    MazeType.TRAPFIELD: ("player", "goal", "trap", "floor"),
    MazeType.SOKOBAN: ("player", "goal", "wall", "floor", "box"),
    MazeType.IRREGULAR: ("start", "end", "road"),
    MazeType.MAZE3D: ("ball", "start_cube", "goal_cube", "default_cube"),
}
_COLOURS = ("start_pos", "goal_pos", "default_cube", "ball", "ball_edge")
_SUFFIXES = (".png", ".jpg", ".jpeg")
_DESCRIPTION = "description.json"


def open_skin(kind: MazeType, name: str | None) -> Skin:
    """A skin by its name, its number in the tree, or its folder (with a slash); None: the first.

    Raises:
        ConfigError: the type has no such skin.
        DataError: a folder that is no whole skin of the type.
    """
    if name is not None and "/" in name:
        return read_skin_folder(expanded(name), kind)
    return find_skin(kind, name)


def read_skin_folder(folder: Path, kind: MazeType | None = None) -> Skin:
    """A skin of its pictures, or in 3-D mazes of its colours.

    Args:
        folder: of the skin.
        kind: the maze type that is wanted; None: what the description says.

    Raises:
        DataError: something is missing or wrong; all that is missing is named at once.
    """
    if not folder.is_dir():
        raise DataError(f"no folder of a skin at '{folder}'", "check the path")
    told = _json(folder / _DESCRIPTION)
    found = _type_of(told, folder)
    if kind is not None and found is not kind:
        raise DataError(
            f"skin '{folder}' is one of {found}, not of {kind}", f"see game_type in its {_DESCRIPTION}"
        )
    words = told.get("visual_description")
    words = dict(words) if isinstance(words, Mapping) else {}
    lacking = [f"{word} in {_DESCRIPTION}" for word in _WORDS[found] if not isinstance(words.get(word), str)]
    files = {names[0]: _file(folder, names) for names in _PICTURES[found]}
    lacking += [f"{name}.png" for name, file in files.items() if file is None]
    if found is MazeType.MAZE3D and not (folder / "colors.json").is_file():
        lacking.append("colors.json")
    if lacking:
        raise DataError(f"skin '{folder}' lacks {', '.join(lacking)}", f"a skin of {found} needs all of it")
    pictures = {name: read_picture_file(file) for name, file in files.items() if file is not None}
    return _skin(found, folder, {name: str(word) for name, word in words.items()}, pictures)


def type_of_skin(folder: Path) -> MazeType:
    """The maze type that a folder's description names.

    Raises:
        DataError: it has no description, or one without a type.
        ConfigError: there is no such type.
    """
    if not folder.is_dir():
        raise DataError(f"no folder of a skin at '{folder}'", "check the path")
    return _type_of(_json(folder / _DESCRIPTION), folder)


def _skin(kind: MazeType, folder: Path, words: dict[str, str], pictures: dict[str, PictureFile]) -> Skin:
    name = str(folder)
    if kind is MazeType.MAZE3D:
        return _cube_skin(folder, words)
    if kind is MazeType.IRREGULAR:
        words = {"background": "black", **words}
        road = pictures["road"].mean()
        return RoadSkin(name, words, Texture("plain", (0, 0, 0)), road, pictures["start"], pictures["end"])
    blocked = pictures["trap" if kind is MazeType.TRAPFIELD else "wall"]
    goal = pictures["goal" if kind is MazeType.TRAPFIELD else "target"]
    box = pictures.get("box")
    return GridSkin(name, words, pictures["floor"], blocked, pictures["player"], goal, box=box)


def _cube_skin(folder: Path, words: dict[str, str]) -> CubeSkin:
    file = folder / "colors.json"
    told = _json(file)
    lacking = [name for name in _COLOURS if name not in told]
    if lacking:
        raise DataError(f"'{file}' lacks {', '.join(lacking)}", "give each as '#RRGGBB'")
    colours = {name: _colour(told[name], name, file) for name in _COLOURS}
    ball = sprite(("disc", 0.46, colours["ball_edge"]), ("disc", 0.38, colours["ball"]))
    white, gray, dark = (255, 255, 255), (236, 236, 236), (60, 60, 60)
    cube, start, goal = (colours[name] for name in ("default_cube", "start_pos", "goal_pos"))
    return CubeSkin(str(folder), words, white, gray, cube, start, goal, (20, 20, 24), dark, ball)


def _colour(value: Any, name: str, file: Path) -> Colour:
    if not isinstance(value, str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise DataError(f"{name}={value!r} in '{file}' is not a colour", "give it as '#RRGGBB'")
    red, green, blue = (int(value[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def _type_of(told: dict[str, Any], folder: Path) -> MazeType:
    if "game_type" not in told:
        raise DataError(f"skin '{folder}' lacks game_type in {_DESCRIPTION}", "name the maze type there")
    return maze_type(str(told["game_type"]))


def _file(folder: Path, names: tuple[str, ...]) -> Path | None:
    files = (folder / f"{name}{suffix}" for name in names for suffix in _SUFFIXES)
    return next((file for file in files if file.is_file()), None)


def _json(file: Path) -> dict[str, Any]:
    try:
        read = load_json(file.read_text(encoding="utf-8"), str(file))
    except FileNotFoundError as error:
        raise DataError(f"skin '{file.parent}' lacks {file.name}", "see the skins of the set") from error
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read '{file}': {error}", "check the file") from error
    if not isinstance(read, dict):
        raise DataError(f"'{file}' does not contain an object", "check the file")
    return read
