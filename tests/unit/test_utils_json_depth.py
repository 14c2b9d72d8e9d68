"""Readers of JSON refuse what nests deeper than they can follow, with every Python."""

import json
from collections.abc import Callable

import pytest

from vidkit.evaluation.answers.fields import _content, _spoken
from vidkit.utils.json_depth import DEEPEST, loads
from vidkit.utils.strict_json import load_json

SHAPES: dict[str, Callable[[int], str]] = {
    "lists": lambda depth: "[" * depth + "]" * depth,
    "objects": lambda depth: '{"answer":' * (depth - 1) + "{}" + "}" * (depth - 1),
    "both": lambda depth: '[{"a":' * (depth // 2) + "1" + "}]" * (depth // 2),
}
BROAD = json.dumps([{"a": [[]]}] * 5000)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_deepest_level_is_the_same_everywhere(shape: str) -> None:
    assert loads(SHAPES[shape](DEEPEST)) == json.loads(SHAPES[shape](DEEPEST))
    for depth in (DEEPEST + 2, 800, 5000, 200_000):
        with pytest.raises(RecursionError):
            loads(SHAPES[shape](depth))
        with pytest.raises(RecursionError):
            loads(SHAPES[shape](depth).encode())


def test_many_brackets_beside_each_other_are_not_deep() -> None:
    assert loads(BROAD) == load_json(BROAD, "a.json") == json.loads(BROAD)
    assert loads('["' + "[" * 1000 + '"]') == ["[" * 1000]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("depth", [DEEPEST + 2, 5000])
def test_files_nested_too_deep_are_named_so(shape: str, depth: int) -> None:
    with pytest.raises(json.JSONDecodeError, match="nested too deep"):
        load_json(SHAPES[shape](depth), "a.json")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_reply_of_any_depth_is_read_or_passed_over(shape: str) -> None:
    for depth in (2, 50, DEEPEST, 500, 900, 5000, 20_000):
        _spoken(_content(SHAPES[shape](depth)))
