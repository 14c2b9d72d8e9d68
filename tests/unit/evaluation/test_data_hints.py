"""What a data file has instead of what is needed is said with the fault."""

import json
from pathlib import Path

import pytest

from vidkit.attention.policy import as_policy
from vidkit.commands.eval.checks import seen_by_model
from vidkit.errors import ConfigError, DataError
from vidkit.evaluation.option_list import options_by_place
from vidkit.evaluation.predictions import read_data, read_predictions
from vidkit.evaluation.rows import text_id
from vidkit.evaluation.scoring import Joined
from vidkit.evaluation.task import load_task
from vidkit.evaluation.task_spec import TaskSpec
from vidkit.evaluation.tasks import social_omni, video_mme_v2
from vidkit.evaluation.tasks.multiple_choice import general_item


def ids(row: object) -> str:
    return str(row["id"])  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "content", "hint"),
    [
        ("a.csv", "id;answer\n1;A\n", "the file has one, with ';' in its name"),
        ("a.csv", "id,gold\n1,A\n", "needed columns: id, answer; there: id, gold"),
        ("a.tsv", "id,answer\n1,A\n", "the file has one, with ',' in its name"),
    ],
)
def test_a_missing_column_comes_with_those_that_are_there(
    name: str, content: str, hint: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError) as caught:
        list(read_data([tmp_path / name], ids, ["id", "answer"]))
    assert hint in caught.value.hint


@pytest.mark.parametrize(("coding", "told"), [("utf-16", "utf-16"), ("latin1", "latin1")])
@pytest.mark.parametrize("name", ["a.tsv", "a.jsonl", "a.json"])
def test_the_encoding_of_a_file_is_named(name: str, coding: str, told: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes("\u00e9\tanswer\n".encode(coding))
    with pytest.raises(DataError) as caught:
        list(read_data([tmp_path / name], ids, ["id"]))
    assert f"iconv -f {told} -t utf-8" in caught.value.hint


def test_an_unknown_id_comes_with_ids_of_the_data(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text(json.dumps({"id": "1", "prediction": "A"}))
    with pytest.raises(DataError) as caught:
        read_predictions(tmp_path / "p.jsonl").check_known(["im-1", "im-2", "im-3"])
    assert "such as 'im-1' or 'im-2'" in caught.value.hint


@pytest.mark.parametrize(("answer", "kind"), [("C", "letter"), ("2", "index"), ("N/A", "text")])
def test_an_answer_that_stands_for_no_option_is_told_as_such(answer: str, kind: str) -> None:
    row = {"id": "1", "question": "?", "options": ["x", "y", "N/A"], "answer": answer}
    spec = TaskSpec(name="t", id="{id}", answer_is=kind)
    with pytest.raises(DataError) as caught:
        general_item(spec, row, 1)
    assert "'N/A', which means that there is no such option" in caught.value.message
    kept = TaskSpec(name="t", id="{id}", answer_is=kind, no_option=())
    assert general_item(kept, row, 1).answer == "C"


@pytest.mark.parametrize("wrong", [3, None, {}])
def test_what_is_no_attention_policy_is_refused(wrong: object) -> None:
    with pytest.raises(ConfigError, match="not an attention policy"):
        as_policy(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("modality", "frames"), [("t", "none"), ("at", "none"), ("vt", "64"), (None, "64")])
def test_a_run_without_pictures_saw_no_frames(modality: str | None, frames: str) -> None:
    manifest = {"budget": {"method": "uniform", "count": 64}, "prompt": {"modality": modality}}
    assert seen_by_model(Joined([], {}, run=manifest))["budget"] == frames


@pytest.mark.parametrize("value", [True, False])
def test_a_truth_value_as_an_id_is_called_that(value: bool, tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text(json.dumps([{"id": value, "answer": "A"}]))
    with pytest.raises(DataError, match=f"d.json line 1: 'id' is {str(value).lower()}, which is not an id"):
        list(read_data([tmp_path / "d.json"], lambda row: text_id(row["id"]), ["id", "answer"]))
    (tmp_path / "p.jsonl").write_text(json.dumps({"id": value, "prediction": "A"}) + "\n")
    with pytest.raises(DataError, match=f"p.jsonl line 1: 'id' is {str(value).lower()}, which is not an id"):
        read_predictions(tmp_path / "p.jsonl")


@pytest.mark.parametrize("value", [7, True, 0.5, 10**30])
def test_options_that_are_no_texts_are_named(value: object) -> None:
    with pytest.raises(DataError, match=f"options are {str(value)[:40]}, not a list or a string"):
        options_by_place(value)


@pytest.mark.parametrize("label", ["\x00", "k\x00", "\ud800", "", " "])
def test_labels_of_any_characters_are_scored(label: str, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text('{"name": "t", "id": "{id}", "group": "{id}", "tables": {"k": "K"}}')
    task = load_task(str(tmp_path / "t.yaml"), [])
    rows = [
        {"id": str(n), "question": "?", "options": ["a", "b"], "answer": "A", "k": label, "prediction": "A"}
        for n in range(7)
    ]
    assert task.functions.score(rows, resamples=5)["accuracy"] == 100


@pytest.mark.parametrize("number", ["9" * 5000, "\u00b2", "1x"])
def test_question_numbers_that_are_none_do_not_break_the_order(number: str) -> None:
    rows = [
        {"video_id": "001", "question_id": f"001-{n}", "group_type": "relevance", "group_structure": "None",
         "level": 1, "answer": "A", "options": "A. x", "prediction": "A", "second_head": "h\x00"}
        for n in ("1", "2", "3", number)
    ]  # fmt: skip
    assert video_mme_v2.score(rows, resamples=5)["avg_acc"] == 100


@pytest.mark.parametrize("column", ["question_1", "question_2"])
@pytest.mark.parametrize("value", ["{'question': 'now?'}", 7, ["a"]])
def test_nested_records_that_a_table_flattened_are_named(column: str, value: object) -> None:
    row = {
        "video_id": "s1",
        "question_1": {"question": "now?", "timestamp": "00:01:00", "correct_answer": "A"},
        "question_2": {"question": "what?", "answer": "Fine."},
    }
    with pytest.raises(DataError, match=f"'s1': {column} is {type(value).__name__}, not an object"):
        list(social_omni.items([{**row, column: value}]))
