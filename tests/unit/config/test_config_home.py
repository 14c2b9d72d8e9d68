"""`~/` behind `KEY=` is the home folder, for every command."""

from pathlib import Path

import pytest

from vidkit.config.compose import compose
from vidkit.config.home import paths_at_home


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "me"


@pytest.mark.parametrize(
    ("command", "config", "name"),
    [
        ("eval", "default", "data"),
        ("eval", "default", "predictions"),
        ("eval", "default", "html"),
        ("generate", "maze_demo", "output"),
        ("generate", "maze_demo", "model.path"),
        ("calibrate", "maze", "work"),
        ("calibrate gate", "default", "data"),
        ("select-frames", "default", "cache"),
        ("select-frames", "default", "manifest.path"),
        ("bench attention", "default", "output"),
        ("bench vr-bench", "default", "work"),
    ],
)
def test_a_path_of_any_command_begins_at_home(command: str, config: str, name: str, home: Path) -> None:
    for way in ([f"{name}=~/a/b.json"], {name: "~/a/b.json"}):
        words, values = (way, {}) if isinstance(way, list) else ([], way)
        settings = compose(command, config, words, values=values)
        for part in name.split("."):
            settings = getattr(settings, part)
        assert settings == str(home / "a" / "b.json")


def test_lists_prefixes_and_texts(home: Path) -> None:
    values = {"compare": ["~/a", "b"], "relevance": "scores:~/s.npy", "prompt": "~/ is a place", "k": 3}
    assert paths_at_home({"x": values})["x"] == {
        "compare": [f"{home}/a", "b"],
        "relevance": f"scores:{home}/s.npy",
        "prompt": "~/ is a place",
        "k": 3,
    }


def test_a_folder_that_is_called_so_stays(tmp_path: Path) -> None:
    (tmp_path / "~").mkdir()
    (tmp_path / "~" / "x").touch()
    assert paths_at_home(["~/x", "a~/x", "~", "x ~/x"]) == ["~/x", "a~/x", "~", "x ~/x"]
