"""One run loop and one record for all benchmarks."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from vidkit.bench.progress import BenchProgress
from vidkit.bench.record import BenchRecord, content_of, environment
from vidkit.bench.running import Part, run_parts
from vidkit.bench.tables import TextTable
from vidkit.errors import MissingDependency, OutputError

HEAD = ["benchmark", "made_by", "environment", "settings", "inputs", "complete", "parts"]
ENVIRONMENT = {"date", "device", "load_before", "commit", "versions", "seed", "dtype", "threads"}


def record_in(folder: Path) -> BenchRecord:
    return BenchRecord(
        "attention-quality",
        folder,
        ["a.png"],
        made_by="vidkit bench x",
        settings={"seed": 3, "dry_run": False},
        environment=environment(("numpy",), 3),
        inputs={"one": "drawn"},
    )


def parts(*findings: object, fails: BaseException | None = None) -> list[Part]:
    def measure(tell):
        tell("begins")
        yield from findings
        if fails is not None:
            raise fails

    return [Part("one", "arrays", 1.5, measure), Part("two x", "x", 1.0, lambda tell: iter([7]))]


def run(record: BenchRecord, made: list[Part], shown: list[str], finish=lambda: None) -> None:
    record.found = {"rows": []}

    def take(part: Part, finding: object) -> str:
        record.found["rows"].append(finding)
        return f"got {finding}"

    with BenchProgress([(part.name, part.planned_s) for part in made]) as progress:
        run_parts(made, record, progress, take, lambda part: shown.append(part.name), finish)


def test_a_whole_run_has_the_same_head_whatever_it_measures(tmp_path: Path, capsys) -> None:
    shown: list[str] = []
    run(record_in(tmp_path), parts(1, math.inf), shown)
    found = content_of(tmp_path / "attention_quality.json")
    assert list(found) == [*HEAD, "rows"] and set(found["environment"]) == ENVIRONMENT
    assert found["complete"] and found["rows"] == [1, None, 7] and found["settings"] == {"seed": 3}
    assert [(row["part"], row["planned_s"]) for row in found["parts"]] == [("one", 1.5), ("two x", 1.0)]
    assert all(row["taken_s"] >= 0 for row in found["parts"]) and shown == ["one", "two x"]
    told = capsys.readouterr().err
    assert "part 2 of 2" in told and "begins" in told and "got 7" in told
    assert [part.kind for part in parts()] == ["one", "two"]


def test_an_interruption_keeps_what_there_is_and_shows_it(tmp_path: Path) -> None:
    shown: list[str] = []
    finished: list[bool] = []
    with pytest.raises(KeyboardInterrupt):
        run(record_in(tmp_path), parts(1, fails=KeyboardInterrupt()), shown, lambda: finished.append(True))
    found = content_of(tmp_path / "attention_quality.json")
    assert not found["complete"] and found["rows"] == [1] and found["parts"] == []
    assert shown == ["one"] and finished == [True]


def test_a_plot_that_cannot_be_drawn_does_not_cost_the_record(tmp_path: Path) -> None:
    def finish() -> None:
        raise MissingDependency("no matplotlib", "install it")

    run(record_in(tmp_path), parts(1), [], finish)
    assert content_of(tmp_path / "attention_quality.json")["complete"]


def test_plots_of_the_run_before_go_and_files_of_others_stay(tmp_path: Path) -> None:
    run(record_in(tmp_path), parts(1), [], lambda: (tmp_path / "a.png").write_bytes(b"ours") and None)
    assert "a.png" in json.loads((tmp_path / "attention_quality.json").read_text())["files"]
    record_in(tmp_path)
    assert not (tmp_path / "a.png").exists()
    (tmp_path / "a.png").write_bytes(b"theirs")
    with pytest.raises(OutputError, match=r"a\.png' was changed after"):
        record_in(tmp_path)
    assert (tmp_path / "a.png").read_bytes() == b"theirs"


def test_a_table_reads_alike_on_the_terminal_and_in_the_docs(capsys) -> None:
    table = TextTable(("who", "ms", ""), "times [x]", "on arrays")
    table.add("a [bold]", "1.5", "note")
    table.show()
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("times [x]", "on arrays", "a [bold]", "1.5"))
    assert table.markdown().splitlines() == [
        "| who | ms |  |",
        "| --- | ---: | ---: |",
        "| a [bold] | 1.5 | note |",
    ]
    with pytest.raises(ValueError, match="1 cells for 3 columns"):
        table.add("a")


def test_two_runs_never_write_one_record(tmp_path: Path) -> None:
    first = record_in(tmp_path)
    with pytest.raises(OutputError, match="another run of vidkit is writing"):
        record_in(tmp_path)
    first.release()
    run(record_in(tmp_path), parts(1), [])
    run(record_in(tmp_path), parts(2), [])  # one that ended holds nothing
    assert sorted(path.name for path in tmp_path.iterdir()) == ["attention_quality.json"]


def test_an_interrupted_run_holds_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(record_in(tmp_path), parts(1, fails=KeyboardInterrupt()), [])
    record_in(tmp_path).release()
