"""Predictions as other programs write them."""

import json
from pathlib import Path
from typing import Any

import pytest

from vidkit.errors import DataError
from vidkit.evaluation.predictions import read_predictions
from vidkit.evaluation.tasks import social_omni


def workbook(path: Path, *lines: tuple[Any, ...]) -> Path:
    openpyxl = pytest.importorskip("openpyxl", reason="workbooks need the extra 'eval'")
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    book.save(path)
    return path


def said(path: Path) -> dict[str, Any]:
    return {
        name: row["prediction"] for name, row in read_predictions(path, own=social_omni.foreign).rows.items()
    }


def test_a_workbook_of_vlmevalkit(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "GPT4o_HRBench4K.xlsx",
        ("index", "question", "A", "B", "answer", "prediction"),
        (0, "what?", "x", "y", "A", "The answer is A"),
        (1, "what?", "x", "y", "B", "Failed to obtain answer via API. "),
        (2.0, "what?", "x", "y", "B", 7),
        (None, None, None, None, None, None),
        (3, "what?", "x", "y", "B", None),
    )
    assert said(path) == {"0": "The answer is A", "1": None, "2": 7, "3": None}
    assert read_predictions(path).rows["1"]["error"].startswith("Failed to obtain")


def test_the_data_s_own_id_comes_before_the_index(tmp_path: Path) -> None:
    path = tmp_path / "m_Video-MME-v2.tsv"
    path.write_text("index\tquestion_id\tquestion\tanswer\tprediction\n0\t001-1\twhat?\tA\tB\n")
    assert said(path) == {"001-1": "B"}


@pytest.mark.parametrize("data", [b"no zip", b"PK\x03\x04 broken"])
def test_what_is_no_workbook_is_refused(data: bytes, tmp_path: Path) -> None:
    pytest.importorskip("openpyxl", reason="workbooks need the extra 'eval'")
    (tmp_path / "p.xlsx").write_bytes(data)
    with pytest.raises(DataError, match=r"p\.xlsx is not a readable workbook"):
        read_predictions(tmp_path / "p.xlsx")


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "p.xlsx", ("index", "answer", "answer", "prediction"), (1, "A", "B", "A"))
    with pytest.raises(DataError, match="duplicate column 'answer'"):
        read_predictions(path)


def test_results_of_social_omni_level_1(tmp_path: Path) -> None:
    gold = {"video_path": "a.mp4", "question": "who?", "options": ["A. x"], "correct_answer": "B"}
    rows = [
        {"id": 5, **gold, "prediction": "B", "raw_response": "Answer: B", "is_correct": True, "scored": True},
        {
            "id": 6,
            **gold,
            "prediction": "",
            "raw_response": "",
            "is_correct": False,
            "scored": False,
            "skip_reason": "gemini_safety_block",
            "skip_error": "blocked",
        },
        {"id": 7, **gold, "prediction": "A", "raw_response": "", "is_correct": False, "scored": True},
    ]
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"model": "m", "accuracy": 50.0, "results": rows}))
    assert said(path) == {"l1/5": "Answer: B", "l1/6": None, "l1/7": "A"}
    assert read_predictions(path, own=social_omni.foreign).rows["l1/6"]["error"] == "blocked"


def test_results_of_social_omni_level_2(tmp_path: Path) -> None:
    base = {"timestamp": 5.0, "q1_correct": True, "q1_answer": "A", "q2_reference": "Fine."}
    rows = [
        {"video_id": "v1", **base, "q1_prediction": "A", "q1_response": "A. YES", "q2_response": "Good.",
         "q2_score": 75},
        {"video_id": "v2", **base, "q1_prediction": "B", "q1_response": "NO", "q2_response": "",
         "q2_score": 0},
        {"video_id": "v3", **base, "q1_prediction": "A", "q1_response": "A", "q2_response": "Hm.",
         "q2_score": -1},
        {"video_id": "v4", **base, "q1_prediction": "", "q1_response": "", "q2_response": "", "q2_score": 0,
         "error": "timeout"},
    ]  # fmt: skip
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"model": "m", "results": rows}))
    assert said(path) == {
        "l2/v1/q1": "A. YES",
        "l2/v1/q2": "Good.",
        "judge/v1/authors": "75",
        "l2/v2/q1": "NO",
        "l2/v3/q1": "A",
        "l2/v3/q2": "Hm.",
        "l2/v4/q1": None,
    }


def test_gold_in_a_file_of_our_own_form_is_still_refused(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text(json.dumps({"id": "1", "prediction": "A", "answer": "A"}) + "\n")
    with pytest.raises(DataError, match="gold column 'answer'"):
        read_predictions(tmp_path / "p.jsonl")
