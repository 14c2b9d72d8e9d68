"""Names that stand twice are refused by file and line."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from stopwatch import quick

from vidkit.config.compose import compose
from vidkit.errors import ConfigError, DataError
from vidkit.evaluation.task import load_task
from vidkit.frames.relevance import scores
from vidkit.utils.strict_yaml import load_yaml


def test_a_key_that_stands_twice_is_refused_at_any_depth() -> None:
    assert load_yaml("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n", "t") == {"a": {"b": 1}, "c": {"b": 1, "d": 2}}
    with pytest.raises(ConfigError, match=r"t\.yaml line 4: duplicate key 'b', first on line 2"):
        load_yaml("a:\n  b: 1\n  c: 2\n  b: 3\n", "t.yaml")


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(20)
)
ODD = {
    "bomb": (BOMB, "its aliases stand for more than 100,000 values"),
    "endless": ("a: &a [*a]\n", "its aliases stand for more than 100,000 values"),
    "deep": ("[" * 1500, "nested too deep"),
    "integer": ("a: " + "9" * 5000, "Exceeds the limit"),
    "date": ("a: 2024-13-45", "month must be in"),
}


@pytest.mark.parametrize("name", ODD)
def test_yaml_that_no_config_holds_is_refused_at_once(name: str) -> None:
    text, message = ODD[name]

    def load() -> None:
        with pytest.raises(ConfigError, match=message):
            load_yaml(text, "t.yaml")

    quick(load, 3.0)  # an alias written out would take years


@pytest.mark.parametrize("text", ["a: *b", "a: [", "\x00", "!!python/object:os.system x"])
def test_what_is_no_yaml_says_so(text: str) -> None:
    with pytest.raises((yaml.YAMLError, ConfigError)):
        load_yaml(text, "t.yaml")


@pytest.mark.parametrize("where", ["entry", "folder"])
def test_a_config_whose_aliases_grow_is_refused_before_it_is_composed(where: str, tmp_path: Path) -> None:
    folder = tmp_path / "generate"
    folder.mkdir()
    mine = folder / "mine.yaml"
    mine.write_text(
        "# @package _global_\ndefaults: [/generate_schema, _self_]\n" + (BOMB if where == "entry" else "")
    )
    (folder / "other.yaml").write_text(BOMB)

    def composed() -> None:
        with pytest.raises(ConfigError, match="its aliases stand for more than 100,000 values"):
            compose("generate", str(mine), config_dir=tmp_path if where == "folder" else None)

    quick(composed, 5.0)


def test_a_task_file_with_a_key_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("name: t\nanswer: a\nanswer: b\n")
    with pytest.raises(ConfigError, match=r"t\.yaml line 3: duplicate key 'answer'"):
        load_task(str(tmp_path / "t.yaml"), [])


def test_relevance_scores_with_a_key_twice_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text('{"scores": [1],\n"scores": [2]}')
    with pytest.raises(DataError, match=r"s\.json line 2: duplicate key 'scores'"):
        scores._read(path)
    path.write_text('{"scores": [1, 2]}')
    assert np.array_equal(scores._read(path), [1, 2])
