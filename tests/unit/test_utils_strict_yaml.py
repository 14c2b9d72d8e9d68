"""Names that stand twice are refused by file and line."""

from pathlib import Path

import numpy as np
import pytest

from vidkit.errors import ConfigError, DataError
from vidkit.evaluation.task import load_task
from vidkit.frames.relevance import scores
from vidkit.utils.strict_yaml import load_yaml


def test_a_key_that_stands_twice_is_refused_at_any_depth() -> None:
    assert load_yaml("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n", "t") == {"a": {"b": 1}, "c": {"b": 1, "d": 2}}
    with pytest.raises(ConfigError, match=r"t\.yaml line 4: duplicate key 'b', first on line 2"):
        load_yaml("a:\n  b: 1\n  c: 2\n  b: 3\n", "t.yaml")


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
