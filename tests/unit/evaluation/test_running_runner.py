"""Whole runs of small tasks on an engine in this process: order, resume, refusals, protocols, judges."""

import asyncio
import json
from dataclasses import replace

import pytest
from made_clips import write_clip

from vidkit.errors import ConfigError, DataError
from vidkit.evaluation.predictions import read_predictions
from vidkit.evaluation.running import FrameBudget, Progress, RunOptions, run
from vidkit.evaluation.running.render import Sampling
from vidkit.evaluation.tasks import social_omni
from vidkit.evaluation.types import Item, Part, PartKind, Prompt, PromptMode, SubtitleMode, Visuals
from vidkit.serving import Audio, Capabilities, EngineError, ErrorKind, Image, Reply, Text, Video


class FakeEngine:
    """Answers by a function of the request; remembers what it was asked."""

    def __init__(self, answer=lambda request: "A", name="fake", concurrency=4, **capabilities):
        self.name = name
        self.concurrency = concurrency
        self.capabilities = Capabilities(audio=True, video=True, **capabilities)
        self.answer = answer
        self.requests = []
        self.running = self.most_running = 0

    def identity(self):
        return {"engine": "fake", "model": self.name}

    async def generate(self, request):
        self.requests.append(request)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await asyncio.sleep(0.001)
        self.running -= 1
        answer = self.answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else Reply(answer)

    async def aclose(self):
        pass


def text_of(request) -> str:
    return "\n".join(part.text for part in request.messages[-1].parts if isinstance(part, Text))


class Quiz:
    """Text-only questions."""

    instruction = "One letter."

    def items(self, rows):
        for row in rows:
            yield Item(row["id"], row["id"], row["question"], ("x", "y"), after=row.get("after"))

    def visuals(self, item):
        return Visuals()

    def prompt(self, item, mode):
        return Prompt((Part(PartKind.TEXT, f"{item.question}\n{self.instruction}"),), max_tokens=8)


ROWS = [{"id": f"q{place:02d}", "question": f"Question {place}?"} for place in range(20)]


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


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
    assert str(state) == "60/100 items, 1 failed, 2.0 a second, 0:20 to go"
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


class Shows:
    """One video a question, every kind of part."""

    kinds = (PartKind.FRAMES, PartKind.AUDIO)

    def items(self, rows):
        for row in rows:
            yield Item(row["id"], row["video"], "What?", ("x", "y"))

    def visuals(self, item):
        return Visuals(video=f"{item.group}.mp4", subtitles=f"{item.group}.jsonl", audio=True)

    def prompt(self, item, mode):
        if mode.subtitles is SubtitleMode.INTERLEAVE:
            parts = (Part(PartKind.FRAMES_WITH_SUBTITLES),)
        elif mode.subtitles is SubtitleMode.SUBS:
            parts = (Part(PartKind.FRAMES), Part(PartKind.SUBTITLES))
        else:
            parts = tuple(Part(kind) for kind in self.kinds)
        return Prompt((*parts, Part(PartKind.TEXT, "Answer.")))


@pytest.fixture
def media(tmp_path):
    folder = tmp_path / "media"
    write_clip(folder / "v1.mp4", seconds=2, fps=10)
    (folder / "broken.mp4").write_bytes(b"no video")
    words = [("Hi.", 0.1, 0.4), ("You", 1.2, 1.4)]
    lines = [json.dumps({"text": text, "start_time": a, "end_time": b}) for text, a, b in words]
    (folder / "v1.jsonl").write_text("\n".join(lines))
    return folder


def shown(media, tmp_path, rows=({"id": "a", "video": "v1"},), **options):
    engine = FakeEngine()
    options = RunOptions(**{"media": media, "budget": FrameBudget(count=3), **options})
    summary = run(Shows(), rows, engine, tmp_path / "run", options)
    return engine, summary


def test_undecodable_video_fails_its_items_and_the_run_goes_on(media, tmp_path, caplog):
    rows = [{"id": f"{video}-{k}", "video": video} for video in ("v1", "broken", "gone") for k in (1, 2)]
    engine, summary = shown(media, tmp_path, rows)
    assert (summary.items, summary.answered, summary.failed) == (6, 2, 4)
    assert summary.failures_by_kind == {"media": 4}
    names = dict(summary.failures)
    assert "as a video" in names["broken-1"]
    assert "broken.mp4" in names["broken-1"]
    assert "no video" in names["gone-2"]
    assert len(engine.requests) == 2
    assert [row["id"] for row in rows_of(summary.predictions)] == [row["id"] for row in rows]


def test_frames_and_sound_are_sent(media, tmp_path):
    engine, summary = shown(media, tmp_path)
    kinds = [type(part) for part in engine.requests[0].messages[0].parts]
    assert kinds == [Image, Image, Image, Audio, Text]
    (row,) = rows_of(summary.predictions)
    assert row["meta"]["frames"] == 3
    assert row["meta"]["decoder"].startswith("pyav")


def test_whole_clip_is_sent(media, tmp_path):
    engine, _ = shown(media, tmp_path, whole_clips=True)
    kinds = [type(part) for part in engine.requests[0].messages[0].parts]
    assert kinds == [Video, Text]  # the clip brings its sound along
    assert engine.requests[0].messages[0].parts[0].data == (media / "v1.mp4").read_bytes()


def test_subtitles_as_one_text(media, tmp_path):
    engine, _ = shown(media, tmp_path, mode=PromptMode(subtitles=SubtitleMode.SUBS))
    *frames, text = engine.requests[0].messages[0].parts
    assert [type(part) for part in frames] == [Image] * 3
    assert text == Text("Hi. You\nAnswer.")


def test_subtitles_between_frames(media, tmp_path):
    engine, _ = shown(media, tmp_path, mode=PromptMode(subtitles=SubtitleMode.INTERLEAVE))
    parts = engine.requests[0].messages[0].parts
    # frames at 0.5, 1.0 and 1.5 s: the first word ended before all of them
    assert [part.text if isinstance(part, Text) else "frame" for part in parts] == [
        "frame",
        "frame",
        "[Subtitle 1.20s - 1.40s]: You",
        "frame",
        "Answer.",
    ]


def test_black_frames_keep_the_sound(media, tmp_path):
    engine, _ = shown(media, tmp_path, mode=PromptMode(modality="amv"))
    image, *_, audio, _ = engine.requests[0].messages[0].parts
    assert image.to_pil().getextrema() == ((0, 0),) * 3
    assert isinstance(audio, Audio)


def test_questions_of_one_video_decode_it_once(media, tmp_path, monkeypatch):
    from vidkit.evaluation.running import media as media_module

    decoded = []
    real = media_module.read_frames
    monkeypatch.setattr(
        media_module, "read_frames", lambda path, *rest: decoded.append(path) or real(path, *rest)
    )
    shown(media, tmp_path, [{"id": f"v1-{k}", "video": "v1"} for k in range(8)])
    assert len(decoded) == 1


def test_own_frame_picker_is_used(media, tmp_path):
    class Last:
        name = "last"

        def pick(self, path, query, count, start_s, end_s):
            return [19 - count, 19], {"query": query}

    engine, summary = shown(media, tmp_path, picker=Last())
    assert len(engine.requests[0].messages[0].parts) == 4
    (row,) = rows_of(summary.predictions)
    assert row["meta"]["selection"] == {"query": "What?"}


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
            "cannot stand between",
        ),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        RunOptions(**options)
