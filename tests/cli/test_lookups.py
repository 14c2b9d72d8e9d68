"""`vidkit list` and `vidkit config`: what there is, what it means, near names, and a light start."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli.commands import WITH_SETTINGS
from vidkit.cli.list import LISTS
from vidkit.cli.main import run
from vidkit.config.describe import describe_keys, unit_of
from vidkit.config.listing import Listed, method_lines
from vidkit.frames.registry import METHODS

HEAVY = {"torch", "hydra", "omegaconf", "numpy", "yaml", "rich", "av", "PIL"}


def shown(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    assert run(words) == status
    captured = capsys.readouterr()
    return captured.out if status == 0 else captured.err


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("configs", "wan14b_720p"),
        ("methods", "wfs-sb"),
        ("methods", "tmr_relative"),
        ("methods", "fa4"),
        ("tasks", "video-mme-v2"),
        ("presets", "haste_svg2"),
        ("models", "wan1_3b"),
        ("skins", "sand"),
        ("skins", "warehouse"),
    ],
)
def test_a_list_names_what_there_is(what: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert name in shown(capsys, "list", what).split()


def test_without_a_name_everything_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "list")
    assert [line.lower() for line in text.splitlines() if line and not line.startswith(" ")] == list(LISTS)


def test_every_line_says_what_the_thing_is(capsys: pytest.CaptureFixture[str]) -> None:
    made: dict[str, list[dict[str, Any]]] = json.loads(shown(capsys, "list", "--json"))
    assert list(made) == list(LISTS)
    assert [line["name"] for lines in made.values() for line in lines if not line["note"]] == []
    assert {line["origin"] for lines in made.values() for line in lines} == {"vidkit"}
    assert [line["name"] for line in made["methods"] if line["of"] == "selector"] == list(METHODS)


def test_skins_of_drawn_mazes_are_listed_by_type(capsys: pytest.CaptureFixture[str]) -> None:
    from vidkit.mazes.drawing.skins import SKINS

    listed = json.loads(shown(capsys, "list", "skins", "--json"))["skins"]
    drawn = [(line["note"], line["name"]) for line in listed if line["of"] == "eval"]
    assert drawn == [(f"of {kind} mazes", name) for kind, skins in SKINS.items() for name in skins]


def test_json_goes_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown(capsys, "list", "models", "--json", str(tmp_path / "models.json"))
    assert "maze" in [line["name"] for line in json.loads((tmp_path / "models.json").read_text())["models"]]


@pytest.mark.parametrize("command", WITH_SETTINGS)
def test_config_shows_every_setting_of_a_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    made = json.loads(shown(capsys, "config", *command.split(), "--json", "-"))
    assert made["command"] == command
    assert [row["name"] for row in made["settings"]] == [key.name for key in describe_keys(command)]
    assert {"name", "takes", "default", "unit", "meaning", "choices", "methods"} <= set(made["settings"][0])


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("generate", "steps"), ["a whole number", "50"]),
        (("generate", "height"), ["unit     pixels", "480"]),
        (("generate", "model.offload"), ["one of none, model, sequential, group"]),
        (("select-frames", "frames.alpha"), ["0.5 (efs, efs+); 2.5 (bolt)", "methods  efs, bolt, efs+"]),
        (("select-frames", "alpha"), ["frames.alpha\n"]),
        (("select-frames", "frames.arm_s"), ["unit     seconds", "focus: length of an arm"]),
        (("select-frames", "vision"), ["vision.patch", "vision.most"]),
        (("generate", "steps=20"), ["a whole number"]),
    ],
)
def test_config_of_one_setting(
    words: tuple[str, ...], parts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(capsys, "config", *words)
    assert [part for part in parts if part not in text] == []


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("list", "modles"), "no list 'modles'", "did you mean 'models'? lists: configs, methods"),
        (("config", "genrate"), "no command 'genrate' with settings", "did you mean 'generate'? commands: "),
        (
            ("config", "bench", "attentoin"),
            "no command 'bench attentoin' with settings",
            "did you mean 'bench attention'?",
        ),
        (("config",), "no command given", "vidkit config COMMAND [KEY]; commands: generate"),
        (("config", "generate", "stepz"), "no setting 'stepz' of 'generate'", "did you mean 'steps'?"),
        (
            ("config", "select-frames", "alhpa"),
            "no setting 'alhpa' of 'select-frames'",
            "did you mean 'frames.alpha'?",
        ),
        (("config", "generate", "steps", "seed"), "more than one setting: steps, seed", "ask for one"),
    ],
)
def test_a_miss_names_the_nearest(
    words: tuple[str, ...], message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(capsys, *words, status=2)
    assert text.startswith(f"error: {message}\nhint: {hint}")


@pytest.mark.parametrize("words", [["list"], ["list", "methods"], ["config", "select-frames"]], ids=" ".join)
def test_looking_up_loads_no_method(words: list[str]) -> None:
    code = (
        f"from vidkit.cli.main import run; assert run({words!r}) == 0\n"
        f"import sys; print('LOADED', *sorted(set(sys.modules) & {HEAVY!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED"


@pytest.mark.parametrize(
    ("name", "meaning", "unit"),
    [
        ("manifest.clip_s", "", "seconds"),
        ("height", "pixels", "pixels"),
        (
            "base_frames",
            "SkyReels: window the model sees, pixel frames",
            "pixel frames",
        ),
        ("seed", "of weights=random", ""),
    ],
)
def test_units_are_read_from_name_or_meaning(name: str, meaning: str, unit: str) -> None:
    assert unit_of(name, meaning) == unit


def test_a_broken_plugin_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    package = tmp_path / "others-1.2.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.2\n")
    (package / "entry_points.txt").write_text(
        "[vidkit.plugins]\nselector.gone = no_such_module:Gone\nselector.kept = kept_module:Kept\n"
        "nothing = a:b\n"
    )
    (tmp_path / "kept_module.py").write_text('class Kept:\n    """Kept as it is."""\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    lines = {line.name: line for line in method_lines()}
    use = "frames=kept"
    assert lines["kept"] == Listed("kept", "selector", "Kept as it is.", "others 1.2", use)
    assert "wfs-sb" in lines
    said = " ".join(record.getMessage() for record in caplog.records)
    assert "the plugin 'gone' of others 1.2 is broken" in said
    assert "the plugin 'nothing' of others 1.2 is left out" in said
