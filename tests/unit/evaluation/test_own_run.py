"""Runs that a benchmark declares for itself reach it with their settings, and others are refused."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from vidkit.commands.eval.own_runs import own_run_asked, run_own
from vidkit.config.eval_schema import EvalSettings
from vidkit.errors import ConfigError, NothingAnswered
from vidkit.evaluation.benchmark import Benchmark
from vidkit.evaluation.own_run import OwnResult, OwnRun
from vidkit.evaluation.task import Task

TABLE = {"name": "clips", "title": "Clips", "columns": ("", "n"), "rows": (("all", 3),), "note": ""}
seen: list[OwnRun] = []


@dataclass
class Settings:
    tracker: str = "robust"
    types: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.tracker == "sift":
            raise ValueError("tracker is sift\nchoose robust")


def count_clips(run: OwnRun) -> OwnResult:
    seen.append(run)
    run.show(0, 2, "")
    run.show(2, 2, "two")
    result = {"benchmark": "toy", "tables": [TABLE], "warnings": []}
    return OwnResult(result, lambda: "<p>clips</p>\n", nothing="" if run.limit is None else "no clip")


def toy() -> Task:
    functions = Benchmark()
    functions.OWN_RUNS = {"videos": "toy_runs:count_clips"}
    return Task("toy", "Toy", functions)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "toy_runs", SimpleNamespace(count_clips=count_clips))
    seen.clear()


def test_an_own_run_gets_its_settings_and_its_page_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    settings = EvalSettings(
        videos="clips", data="set", workers=3, benchmark={"tracker": "ncc"}, html=str(page)
    )
    assert own_run_asked(settings) == "videos"
    result = run_own(settings, toy(), "videos")
    assert result["tables"] == [TABLE]
    assert (seen[0].target, seen[0].data, seen[0].workers) == (Path("clips"), Path("set"), 3)
    assert seen[0].read_options(Settings).tracker == "ncc"
    assert page.read_text().startswith("<p>clips</p>")
    assert "Toy: 2 of 2, done; two" in capsys.readouterr().err


def test_nothing_to_score_ends_with_status_1_after_the_result() -> None:
    with pytest.raises(NothingAnswered, match="no clip") as caught:
        run_own(EvalSettings(videos="clips", limit=1), toy(), "videos")
    assert caught.value.exit_code == 1
    assert caught.value.result["tables"] == [TABLE]  # type: ignore[index]


def test_runs_that_a_benchmark_has_not_and_two_at_once_are_refused() -> None:
    with pytest.raises(ConfigError, match="toy has no --rescore"):
        run_own(EvalSettings(rescore="x"), toy(), "rescore")
    with pytest.raises(ConfigError, match="videos and model cannot be used together"):
        own_run_asked(EvalSettings(videos="x", model="m"))
    assert own_run_asked(EvalSettings(model="m")) is None


def test_settings_of_the_benchmark_are_checked() -> None:
    with pytest.raises(ConfigError, match=r"unknown setting 'benchmark\.traker'") as caught:
        OwnRun(Path("x"), options={"traker": "ncc"}).read_options(Settings)
    assert "did you mean 'tracker'" in caught.value.hint
    with pytest.raises(ConfigError, match=r"benchmark\.tracker is sift") as caught:
        OwnRun(Path("x"), options={"tracker": "sift"}).read_options(Settings)
    assert caught.value.hint == "choose robust"
    with pytest.raises(ConfigError, match="no data was given"):
        OwnRun(Path("x")).needs_data("levels")


@pytest.mark.parametrize("value", [7, True, {"a": 1}, [["a"]], [True]])
def test_a_list_of_the_benchmark_is_a_list_of_words_or_numbers(value: object) -> None:
    with pytest.raises(ConfigError, match=r"benchmark\.types cannot be ") as caught:
        OwnRun(Path("x"), options={"types": value}).read_options(Settings)
    assert caught.value.hint == "give a list such as benchmark.types=[a,b]"
    assert OwnRun(Path("x"), options={"types": ["a", 2]}).read_options(Settings).types == ["a", 2]
