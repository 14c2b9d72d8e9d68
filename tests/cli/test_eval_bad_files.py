"""`vidkit eval` on files and words that it cannot use: what is wrong, with file and line, word by word."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from eval_files import Rows, Write, data_rows, replies, scored, writer_in

from vidkit.cli.main import run


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIDKIT_DEBUG", raising=False)
    return writer_in(tmp_path)


GOOD = {"question_id": "001-1", "prediction": "A"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.jsonl", [GOOD, {"question_id": "001-2", "prediction": "B"}, GOOD],
         "p.jsonl line 3: duplicate id '001-1', first on line 1"),
        ("p.jsonl", [GOOD, {"question_id": "009-1", "prediction": "B"}],
         "p.jsonl line 2: unknown id '009-1'"),
        ("p.jsonl", [GOOD, {"prediction": "B"}], "p.jsonl line 2: no 'question_id' and no 'id'"),
        ("p.jsonl", '{"question_id": "001-1", "prediction": "A"}\n{"question_id": "001-2", "pred',
         "p.jsonl line 2: not JSON (Unterminated string starting at)"),
        ("p.jsonl", [GOOD, {"question_id": "001-2", "prediction": "B", "answer": "B"}],
         "p.jsonl line 2: predictions carry the gold column 'answer'"),
        ("p.jsonl", '{"question_id": "001-1", "prediction": "A", "latency_s": NaN}\n',
         "p.jsonl line 1: 'latency_s' is nan, not a finite number"),
        ("p.jsonl", "", "p.jsonl has no rows"),
        ("p.jsonl", '{"question_id": "001-1", "prediction": "Gr\xfc\xdfe"}\n'.encode("latin-1"),
         "p.jsonl line 1: not UTF-8 (byte 0xfc at 42)"),
        ("p.jsonl", "[1, 2]\n", "p.jsonl line 1: expected an object, found list"),
        ("p.jsonl", [{"question_id": "001-1", "text": "A"}],
         "p.jsonl line 1: no 'prediction' and no 'response'"),
        ("p.json", '[{"id": "\xfc"}]'.encode("latin-1"), "p.json is not UTF-8: byte 0xfc at offset 9"),
        ("p.docx", "", "cannot read 'p.docx': unknown format 'docx'"),
        ("p.parquet", "not parquet", "p.parquet is not a readable parquet file"),
    ],
    ids=["duplicate", "unknown", "no-id", "bad-json", "gold", "nan", "empty", "encoding", "no-object",
         "no-text", "encoding-json", "format", "parquet"],
)  # fmt: skip
def test_bad_predictions(
    name: str, content: object, message: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow", reason="parquet needs the extra 'eval'")
    status = run(["eval", "video-mme-v2", "--data", write("d.json", data_rows()), "-p", write(name, content)])
    error = capsys.readouterr().err.splitlines()
    assert status == 2 and error[0].startswith(f"error: {message}") and error[1].startswith("hint: ")
    assert len(error) == 2
    if name != "p.parquet":
        assert error[0] == f"error: {message}"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda rows: rows.pop(), "video '003' has 3 questions, not 4: 003-1, 003-2, 003-3"),
        (
            lambda rows: [r.update(group_type="logic", group_structure="[1, 3]") for r in rows[:4]],
            "video '001': unknown group_structure '[1, 3]'",
        ),
        (
            lambda rows: rows[5].update(question_id="001-1"),
            "d.json line 6: duplicate id '001-1', first on line 1",
        ),
        (lambda rows: rows[1].pop("level"), "d.json line 2: no column 'level'"),
        (lambda rows: rows[1].update(question_id=None), "d.json line 2: empty id"),
        (lambda rows: rows[2].update(level=math.nan), "d.json line 3: 'level' is nan, not a finite number"),
        (lambda rows: rows[2].update(answer="Z"), "row 3 (001-3): answer 'Z' is not one of A-H"),
        (lambda rows: rows.clear(), "d.json has no rows"),
    ],
    ids=["group-size", "structure", "duplicate", "column", "id", "nan", "gold", "empty"],
)
def test_bad_data(
    spoil: Callable[[Rows], object], message: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    said = write("p.jsonl", [GOOD])
    rows = data_rows()
    spoil(rows)
    assert run(["eval", "video-mme-v2", "--data", write("d.json", rows), "-p", said]) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"error: {message}"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("d.json", '[{"a": 1},\n{"b"', "d.json line 2: not JSON (Expecting ':' delimiter)"),
        ("d.json", '{"a": 1}', "d.json: expected a list of rows, found dict"),
        ("d.tsv", "", "d.tsv has no rows"),
        ("d.tsv", "a\tb\n1\t2\n", "d.tsv line 2: no column 'video_id'"),
    ],
)
def test_broken_data_files(
    name: str, content: str, message: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["eval", "video-mme-v2", "--data", write(name, content)]) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"error: {message}"


def test_ragged_tsv(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    header = "video_id\tquestion_id\tgroup_type\tgroup_structure\tanswer\tlevel\n"
    assert run(["eval", "video-mme-v2", "--data", write("d.tsv", header + "1\t1-1\trelevance\n")]) == 2
    assert capsys.readouterr().err.startswith("error: d.tsv line 2: 3 cells, the header 6\n")


def test_missing_predictions_are_wrong_and_named_and_stop_with_strict(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = data_rows()
    data, said = (
        write("d.json", rows),
        write("p.jsonl", [r for r in replies(rows, 100) if r["question_id"] != "002-3"][1:]),
    )
    result = scored(write, data, said, "resamples=20")
    assert result["avg_acc"] == pytest.approx(100 * 10 / 12) and result["counts"]["missing_ids"] == [
        "001-1",
        "002-3",
    ]
    assert (
        "warning: 2 of 12 questions have no prediction and count as wrong: 001-1, 002-3"
        in capsys.readouterr().out
    )
    assert run(["eval", "video-mme-v2", "--data", data, "-p", said, "--strict"]) == 2
    assert (
        capsys.readouterr().err.splitlines()[0]
        == "error: p.jsonl: 2 of 12 predictions are missing: 001-1, 002-3"
    )


def test_a_later_line_may_follow_a_failed_call_only(write: Write) -> None:
    rows = data_rows()
    failed = {"id": "001-1", "response": None, "error": "timeout"}
    said = write("p.jsonl", [failed, failed, *replies(rows, 100)])
    assert scored(write, write("d.json", rows), said, "resamples=20")["counts"]["answered"] == 12


def test_predictions_of_another_benchmark_are_refused(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"id": "l1/1", "prediction": "A"}]
    assert (
        run(["eval", "video-mme-v2", "--data", write("d.json", data_rows()), "-p", write("p.jsonl", rows)])
        == 2
    )
    assert capsys.readouterr().err.startswith("error: p.jsonl line 1: unknown id 'l1/1'\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no task was given"),
        (["video-mme-v3", "--data", "d.json"], "no task 'video-mme-v3'"),
        (["video-mme-v2"], "no data was given"),
        (["video-mme-v2", "--data", "nowhere.json"], "no file 'nowhere.json'"),
        (["video-mme-v2", "--data", "d.json"],
         "d.json has no column 'prediction' and no predictions were given"),
        (["video-mme-v2", "--data", "d.json", "-p", "d.json", "--model", "m"],
         "predictions and model cannot be used together"),
        (["video-mme-v2", "--data", "d.json", "--mode", "fair"], "unknown choice 'fair' for 'mode'"),
        (["mlvu", "--data", "d.json"], "d.json line 1: no column 'question_type'"),
        (["video-mme-v2", "--data", "d.json", "--compare", "p.jsonl", "p.jsonl"],
         "A and B are the same predictions"),
        (["video-mme-v2", "--data", "d.json", "resamples=0"], "resamples must be >= 1, got 0"),
        (["video-mme-v2", "--data", "d.json", "-p", "p.jsonl", "--html", "no/r.html"],
         "output folder 'no' does not exist"),
    ],
    ids=["task", "near-task", "data", "file", "no-replies", "both", "mode", "columns", "same", "resamples",
         "html"],
)  # fmt: skip
def test_mistakes_on_the_command_line(
    words: list[str], message: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = data_rows()
    write("d.json", rows)
    write("p.jsonl", replies(rows))
    assert run(["eval", *words]) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"error: {message}"
