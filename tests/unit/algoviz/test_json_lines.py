"""Traces in JSON lines: read line by line, written, and their errors with the number of the line."""

import json

import algoviz_traces as made
import pytest

import vidkit.algoviz as algoviz
from vidkit.algoviz.vta.limits import Limits
from vidkit.algoviz.vta.trace import load
from vidkit.cli.main import run
from vidkit.errors import DataError

RAW = made.bubble_sort([3, 1, 2])
HEAD = {name: value for name, value in RAW.items() if name != "deltas"}


@pytest.fixture
def file(tmp_path):
    def write(*values):
        path = tmp_path / "t.jsonl"
        path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in values))
        return path

    return write


def test_lines_are_the_same_trace(file):
    trace = load(file(HEAD, "", *RAW["deltas"]))
    assert trace.hash() == algoviz.trace_of(RAW).hash()


def test_traces_are_written_as_lines_and_read_again(tmp_path, capsys):
    json_file, lines = tmp_path / "a.json", tmp_path / "b.jsonl"
    json_file.write_text(json.dumps(RAW))
    assert run(["algoviz", "lower", str(json_file), "-o", str(lines)]) == 0
    assert len(lines.read_text().splitlines()) == len(RAW["deltas"]) + 1
    assert run(["algoviz", "validate", str(lines)]) == 0


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((HEAD, {"operations": []}, '{"operations": [}'), r"t\.jsonl:3:17: expecting value"),
        ((HEAD, {"operations": []}, "[1]"), r"t\.jsonl:3: a list, not an object"),
        (
            (HEAD, {"operations": []}, {"operations": 5}),
            r"t\.jsonl:3: /?operations: input should be a list",
        ),
        ((HEAD, '{"operations": [], "operations": []}'), "V110.*line 2: duplicate key 'operations'"),
        (({"operations": []},), r"t\.jsonl:1: no initial_frame"),
        (("",), "the file is empty"),
        (
            (HEAD, '{"operations": [[{"op": "showComment", "params": {"text": "a", "x": NaN}}]]}'),
            r"t\.jsonl:2: ",
        ),
    ],
)
def test_errors_name_the_line(file, values, told):
    with pytest.raises(DataError, match=told):
        load(file(*values))


def test_what_is_read_is_limited(file):
    path = file(HEAD, *[{"operations": []}] * 5)
    with pytest.raises(DataError, match=r"t\.jsonl:5: more than 3 steps"):
        load(path, limits=Limits(steps=3))
    with pytest.raises(DataError, match="more than 40 bytes"):
        load(path, limits=Limits(bytes=40))


def test_missing_file_is_told(tmp_path):
    with pytest.raises(DataError, match="no file"):
        load(tmp_path / "none.jsonl")


def test_a_line_torn_in_the_middle_is_not_called_the_end_of_the_file(file):
    torn = json.dumps(RAW["deltas"][0])[:14]
    with pytest.raises(DataError) as error:
        load(file(HEAD, torn, *RAW["deltas"]))
    assert ":2:" in error.value.message and "file ends early" not in error.value.hint
