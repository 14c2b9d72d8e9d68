"""Tasks from YAML: columns, letters, media, prompts, scores, mistakes; and the tutorial of docs/tasks.md."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli.main import run
from vidkit.errors import ConfigError, DataError
from vidkit.evaluation.task import Task, load_task, task_files
from vidkit.evaluation.types import Mode, PartKind, PromptMode

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "configs" / "eval" / "tasks"
PLAIN = PromptMode()


def task(name: str) -> Task:
    return load_task(name, [FOLDER])


def test_the_benchmarks_that_ship() -> None:
    assert set(task_files([FOLDER])) == {
        "video-mme-v2",
        "social-omni",
        "video-mme",
        "longvideobench",
        "mlvu",
        "v-star",
        "hr-bench",
        "pope",
        "vr-bench",
        "v-star-mini",
    }


ROWS: dict[str, dict[str, Any]] = {
    "video-mme": {
        "question_id": "001-1", "video_id": "001", "videoID": "fFjv93ACGo8", "duration": "short",
        "domain": "Knowledge", "task_type": "Counting", "question": "How many?",
        "options": ["A. One.", "B. Two.", "C. Three.", "D. Four."],
        "answer": "C"},
    "longvideobench": {
        "id": "vid_0", "video_id": "vid", "video_path": "vid.mp4", "subtitle_path": "vid_en.json",
        "starting_timestamp_for_subtitles": 90,
        "question": "Which?", "candidates": ["red", "green", "blue"], "correct_choice": 2,
        "duration_group": 600,
        "level": "L1-Perception", "question_category": "S2E"},
    "mlvu": {
        "video": "a.mp4", "question_type": "plotQA", "question": "Who?", "candidates": ["x", "y", "z"],
        "answer": "z"},
    "v-star": {
        "image": "direct/1.jpg", "question_id": 3, "category": "direct_attributes", "label": "C",
        "text": "Which colour?\n(A) red\n(B) green\n(C) blue\n(D) grey\nAnswer with the letter."},
    "hr-bench": {
        "index": 5, "question": "Which?", "A": "red", "B": "green", "C": "blue", "D": "grey", "answer": "C",
        "category": "single", "cycle_category": "2", "image": "x.jpg"},
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_each_choice_task_reads_asks_and_scores_its_columns(name: str) -> None:
    loaded, row = task(name), ROWS[name]
    (item,) = loaded.functions.items([row])
    assert item.answer == "C" and item.letters in ("ABC", "ABCD") and not item.options[0].startswith("A.")
    seen = loaded.functions.visuals(item)
    assert bool(seen.video) != bool(seen.images)
    made = loaded.functions.prompt(item, PLAIN)
    assert made.parts[0].kind in (PartKind.FRAMES, PartKind.IMAGES)
    assert f"C. {item.options[2]}" in made.parts[-1].text
    for said, accuracy in (("Final Answer: C", 100), (item.options[2], 100), ("Answer: A", 0), (None, 0)):
        result = loaded.functions.score([{**row, "prediction": said}], resamples=5)
        assert result["accuracy"] == accuracy and result["counts"]["items"] == 1
    assert {table["name"] for table in result["tables"]} >= {"main", "answers"}


def test_macro_average_is_the_mean_of_the_categories() -> None:
    rows = [
        {**ROWS["mlvu"], "question_type": kind, "prediction": said}
        for kind, said in (*[("plotQA", "C")] * 3, ("count", "A"))
    ]
    result = task("mlvu").functions.score(rows, resamples=5)
    assert result["macro"] == 50 and result["accuracy"] == 75


def test_official_rule_where_one_is_known() -> None:
    row = {**ROWS["video-mme"], "prediction": "Based on it, the answer is C"}
    assert task("video-mme").functions.score([row], "official", resamples=5)["accuracy"] == 0
    both = task("video-mme").functions.score([row], resamples=5)
    assert (
        both["modes"]["official"]["accuracy"] == 0
        and both["accuracy"] == 100
        and both["differing_items"] == 1
    )
    with pytest.raises(ConfigError, match="task 'mlvu' has no official rule"):
        task("mlvu").functions.score([{**ROWS["mlvu"], "prediction": "C"}], Mode.OFFICIAL)


def test_pope_scores_and_its_baselines() -> None:
    rows = [
        {
            "question_id": i,
            "category": "random",
            "image_source": f"i{i // 2}",
            "image": {"bytes": b"x"},
            "question": "Is there a dog?",
            "answer": gold,
            "prediction": said,
        }
        for i, (gold, said) in enumerate(
            [("yes", "Yes."), ("yes", "no"), ("no", "No, none"), ("no", "I see yes")]
        )
    ]
    result = task("pope").functions.score(rows, resamples=5)
    assert (result["accuracy"], result["precision"], result["recall"], result["f1"]) == (50, 50, 50, 50)
    assert result["baselines"]["always YES"]["f1"] == pytest.approx(200 / 3)
    assert result["yes_share"] == 50


def test_base64_pictures_become_bytes() -> None:
    picture = b"\x89PNG" + bytes(300)
    row = {**ROWS["hr-bench"], "image": base64.b64encode(picture).decode()}
    (item,) = task("hr-bench").functions.items([row])
    assert task("hr-bench").functions.visuals(item).images == (picture,)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("mlvu", {"answer": "w"}, "row 1 (plotQA-1): answer 'w' is none of the 3 options"),
        ("longvideobench", {"correct_choice": 3}, "row 1 (vid_0): answer '3' is none of the 3 options"),
        ("video-mme", {"options": ["A. One."]}, "row 1 (001-1): fewer than two options"),
        ("video-mme", {"question_id": None}, "row 1: no id ({question_id})"),
        ("video-mme", {"answer": None}, "row 1 (001-1): no gold answer"),
        ("v-star", {"text": "Which?"}, "row 1 (direct_attributes-3): no options (A), (B), ... in 'text'"),
    ],
)
def test_rows_that_cannot_be_scored(name: str, change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        task(name).functions.score([{**ROWS[name], **change, "prediction": "A"}], resamples=2)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: t\nansweris: index", "t.yaml: unknown setting 'answeris'"),
        ("title: t", "t.yaml: no 'name'"),
        ("name: t\nanswer_is: word", "t.yaml: unknown answer_is 'word'"),
        ("name: t\nmacro: kind", "t.yaml: macro 'kind' is not under tables"),
        ("name: t\noptions: 7", "t.yaml: options is 7, not a string or a list of strings"),
        ("name: t\noptions: [a, 7]", "t.yaml: options is list, not a string or a list of strings"),
        ("name: t\nimages: picture", "t.yaml: images is picture, not a list of strings"),
        ("name: t\ntables: [a]", "t.yaml: tables is list, not headings by column"),
        ("name: t\ntables: {a: 1}", "t.yaml: tables is dict, not headings by column"),
        ("name: t\nquestion: {a: b}", "t.yaml: question is dict, not a string"),
        ("name: true", "t.yaml: name is True, not a string"),
        ("name: ../../up", "t.yaml: name '../../up' cannot be part of a file's name"),
        ('name: "a\\x1b[2J"', "t.yaml: name 'a\\x1b[2J' cannot be part of a file's name"),
        ("name: [", "t.yaml:1: not YAML"),
        ("- a", "t.yaml: expected settings, found list"),
        ("name: t\nfunctions: no.py", "t.yaml: no file 'no.py' in the same folder (functions)"),
        (
            "name: t\nfunctions: no.such.module",
            "t.yaml: functions 'no.such.module' is neither a file in the same folder nor",
        ),
        (
            "name: t\nfunctions: os",
            "t.yaml: functions 'os' is neither a file in the same folder nor a module of vidkit",
        ),
        ("name: t\nfunctions: vidkit.no.such", "t.yaml: no module 'vidkit.no.such' (functions)"),
        ("name: t\nfunctions: ../up.py", "t.yaml: functions '../up.py' is not in the same folder"),
        ("name: t\nfunctions: /tmp/x.py", "t.yaml: functions '/tmp/x.py' is not in the same folder"),
        ("name: t\nfunctions: torn.py", "torn.py' line 2 cannot be loaded: SyntaxError: "),
        ("name: t\nfunctions: failing.py", "failing.py' line 3 cannot be loaded: ZeroDivisionError: "),
        ("name: t\nfunctions: leaving.py", "leaving.py' line 1 cannot be loaded: SystemExit: 3"),
        ("name: t\nfunctions: empty.py", "t.yaml: 'empty.py' has none of items, visuals, prompt, score"),
    ],
)
def test_mistakes_in_a_task_file(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(text)
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "torn.py").write_text("a = 1\ndef items(:\n")
    (tmp_path / "failing.py").write_text("\n\n1 / 0\n")
    (tmp_path / "leaving.py").write_text("raise SystemExit(3)\n")
    with pytest.raises(ConfigError) as caught:
        load_task(str(tmp_path / "t.yaml"), [])
    assert message in caught.value.message


def test_a_file_that_is_run_is_told_once_for_each_state_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "t.yaml").write_text("name: t\nfunctions: own.py\n")
    for number, code in enumerate(
        ("def items(rows): return []\n", "def items(rows): return list(rows)\n"), 1
    ):
        (tmp_path / "own.py").write_text(code)
        for _ in range(2):
            load_task(str(tmp_path / "t.yaml"), [])
        told = [record.getMessage() for record in caplog.records if "as Python code" in record.getMessage()]
        assert len(told) == number and "t.yaml runs" in told[0]
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "far.py").write_text("def items(rows): return []\n")
    (tmp_path / "near.py").symlink_to(tmp_path / "elsewhere" / "far.py")
    (tmp_path / "t.yaml").write_text("name: t\nfunctions: near.py\n")
    with pytest.raises(ConfigError, match=r"'near\.py' is not in the same folder"):
        load_task(str(tmp_path / "t.yaml"), [])


def blocks_of(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def test_the_tutorial_works_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every file of docs/tasks.md is written out, every command run, every result compared."""
    page = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    files = {}
    for language in ("yaml", "python", "json"):
        for block in blocks_of(page, language):
            name = re.match(r"(?:#|//) (\S+)\n", block)
            if name:
                files[name[1]] = block if language != "json" else block.split("\n", 1)[1]
    assert {"birds.yaml", "birds.jsonl", "replies.jsonl", "birds2.yaml", "birds.py", "birds2.jsonl"} <= set(
        files
    )
    for name, content in files.items():
        Path(name).write_text(content)
    commands = [
        line
        for block in blocks_of(page, "text")
        for line in block.splitlines()
        if line.startswith("$ vidkit ")
    ]
    assert len(commands) >= 2
    for line in commands:
        assert run([*line.removeprefix("$ vidkit ").split(), "--json", "out.json", "resamples=50"]) == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert "accuracy" in shown
        assert json.loads(Path("out.json").read_text())["accuracy"] == pytest.approx(200 / 3)


def test_subtitles_of_longvideobench_start_where_the_video_does() -> None:
    functions = task("longvideobench").functions
    (item,) = functions.items([ROWS["longvideobench"]])
    assert functions.visuals(item).subtitles_start_s == 90.0
    (bad,) = functions.items([{**ROWS["longvideobench"], "starting_timestamp_for_subtitles": "soon"}])
    with pytest.raises(DataError, match="starting_timestamp_for_subtitles is 'soon', not seconds"):
        functions.visuals(bad)
