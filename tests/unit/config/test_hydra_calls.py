"""Settings composed without Hydra's own node are those of Hydra's public way, and so are its errors."""

from pathlib import Path

import pytest
from hydra import compose as whole_compose

from vidkit.cli.bench import BENCHMARKS
from vidkit.config import hydra_calls
from vidkit.config.catalog import config_names
from vidkit.config.compose import compose
from vidkit.errors import ConfigError

HEADER = "# @package _global_\n"


@pytest.fixture
def publicly(monkeypatch: pytest.MonkeyPatch):
    """Composes by Hydra's public way alone."""

    def composed(*asked, **more):
        with monkeypatch.context() as patch:
            patch.setattr(hydra_calls, "_without_its_own", lambda short, whole: whole())
            return compose(*asked, **more)

    return composed


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the configs for which the public way was taken."""
    taken: list[str] = []
    monkeypatch.setattr(
        hydra_calls, "whole_compose", lambda name, words: taken.append(name) or whole_compose(name, words)
    )
    return taken


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("generate", ["steps=3", "attention=haste_xattention", "++maze.size=5", "attention.tau=0.8"]),
        ("eval", ["task=pope", "engine=speculative"]),
        ("select-frames", ["k=9", "method=wfs-sb"]),
        *((f"bench {name}", []) for name in BENCHMARKS),
    ],
)
def test_settings_are_those_of_the_public_way(command: str, words: list[str], publicly, ways) -> None:
    names = config_names(command)
    name = "maze_demo" if "maze_demo" in names else names[-1]
    made = compose(command, name, words)
    assert ways == []  # nothing that ships needs the public way
    assert made == publicly(command, name, words)
    assert ways


def test_a_config_with_words_for_hydra_itself_is_composed(tmp_path: Path, ways) -> None:
    folder = tmp_path / "generate"
    folder.mkdir()
    section = "defaults: [/generate/maze_demo, _self_]\nhydra: {job: {name: mine}}\nsteps: 4\n"
    (folder / "section.yaml").write_text(HEADER + section)
    group = "defaults: [/generate/maze_demo, override /hydra/job_logging: disabled, _self_]\nsteps: 5\n"
    (folder / "group.yaml").write_text(HEADER + group)
    assert compose("generate", "section", config_dir=tmp_path).steps == 4
    assert compose("generate", "group", config_dir=tmp_path).steps == 5
    assert len(ways) == 2


@pytest.mark.parametrize(
    "words",
    [["steps=many"], ["attention=denze"], ["model.nmae=x"], ["steps=[1"], ["cache=teacache", "cache.x=1"]],
)
def test_errors_are_those_of_the_public_way(words: list[str], publicly) -> None:
    with pytest.raises(ConfigError) as ours:
        compose("generate", "maze_demo", words)
    with pytest.raises(ConfigError) as public:
        publicly("generate", "maze_demo", words)
    assert str(ours.value) == str(public.value) and ours.value.hint == public.value.hint


def test_another_release_of_hydra_is_asked_publicly_alone(monkeypatch: pytest.MonkeyPatch, ways) -> None:
    made = compose("generate", "maze_demo", ["cache=teacache", "steps=3"])
    assert ways == []
    monkeypatch.setattr("hydra.__version__", "1.4.0")
    monkeypatch.setattr(hydra_calls, "_defaults", lambda *_: pytest.fail("asked inside"))
    assert compose("generate", "maze_demo", ["cache=teacache", "steps=3"]) == made
    assert ways


def test_what_is_stored_is_not_changed_by_composing() -> None:
    first = compose("generate", "maze_demo", ["steps=3"])
    assert compose("generate", "maze_demo").steps != first.steps
