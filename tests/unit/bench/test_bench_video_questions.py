"""Questions about long videos: evidence is where it was planted, and an oracle needs to see all of it."""

import itertools
import json

import pytest

from vidkit.bench.frames import video_questions
from vidkit.bench.frames.video_questions import Said, answered, bench_questions
from vidkit.cli.main import run
from vidkit.synthetic.zoom_scenes.words import SHAPES
from vidkit.synthetic.zoom_videos import EVIDENCE, write_zoom_video
from vidkit.video.reader import open_video


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_zoom_video(tmp_path_factory.mktemp("video") / "v.mp4", 3, 90)


def test_moments_are_where_they_are_said_to_be(video) -> None:
    assert [len(question.moments) for question in video.questions] == list(EVIDENCE.values())
    spans = list(video.shots)
    assert spans[0][0] == 0 and spans[-1][1] == 90
    assert all(a[1] == b[0] for a, b in itertools.pairwise(spans))
    for question in video.questions:
        assert len(set(question.answer)) == len(question.answer) and set(question.answer) <= set(
            question.options
        )
        assert len(question.options) == 4 and set(question.options) <= set(SHAPES)
        assert [one.start for one in question.moments] == sorted(one.start for one in question.moments)
        assert all((one.start, one.end) in spans for one in question.moments)


def test_a_colour_is_seen_in_its_moments_alone(video) -> None:
    question = next(one for one in video.questions if one.colour == "red")
    reader = open_video(video.path, "pyav")
    seen = {}
    for frame in reader.read([round(start) for start, _ in video.shots]):
        red, green, blue = (frame.pixels[..., n].astype(int) for n in range(3))
        seen[frame.time_s] = int(((red > 185) & (green < 75) & (blue < 75)).sum())
    shown = {start for start, count in seen.items() if count > 100}
    assert shown == {one.start for one in question.moments}


def test_answers_from_what_was_said() -> None:
    class Question:
        moments = (1, 2)

    said = [Said("star", 0.5), Said("cross", 0.95), Said("circle", 0.99), Said("square", 0.97)]
    assert answered(said, Question, 0.9) == ("circle", "square")
    assert answered(said, Question, 0.98) == ("circle",)
    Question.moments = (1,)
    assert answered(said, Question, 0.999) == ("circle",) and answered([], Question, 0.5) == ()


def test_the_oracle_is_right_where_all_is_shown_and_uniform_is_the_baseline(tmp_path) -> None:
    def blind(pictures, question) -> list[Said]:
        return [Said("star", 0.1) for _ in pictures]

    last = list(bench_questions(tmp_path, 1, ["topk", "uniform"], [4, 90], 3, 90, 100, {"blind": blind}))[-1]
    rows = {(row["method"], row["k"], row["evidence"]): row for row in last["rows"]}
    assert {key[0] for key in rows} == {"uniform", "topk"} and len(rows) == 2 * 2 * 3
    for evidence in EVIDENCE:
        assert rows["uniform", 90, evidence]["oracle"]["mean"] == 1  # every frame
        assert rows["uniform", 4, evidence]["oracle_gain"]["mean"] == 0
    assert rows["topk", 4, "one"]["oracle"]["mean"] == 1
    assert rows["uniform", 90, "several"]["blind"]["mean"] == 0


def test_a_stopped_run_goes_on_and_another_is_refused(tmp_path, capsys, monkeypatch) -> None:
    few = ["methods=[topk]", "qa.duration_s=90", "qa.readers=[]", "qa.budgets=[4]", "qa.resamples=50"]
    words = ["bench", "select-frames", "sections=[qa]", *few, "-o", str(tmp_path)]
    assert run([*words, "qa.videos=1"]) == 0
    log, first = tmp_path / "questions.jsonl", json.loads((tmp_path / "select_frames.json").read_text())
    assert len(log.read_text().splitlines()) == 2  # what it is of, and a video
    with log.open("ab") as file:
        file.write(b'{"video": 1, "right": [["top')  # killed while it wrote

    drawn = []
    real = video_questions.write_zoom_video
    monkeypatch.setattr(
        video_questions, "write_zoom_video", lambda path, seed, s: drawn.append(seed) or real(path, seed, s)
    )
    assert run([*words, "qa.videos=2"]) == 0 and drawn == [1]
    assert run([*words, "qa.videos=1"]) == 0 and drawn == [1]
    again = json.loads((tmp_path / "select_frames.json").read_text())
    assert again["sections"]["qa"] == first["sections"]["qa"]
    capsys.readouterr()
    assert run([*words, "qa.videos=1", "qa.sure=0.5"]) != 0
    assert "questions.jsonl" in capsys.readouterr().err


def test_unknown_readers_are_named(capsys) -> None:
    assert run(["bench", "select-frames", "sections=[qa]", "qa.readers=[big]"]) == 2
    assert "unknown reader 'big'" in capsys.readouterr().err
