"""Skins of others: folders of pictures and words, and what is said of one that is not whole."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from vidkit.errors import ConfigError, DataError
from vidkit.mazes import MazeType, make, track
from vidkit.mazes.dataset import SetOptions, make_set
from vidkit.mazes.drawing.skin_folder import read_skin_folder

AUTHORS = Path(__file__).resolve().parents[4] / "shared" / "data" / "benchmarks" / "vr_bench"
PICTURES = {
    "regular": ("floor", "wall", "player", "target"),
    "trapfield": ("floor", "trap", "player", "goal"),
    "sokoban": ("floor", "wall", "player", "target", "box"),
    "irregular": ("road", "start", "end"),
    "maze3d": (),
}
WORDS = {
    "regular": ("player", "goal", "wall", "floor"),
    "trapfield": ("player", "goal", "trap", "floor"),
    "sokoban": ("player", "goal", "wall", "floor", "box"),
    "irregular": ("start", "end", "road"),
    "maze3d": ("ball", "start_cube", "goal_cube", "default_cube"),
}
COLOURS = {
    "floor": (235, 235, 230),
    "road": (220, 220, 220),
    "wall": (60, 50, 90),
    "trap": (200, 40, 30),
    "player": (20, 60, 230),
    "start": (20, 60, 230),
    "box": (150, 100, 40),
}


def skin_folder(folder: Path, kind: str, suffix: str = ".png") -> Path:
    """A whole skin: plain tiles, discs for what moves, with transparent corners."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in PICTURES[kind]:
        colour = COLOURS.get(name, (40, 170, 60))
        picture = np.zeros((48, 48, 4), np.uint8)
        picture[..., :3] = colour[::-1]
        is_round = name in ("player", "start", "end", "target", "goal", "box")
        away = np.hypot(*(np.indices((48, 48)) - 23.5))
        picture[..., 3] = np.where((away < 17) | (not is_round), 255, 0)
        saved = picture if suffix == ".png" else picture[..., :3]
        cv2.imwrite(str(folder / f"{name}{suffix}"), saved)
    if kind == "maze3d":
        names = ("start_pos", "goal_pos", "default_cube", "ball", "ball_edge")
        (folder / "colors.json").write_text(json.dumps(dict.fromkeys(names, "#4488CC") | {"ball": "#CC2200"}))
    told = {"game_type": kind, "skin_id": "9", "visual_description": {w: f"some {w}" for w in WORDS[kind]}}
    (folder / "description.json").write_text(json.dumps(told))
    return folder


@pytest.mark.parametrize("kind", MazeType)
def test_levels_are_drawn_and_followed_in_a_skin_of_others(kind: MazeType, tmp_path: Path) -> None:
    folder = skin_folder(tmp_path / "skin", kind)
    level = make(kind, "easy", 2, str(folder))
    assert level.state == make(kind, "easy", 2).state
    assert level.skin.words[WORDS[kind][0]] == f"some {WORDS[kind][0]}"
    clip = level.render(192, 41)
    found = track(clip, level)
    truth = level.motion(41).player * (192 / level.board.width)
    assert found.tracked_ratio == 1
    assert np.abs(found.points - truth).max() < 2


def test_a_set_is_made_in_a_skin_of_others(tmp_path: Path) -> None:
    folder = skin_folder(tmp_path / "skin", "trapfield")
    options = SetOptions(("trapfield",), ("easy",), ("ice", str(folder)), levels=1, size=64, frames=33)
    assert make_set(tmp_path / "set", options).made == 2
    told = json.loads((tmp_path / "set/skins/trapfield/5_description.json").read_text())
    assert told["visual_description"]["trap"] == "some trap"
    assert len(list((tmp_path / "set").rglob("trapfield/5/easy/videos/*.mp4"))) == 1
    with pytest.raises(ConfigError, match="no maze type asked for has a skin"):
        make_set(tmp_path / "other", SetOptions(("regular",), skins=(str(folder),)))


def test_jpegs_without_transparency_will_do(tmp_path: Path) -> None:
    level = make("sokoban", "easy", 2, str(skin_folder(tmp_path / "skin", "sokoban", ".jpg")))
    assert level.picture().shape == (320, 320, 3)


def test_all_that_a_skin_lacks_is_named_at_once(tmp_path: Path) -> None:
    folder = skin_folder(tmp_path / "skin", "sokoban")
    (folder / "wall.png").unlink()
    (folder / "box.png").unlink()
    told = json.loads((folder / "description.json").read_text())
    del told["visual_description"]["floor"]
    (folder / "description.json").write_text(json.dumps(told))
    with pytest.raises(DataError, match=r"lacks floor in description\.json, wall\.png, box\.png"):
        make("sokoban", "easy", 0, str(folder))


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("description.json", None, "lacks description.json"),
        ("description.json", "{torn", "cannot read"),
        ("description.json", "[]", "does not contain an object"),
        ("description.json", "{}", "lacks game_type"),
        ("colors.json", None, "lacks colors.json"),
        ("colors.json", "{}", "lacks start_pos"),
    ],
)
def test_files_that_cannot_be_used_are_named(file: str, text: str | None, said: str, tmp_path: Path) -> None:
    folder = skin_folder(tmp_path / "skin", "maze3d")
    (folder / file).unlink()
    if text is not None:
        (folder / file).write_text(text)
    with pytest.raises(DataError, match=said):
        read_skin_folder(folder)


def test_a_wrong_colour_picture_type_or_path_is_named(tmp_path: Path) -> None:
    folder = skin_folder(tmp_path / "cubes", "maze3d")
    with pytest.raises(DataError, match="is one of maze3d, not of regular"):
        make("regular", "easy", 0, str(folder))
    colours = json.loads((folder / "colors.json").read_text())
    (folder / "colors.json").write_text(json.dumps(colours | {"ball": "red"}))
    with pytest.raises(DataError, match="ball='red'"):
        read_skin_folder(folder)
    grid = skin_folder(tmp_path / "grid", "regular")
    (grid / "wall.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"wall\.png' is not a picture"):
        read_skin_folder(grid)
    with pytest.raises(DataError, match="no folder of a skin"):
        make("regular", "easy", 0, str(tmp_path / "nowhere"))


@pytest.mark.skipif(not AUTHORS.is_dir(), reason="the authors' skins are not beside the repository")
def test_the_authors_descriptions_and_colours_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "1"
    folder.mkdir()
    for name in ("description.json", "colors.json"):
        (folder / name).write_bytes((AUTHORS / "skins" / "maze3d" / f"1_{name}").read_bytes())
    skin = read_skin_folder(folder)
    assert (
        skin.words["ball"]
        == json.loads((folder / "description.json").read_text())["visual_description"]["ball"]
    )
