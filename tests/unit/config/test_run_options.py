"""`benchmark.NAME` and `server.options.NAME`: settings that stand beside what runs, known before it runs."""

from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from vidkit.cli.completion import complete_word
from vidkit.cli.main import app
from vidkit.config.compose import compose
from vidkit.config.describe import describe_keys, markdown_table
from vidkit.config.methods import known_engines, runs_of_benchmarks
from vidkit.errors import ConfigError

OWN = """
from dataclasses import dataclass

from vidkit.evaluation.tasks.multiple_choice import MultipleChoice


@dataclass
class Clips:
    speed: float = 1.0  # of the clips
    tracker: str = "mine"


class Mine(MultipleChoice):
    RUN_SETTINGS = {"--videos": "FILE:Clips"}
"""


def composed(*words: str, task: str = "vr-bench") -> Any:
    return compose("eval", "default", words, values={"task": task})


def refusal(*words: str, task: str = "vr-bench") -> tuple[str, str]:
    with pytest.raises(ConfigError) as caught:
        composed(*words, task=task)
    return caught.value.message, caught.value.hint


def test_options_of_own_runs_get_their_types() -> None:
    words = ["benchmark.types=regular", "benchmark.skins=[1,2]", "benchmark.levels=10", "benchmark.eps=0"]
    assert composed(*words, "benchmark.size=[256,128]", "benchmark.name=7").benchmark == {
        "types": ["regular"],
        "skins": ["1", "2"],
        "levels": 10,
        "eps": 0.0,
        "size": [256, 128],
        "name": "7",
    }
    assert composed("benchmark.frames=null").benchmark == {"frames": None}


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [
        ("benchmark.trakcer=ncc", "unknown setting 'benchmark.trakcer' for 'vr-bench'",
         "did you mean 'benchmark.tracker'? settings: benchmark.types"),
        ("benchmark.levels=many", "'many' is not a whole number: benchmark.levels=many",
         "'benchmark.levels' takes a whole number"),
        ("benchmark.types=[[1]]", "'[[1]]' is not a list such as [a,b]: benchmark.types=[[1]]",
         "'benchmark.types' takes"),
        ("benchmark.tracker=sift", "unknown choice 'sift' for 'benchmark.tracker'", "choices: ncc, csrt"),
    ],
    ids=["near-name", "number", "list", "choice"],
)  # fmt: skip
def test_an_option_that_cannot_be_is_refused_before_anything_runs(word: str, message: str, hint: str) -> None:
    told = refusal(word)
    assert told[0] == message
    assert told[1].startswith(hint)


def test_a_config_file_is_named_with_its_line(tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text(
        "# @package _global_\ndefaults: [/eval_schema, _self_]\ntask: vr-bench\n"
        "benchmark:\n  types: [maze]\n  level: 3\n"
    )
    with pytest.raises(ConfigError, match=r"unknown setting 'benchmark\.level' .*mine\.yaml:6") as caught:
        compose("eval", str(config))
    assert "did you mean 'benchmark.levels'?" in caught.value.hint


def test_a_benchmark_in_a_file_has_its_own_options(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(OWN.replace("FILE:", f"{file}:"))
    spec = f"{file}:Mine"
    assert composed("benchmark.speed=2", task=spec).benchmark == {"speed": 2.0}
    assert refusal("benchmark.sped=2", task=spec)[1].startswith("did you mean 'benchmark.speed'?")
    assert refusal("benchmark.levels=2", task=spec)[0].startswith("unknown setting 'benchmark.levels'")
    # one that declares none judges its options itself
    assert composed("benchmark.anything=1", task="pope").benchmark == {"anything": 1}


def test_every_run_declares_the_settings_that_it_reads() -> None:
    from importlib import import_module

    from vidkit.evaluation.tasks import vr_bench

    assert {f"--{name}" for name in vr_bench.OWN_RUNS} <= set(vr_bench.RUN_SETTINGS)
    for run in runs_of_benchmarks("vr-bench"):
        module, _, name = run.target.partition(":")
        made = getattr(import_module(module), name)()
        assert {name: getattr(made, name) for name in run.settings} == {
            name: made_of(one.default) for name, one in run.settings.items()
        }


def made_of(default: Any) -> Any:
    return tuple(default) if isinstance(default, list) else default


def test_config_and_page_and_completion_list_them() -> None:
    described = {key.name: key for key in describe_keys("eval")}
    assert described["benchmark.tracker"].choices == ("ncc", "csrt", "robust")
    assert described["benchmark.tracker"].methods == ("--videos", "--rescore", "--model FOLDER")
    assert described["benchmark.size"].takes == "a whole number or a list such as [1,2]"
    assert all(key.meaning for name, key in described.items() if name.startswith("benchmark."))
    assert "| `benchmark.levels` | a whole number | `120 (--make); 24 " in markdown_table("eval")
    shown = CliRunner().invoke(app, ["config", "eval", "benchmark"]).output
    assert "benchmark.routes" in shown and "optimal routes" in shown
    assert completed("benchmark.t") == ["benchmark.types=", "benchmark.tracker="]
    assert completed("benchmark.tracker=c") == ["benchmark.tracker=csrt"]


def test_engines_list_what_they_alone_take() -> None:
    described = {key.name: key for key in describe_keys("eval") if key.name.startswith("server.options.")}
    assert described["server.options.max_pixels"].methods == ("transformers",)
    assert described["server.options.folder"].methods == ("pair",)
    assert {key.takes for key in described.values()} <= {"a whole number", "a number", "text"}
    # neither what `server` itself sets nor what no word can be
    left_out = ("device", "concurrency", "model", "name", "retry", "limits", "capabilities")
    assert not any(f"server.options.{name}" in described for name in left_out)
    assert all(key.meaning for key in described.values())
    assert [engine.name for engine in known_engines()][:2] == ["openai", "transformers"]
    assert completed("server.options.m") == ["server.options.min_pixels=", "server.options.max_pixels="]
    assert composed("server.options.of_my_own=3").server.options == {
        "of_my_own": 3
    }  # FILE.py:Class takes more


def completed(word: str) -> list[str]:
    group = typer.main.get_command(app)
    command = group.commands["eval"]  # type: ignore[attr-defined]
    with command.make_context("eval", [], resilient_parsing=True) as context:
        return complete_word(context, word)
