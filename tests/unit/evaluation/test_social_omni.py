"""SocialOmni: published counts, baselines, both modes, judges, streaming definitions."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from vidkit.errors import DataError
from vidkit.evaluation.tasks.social_omni import (
    attach,
    items,
    judge_prompt,
    prompt,
    score,
    should_ask,
    when_metrics,
)
from vidkit.evaluation.tasks.social_omni.how import nearest_on_scale, parse_judge
from vidkit.evaluation.tasks.social_omni.records import parse_timestamp
from vidkit.evaluation.tasks.social_omni.streaming import offset_label
from vidkit.evaluation.tasks.social_omni.when import read_yes_no
from vidkit.evaluation.types import Mode, PartKind, Prediction, PromptMode

DATA = Path(os.environ.get("VIDKIT_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
MADE = DATA / "benchmarks" / "social_omni"
OPTIONS = [
    'A. The host said "go"',
    'B. The host said "stay"',
    'C. The boy said "go"',
    'D. The boy said "stay"',
]


def who_row(number: int, gold: str, said: str | None, consistent: bool = True) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": number,
        "video_path": f"{number}.mp4",
        "question": "At 3 seconds, who is speaking?",
        "options": OPTIONS,
        "correct_answer": gold,
        "asr_content": "",
        "metadata": {"consistency": "consistent" if consistent else "inconsistent"},
    }
    return row if said is None else {**row, "prediction": said}


def when_row(name: str, gold: str, **replies: Any) -> dict[str, Any]:
    question = {
        "question": "Should she speak?",
        "timestamp": "00:05:00",
        "option_A": "YES",
        "option_B": "NO",
        "correct_answer": gold,
    }
    return {
        "video_id": name,
        "video_file": f"{name}.mp4",
        "question_1": question,
        "full_asr": "hello there",
        "question_2": {"question": "What?", "answer": "Sounds good."},
        **replies,
    }


@pytest.mark.parametrize(
    ("cells", "published"),
    [
        ((38, 16, 95, 60), (46.89, 70.37, 28.57, 40.64)),
        ((82, 25, 51, 51), (63.64, 76.64, 61.65, 68.33)),
        ((91, 47, 42, 29), (57.42, 65.94, 68.42, 67.16)),
        ((76, 11, 57, 64), (67.31, 87.36, 57.14, 69.09)),
        ((83, 30, 47, 40), (61.50, 73.45, 63.85, 68.31)),
        ((60, 19, 71, 53), (55.67, 75.95, 45.80, 57.14)),
    ],
    ids=["gpt-4o", "qwen3-omni", "qwen2.5-omni", "gemini-3-pro", "gemini-2.5-flash", "gemini-2.5-pro"],
)
def test_published_counts_give_the_published_row(
    cells: tuple[int, ...], published: tuple[float, ...]
) -> None:
    made = when_metrics(*cells)
    percent = tuple(round(100 * made[name], 2) for name in ("accuracy", "precision", "recall", "f1"))
    assert percent == published
    assert made["early"] == cells[1] / sum(cells) and made["late"] == cells[2] / sum(cells)


def test_always_yes_beats_every_published_f1() -> None:
    made = when_metrics(133, 76, 0, 0)
    assert round(100 * made["accuracy"], 2) == 63.64 and round(100 * made["f1"], 1) == 77.8


def test_undefined_metrics_are_zero_and_negative_counts_refused() -> None:
    assert set(when_metrics(0, 0, 0, 0).values()) == {0.0}
    with pytest.raises(ValueError, match="counts cannot be negative"):
        when_metrics(1, -1, 0, 0)


def test_unread_replies_stay_in_every_denominator() -> None:
    rows = [
        when_row("a", "A", q1="YES"),
        when_row("b", "A", q1="mumble"),
        when_row("c", "B", q1="A man in red"),
        when_row("d", "B", q1="NO"),
        when_row("e", "B"),
    ]
    result = score(rows, resamples=10)
    assert result["when"]["cells"] == {"tp": 1, "fp": 0, "fn": 0, "tn": 1, "unread_yes": 1, "unread_no": 2}
    assert (
        result["when"]["accuracy"] == 40
        and result["when"]["recall"] == 50
        and result["when"]["answered"] == 100
    )
    assert result["counts"]["when"]["missing_ids"] == ["l2/e/q1"]
    official = result["modes"]["official"]
    assert (
        official["when_accuracy"] == 50
    )  # "A man" is YES there, "mumble" is wrong, the one never run is not counted
    assert result["differing_ids"] == ["l2/c/q1", "l2/e/q1"]
    table = next(table for table in result["tables"] if table["name"] == "when")
    assert table["note"].endswith("; 2 items differ between the modes")
    assert result["baselines"]["when"]["always YES"]["accuracy"] == 40


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("A", "A"),
        ("B. NO", "B"),
        ("Yes, she should.", "A"),
        ("No.", "B"),
        ("I don't know", None),
        ("Yes. No.", None),
        ("I think B", "B"),
        ("No. Speaker A goes on.", "B"),
        ("No. That is speaker A.", "B"),
        ("B, yes, he is still talking", None),
        ("Answer: B. Nobody says yes here.", "B"),
    ],
)
def test_yes_no_reading(reply: str, letter: str | None) -> None:
    assert read_yes_no(reply).letter == letter


def test_who_by_hand() -> None:
    rows = [
        who_row(1, "A", "A"),
        who_row(2, "A", "C. The boy"),
        who_row(3, "B", "Answer: B", consistent=False),
        who_row(4, "C", "I'm sorry, I can't tell", consistent=False),
        who_row(5, "D", None),
    ]
    result = score(rows, resamples=50)
    who = result["who"]
    assert (who["accuracy"], who["consistent"], who["inconsistent"]) == (40, pytest.approx(100 / 3), 50)
    assert who["gap"] == pytest.approx(100 / 3 - 50) and who["answered"] == pytest.approx(200 / 3)
    # parsable: A->A, A->C, B->B; F1 of A 2/3, B 1, C 0, D 0 (undefined)
    assert who["macro_f1"] == pytest.approx(100 * (2 / 3 + 1) / 4)
    assert (who["content_right"], who["speaker_right"]) == (100, pytest.approx(200 / 3))
    assert who["wrong_speaker_right_content"] == pytest.approx(100 / 3)
    assert result["counts"]["who"]["refused"] == 1 and result["counts"]["who"]["missing_ids"] == ["l1/5"]
    assert (
        result["modes"]["official"]["who"] == 50
    )  # the item that was never run leaves the denominator there
    assert result["baselines"]["who"]["always A"] == 40


@pytest.mark.parametrize(("value", "point"), [(12.5, 0), (13, 25), (37.5, 25), (80, 75), (100, 100), (0, 0)])
def test_nearest_on_the_judges_scale(value: float, point: int) -> None:
    assert nearest_on_scale(value) == point


@pytest.mark.parametrize(
    ("reply", "robust", "official"),
    [
        ("75", 75, 75),
        ("Score: 50", 50, 50),
        ("It matches 2 of 3 points. Score: 75", 75, 0),
        ("75/100", 75, 75),
        ("1e2", 100, 0),
        ("no idea", None, 0),
        ("", None, 0),
        ("900", None, 100),
        ("between 25 and 75", None, 25),
        ("Score: 0", 0, 0),
        ("4/5", None, 0),
        ("Score: 4/5", None, 0),
        ("0.75", None, 0),
        ("3", None, 0),
        ("8 out of 10", None, 0),
        ("Rating: 75 out of 100", 75, 75),
        ("75%", 75, 75),
        ("**75**", 75, 75),
        ("75\n\n2 of 3 facts", 75, 75),
        ("Two facts of 3 are there.\n75", 75, 0),
        ("<think>50? no, 2 of 4</think>75", 75, 50),
        ("<think>so Score: 50", None, 50),
        (r"\boxed{100}", 100, 100),
        ("Score: -25", None, 0),
        ("0", 0, 0),
        ("0/100", 0, 0),
        ('{"score": 25, "facts": 3}', 25, 25),
    ],
)
def test_judges_number(reply: str, robust: int | None, official: int) -> None:
    assert parse_judge(reply, Mode.ROBUST) == robust
    assert parse_judge(reply, Mode.OFFICIAL) == official


def test_how_keeps_zeros_counts_failures_and_names_each_mean() -> None:
    rows = [
        when_row("a", "A", q1="YES", q2="Fine.", judges={"j1": "100", "j2": "50"}),
        when_row("b", "A", q1="YES", q2="Hm.", judges={"j1": "0", "j2": "what?"}),
        when_row("c", "A", q1="YES", q2="", judges={}),
        when_row("d", "A", q1="NO"),
        when_row("e", "B", q1="YES", q2="Not judged."),
        when_row("f", "A", q1="YES", q2="Never judged.", judges={}),
    ]
    result = score(rows, resamples=20)
    how = result["how"]
    assert (how["how"], how["how_official_pos"], how["how_all_yes"]) == (37.5, 75, 15)
    assert (how["items_spoken"], how["items_judged"], how["items_without_score"]) == (3, 2, 1)
    assert how["coverage"] == 50 and how["coverage_gold_yes"] == 60 and how["gap_25"] == 100
    assert how["judges"]["j2"] == {"mean": 50, "scored": 1, "failed": 1, "missing": 1, "zeros": 0}
    assert "judge 'j2' gave no score for 2 replies" in result["warnings"]
    assert "1 items with a rightful YES have no utterance and are not in 'how'" in result["warnings"]
    assert {"id": "l2/a/q2", "judges": {"j1": 100, "j2": 50}, "failed": [], "score": 75} in result["items"]


@pytest.mark.parametrize(
    ("offset", "label"),
    [
        (-1.1, "Interrupted"),
        (-1, "Perfect"),
        (2, "Perfect"),
        (2.1, "Delayed"),
        (5, "Delayed"),
        (5.1, "TooLate"),
    ],
)
def test_offset_labels_at_their_edges(offset: float, label: str) -> None:
    assert offset_label(10 + offset, 10) == label


def test_streaming_definitions_side_by_side() -> None:
    rows = [
        when_row(
            "a",
            "A",
            turn_entry_s=10,
            stream={"tau_s": 10.5, "steps": [[9, False], [9.5, True], [10.5, True]]},
        ),
        when_row("b", "A", turn_entry_s=10, stream={"tau_s": 4.0, "steps": [[4, True]]}),
        when_row("c", "A", turn_entry_s=10, stream={"tau_s": None, "steps": [[9.9, False]]}),
        when_row("d", "A", turn_entry_s=10),
    ]
    stream = score(rows, resamples=5)["streaming"]
    assert stream["offsets"]["Perfect"] == 25 and stream["offsets"]["Interrupted"] == 25
    assert (
        stream["offsets"]["NoResponse"] == 50
        and stream["offsets"]["late"] == 50
        and stream["without_reply"] == 1
    )
    assert stream["offsets"]["mean_offset_s"] == pytest.approx(-2.75)
    # within 1 s before the turn: steps 9, 9.5 and 9.9; said at 9.5 (hit), 10.5 and 4
    assert stream["tolerance"]["1.0"] == {
        "precision": pytest.approx(100 / 3),
        "recall": pytest.approx(100 / 3),
        "f1": pytest.approx(100 / 3),
        "steps": 5,
    }
    assert stream["phases"]["1.0"] == {
        "early": 50,
        "on_time": 50,
        "late": 0,
        "no_response": 50,
        "responders": 2,
    }


def test_streaming_needs_gold_turn_entries() -> None:
    with pytest.raises(DataError, match="l2/a: streaming replies need the column 'turn_entry_s'"):
        score([when_row("a", "A", stream={"tau_s": 3.0})], resamples=5)


@pytest.mark.parametrize(
    ("value", "seconds", "warns"),
    [
        ("00:17:00", 17, False),
        ("00:00:17", 0, True),
        ("01:30", 90, False),
        (12.5, 12.5, False),
        ("soon", 0, True),
    ],
)
def test_timestamps_keep_the_authors_reading(value: object, seconds: float, warns: bool) -> None:
    read, note = parse_timestamp(value)
    assert (read, bool(note)) == (seconds, warns)


def test_odd_timestamp_is_a_warning_with_the_record() -> None:
    row = when_row("a", "A", q1="YES")
    row["question_1"]["timestamp"] = "00:00:17"
    warnings = score([row], resamples=5)["warnings"]
    assert warnings[0] == "record 1 (l2/a): timestamp '00:00:17' is read as 00 s; its last field is not 0"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (who_row(1, "E", "A"), "record 1: correct_answer 'E' is not one of A, B, C, D"),
        ({**who_row(1, "A", "A"), "metadata": {}}, "record 1: metadata.consistency is 'none'"),
        (when_row("a", "C"), "record 1: question_1.correct_answer 'C' is not one of A, B"),
        (when_row("", "A"), "record 1: no 'video_id'"),
        ({"question": "?"}, "record 1: no 'id' and no 'question_1'"),
    ],
)
def test_bad_records_are_refused(row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        score([row])
    assert caught.value.message == message


def test_duplicates_name_both_records() -> None:
    with pytest.raises(DataError, match="record 2: duplicate id 'l1/7', first is record 1"):
        score([who_row(7, "A", "A"), who_row(7, "B", "A")])


@pytest.mark.skipif(not MADE.is_dir(), reason=f"no {MADE}")
def test_made_records_run_through_every_step() -> None:
    rows = json.loads((MADE / "synthetic_level1_dataset.json").read_text())
    rows += json.loads((MADE / "synthetic_level2_annotations.json").read_text())["data"]
    replies: dict[str, dict[str, Any]] = {}
    for item in items(rows):
        text = prompt(item, PromptMode(modality="avt")).parts[-1].text
        assert item.question in text
        if item.kind == "how":
            replies[item.id] = {"prediction": item.answer}
            replies[f"judge/{item.group}/j"] = {"prediction": "Score: 100"}
        else:
            replies[item.id] = {"prediction": f"Answer: {item.answer}"}
    result = score(attach(rows, replies), resamples=100)
    assert (
        result["who"]["accuracy"] == 100 and result["when"]["accuracy"] == 100 and result["how"]["how"] == 100
    )
    assert result["differing_items"] == 0
    assert [line.partition(":")[0].split()[:2] for line in result["warnings"]] == [
        ["no", "intervals"],
        ["all", "clips"],
    ]


def test_how_is_asked_only_after_a_rightful_yes() -> None:
    _, how = items([when_row("a", "A")])
    assert how.after == "l2/a/q1"
    assert should_ask(how, Prediction("l2/a/q1", "Yes."))
    assert not should_ask(how, Prediction("l2/a/q1", "No."))
    assert not should_ask(how, Prediction("l2/a/q1", None, error="timeout"))
    _, never = items([when_row("a", "B")])
    assert not should_ask(never, Prediction("l2/a/q1", "Yes."))


def test_transcript_only_where_asked_and_modality_decides_the_media() -> None:
    when, how = items([when_row("a", "A")])
    assert [part.kind for part in prompt(when, PromptMode(modality="at")).parts] == [
        PartKind.AUDIO,
        PartKind.TEXT,
    ]
    texts = [part.text for part in prompt(when, PromptMode(modality="vt", asr=True)).parts]
    assert "Transcript: hello there" in texts
    judge = judge_prompt(how, "Sure.").parts[0].text
    assert "Reference: Sounds good." in judge and "Candidate: Sure." in judge and "hello there" not in judge
    with pytest.raises(DataError, match="unknown wording 'poem'"):
        prompt(when, PromptMode(wording="poem"))
