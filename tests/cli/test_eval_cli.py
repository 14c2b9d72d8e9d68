"""`vidkit eval` as a user runs it: tables, JSON, page and comparison."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from eval_files import Write, data_rows, replies, scored, writer_in

from vidkit.cli.main import run


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIDKIT_DEBUG", raising=False)
    return writer_in(tmp_path)


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


def test_samples_logged_by_lmms_eval_are_predictions(write: Write) -> None:
    rows = data_rows()
    logged = [
        {"doc_id": i, "doc": row, "target": row["answer"], "filtered_resps": [f"Answer: {row['answer']}"]}
        for i, row in enumerate(rows)
    ]
    assert scored(write, write("d.json", rows), write("s.jsonl", logged), "resamples=20")["avg_acc"] == 100


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
