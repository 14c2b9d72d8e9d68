"""The log of every long job: one holder, damaged lines told once, nothing of others touched."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vidkit.errors import DataError, OutputError
from vidkit.utils.jsonl_log import JsonlLog, read_log

HEADER = {"job": "x", "sizes": (1, 2)}


class Marks:
    """A job that needs a mark of each record."""

    def __init__(self, path: Path, **options) -> None:
        self.rows: dict[str, dict] = {}
        self.places = {}
        self.log = JsonlLog(path, self._take, **options)

    def _take(self, row, place) -> None:
        self.rows[row["mark"]] = row
        self.places[row["mark"]] = place


def filled(path: Path, count: int = 3, **options) -> bytes:
    job = Marks(path, **options)
    for number in range(count):
        job.log.append({"mark": str(number), "text": "zwölf \u2028"})
    job.log.release()
    return path.read_bytes()


@pytest.mark.parametrize("options", [{}, {"header": HEADER}], ids=["plain", "header"])
def test_what_was_stored_comes_back(tmp_path: Path, options) -> None:
    path = tmp_path / "new" / "log.jsonl"
    whole = filled(path, **options)
    job = Marks(path, **options)
    assert list(job.rows) == ["0", "1", "2"] and job.log.end == len(whole)
    assert json.loads(job.log.line(job.places["1"]))["mark"] == "1"
    job.log.release()
    assert path.read_bytes() == whole


@pytest.mark.parametrize("options", [{}, {"header": HEADER}], ids=["plain", "header"])
@pytest.mark.parametrize(
    "bad", [b'{"mark": "1", "te', b"[1]", b"", b"\0\0\0", b'{"other": 1}', b"[" * 100000]
)
def test_a_damaged_line_is_told_once_dropped_and_its_item_done_again(
    tmp_path: Path, options, bad: bytes, caplog
) -> None:
    path = tmp_path / "log.jsonl"
    lines = filled(path, **options).splitlines(keepends=True)
    place = len(lines) - 2  # of record 1
    path.write_bytes(b"".join([*lines[:place], bad + b"\n", lines[-1]]))
    job = Marks(path, **options)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1 and told[0].startswith(f"{path}:{place + 1}: ")
    assert told[0].endswith("dropped, its item will be done again")
    assert list(job.rows) == ["0", "2"]
    assert json.loads(job.log.line(job.places["2"]))["mark"] == "2", "its place is that in the mended file"
    job.log.append(json.loads(lines[place]))
    job.log.release()
    caplog.clear()
    again = Marks(path, **options)
    again.log.release()
    assert set(again.rows) == {"0", "1", "2"} and not caplog.records
    assert sorted(path.read_bytes().splitlines(keepends=True)) == sorted(lines)


@pytest.mark.parametrize("header", [None, HEADER], ids=["plain", "header"])
def test_every_cut_is_survived(tmp_path: Path, header) -> None:
    """A process may die in the middle of any byte."""
    path = tmp_path / "log.jsonl"
    whole = filled(path, 2, header=header)
    ends = [at + 1 for at, byte in enumerate(whole) if byte == 10]
    for cut in sorted({*range(0, len(whole), 5), *ends, *(end - 1 for end in ends)} - {len(whole)}):
        path.write_bytes(whole[:cut])
        job = Marks(path, header=header)
        records = sum(end <= cut for end in ends) - (header is not None)
        assert len(job.rows) == max(0, records), cut
        for number in range(max(0, records), 2):
            job.log.append({"mark": str(number), "text": "zwölf \u2028"})
        job.log.release()
        assert path.read_bytes() == whole, cut


def test_a_second_holder_is_refused_and_a_dead_one_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"mark": "a"}\nnot one\n{"mark": "b"}\n')
    job = Marks(path)  # the file was written anew, and the new one is held
    code = (
        "import sys; from vidkit.utils.jsonl_log import JsonlLog; from vidkit.errors import OutputError\n"
        "try: JsonlLog(sys.argv[1], lambda row, place: None)\n"
        "except OutputError as error: print(error.message); print(error.hint)\n"
        "else: print('held')"
    )
    words = [sys.executable, "-c", code, str(path)]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == [f"another run is writing '{path}'", "wait for it, or choose a folder"]
    job.log.release()
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "held\n"


@pytest.mark.parametrize(
    "content",
    ["my notes, without an end of line", "my notes\n", '{"their": 1}\n{"their": 2}\n', "a,b\n1,2\n"],
)
def test_files_of_others_are_refused_and_stay(tmp_path: Path, content: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(content)
    for header in (None, HEADER):
        with pytest.raises(DataError, match=r"is not a log of this command|belongs to another run"):
            Marks(path, header=header)
        assert path.read_text() == content
    link = tmp_path / "link.jsonl"
    link.symlink_to(path)
    with pytest.raises(OutputError, match="is a symbolic link"):
        Marks(link, anew=True)
    with pytest.raises(OutputError, match="is not an ordinary file"):
        Marks(tmp_path)
    assert path.read_text() == content


def test_another_header_is_refused_with_both_values(tmp_path: Path) -> None:
    whole = filled(tmp_path / "log.jsonl", header=HEADER)
    with pytest.raises(DataError, match=r"belongs to another run \(job: file 'x', now 'y'\)"):
        Marks(tmp_path / "log.jsonl", header={**HEADER, "job": "y"})
    assert (tmp_path / "log.jsonl").read_bytes() == whole
    job = Marks(tmp_path / "log.jsonl", header={**HEADER, "job": "y"}, anew=True)
    assert not job.rows
    job.log.release()
    assert list(read_log(tmp_path / "log.jsonl")) == [{"job": "y", "sizes": [1, 2]}]


def test_results_are_not_thrown_away_for_a_damaged_header(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    whole = filled(path, header=HEADER)
    path.write_bytes(whole[5:])
    with pytest.raises(DataError, match=r"log.jsonl:1: the header is damaged"):
        Marks(path, header=HEADER)
    assert path.read_bytes() == whole[5:]


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_keeps_what_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    job = Marks(tmp_path / "log.jsonl")
    job.log.append({"mark": "a"})
    before = (tmp_path / "log.jsonl").read_bytes()
    real = os.write

    def full(handle: int, data: bytes = b"") -> int:
        if call == "write" and len(data) > 5:
            return real(handle, data[:-5])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, full)
        with pytest.raises(OutputError, match="No space left on device"):
            job.log.append({"mark": "b"})
    assert (tmp_path / "log.jsonl").read_bytes() == before
    job.log.append({"mark": "c"})
    job.log.release()
    assert [row["mark"] for row in read_log(tmp_path / "log.jsonl")] == ["a", "c"]


def test_a_resumed_log_says_so(tmp_path: Path, caplog) -> None:
    filled(tmp_path / "log.jsonl")
    with caplog.at_level("INFO", logger="vidkit"):  # commands of other tests may have raised it
        Marks(tmp_path / "log.jsonl").log.release()
    assert "resumes after 3 records" in caplog.text


def test_a_look_passes_over_damaged_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"mark": "a"}\nno\n[1]\n{"mark": "b"}\n{"mark": "c"}')
    assert [row["mark"] for row in read_log(path)] == ["a", "b"]
    assert list(read_log(tmp_path / "none")) == []
