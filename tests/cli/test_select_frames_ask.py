"""`--ask`: what a server's limits, silence and cut answers look like to the user."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scripted_server import Act, ScriptedServer, completion

from vidkit.cli.main import run
from vidkit.frames.ask_faults import advice, reply_note
from vidkit.video.mp4_stream import mp4_stream


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    with mp4_stream(path) as stream:
        for i in range(40):
            stream.add(np.full((48, 80, 3), 6 * i, dtype=np.uint8), i / 2)
    return path


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def ask(act: Act, video: Path, folder: Path, *words: str) -> tuple[int, dict]:
    with ScriptedServer([act]) as server:
        status = run([
            "select-frames", str(video), "red", "k=6", "--ask", "why?", "--engine", "openai:m", "--base-url",
            server.base_url, "-o", str(folder), "write.plot=none", "write.sheet=false", "cache=off", *words,
        ])  # fmt: skip
    return status, json.loads((folder / "selection.json").read_text())


def test_a_limit_of_pictures_is_told_with_the_k_that_fits(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = json.dumps({"error": {"message": "At most 4 image(s) may be provided in one prompt."}}).encode()
    status, record = ask(Act(status=400, body=body), video, tmp_path / "a", "--html")
    shown = capsys.readouterr()
    assert status == 1 and "At most 4 image(s)" in shown.err
    assert "hint: the server takes at most 4 pictures and 6 were sent: give k=4" in shown.err
    # the frames are there all the same, with what happened
    assert len(record["frames"]) == 6 and "give k=4" in record["answer"]["hint"]
    assert len(list((tmp_path / "a" / "frames").iterdir())) == 6
    assert "give k=4" in (tmp_path / "a" / "page.html").read_text()


def test_an_empty_answer_is_no_answer(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = completion("", finish_reason="length")
    status, record = ask(Act(body=body), video, tmp_path / "a", "ask.max_tokens=9")
    shown = capsys.readouterr()
    assert status == 1 and "did not answer" in shown.err and "answer " not in shown.out
    assert "cut after 9 tokens: raise ask.max_tokens=" in shown.err and record["answer"]["text"] == ""


def test_a_cut_answer_is_shown_as_cut(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, record = ask(Act(body=completion("It is", finish_reason="length")), video, tmp_path / "a")
    shown = capsys.readouterr().out
    assert status == 0 and "It is" in shown and record["answer"]["finish_reason"] == "length"
    assert "the answer is cut after 256 tokens: raise ask.max_tokens=" in shown.replace("\n", " ")
    status, record = ask(Act(text="Because."), video, tmp_path / "b")
    assert status == 0 and record["answer"]["note"] == "" and "cut after" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("At most 4 image(s) may be provided in one request.", "give k=4"),
        ("You passed 16 images, but at most 10 images are allowed", "give k=10"),
        ("Too many images: 16 > 8", "give k=8"),
        ("The number of images exceeds the limit of 5", "give k=5"),
        ("Invalid request: max number of images is 3 images per request", "give k=3"),
        ("limit_mm_per_prompt={'image': 2} was set", "give k=2"),
        ("you can send up to 10 images per request", "give k=10"),
        ("too many images in request", "give a smaller k="),
        ("At most 0 image(s) may be provided in one prompt", "takes no pictures"),
        ("This model's maximum context length is 4096 tokens. However, you requested 9000", "tokens="),
        ("http://x answered 413: Request Entity Too Large", "ask.width="),
        ("the model does not exist", ""),
        ("rate limit: at most 3 requests per minute", ""),
    ],
)
def test_words_of_servers(message: str, expected: str) -> None:
    found = advice(message, 16)
    assert expected in found if expected else found == ""


@pytest.mark.parametrize(
    ("text", "finish", "reasoning", "expected"),
    [
        ("", "stop", "", "the answer is empty (finish_reason stop)"),
        ("  ", "length", "", "cut after 64 tokens"),
        ("", "length", "hm", "only reasoned and was cut after 64 tokens"),
        ("", "stop", "hm", "only reasoned and gave no answer"),
        ("", "content_filter", "", "content filter"),
        ("", "tool_calls", "", "called a tool"),
        ("Yes", "length", "", "the answer is cut"),
        ("Yes", "stop", "hm", ""),
    ],
)
def test_notes_on_replies(text: str, finish: str, reasoning: str, expected: str) -> None:
    note = reply_note(SimpleNamespace(text=text, finish_reason=finish, reasoning=reasoning), 64)
    assert expected in note if expected else note == ""
