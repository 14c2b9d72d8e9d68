"""What a person reads after a mistake in a config, a key or a value: the exact lines."""

from pathlib import Path

import pytest

from vidkit.config.catalog import config_names, group_choices, settings_class
from vidkit.config.compose import compose
from vidkit.config.keys import keys_of, listed_keys
from vidkit.errors import ConfigError

CONFIGS = ", ".join(config_names("generate"))
KEYS = keys_of(settings_class("generate"))
SETTINGS = ", ".join(listed_keys(KEYS))
MODEL, MAZE = (", ".join(key for key in KEYS if key.startswith(f"{part}.")) for part in ("model", "maze"))
MODELS = ", ".join(group_choices("model"))
LINE = "correct that line: settings are 'key: value', lists [a, b], nesting is by spaces"
CLOSE = "close every bracket and quote, and put the whole word in single quotes for the shell"


def told(
    config: str = "maze_demo", *words: str, folder: Path | None = None, **values: object
) -> tuple[str, str]:
    with pytest.raises(ConfigError) as caught:
        compose("generate", config, words, folder, values)
    assert caught.value.exit_code == 2
    return caught.value.message, caught.value.hint


@pytest.mark.parametrize(
    ("config", "message", "hint"),
    [
        (
            "wan14b_720",
            "no config 'wan14b_720' for 'generate'",
            f"did you mean 'wan14b_720p'? configs: {CONFIGS}",
        ),
        ("zzz", "no config 'zzz' for 'generate'", f"configs: {CONFIGS}"),
        ("../zzz.yaml", "no config file '../zzz.yaml'", f"available configs: {CONFIGS}"),
        (
            "a.yml",
            "config file 'a.yml' does not end in .yaml",
            "give the path of a .yaml file or a config's name",
        ),
    ],
    ids=["near", "far", "file", "suffix"],
)
def test_unknown_config(config: str, message: str, hint: str) -> None:
    assert told(config) == (message, hint)


def test_unknown_config_folder() -> None:
    message, hint = told("maze_demo", folder=Path("/no/such/folder"))
    assert message == "no folder '/no/such/folder' (--config-dir)"
    assert hint == "name a folder laid out like vidkit's own configs/"


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [
        ("video=", "'video=' has no value", "'video' takes text; null means none"),
        ("stepz=3", "unknown setting 'stepz' for 'generate'", f"did you mean 'steps'? settings: {SETTINGS}"),
        ("qqq=3", "unknown setting 'qqq' for 'generate'", f"settings: {SETTINGS}"),
        ("model.offlaod=none", "unknown setting 'model.offlaod' for 'generate'",
         f"did you mean 'model.offload'? settings: {MODEL}"),
        ("model.steps=3", "unknown setting 'model.steps' for 'generate'",
         f"did you mean 'steps'? settings: {MODEL}"),
        ("maze.qqq=3", "unknown setting 'maze.qqq' for 'generate'", f"settings: {MAZE}"),
        ("attention.taau=1", "unknown setting 'attention.taau' for 'dense' and 'never'",
         "did you mean 'attention.tau'? settings of 'dense' and 'never': none"),
        ("vae_tiling=true", "unknown setting 'vae_tiling' for 'generate'",
         f"did you mean 'model.vae_tiling'? settings: {SETTINGS}"),
        ("model=wan14", "unknown choice 'wan14' for 'model'", f"did you mean 'wan14b'? choices: {MODELS}"),
        ("model.offload=grup", "unknown choice 'grup' for 'model.offload'",
         "did you mean 'group'? choices: none, model, sequential, group"),
        ("dtype=int8", "unknown choice 'int8' for 'dtype'", "choices: auto, bf16, fp16, fp32"),
        ("steps=many", "'many' is not a whole number: steps=many",
         "'steps' takes a whole number, for example steps=50"),
        ("steps=2.5", "'2.5' is not a whole number: steps=2.5",
         "'steps' takes a whole number, for example steps=50"),
        ("guidance=inf", "guidance must be a finite number, got inf", "change 'guidance' and run again"),
        ("shift=nan", "shift must be a finite number, got nan", "change 'shift' and run again"),
        ("guidance=high", "'high' is not a number: guidance=high",
         "'guidance' takes a number, for example guidance=5.0"),
        ("model.vae_tiling=maybe", "'maybe' is not true or false: model.vae_tiling=maybe",
         "'model.vae_tiling' takes true or false, for example model.vae_tiling=true"),
        ("model.vae=3", "'3' is not a mapping such as {name: 1}: model.vae=3",
         "'model.vae' takes a mapping such as {name: 1}, for example model.vae='{name: 1}'"),
        ("steps=", "'steps=' has no value", "'steps' takes a whole number"),
        ("seed=", "'seed=' has no value", "'seed' takes a whole number; null means none"),
        ("steps=[1", "brackets or quotes do not match in 'steps=[1'", CLOSE),
        ("model.vae={a: [1}]", "brackets or quotes do not match in 'model.vae={a: [1}]'", CLOSE),
        ("model.vae={a: 'x}", "brackets or quotes do not match in 'model.vae={a: 'x}'", CLOSE),
        ("steps=1,2,3", "several values for 'steps': 1,2,3",
         "'steps' takes a whole number; run once for each value"),
        ("steps", "'steps' is not of the form KEY=VALUE", "write a setting as steps=20"),
        ("maze.size=9", "maze.size must be in 4..8, got 9", "change 'maze.size' and run again"),
        ("steps=0", "steps must be >= 1, got 0", "change 'steps' and run again"),
    ],
)  # fmt: skip
def test_wrong_words(word: str, message: str, hint: str) -> None:
    assert told("maze_demo", word) == (message, hint)


def test_a_section_is_not_a_value() -> None:
    message, hint = told("maze_demo", "maze=5")
    assert message == "'maze' is a group of settings, not one value"
    assert hint.startswith("set one of them: maze.size, maze.seed")


@pytest.mark.parametrize("word", ["steps=4", "+steps=4"])
def test_a_setting_given_twice(word: str) -> None:
    assert told("maze_demo", "steps=3", word) == (
        "'steps' is set twice: steps=3 and steps=4",
        "keep one of them",
    )


def test_a_setting_given_as_an_option_and_as_a_word() -> None:
    assert told("maze_demo", "seed=3", seed=4) == (
        "'seed' is set twice: seed=4 and seed=3",
        "keep one of them",
    )


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("steps: 4: 5", "{file}:3: not valid YAML: mapping values are not allowed here",
         LINE),
        ("steps: 4\nsteps: 5", "{file}:4: not valid YAML: found duplicate key steps",
         LINE),
        ("width: 96\nstepz: 4", "unknown setting 'stepz' for 'generate' ({file}:4)",
         f"did you mean 'steps'? settings: {SETTINGS}"),
        ("maze:\n  sice: 4", "unknown setting 'maze.sice' for 'generate' ({file}:4)",
         f"did you mean 'maze.size'? settings: {MAZE}"),
        ("steps: many", "'many' is not a whole number: steps=many ({file}:3)",
         "'steps' takes a whole number"),
        ("model:\n  offload: grup", "unknown choice 'grup' for 'model.offload' ({file}:4)",
         "did you mean 'group'? choices: none, model, sequential, group"),
        ("height: 96\nsteps: 0", "steps must be >= 1, got 0 ({file}:4)", "change 'steps' and run again"),
        ("prompt: ${nothing}",
         "'prompt' cannot be resolved: Interpolation key 'nothing' not found ({file}:3)",
         "a reference is written ${{other.setting}} and must name a setting"),
    ],
    ids=["syntax", "duplicate", "key", "nested-key", "type", "enum", "range", "reference"],
)  # fmt: skip
def test_mistakes_in_a_file_have_file_and_line(
    text: str, message: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "generate").mkdir()
    file = tmp_path / "generate" / "mine.yaml"
    file.write_text(f"# @package _global_\ndefaults: [maze_demo, _self_]\n{text}\n")
    expected = message.replace("{file}", "generate/mine.yaml")
    assert told("mine", folder=tmp_path) == (expected, hint.replace("{{", "{").replace("}}", "}"))


PACKAGE = "# @package _global_\n"
BUILDS = PACKAGE + "defaults: [maze_demo, _self_]\n"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (PACKAGE + "defaults: [mine, _self_]\n",
         "generate/mine.yaml builds on itself",
         "remove the cycle from the 'defaults' lists"),
        ("- a\n", "generate/mine.yaml does not hold settings", "write one 'key: value' per line"),
        ("", "generate/mine.yaml does not build on the settings of 'generate'",
         "start it with 'defaults: [/generate/NAME, _self_]', NAME being a config to vary"),
        ("steps: \udcff\n", "generate/mine.yaml is not a text file in UTF-8",
         "save it as UTF-8, or leave it out"),
        ("defaults: [maze_demo, _self_]\nsteps: 3\n",
         "the settings of generate/mine.yaml end up below 'generate'",
         "start the file with '# @package _global_'"),
        (PACKAGE + "defaults: maze_demo\n",
         "cannot compose generate/mine.yaml: "
         "Invalid defaults list in 'generate/mine', defaults must be a list (got str)",
         "a 'defaults' list is written 'defaults: [/generate/NAME, _self_]'"),
        (BUILDS + "maze:\n\tsize: 4\n",
         "generate/mine.yaml:4: not valid YAML: found character '\\t' that cannot start any token",
         LINE),
        (BUILDS + "maze: 3\n",
         "'maze' is a group of settings, not one value (generate/mine.yaml:3)", None),
        (BUILDS + "model: null\n",
         "'model' is a group of settings, not one value (generate/mine.yaml:3)", None),
        (BUILDS + "steps: null\n", "'null' is not a whole number: steps=null (generate/mine.yaml:3)",
         "'steps' takes a whole number"),
    ],
    ids=["circle", "list", "empty", "bytes", "package", "defaults", "tab", "section", "null-section", "null"],
)  # fmt: skip
def test_files_that_are_no_config(
    text: str, message: str, hint: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "generate").mkdir()
    (tmp_path / "generate" / "mine.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
    told_message, told_hint = told("mine", folder=tmp_path)
    assert told_message == message
    assert told_hint == hint if hint else told_hint.startswith("set one of them: ")


def test_a_file_of_a_group_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "own.yaml").write_text("name: own\nwaits: random\n")
    message, hint = told("maze_demo", "model=own", folder=tmp_path)
    assert message == "unknown setting 'model.waits' for 'generate' (model/own.yaml:2)"
    assert hint == f"did you mean 'model.weights'? settings: {MODEL}"


def test_a_config_that_names_a_missing_choice(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("defaults: [/generate/maze_demo, override /model: wan14, _self_]\n")
    message, hint = told("mine", folder=tmp_path)
    assert message == "'generate/maze_demo' names a config 'model/wan14' that does not exist"
    assert hint == f"did you mean 'wan14b'? choices: {MODELS}"


def test_a_config_without_the_settings_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("steps: 4\n")
    message, hint = told("mine", folder=tmp_path)
    assert message == "mine.yaml does not build on the settings of 'generate'"
    assert hint == "start it with 'defaults: [/generate/NAME, _self_]', NAME being a config to vary"


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("generate", "steps"),
        ("generate", "guidance"),
        ("generate", "cache.full"),
        ("bench agents", "jitter"),
        ("eval", "workers"),
    ],
)
def test_whole_numbers_without_end_are_refused(command: str, word: str) -> None:
    config = {"generate": "maze_demo", "tune": "maze_demo"}.get(command, "default")
    words = [f"{word}={'9' * 400}", *(["cache=change"] if word.startswith("cache") else [])]
    with pytest.raises(ConfigError) as error:
        compose(command, config, words)
    assert word.rpartition(".")[2] in error.value.message and len(error.value.message) < 600


def test_a_reference_to_what_is_no_list_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", "0.5")
    with pytest.raises(ConfigError) as error:
        compose("tune", "maze_demo", ["tune.steps=${oc.env:HERE}"])
    assert error.value.message == "'0.5' is not a list: tune.steps=0.5"
