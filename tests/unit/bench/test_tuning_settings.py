"""Points of a sweep as settings of `vidkit generate`, and the settings of the sweep itself."""

from __future__ import annotations

import dataclasses

import pytest

from vidkit.bench.tuning.setting import REFERENCE, Setting, applied, reference_of
from vidkit.bench.tuning.space import Checker, ladders_of
from vidkit.commands.tune.config_file import write_config
from vidkit.config.compose import compose
from vidkit.config.schema import GenerateSettings
from vidkit.config.tune_schema import Precision, SweepSettings
from vidkit.errors import ConfigError
from vidkit.generation.resolve import resolve

EVERYTHING = Setting(
    steps=4,
    attention=("haste_xattention", 0.8),
    cache=("seacache", "threshold", 0.125),
    precision=Precision.bf16,
)


def reference(*words: str) -> GenerateSettings:
    return reference_of(compose("generate", "maze_demo", words))


def test_the_reference_is_dense_uncached_and_of_full_precision_whatever_the_config_says() -> None:
    words = ["attention=haste_xattention", "cache=change", "model.quantize=fp8", "attention.backend=int8"]
    made = reference(*words)
    assert (made.attention.predictor, made.attention.table, made.cache.name) == ("dense", None, "none")
    assert (made.model.quantize.value, made.attention.backend.value) == ("none", "auto")
    assert dataclasses.asdict(made) == dataclasses.asdict(reference())


def test_a_setting_equals_what_the_command_line_composes() -> None:
    words = ["attention=haste_xattention", "attention.tau=0.8", "cache=seacache", "cache.threshold=0.125"]
    wanted = compose("generate", "maze_demo", [*words, "steps=4", "dtype=bf16"])
    assert dataclasses.asdict(applied(reference(), EVERYTHING)) == dataclasses.asdict(wanted)


def test_the_dense_share_of_the_steps_stays() -> None:
    base = reference_of(compose("generate", "wan1_3b_480p"))
    full, half = (applied(base, Setting(steps=n, attention=("xattention", 0.9))) for n in (50, 20))
    assert (full.attention.dense_steps, half.attention.dense_steps) == (5, 2)


def test_applying_leaves_the_reference_alone() -> None:
    base = reference()
    before = dataclasses.asdict(base)
    applied(base, EVERYTHING)
    assert dataclasses.asdict(base) == before
    assert dataclasses.asdict(applied(base, REFERENCE)) == before


def test_a_written_config_composes_to_the_same_settings(tmp_path) -> None:
    made = applied(reference("maze.size=6", "prompt=a ${red} ball"), EVERYTHING)
    write_config(tmp_path / "best.yaml", made, ["of a test"])
    found = compose("generate", str(tmp_path / "best.yaml"))
    assert dataclasses.asdict(found) == dataclasses.asdict(made)
    assert [file.name for file in tmp_path.iterdir()] == ["best.yaml"]


def test_a_config_of_an_image_model_keeps_its_shapes(tmp_path) -> None:
    made = applied(reference_of(compose("generate", "wan2_2_a14b_i2v_720p", ["image=cat.jpg"])), EVERYTHING)
    write_config(tmp_path / "best.yaml", made, [])
    assert dataclasses.asdict(compose("generate", str(tmp_path / "best.yaml"))) == dataclasses.asdict(made)


def test_ladders_go_from_mild_to_strong_and_always_hold_fewer_steps() -> None:
    ladders = ladders_of(
        reference("steps=50"), SweepSettings(caches=["interval", "change", "teacache"]), "fp32"
    )
    told = {tuple(one.name for one in ladder.settings) for ladder in ladders}
    assert ("40 steps", "30 steps", "20 steps") in told
    assert ("xattention tau 0.9", "xattention tau 0.8") in told
    assert ("cache interval every 2", "cache interval every 3") in told
    assert ("cache change full 0.6", "cache change full 0.4") in told
    assert ("cache teacache threshold 0.05", "cache teacache threshold 0.1") in told
    assert ("fp32",) not in told and ("bf16",) in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"attention": ["haste"]}, "unknown attention policy 'haste'"),
        ({"attention": ["dense"]}, "which is the reference itself"),
        ({"caches": ["none"]}, "which is not a cache"),
        ({"caches": ["fewer_steps"]}, "which is not a cache"),
        ({"caches": ["tea"]}, "tea"),
    ],
)
def test_methods_that_cannot_be_tried_are_refused(words: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ladders_of(reference(), SweepSettings(**words), "fp32")


def test_fewer_steps_of_a_model_of_chunks_fill_its_window() -> None:
    magi = reference_of(compose("generate", "maze_magi_demo", ["steps=64"]))
    steps = ladders_of(magi, SweepSettings(), "fp32", multiple=4)[0]
    assert [one.steps for one in steps.settings] == [52, 40, 24]
    with pytest.raises(ConfigError, match="leaves no fewer steps"):
        ladders_of(
            reference_of(compose("generate", "maze_magi_demo", ["steps=4"])), SweepSettings(), "fp32", 4
        )


def test_a_cache_that_would_compute_every_step_is_left_out() -> None:
    short = reference("steps=4")
    check = Checker(short, resolve(short, draw=False))
    every = Setting(cache=("change", "full", 1.0))
    assert check.problem(every) == "of 4 steps it would compute every one"
    assert check.problem(Setting(cache=("change", "full", 0.5))) is None


def test_a_single_step_has_no_fewer() -> None:
    with pytest.raises(ConfigError, match="leaves no fewer steps"):
        ladders_of(reference("steps=1"), SweepSettings(), "fp32")


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("tune.psnr=0", "tune.psnr must be in"),
        ("tune.psnr=nan", "tune.psnr must be in"),
        ("tune.success_loss=2", "tune.success_loss must be in"),
        ("tune.clips=1", "tune.clips=1 is less than"),
        ("tune.first_clips=1", "tune.first_clips must be >= 2"),
        ("tune.steps=[]", "tune.steps=.* must name shares"),
        ("tune.steps=[1.0]", "tune.steps=.* must name shares"),
        ("tune.taus=[]", "tune.taus=.* is empty"),
        ("tune.taus=[2]", "tune.taus must be in"),
        ("tune.steps=[a]", "'a' is not a number: tune.steps"),
        ("tune.taus=[[1]]", r"'\[1\]' cannot stand in the list 'tune.taus'"),
        ("tune.attention=[{a: 1}]", "cannot stand in the list 'tune.attention'"),
        ("tune.taus=[null]", "'null' is not a number: tune.taus"),
        ("tune.precisions=[fp4]", "unknown choice 'fp4'"),
        ("tune.finalists=0", "tune.finalists must be >= 1"),
        ("tune.floor=3", "unknown setting 'tune.floor'"),
    ],
)
def test_sweeps_that_mean_nothing_are_refused(word: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compose("tune", "maze_demo", [word])
