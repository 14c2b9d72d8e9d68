"""Composition: what wins over what, where configs are found, and that every shipped config is whole."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from vidkit.config.catalog import builtin_dir, config_names, find_entry, group_choices, group_names
from vidkit.config.compose import compose
from vidkit.config.schema import GenerateSettings
from vidkit.errors import ConfigError

HEADER = "# @package _global_\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A user's folder: a varied config, one beside it without a subfolder, and a model of its own."""
    folder = tmp_path / "my configs, all"  # blanks and commas are what Hydra's grammar trips over
    for sub in ("generate", "model"):
        (folder / sub).mkdir(parents=True)
    (folder / "generate" / "short.yaml").write_text(
        HEADER + "defaults: [maze_demo, override /model: own, _self_]\nsteps: 3\n"
    )
    (folder / "flat.yaml").write_text("defaults: [/generate/maze_demo, _self_]\nsteps: 4\n")
    (folder / "model" / "own.yaml").write_text("name: own\npath: weights/own\n")
    return folder


@pytest.mark.parametrize("name", config_names("generate"))
def test_every_shipped_config_composes(name: str) -> None:
    assert isinstance(compose("generate", name), GenerateSettings)


def test_words_win_over_config_and_options_count_as_words() -> None:
    plain = compose("generate", "maze_demo")
    changed = compose("generate", "maze_demo", ["steps=3", "model.offload=group"], values={"seed": 5})
    assert plain.steps != 3
    assert (changed.steps, changed.model.offload.value, changed.seed) == (3, "group", 5)
    assert (changed.width, changed.model.name) == (plain.width, plain.model.name)


def test_a_group_choice_changes_the_whole_section() -> None:
    assert (
        compose("generate", "wan14b_720p", ["model=wan1_3b"]).model
        == compose("generate", "wan1_3b_480p").model
    )


def test_a_key_of_a_mapping_need_not_exist() -> None:
    made = compose(
        "generate", "maze_demo", ["model.transformer.num_layers=2", "model.transformer.new={a: [1, 2]}"]
    )
    assert made.model.transformer["num_layers"] == 2
    assert made.model.transformer["new"] == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("a=b", "a=b"),
        ("a, b", "a, b"),
        ("[x", "[x"),
        ("${steps}", "${steps}"),
        ("'in quotes'", "in quotes"),
        ("null", "null"),
        ("", ""),
        ("  two  blanks ", "  two  blanks "),
    ],
)
def test_text_is_taken_as_it_stands(word: str, expected: str) -> None:
    assert compose("generate", "maze_demo", [f"prompt={word}"]).prompt == expected


@hypothesis_settings(max_examples=6, deadline=None)
@given(st.text(min_size=1, max_size=40).filter(lambda text: text[0] not in "'\""))
def test_any_prompt_survives(text: str) -> None:
    made = compose("generate", "maze_demo", [f"prompt={text}"], values={"negative_prompt": text})
    assert (made.prompt, made.negative_prompt) == (text, text)


def test_null_takes_an_optional_text_away() -> None:
    assert compose("generate", "maze_demo", ["image=null"]).image is None


def test_own_folder_goes_first_and_builds_on_ours(mine: Path) -> None:
    short = compose("generate", "short", config_dir=mine)
    flat = compose("generate", "flat", config_dir=mine)
    assert (short.steps, short.model.name, short.model.path) == (3, "own", "weights/own")
    assert (flat.steps, flat.model.name) == (4, "maze")
    assert compose("generate", "maze_demo", ["model=own"], mine).model.name == "own"


def test_a_group_that_the_entry_does_not_mention_is_added(mine: Path) -> None:
    (mine / "maze").mkdir()
    (mine / "maze" / "big.yaml").write_text("size: 8\nskin: light\n")
    made = compose("generate", "maze_demo", ["maze=big", "model=own", "maze.skin=null"], mine)
    assert (made.maze.size, made.maze.skin, made.model.name) == (8, None, "own")


def test_a_config_may_be_a_file(mine: Path) -> None:
    assert compose("generate", str(mine / "flat.yaml")).steps == 4
    assert compose("generate", str(mine / "generate" / "short.yaml")).steps == 3


def test_a_file_of_the_same_name_wins(mine: Path) -> None:
    (mine / "generate" / "wan14b_720p.yaml").write_text(HEADER + "defaults: [maze_demo, _self_]\nsteps: 9\n")
    assert compose("generate", "wan14b_720p", config_dir=mine).steps == 9
    assert compose("generate", "wan14b_720p").steps != 9


def test_names_for_completion_and_hints(mine: Path) -> None:
    assert {"short", "flat", "maze_demo"} <= set(config_names("generate", mine))
    assert "model" in group_names()
    assert "generate" not in group_names(mine)
    assert "own" in group_choices("model", mine)


def test_builtin_configs_are_those_of_the_checkout() -> None:
    assert builtin_dir() == Path(__file__).resolve().parents[3] / "configs"
    assert find_entry("generate", "maze_demo").file == builtin_dir() / "generate" / "maze_demo.yaml"


def test_a_setting_may_be_named_as_the_group_of_another_command() -> None:
    assert "frames" in group_names()
    assert compose("generate", "wan1_3b_480p", ["frames=13"]).frames == 13
    with pytest.raises(ConfigError) as error:
        compose("generate", "wan1_3b_480p", ["frames=a: b: c"])
    assert error.value.message == "'a: b: c' is not a whole number: frames=a: b: c"
