"""Only readable errors leave a reader, whatever the file holds: a slice of scripts/fuzz_readers.py."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from stopwatch import too_long

from scripts import foreign_readers, fuzz_readers
from scripts.fuzz_readers import Reader
from vidkit.errors import DataError, VidkitError
from vidkit.evaluation.rows import read_rows
from vidkit.frames.relevance.scores import read_scores
from vidkit.utils.strict_json import load_json

ROOT = Path(__file__).resolve().parents[2]
PER_READER = 12


@pytest.fixture(scope="module")
def readers() -> list[Reader]:
    return foreign_readers.readers()


def test_the_good_files_are_read(readers: list[Reader], tmp_path: Path) -> None:
    ends = {
        f"{reader.name} {number}": fuzz_readers.attempt(reader, seed, tmp_path / reader.name / str(number))[0]
        for reader in readers
        for number, seed in enumerate(reader.seeds)
    }
    assert {name: end for name, end in ends.items() if end != "read"} == {}


def test_broken_files_are_read_or_refused_and_nothing_else(readers: list[Reader]) -> None:
    wrong, ends = [], []

    def each(reader: Reader, ended: str, seconds: float, data: bytes) -> None:
        ends.append(ended)
        if ended.startswith("FAILED") or too_long(seconds, fuzz_readers.SLOWEST_S):
            wrong.append((reader.name, ended, seconds, data[:300]))

    fuzz_readers.run(readers, 0, 0, PER_READER, float("inf"), each)
    assert wrong == []
    assert len(ends) == PER_READER * len(readers)
    assert min(ends.count("read"), ends.count("refused")) > len(readers)


def npy(shape: str, data: bytes = b"\0" * 64) -> bytes:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + data


@pytest.mark.parametrize(
    "data",
    [
        npy("(10000000000000,)"),
        npy("(8"),
        npy("(-8,)"),
        npy("'x' * 9"),
        npy("(" * 100),
        b"\x93NUMPY",
        b"\x93NUMPY\x09\x00\xff\xff",
        b"",
        b"PK\x03\x04 not an archive",
    ],
    ids=["huge", "open", "negative", "expression", "deep", "cut", "version", "empty", "zip"],
)
def test_a_header_of_npy_that_lies_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "s.npy"
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"s\.npy' holds no scores"):
        read_scores(path, np.arange(8.0))


@pytest.mark.parametrize(
    ("text", "reason"),
    [("9" * 5000, "a whole number with too many digits"), ('{"a":\n' + "[" * 200_000, "nested too deep")],
    ids=["digits", "deep"],
)
def test_json_that_python_cannot_hold_is_not_json_and_has_a_line(text: str, reason: str) -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        load_json(text, "x.json")
    assert caught.value.msg == reason
    assert caught.value.lineno == (2 if "deep" in reason else 1)


def test_a_workbook_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * (1 << 20))
    data = bytearray(made.getvalue())
    size = (1 << 20).to_bytes(4, "little")
    while (at := data.find(size)) >= 0:  # the sizes that the archive's headers state
        data[at : at + 4] = (3 << 30).to_bytes(4, "little")
    path = tmp_path / "r.xlsx"
    path.write_bytes(data)
    with pytest.raises(DataError, match="unpacks to 3072 MiB"):
        list(read_rows(path))


def test_files_of_others_are_read_by_the_one_reader_of_json() -> None:
    """`json.loads` raises three kinds of errors for one cause; `load_json` raises one."""
    own = {"utils/ownership.py"}  # what fails there is only "not ours"
    found = {
        str(file.relative_to(ROOT / "vidkit"))
        for file in sorted((ROOT / "vidkit").rglob("*.py"))
        if re.search(r"json\.loads?\(.*\.read(_text|_bytes)?\(", file.read_text(encoding="utf-8"))
    }
    assert found == own


def read(name: str, readers: list[Reader]) -> Callable[[Path], object]:
    return next(reader.read for reader in readers if reader.name == name)


def result(robust: bytes) -> bytes:
    """A result of vr-bench with one attempt."""
    row = b'{"level": "a", "robust": ' + robust + b"}"
    return b'{"benchmark": "vr-bench", "items": [' + row + b"]}"


def header(tensors: object) -> bytes:
    """A file of safetensors without weights."""
    text = json.dumps(tensors).encode()
    return len(text).to_bytes(8, "little") + text


@pytest.mark.parametrize(
    ("name", "file", "data"),
    [
        ("threshold table", "t.json", b"[" * 5000),
        ("judges", "panel.json", b'{"j": '),
        ("bench record", "b.json", b"7"),
        ("keyframes", "k.json", b'[{"doc_id": 1, "keyframe_indices": [1e999]}]'),
        ("gate", "gate.json", b"9" * 5000),
        ("table of vr-bench", "evaluation_results.json", b'{"summary": {}, "results": [7]}'),
        ("results to compare", "a.json", result(b'{"success": {}}')),
        ("results to compare", "a.json", result(b'{"success": 1, "pr": "0.5"}')),
        ("results to compare", "a.json", result(b'{"success": 1' + b"0" * 400 + b"}")),
        ("results to compare", "a.json", result(b'{"success": 1}, "official": 7')),
        ("checkpoint safetensors", "c.safetensors", header({"a": {"data_offsets": [0, 0]}})),
        ("checkpoint safetensors", "c.safetensors", header({"a": [1]})),
        ("checkpoint pt", "c.pt", b"nothing of torch"),
        ("velocities", "v.json", b'{"velocities": {"levels": 7, "products": []}}'),
    ],
)
def test_what_was_called_a_bug_of_ours_names_the_file(
    name: str, file: str, data: bytes, readers: list[Reader], tmp_path: Path
) -> None:
    path = tmp_path / next(reader.file for reader in readers if reader.name == name)
    path.write_bytes(data)
    with pytest.raises(VidkitError, match=path.name):
        read(name, readers)(path)


def test_log_probabilities_that_no_float_holds_are_none(readers: list[Reader], tmp_path: Path) -> None:
    token = {"text": "A", "logprob": -(10**400), "top": []}
    path = tmp_path / "p.jsonl"
    path.write_text(json.dumps({"id": "a", "response": "A", "meta": {"tokens": [token]}}) + "\n")
    assert read("tokens of a log", readers)(path) == [None]
