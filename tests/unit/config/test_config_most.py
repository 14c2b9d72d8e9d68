"""Numbers that cannot be meant are refused for every whole-number setting there is, with its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripts.try_numbers import whole_numbers
from vidkit.cli.commands import WITH_SETTINGS
from vidkit.commands.generate.prompts_file import clips_of
from vidkit.config import most
from vidkit.config.compose import compose
from vidkit.config.keyed import KeyedError
from vidkit.config.most import most_of, refuse_too_many
from vidkit.config.schema import GenerateSettings
from vidkit.errors import ConfigError, DataError

SETTINGS = [(command, *each) for command in WITH_SETTINGS for each in whole_numbers(command)]

PLUGIN = """
from dataclasses import dataclass

from vidkit.caching.policies.interval import Interval, IntervalConfig


@dataclass(frozen=True)
class MineConfig(IntervalConfig):
    budget_bytes: int = 0


class Mine(Interval):
    name = "mine"
    config = MineConfig
"""


def nested(key: str, value: Any) -> dict[str, Any]:
    for name in reversed(key.split(".")):
        value = {name: value}
    return value


def test_every_whole_number_has_a_most_or_only_bounds() -> None:
    accepted = set()
    for _, key, is_list, _ in SETTINGS:
        for value in (10**9, 10**18):
            try:
                refuse_too_many(nested(key, [1, value] if is_list else value))
                accepted.add(key.rpartition(".")[2])
            except KeyedError as error:
                assert error.key == key and str(value) in error.message and str(most_of(key)[0]) in error.hint
    assert {name for name in accepted if not name.endswith("seed")} <= most.UNBOUNDED
    assert len(SETTINGS) > 250


@pytest.mark.parametrize("names", [most.UNBOUNDED, most._BY_NAME], ids=["unbounded", "by name"])
def test_names_in_the_table_are_settings(names: Any) -> None:
    known = {key.rpartition(".")[2] for _, key, _, _ in SETTINGS}
    assert set(names) - known == set()


def test_the_most_itself_is_taken() -> None:
    for _, key, is_list, _ in SETTINGS:
        if (limit := most_of(key)) is not None:
            refuse_too_many(nested(key, [limit[0]] if is_list else limit[0]))


@pytest.mark.parametrize(
    ("command", "word", "says"),
    [
        ("bench vr-bench", "workers=1025", "workers must be <= 1024 .*processes"),
        ("select-frames", "manifest.workers=1000000", r"manifest\.workers must be <= 1024"),
        ("bench agents", "workers=[1,2000]", "workers must be <= 1024"),
        ("bench caching", "clips=1000000000", "clips must be <= 1000000"),
    ],
)
def test_a_command_says_so_in_two_lines(command: str, word: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        compose(command, "default", [word])
    assert word.partition("=")[0] in caught.value.hint


def test_what_a_model_is_made_of_is_the_models_to_judge() -> None:
    refuse_too_many(
        {"model": {"text_encoder": {"vocab_size": 2_000_000}}, "sampling": {"extra": {"x": 10**9}}}
    )


def test_what_only_says_when_a_step_is_computed_has_no_most() -> None:
    words = [
        "cache=interval",
        f"cache.every={10**9}",
        f"cache.warmup={10**9}",
        f"attention.dense_steps={10**9}",
    ]
    made = compose("generate", "maze_demo", words)
    assert made.cache.settings["every"] == 10**9


def test_a_method_of_others_counts_what_it_likes(tmp_path: Path) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text(PLUGIN)
    words = [f"cache={plugin}:Mine", "cache.budget_bytes=5000000000"]
    assert compose("generate", "maze_demo", words).cache.settings["budget_bytes"] == 5_000_000_000
    with pytest.raises(ConfigError, match="steps must be <= 10000"):
        compose("generate", "maze_demo", [*words, "steps=1000000"])


@pytest.mark.parametrize("digits", [30, 5000, 30_000])
def test_a_number_of_any_length_is_told_with_its_key(digits: int) -> None:
    with pytest.raises(ConfigError, match="number of 'steps' is too large"):
        compose("generate", "maze_demo", [f"steps={'1' * digits}"])


def test_lines_of_a_batch_are_held_to_it(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"prompt": "a", "frames": 1000000001}\n')
    with pytest.raises(DataError, match=r"p\.jsonl:1: frames must be <= 100000"):
        clips_of(GenerateSettings(prompts=str(path)), 1)


def test_arrays_that_no_memory_holds_are_refused() -> None:
    with pytest.raises(ConfigError, match="candidates=1000000 of dim=100000"):
        compose("bench select-frames", "default", ["selectors.candidates=1000000", "selectors.dim=100000"])
