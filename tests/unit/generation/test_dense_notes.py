"""Settings of masks that were given though attention is dense."""

from __future__ import annotations

import pytest

from vidkit.config.compose import compose
from vidkit.generation.policies import Policies
from vidkit.generation.resolve import resolve


def notes(config: str, *words: str) -> list[str]:
    run = resolve(compose("generate", config, words), draw=False)
    return Policies.of(run).check(run)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["attention=dense", "attention.compensate=true"], "attention.compensate"),
        (["attention.tau=0.3", "attention.reuse=freeze"], "attention.tau, attention.reuse"),
        (["attention.executor=gather"], "attention.executor"),
    ],
    ids=str,
)
def test_settings_of_masks_are_said_to_have_no_effect(words: list[str], named: str) -> None:
    assert notes("maze_demo", *words) == [f"{named} without effect: attention=dense has no masks"]


@pytest.mark.parametrize("config", ["maze_demo", "wan1_3b_480p", "skyreels_df_1_3b_540p"])
def test_a_shipped_config_gives_no_such_note(config: str) -> None:
    assert notes(config, "model.weights=random") == []


def test_masks_use_them() -> None:
    words = ["attention=xattention", "attention.tau=0.3", "attention.compensate=true"]
    assert notes("maze_demo", *words) == []
