"""Settings of a benchmark stand beside it; `vidkit eval` takes those of the benchmark that it is given."""

import dataclasses
import importlib
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli.execute import Request, settings_of
from vidkit.config.catalog import builtin_dir, settings_class
from vidkit.config.compose import compose
from vidkit.config.describe import describe_keys
from vidkit.config.keys import keys_of
from vidkit.config.methods import methods
from vidkit.errors import ConfigError
from vidkit.evaluation.task import load_task

TASKS = builtin_dir() / "eval" / "tasks"
MINE = """
from dataclasses import dataclass

from vidkit.evaluation.task_settings import StreamedSettings


@dataclass(frozen=True)
class MineSettings(StreamedSettings):
    level: int = 3  # of difficulty

    def __post_init__(self):
        if self.level < 1:
            raise ValueError(f"level must be >= 1, got {self.level}")


config = MineSettings


def score_options(settings):
    return {"level": settings.level}


def score(rows, mode, **options):
    return options
"""


def asked(*words: str, config: str = "default", **options: Any) -> Any:
    return settings_of(Request("eval", config, list(words), [], ("task",), options))


def told(*words: str, **options: Any) -> tuple[str, str]:
    with pytest.raises(ConfigError) as caught:
        asked(*words, **options)
    return caught.value.message, caught.value.hint


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mine.yaml").write_text("name: mine\nfunctions: mine.py\n")
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", sorted(file.stem for file in TASKS.glob("*.yaml")))
def test_what_the_source_says_is_what_the_benchmark_has(name: str) -> None:
    config = load_task(name, [TASKS]).functions.config
    read = methods("task")[name].settings
    assert {key: one.default for key, one in read.items()} == dataclasses.asdict(config())
    assert all(one.meaning for one in read.values())


def test_no_setting_of_a_benchmark_stands_in_the_schema() -> None:
    schema = {field.name for field in dataclasses.fields(settings_class("eval"))}
    assert not schema & {name for task in methods("task").values() for name in task.settings}
    described = {key.name: key for key in describe_keys("eval")}
    assert described["wording"].methods == ("social-omni",) and described["wording"].choices == (
        "repo",
        "paper",
    )
    assert described["allow_new_structures"].meaning.startswith("video-mme-v2: ")
    assert keys_of(settings_class("eval"))["task"].choices == tuple(methods("task"))


def test_a_benchmark_takes_its_own_settings() -> None:
    made = asked("social-omni", "asr=true", "when=streaming", "stride_s=2")
    assert made.settings == {"asr": True, "when": "streaming", "stride_s": 2.0}
    assert asked("social_omni", "asr=true").settings == {"asr": True}
    assert asked("video-mme-v2", allow_new_structures=True).settings == {"allow_new_structures": True}
    own = load_task("social-omni", [TASKS]).own_settings(made.settings)
    assert (own.asr, own.when, own.stride_s, own.wording) == (True, "streaming", 2.0, "repo")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("mlvu", "asr=true"), "unknown setting 'asr' for 'mlvu'",
         "it is a setting of social-omni; settings of 'mlvu': none"),
        (("social-omni", "arr=true"), "unknown setting 'arr' for 'eval'", "did you mean 'asr'?"),
        (("social-omni", "when=later"), "unknown choice 'later' for 'when'",
         "choices: single, streaming, both"),
        (("social-omni", "stride_s=fast"), "'fast' is not a number: stride_s=fast",
         "'stride_s' takes a number, for example stride_s=0.5"),
        (("social-omni", "asr="), "'asr=' has no value", "'asr' takes true or false"),
    ],
)  # fmt: skip
def test_mistakes_are_told_as_those_of_other_settings(
    words: tuple[str, ...], message: str, hint: str
) -> None:
    said = told(*words)
    assert said[0] == message
    assert said[1].startswith(hint)


def test_an_entry_config_may_hold_them(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("# @package _global_\ndefaults: [/eval_schema, _self_]\ntask: social-omni\nasr: true\n")
    assert compose("eval", str(file)).settings == {"asr": True}
    file.write_text(file.read_text().replace("asr: true", "asr: perhaps"))
    with pytest.raises(ConfigError, match=r"'perhaps' is not true or false: asr=perhaps \(.*mine.yaml:4\)"):
        compose("eval", str(file))


def test_a_benchmark_of_ones_own_has_settings_too(mine: Path) -> None:
    assert asked("mine.yaml", "level=4", "when=both").settings == {"level": 4, "when": "both"}
    assert asked("task=mine.yaml", "level=4").settings == {"level": 4}
    assert told("mine.yaml", "levle=4")[1].startswith("did you mean 'level'?")
    assert told("mine.yaml", "level=high")[0] == "'high' is not a whole number: level=high"
    assert told("mine.yaml", "asr=true")[0] == "unknown setting 'asr' for 'mine.yaml'"
    task = load_task("mine.yaml", [])
    own = task.own_settings({"level": 4, "when": "both"})
    assert task.functions.score_options(own) == {"level": 4} and task.functions.streamed(own).when == "both"
    with pytest.raises(ConfigError, match="mine: level must be >= 1, got 0"):
        task.own_settings({"level": 0})


def test_settings_that_are_no_dataclass_are_refused(mine: Path) -> None:
    (mine / "mine.py").write_text(
        "config = {'level': 3}\n\n\ndef score(rows, mode, **options):\n    return {}\n"
    )
    with pytest.raises(ConfigError, match="mine: config is not a dataclass of settings"):
        load_task("mine.yaml", []).own_settings({})


@pytest.mark.parametrize("name", ["social_omni", "video_mme_v2"])
def test_each_folder_says_what_is_its_own(name: str) -> None:
    task = importlib.import_module(f"vidkit.evaluation.tasks.{name}")
    assert task.config.__module__ == f"{task.__name__}.settings"
