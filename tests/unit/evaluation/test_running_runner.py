"""Whole runs of small tasks on an engine in this process: order, resume, refusals, progress."""

import json
from dataclasses import replace

import pytest
from scripted_engine import ROWS, FakeEngine, Quiz, rows_of, text_of

from vidkit.errors import ConfigError, DataError
from vidkit.evaluation.predictions import read_predictions
from vidkit.evaluation.running import FrameBudget, Progress, RunOptions, run
from vidkit.evaluation.running.render import Sampling
from vidkit.evaluation.types import PromptMode, SubtitleMode
from vidkit.serving import EngineError, ErrorKind, Reply


def test_predictions_are_in_the_items_order_and_scorable(tmp_path):
    engine = FakeEngine(
        lambda request: Reply("B", finish_reason="length" if "7" in text_of(request) else "stop")
    )
    summary = run(Quiz(), ROWS, engine, tmp_path)
    assert [row["id"] for row in rows_of(summary.predictions)] == [row["id"] for row in ROWS]
    assert len(read_predictions(summary.predictions).rows) == 20
    assert (summary.items, summary.answered, summary.failed, summary.open, summary.calls) == (
        20,
        20,
        0,
        0,
        20,
    )
    assert summary.cut_off == 2
    assert json.loads((tmp_path / "summary.json").read_text())["answered"] == 20


def test_second_start_asks_nothing(tmp_path):
    run(Quiz(), ROWS, FakeEngine(), tmp_path)
    engine = FakeEngine()
    summary = run(Quiz(), ROWS, engine, tmp_path)
    assert engine.requests == []
    assert (summary.answered, summary.resumed, summary.calls) == (20, 20, 0)


def test_failed_items_are_counted_named_and_asked_again(tmp_path):
    def moody(request):
        return EngineError(ErrorKind.REJECTED, "too long") if "3?" in text_of(request) else "A"

    summary = run(Quiz(), ROWS, FakeEngine(moody), tmp_path)
    assert (summary.answered, summary.failed) == (18, 2)
    assert summary.failures == [("q03", "too long"), ("q13", "too long")]
    assert summary.failures_by_kind == {"rejected": 2}
    rows = {row["id"]: row for row in rows_of(summary.predictions)}
    assert rows["q03"]["response"] is None
    assert rows["q03"]["error"] == "too long"

    engine = FakeEngine()
    summary = run(Quiz(), ROWS, engine, tmp_path)
    assert sorted(text_of(request)[:12] for request in engine.requests) == ["Question 13?", "Question 3?\n"]
    assert (summary.answered, summary.failed, summary.resumed) == (20, 0, 18)


def test_concurrency_of_the_engine_is_used(tmp_path):
    engine = FakeEngine(concurrency=3)
    run(Quiz(), ROWS, engine, tmp_path)
    assert 3 <= engine.most_running <= 6


def test_wrong_key_stops_the_run_and_keeps_what_was_answered(tmp_path):
    def locked(request):
        return EngineError(ErrorKind.AUTH, "wrong key") if "15?" in text_of(request) else "A"

    with pytest.raises(EngineError, match="wrong key"):
        run(Quiz(), ROWS, FakeEngine(locked, concurrency=1), tmp_path, RunOptions(total=20))
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["stopped"] == "wrong key"
    assert summary["answered"] + summary["failed"] + summary["open"] == 20 and summary["failed"] == 1
    assert summary["answered"] >= 13
    engine = FakeEngine()
    assert run(Quiz(), ROWS, engine, tmp_path).answered == 20
    assert len(engine.requests) == 20 - summary["answered"]


def test_dead_server_stops_the_run(tmp_path):
    dead = FakeEngine(lambda request: EngineError(ErrorKind.CONNECTION, "refused"), concurrency=1)
    with pytest.raises(EngineError, match="refused"):
        run(Quiz(), ROWS, dead, tmp_path, RunOptions(stop_after=5))
    assert 5 <= len(dead.requests) <= 8


@pytest.mark.parametrize(
    ("options", "engine", "message"),
    [
        (RunOptions(), FakeEngine(name="other"), 'model.model = "fake", now it is "other"'),
        (RunOptions(budget=FrameBudget(count=8)), FakeEngine(), "budget.count = 64, now it is 8"),
        (
            RunOptions(mode=PromptMode(reasoning=True)),
            FakeEngine(),
            "prompt.reasoning = false, now it is true",
        ),
        (
            RunOptions(sampling=Sampling(temperature=1.0)),
            FakeEngine(),
            "sampling.temperature = 0.0, now it is 1.0",
        ),
        (RunOptions(data="sha-2"), FakeEngine(), 'data = "", now it is "sha-2"'),
    ],
)
def test_changed_run_is_refused(tmp_path, options, engine, message):
    run(Quiz(), ROWS, FakeEngine(), tmp_path)
    before = (tmp_path / "log.jsonl").read_bytes()
    with pytest.raises(ConfigError) as caught:
        run(Quiz(), ROWS, engine, tmp_path, options)
    assert message in caught.value.message
    assert engine.requests == []
    assert (tmp_path / "log.jsonl").read_bytes() == before

    summary = run(Quiz(), ROWS, engine, tmp_path, replace(options, force=True))
    assert summary.calls == 20
    assert (tmp_path / "log.jsonl.1").read_bytes() == before


def test_changed_wording_is_refused(tmp_path):
    run(Quiz(), ROWS, FakeEngine(), tmp_path)
    task = Quiz()
    task.instruction = "Reply with a letter."
    with pytest.raises(DataError, match=r"'q00' was asked with prompt [0-9a-f]{12}, now with [0-9a-f]{12}"):
        run(task, ROWS, FakeEngine(), tmp_path)


def test_doubled_id_is_refused(tmp_path):
    with pytest.raises(DataError, match="duplicate id 'q00'"):
        run(Quiz(), [*ROWS, ROWS[0]], FakeEngine(), tmp_path)


def test_after_needs_an_earlier_item(tmp_path):
    with pytest.raises(DataError, match="'b' comes after 'a', which does not come before it"):
        run(Quiz(), [{"id": "b", "question": "?", "after": "a"}], FakeEngine(), tmp_path)


def test_item_after_another_is_asked_when_that_said_yes(tmp_path):
    rows = [{"id": "a", "question": "1"}, {"id": "b", "question": "2", "after": "a"}]
    assert run(Quiz(), rows, FakeEngine(lambda request: "YES"), tmp_path / "yes").answered == 2
    summary = run(Quiz(), rows, FakeEngine(lambda request: "NO"), tmp_path / "no")
    assert (summary.items, summary.answered, summary.not_asked) == (2, 1, 1)
    assert [row["id"] for row in rows_of(summary.predictions)] == ["a"]


def test_progress_is_told_and_ends_at_the_end(tmp_path):
    told = []
    run(Quiz(), ROWS, FakeEngine(), tmp_path, RunOptions(total=20), told.append)
    assert told[-1].done == told[-1].total == 20
    assert told[-1].eta_s == 0


def test_eta_counts_only_what_this_start_did():
    state = Progress(done=60, total=100, failed=1, resumed=40, calls=20, elapsed_s=10.0)
    assert state.rate == 2.0
    assert state.eta_s == 20.0
    assert str(state) == "60/100 items, 1 failed, 2.0 per second, 0:20 to go"
    assert Progress(0, None, 0, 0, 0, 0.0).eta_s is None


def test_logprobs_are_kept_when_asked_for(tmp_path):
    from vidkit.serving import Alternative, Token

    reply = Reply("B", tokens=(Token("B", -0.5, (Alternative("B", -0.5), Alternative("A", -1.0))),))
    engine = FakeEngine(lambda request: reply)
    options = RunOptions(sampling=Sampling(top_logprobs=2))
    summary = run(Quiz(), ROWS[:1], engine, tmp_path, options)
    assert engine.requests[0].top_logprobs == 2
    (row,) = rows_of(summary.predictions)
    assert row["meta"]["tokens"][0]["top"][1] == {"token": "A", "logprob": -1.0}


def test_judges_need_a_task_with_something_to_judge(tmp_path):
    with pytest.raises(ConfigError, match="this task has nothing to judge"):
        run(Quiz(), ROWS, FakeEngine(), tmp_path, RunOptions(judges={"one": FakeEngine()}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"when": "later"}, "unknown protocol when='later'"),
        ({"stride_s": 0}, "the stride must be > 0 s, got 0"),
        (
            {"whole_clips": True, "mode": PromptMode(subtitles=SubtitleMode.INTERLEAVE)},
            "cannot be placed between",
        ),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        RunOptions(**options)


def test_a_record_that_cannot_be_written_fails_its_item_and_no_other(tmp_path):
    deep: list = []
    for _ in range(5000):
        deep = [deep]

    def answer(request):
        return Reply("A", record={"steps": deep} if "Question 3?" in text_of(request) else {})

    summary = run(Quiz(), ROWS, FakeEngine(answer), tmp_path / "run", RunOptions())
    assert (summary.answered, summary.failed) == (len(ROWS) - 1, 1)
    assert "RecursionError" in dict(summary.failures)["q03"]
