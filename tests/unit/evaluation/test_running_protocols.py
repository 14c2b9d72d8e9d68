"""Questions that depend on replies, growing clips and judges, in whole runs on an engine in this process."""

import json

import pytest
from made_clips import write_clip
from scripted_engine import FakeEngine, rows_of, text_of

from vidkit.errors import ConfigError, DataError
from vidkit.evaluation.predictions import read_predictions
from vidkit.evaluation.running import FrameBudget, RunOptions, run
from vidkit.evaluation.tasks import social_omni
from vidkit.evaluation.types import PromptMode
from vidkit.serving import EngineError, ErrorKind, Image


def level_2(clip="c1", gold="A", second=1, **more):
    return {
        "video_id": clip,
        "video_file": f"{clip}.mp4",
        "full_asr": "so far",
        "question_1": {
            "question": f"Should the woman speak at the {second}th second?",
            "timestamp": f"00:0{second}:00",
            "option_A": "YES",
            "option_B": "NO",
            "correct_answer": gold,
        },
        "question_2": {"question": "What should she say?", "answer": "Sounds good."},
        **more,
    }


@pytest.fixture
def clips(tmp_path):
    for clip in ("c1", "c2"):
        write_clip(tmp_path / f"media/level_2/videos/{clip}.mp4", seconds=4, fps=10)
    return tmp_path / "media"


def social(clips, tmp_path, rows, engine, **options):
    defaults = {"media": clips, "budget": FrameBudget("fps", fps=2), "mode": PromptMode(modality="avt")}
    return run(social_omni, rows, engine, tmp_path / "run", RunOptions(**{**defaults, **options}))


def test_how_is_asked_only_after_a_right_yes(clips, tmp_path):
    rows = [level_2("c1", "A"), level_2("c2", "B")]
    engine = FakeEngine(lambda request: "Sure." if "say" in text_of(request) else "A")
    summary = social(clips, tmp_path, rows, engine)
    # gold NO answered YES: no utterance is wanted
    assert [row["id"] for row in rows_of(summary.predictions)] == ["l2/c1/q1", "l2/c1/q2", "l2/c2/q1"]
    assert (summary.answered, summary.not_asked) == (3, 1)


def test_single_shot_sees_the_clip_up_to_the_annotated_second(clips, tmp_path):
    engine = FakeEngine(lambda request: "B")
    social(clips, tmp_path, [level_2("c1", second=1), level_2("c2", second=3)], engine)
    frames = sorted(
        sum(isinstance(part, Image) for part in one.messages[-1].parts) for one in engine.requests
    )
    assert frames == [2, 6]


def test_a_second_beyond_the_clip_is_a_warning_with_the_item(clips, tmp_path, caplog):
    social(clips, tmp_path, [level_2("c1", second=3), level_2("c2", second=9)], FakeEngine(lambda _: "B"))
    (said,) = {record.getMessage() for record in caplog.records if "the clip ends" in record.getMessage()}
    assert said == "l2/c2/q1: the clip ends at 4.00 s, before second 9 that the data name"


def stream_engine(yes_from_s):
    def answer(request):
        second = float(text_of(request).partition("second ")[2].partition(".\n")[0])
        return "A. YES" if second >= yes_from_s else "B"

    return FakeEngine(answer)


def test_streaming_stops_at_the_first_yes(clips, tmp_path):
    engine = stream_engine(3)
    summary = social(clips, tmp_path, [level_2(turn_entry_s=2.5)], engine, when="streaming")
    (row,) = rows_of(summary.predictions)
    assert row["id"] == "l2/c1/stream"
    assert row["tau_s"] == 3.0
    assert row["steps"] == [[1.0, False], [2.0, False], [3.0, True]]
    frames = [sum(isinstance(part, Image) for part in one.messages[-1].parts) for one in engine.requests]
    assert frames == [2, 4, 6]
    # the annotated second must not leak into the question
    assert "Should the woman speak now?" in text_of(engine.requests[0])
    assert (summary.items, summary.answered, summary.not_asked) == (2, 1, 1)
    scores = social_omni.score(social_omni.attach([level_2(turn_entry_s=2.5)], {row["id"]: row}))
    assert "Perfect" in json.dumps(scores, default=str)


def test_streaming_without_a_yes_and_to_the_end(clips, tmp_path):
    never = social(
        clips, tmp_path, [level_2(turn_entry_s=2)], stream_engine(99), when="streaming", stride_s=0.5
    )
    (row,) = rows_of(never.predictions)
    assert row["tau_s"] is None
    assert [t for t, _ in row["steps"]] == [0.5 * k for k in range(1, 9)]
    until = social(
        clips, tmp_path / "b", [level_2(turn_entry_s=2)], stream_engine(2), when="streaming", until_end=True
    )
    (row,) = rows_of(until.predictions)
    assert row["tau_s"] == 2.0
    assert [yes for _, yes in row["steps"]] == [False, True, True, True]


def test_streaming_goes_on_in_the_middle_of_a_clip(clips, tmp_path):
    rows = [level_2(turn_entry_s=2)]

    def breaks(request):
        if "second 3" in text_of(request):
            return EngineError(ErrorKind.AUTH, "key expired")
        return "B"

    with pytest.raises(EngineError, match="key expired"):
        social(clips, tmp_path, rows, FakeEngine(breaks), when="streaming")
    engine = stream_engine(4)
    summary = social(clips, tmp_path, rows, engine, when="streaming")
    assert len(engine.requests) == 2
    (row,) = rows_of(summary.predictions)
    assert row["tau_s"] == 4.0
    assert len(row["steps"]) == 4


def test_streaming_needs_the_gold_second(clips, tmp_path):
    with pytest.raises(
        DataError, match=r"'l2/c1/q1': the streaming protocol needs the column 'turn_entry_s'"
    ):
        social(clips, tmp_path, [level_2()], FakeEngine(), when="streaming")


def test_both_protocols_in_one_run(clips, tmp_path):
    def answer(request):
        text = text_of(request)
        return "Hello." if "say?" in text else "A"

    summary = social(clips, tmp_path, [level_2(turn_entry_s=1)], FakeEngine(answer), when="both")
    ids = [row["id"] for row in rows_of(summary.predictions)]
    assert sorted(ids) == ["l2/c1/q1", "l2/c1/q2", "l2/c1/stream"]


def speaking(request):
    return "Sounds good!" if "say?" in text_of(request) else "A"


def test_panel_scores_every_reply_and_keeps_zeros(clips, tmp_path):
    judges = {
        "strict": FakeEngine(lambda request: "Score: 0", "j1"),
        "kind": FakeEngine(lambda request: "Score: 100", "j2"),
        "mute": FakeEngine(lambda request: "I like it.", "j3"),
    }
    rows = [level_2("c1"), level_2("c2")]
    summary = social(clips, tmp_path, rows, FakeEngine(speaking), judges=judges)
    assert summary.judges == {
        "strict": {"scored": 2, "failed": 0},
        "kind": {"scored": 2, "failed": 0},
        "mute": {"scored": 0, "failed": 2},
    }
    assert "Candidate: Sounds good!" in text_of(judges["kind"].requests[0])
    assert len(judges["mute"].requests) == 4  # one more try each
    replies = read_predictions(summary.predictions).rows
    assert {name for name in replies if name.startswith("judge/c1/")} == {
        "judge/c1/strict",
        "judge/c1/kind",
        "judge/c1/mute",
    }
    how = json.dumps(social_omni.score(social_omni.attach(rows, replies)), default=str)
    assert '"how": 50.0' in how
    assert (summary.items, summary.answered) == (4, 4)


def test_verdicts_are_kept_and_a_judge_cannot_change(clips, tmp_path):
    judges = {"one": FakeEngine(lambda request: "Score: 75", "j1")}
    rows = [level_2("c1")]
    social(clips, tmp_path, rows, FakeEngine(speaking), judges=judges)
    again = {
        "one": FakeEngine(lambda request: "Score: 75", "j1"),
        "two": FakeEngine(lambda r: "Score: 25", "j2"),
    }
    summary = social(clips, tmp_path, rows, FakeEngine(speaking), judges=again)
    assert again["one"].requests == []
    assert len(again["two"].requests) == 1
    assert summary.judges == {"one": {"scored": 1, "failed": 0}, "two": {"scored": 1, "failed": 0}}
    other = {"one": FakeEngine(lambda request: "Score: 75", "j9")}
    with pytest.raises(ConfigError, match=r"judge 'one' was .*j1.*, now it is .*j9"):
        social(clips, tmp_path, rows, FakeEngine(speaking), judges=other)


def test_failed_judge_is_asked_again_at_the_next_start(clips, tmp_path):
    down = {"one": FakeEngine(lambda request: EngineError(ErrorKind.SERVER, "down"), "j1")}
    summary = social(clips, tmp_path, [level_2("c1")], FakeEngine(speaking), judges=down)
    assert summary.judges == {"one": {"scored": 0, "failed": 1}}
    assert (summary.answered, summary.failed) == (2, 0)
    up = {"one": FakeEngine(lambda request: "Score: 50", "j1")}
    summary = social(clips, tmp_path, [level_2("c1")], FakeEngine(speaking), judges=up)
    assert summary.judges == {"one": {"scored": 1, "failed": 0}}
