"""`vidkit eval` as a user runs it: tables, JSON, page, comparison, and bad input word by word."""

import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli.main import run

Rows = list[dict[str, Any]]
Write = Callable[[str, object], str]
LETTERS = "ABCDEFGH"


def question(video: int, k: int, **more: Any) -> dict[str, Any]:
    return {
        "video_id": f"{video:03d}",
        "question_id": f"{video:03d}-{k}",
        "group_type": "relevance",
        "group_structure": "None",
        "level": k % 3 + 1,
        "second_head": "Order",
        "third_head": "Order / first",
        "question": "what happens first?",
        "options": "\n".join(f"{c}. event {c.lower() * 2}" for c in LETTERS),
        "answer": LETTERS[(video + k) % 8],
        **more,
    }


def data_rows(videos: int = 3) -> Rows:
    return [question(video, k) for video in range(1, videos + 1) for k in range(1, 5)]


def replies(rows: Rows, wrong: int = 5) -> Rows:
    return [
        {
            "question_id": row["question_id"],
            "prediction": f"Final Answer: {row['answer'] if i % wrong else 'A'}",
        }
        for i, row in enumerate(rows)
    ]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a file of rows in the format of its name; texts and bytes as they are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIDKIT_DEBUG", raising=False)

    def writer(name: str, content: object) -> str:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content)
        elif path.suffix == ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in content))  # type: ignore[attr-defined]
        elif path.suffix == ".tsv":
            _write_tsv(path, content)  # type: ignore[arg-type]
        elif path.suffix == ".parquet":
            _write_parquet(path, content)  # type: ignore[arg-type]
        else:
            path.write_text(json.dumps(content))
        return str(path)

    return writer


def _write_tsv(path: Path, rows: Rows) -> None:
    import csv

    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter="\t")
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(path: Path, rows: Rows) -> None:
    arrow = pytest.importorskip("pyarrow", reason="parquet needs the extra 'eval'")
    parquet = pytest.importorskip("pyarrow.parquet", reason="parquet needs the extra 'eval'")
    parquet.write_table(arrow.Table.from_pylist(rows), path)


def scored(write: Write, data: str, predictions: str, *more: str) -> dict[str, Any]:
    assert run(["eval", "video-mme-v2", "--data", data, "-p", predictions, "--json", "out.json", *more]) == 0
    result: dict[str, Any] = json.loads(Path("out.json").read_text())
    return result


@pytest.mark.parametrize("name", ["d.json", "d.jsonl", "d.tsv", "d.parquet"])
def test_every_format_gives_the_same_scores(name: str, write: Write) -> None:
    rows = data_rows()
    result = scored(write, write(name, rows), write("p.jsonl", replies(rows)), "resamples=50")
    assert result["avg_acc"] == pytest.approx(75) and result["counts"]["answered"] == 12
    assert result["data"]["file"] == name and len(result["data"]["sha256"]) == 64


def test_every_item_keeps_its_letter_and_the_rule_that_read_it(write: Write) -> None:
    rows = data_rows()
    result = scored(write, write("d.json", rows), write("p.jsonl", replies(rows)), "resamples=20")
    assert len(result["items"]) == 12 and len(result["groups"]) == 3
    assert result["items"][1] == {
        "id": "001-2",
        "letter": "D",
        "rule": "declaration",
        "gold": "D",
        "score": 1,
    }
    assert result["groups"][0]["score"] == 56.25


def test_integer_ids_in_predictions_are_the_same_questions(write: Write) -> None:
    rows = data_rows()
    loose = [{"id": row["question_id"].lstrip("0"), "response": row["prediction"]} for row in replies(rows)]
    data = write("d.json", [{**row, "video_id": int(row["video_id"])} for row in rows])
    assert scored(write, data, write("p.jsonl", loose), "resamples=50")["avg_acc"] == pytest.approx(75)


def test_rows_that_carry_their_predictions_need_no_second_file(write: Write) -> None:
    rows = [{**row, "prediction": row["answer"]} for row in data_rows()]
    assert run(["eval", "video-mme-v2", "--data", write("d.json", rows), "--json", "out.json"]) == 0
    assert json.loads(Path("out.json").read_text())["non_lin"] == 100


def test_tables_on_the_terminal(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    rows = data_rows()
    scored(write, write("d.json", rows), write("p.jsonl", replies(rows)), "resamples=50")
    shown = capsys.readouterr().out
    for words in (
        "Non-Lin",
        "chance",
        "By second-level head",
        "Accuracy by place in the group",
        "declaration",
    ):
        assert words in shown
    assert re.search(r"unparsed / refused / missing │ +0 / 0 / 0", shown)


def test_json_on_standard_output_is_json_alone(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    rows = data_rows()
    words = [
        "--data",
        write("d.json", rows),
        "-p",
        write("p.jsonl", replies(rows)),
        "--json",
        "-",
        "resamples=20",
    ]
    assert run(["eval", "video-mme-v2", *words]) == 0
    assert json.loads(capsys.readouterr().out)["benchmark"] == "video-mme-v2"


def test_official_mode_stores_both_and_the_number_of_items_that_differ(write: Write) -> None:
    rows = data_rows()
    said = replies(rows)
    said[1]["prediction"] = "Based on the video, the answer is " + rows[1]["answer"]
    result = scored(
        write, write("d.json", rows), write("p.jsonl", said), "--mode", "official", "resamples=20"
    )
    assert result["mode"] == "official" and result["differing_items"] == 1
    assert result["modes"]["robust"]["avg_acc"] > result["modes"]["official"]["avg_acc"] == result["avg_acc"]


def test_page_is_one_file_that_opens_offline(write: Write) -> None:
    pytest.importorskip("matplotlib", reason="the page needs the extra 'eval'")
    rows = data_rows()
    rows[3]["second_head"] = "<script>alert(1)</script>"
    rows[7]["second_head"] = r"$\frac{$"
    scored(write, write("d.json", rows), write("p.jsonl", replies(rows)), "--html", "r.html", "resamples=50")
    page = Path("r.html").read_text()
    assert page.count("<svg") >= 4 and "Gemini-3-Pro" in page and "As reported by the authors" in page
    assert "<script" not in page and "&lt;script&gt;" in page
    links = [link for link in re.findall(r"(?:src|href)=\"([^\"]+)\"", page) if not link.startswith("#")]
    assert links == [], "the page must not load anything"


def test_compare_shows_paired_intervals_and_both_budgets(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = data_rows(12)
    a, b = write("a.jsonl", replies(rows, 3)), write("b.jsonl", replies(rows, 7))
    words = ["--data", write("d.json", rows), "--compare", a, b, "--json", "out.json", "resamples=500"]
    assert run(["eval", "video-mme-v2", *words]) == 0
    result = json.loads(Path("out.json").read_text())
    entry = result["metrics"]["avg_acc"]
    low, high = entry["interval"]
    assert (
        entry["difference"] == pytest.approx(entry["a"] - entry["b"])
        and low <= entry["difference"] <= high < 0
    )
    assert result["disagreements"]["avg_acc"]["only_b"] > result["disagreements"]["avg_acc"]["only_a"]
    assert "frames" in capsys.readouterr().out


def test_compare_warns_of_different_budgets(write: Write, tmp_path: Path) -> None:
    rows = data_rows(6)
    files = []
    for name, count, wrong in (("a", 64, 3), ("b", 512, 4)):
        (tmp_path / name).mkdir()
        manifest = {
            "model": {"model": name},
            "budget": {"method": "uniform", "count": count},
            "prompt": {"subtitles": "none"},
        }
        write(f"{name}/manifest.json", manifest)
        files.append(write(f"{name}/p.jsonl", replies(rows, wrong)))
    words = ["--data", write("d.json", rows), "--compare", *files, "--json", "out.json", "resamples=20"]
    assert run(["eval", "video-mme-v2", *words]) == 0
    result = json.loads(Path("out.json").read_text())
    assert result["warnings"][-1] == "A and B differ in frames: 64 and 512"
    assert result["runs"]["A"]["budget"] == "64" and result["tables"][0]["columns"][3] == "frames"


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


def test_samples_logged_by_lmms_eval_are_predictions(write: Write) -> None:
    rows = data_rows()
    logged = [
        {"doc_id": i, "doc": row, "target": row["answer"], "filtered_resps": [f"Answer: {row['answer']}"]}
        for i, row in enumerate(rows)
    ]
    assert scored(write, write("d.json", rows), write("s.jsonl", logged), "resamples=20")["avg_acc"] == 100


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


def test_social_omni_joins_both_levels_and_judges(write: Write) -> None:
    options = [
        'A. The host said "go"',
        'B. The host said "no"',
        'C. The boy said "go"',
        'D. The boy said "no"',
    ]
    who = {
        "id": 1,
        "video_path": "1.mp4",
        "question": "who?",
        "options": options,
        "correct_answer": "C",
        "asr_content": "",
        "metadata": {"consistency": "consistent"},
    }
    when = {
        "video_id": "s0",
        "video_file": "s0.mp4",
        "full_asr": "",
        "question_1": {"question": "now?", "timestamp": "00:05:00", "correct_answer": "A"},
        "question_2": {"question": "what?", "answer": "Fine."},
    }
    said = [
        {"id": "l1/1", "prediction": "C"},
        {"id": "l2/s0/q1", "prediction": "YES"},
        {"id": "l2/s0/q2", "prediction": "Good."},
        {"id": "judge/s0/one", "prediction": "Score: 75"},
    ]
    words = ["--data", write("d.json", [who, when]), "-p", write("p.jsonl", said), "--json", "out.json"]
    assert run(["eval", "social-omni", *words, "resamples=20"]) == 0
    result = json.loads(Path("out.json").read_text())
    assert (
        result["who"]["accuracy"] == 100 and result["when"]["accuracy"] == 100 and result["how"]["how"] == 75
    )


def test_social_omni_reads_the_folder_of_the_benchmark(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    who = {
        "id": 1,
        "options": ["A. x", "B. y", "C. z", "D. w"],
        "correct_answer": "C",
        "metadata": {"consistency": "consistent"},
    }
    when = {"video_id": "s0", "question_1": {"timestamp": "00:05:00", "correct_answer": "B"}}
    for name, content in (("level_1/dataset.json", [who]), ("level_2/annotations.json", {"data": [when]})):
        (tmp_path / "omni" / name).parent.mkdir(parents=True)
        write(f"omni/{name}", content)
    said = write("p.jsonl", [{"id": "l1/1", "prediction": "C"}, {"id": "l2/s0/q1", "prediction": "NO"}])
    words = ["eval", "social-omni", "-p", said, "--json", "out.json", "resamples=20", "--data"]
    assert run([*words, str(tmp_path / "omni")]) == 0
    result = json.loads(Path("out.json").read_text())
    assert result["who"]["accuracy"] == 100 and result["when"]["accuracy"] == 100
    assert result["data"]["file"] == "dataset.json + annotations.json"
    assert run([*words, str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: no data of social-omni in the folder")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "from vidkit.cli.main import run; assert run(['eval', '--help']) == 0\n"
        "import sys; heavy = {'torch', 'numpy', 'rich', 'hydra', 'yaml', 'vidkit.evaluation'}\n"
        "print('LOADED', *sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED"


def test_scoring_imports_no_torch(write: Write) -> None:
    rows = data_rows()
    words = [
        "eval",
        "video-mme-v2",
        "--data",
        write("d.json", rows),
        "-p",
        write("p.jsonl", replies(rows)),
        "resamples=20",
    ]
    code = (
        f"from vidkit.cli.main import run; assert run({words!r}) == 0\n"
        "import sys; heavy = {'torch', 'transformers', 'diffusers', 'matplotlib'}\n"
        "print('LOADED', *sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED"
