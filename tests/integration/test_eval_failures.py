"""Runs whose calls fail: reasons are named, nothing is scored as zero, one bad item is one failed item."""

import gzip
import json
import socket
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx", reason="asking a server needs httpx")

from scripted_server import Act, ScriptedServer, completion

from vidkit.cli.main import run

TASK = {
    "name": "words",
    "title": "Words",
    "id": "{id}",
    "group": "{id}",
    "question": "question",
    "options": "options",
    "answer": "answer",
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIDKIT_DEBUG", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "words.yaml").write_text(json.dumps(TASK))
    return tmp_path


def ask(place: Path, url: str, rows: int = 3, *more: str, concurrency: int = 2) -> int:
    data = [
        {"id": f"q{n}", "question": f"n={n};", "options": ["yes", "no"], "answer": "A"} for n in range(rows)
    ]
    (place / "d.json").write_text(json.dumps(data))
    return run(["eval", "words.yaml", "--data", "d.json", "-m", "made", "--base-url", url, "-o", "run",
                "--json", "out.json", "server.attempts=2", f"server.concurrency={concurrency}",
                "resamples=20", *more])  # fmt: skip


def result(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / "out.json").read_text())
    return found


def error(status: int, message: str) -> Act:
    return Act(status=status, body=json.dumps({"error": {"message": message}}).encode())


REFUSALS = {
    "wrong-parameter": (error(400, "frames must be even"), "answered 400: frames must be even"),
    "too-large": (Act(status=413, body=b"too large"), "answered 413: too large"),
    "no-right": (error(403, "not for you"), "answered 403: not for you"),
    "no-model": (error(404, "no model 'made'"), "answered 404: no model 'made'"),
}


@pytest.mark.parametrize(("act", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_nothing_answered_is_no_score_and_no_success(
    act: Act, reason: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedServer([act]) as server:
        assert ask(place, server.base_url, 3, "--html", "page.html") == 1
    said = capsys.readouterr()
    assert f"3 x {server.base_url} {reason}" in said.err
    assert "not answered" in said.out and "[0.0" not in said.out and "accuracy" not in said.out
    found = result(place)
    assert found["accuracy"] is None and found["answered"] is False
    assert all(bounds == [None, None] for bounds in found["intervals"].values())
    assert "not answered" in (place / "page.html").read_text()


@pytest.mark.parametrize(("act", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_calls_that_all_fail_alike_stop_early(
    act: Act, reason: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedServer([act]) as server:
        assert ask(place, server.base_url, 200) == 1
        # on a busy machine calls in flight may be answered before the run has stopped
        assert 8 <= len(server.requests) <= 8 + 2 * 2
    lines = capsys.readouterr().err.splitlines()
    assert f"{reason} (stopped: 8 calls in a row failed alike, none was answered)" in lines[-2]
    assert lines[-1].startswith("hint: ")


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (error(401, "bad key"), "answered 401: bad key"),
        (error(402, "no balance"), "answered 402: no balance"),
    ],
)
def test_a_wrong_key_or_no_credit_stops_at_once(
    act: Act, reason: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedServer([act]) as server:
        assert ask(place, server.base_url, 200) == 1
        assert len(server.requests) <= 4  # those in flight
    assert reason in capsys.readouterr().err


def test_a_page_instead_of_replies_stops_with_a_hint_at_the_version(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = Act(body=b"<html>Welcome</html>", headers={"content-type": "text/html"})
    with ScriptedServer([page]) as server:
        assert ask(place, server.base_url.removesuffix("/v1"), 60, "stop_after=3") == 1
    said = capsys.readouterr().err
    assert "the reply is 'text/html', not JSON" in said and "3 calls in a row failed" in said
    assert f"did you mean {server.base_url}?" in said


def test_a_dead_server_is_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        assert ask(place, f"http://127.0.0.1:{taken.getsockname()[1]}/v1", 3) == 1
    assert "3 x connection to http://127.0.0.1:" in capsys.readouterr().err


@pytest.mark.parametrize("status", [400, 403, 404, 413])
def test_one_refused_item_neither_ends_the_run_nor_blocks_the_next(
    status: int, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def moderated(body: dict[str, Any]) -> Act:
        return error(status, "flagged by moderation") if "n=0;" in json.dumps(body) else Act(text="A")

    with ScriptedServer(moderated) as server:
        assert ask(place, server.base_url, 12, concurrency=1) == 0
        assert ask(place, server.base_url, 12, concurrency=1) == 0
        assert len(server.requests) == 13
    found = result(place)
    assert (found["run_summary"]["answered"], found["run_summary"]["failed"]) == (11, 1)
    assert found["counts"]["failed_ids"] == ["q0"]
    assert (
        f"1 of 12 items failed: 1 x {server.base_url} answered {status}: flagged" in capsys.readouterr().out
    )


def huge(fields: str) -> bytes:
    return completion("A").replace(b'"model"', fields.encode() + b', "model"')


BAD = {
    "huge-integer": (Act(body=huge('"created": ' + "9" * 5000)), "Exceeds the limit"),
    "retry-in-the-far-future": (
        Act(status=429, body=b"busy", headers={"retry-after": "Fri, 31 Dec 99999999999 23:59:59 GMT"}),
        "answered 429: busy",
    ),
    "retry-in-a-late-year": (
        Act(status=503, body=b"busy", headers={"retry-after": "Fri, 31 Dec 9999 23:59:59 -2300"}),
        "answered 503: busy",
    ),
    "deep": (Act(body=b'{"choices": ' + b"[" * 200_000), "nested too deeply"),
    "deep-error": (
        Act(status=400, body=b'{"error": {"detail": ' + b"[" * 900 + b"]" * 900 + b"}}"),
        "answered 400",
    ),
    "torn": (Act(body=completion("A")[:-20]), "not JSON"),
    "no-gzip": (Act(body=b"\x1f\x8bnot", headers={"content-encoding": "gzip"}), "compression is broken"),
    "wrong-choices": (Act(body=b'{"choices": {"0": {}}}'), "no 'choices'"),
    "wrong-message": (Act(body=b'{"choices": [{"message": 7}]}'), "no 'message'"),
    "wrong-content": (Act(body=completion("", message={"content": 7})), "content is a int"),
    "wrong-tools": (Act(body=completion("", message={"content": "A", "tool_calls": 7})), "'tool_calls'"),
    "picture": (Act(body=b"\x89PNG", headers={"content-type": "image/png"}), "not JSON"),
    "nothing": (Act(body=b""), "the reply is empty"),
    "utf-16": (Act(body=b"\xff\xfe{\x00\xd8\x00"), "reply"),
}


@pytest.mark.parametrize(("act", "reason"), BAD.values(), ids=BAD)
def test_one_bad_reply_is_one_failed_item(act: Act, reason: str, place: Path) -> None:
    with ScriptedServer(lambda body: act if "n=1;" in json.dumps(body) else Act(text="A")) as server:
        assert ask(place, server.base_url, 6) == 0
    found = result(place)["run_summary"]
    assert (found["answered"], found["failed"]) == (5, 1)
    assert found["failures"][0][0] == "q1" and reason in found["failures"][0][1]


ODD = {
    "nan": completion("A", logprobs={"content": [{"token": "A", "logprob": float("nan")}]}),
    "huge-logprob": completion("A", logprobs={"content": [{"token": "A", "logprob": -(10**400)}]}),
    "surrogates": completion("A \ud800", finish_reason="\udfff"),
    "odd-usage": completion("A").replace(b'"prompt_tokens": 7', b'"prompt_tokens": NaN, "x": ' + b"9" * 400),
    "deep-tools": completion(
        "", message={"content": "A", "tool_calls": [json.loads('{"a":' * 400 + "1" + "}" * 400)]}
    ),
    "gzip": gzip.compress(completion("A")),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_fields_do_not_cost_the_reply(name: str, place: Path) -> None:
    headers = {"content-encoding": "gzip"} if name == "gzip" else {}
    with ScriptedServer([Act(body=ODD[name], headers=headers)]) as server:
        assert ask(place, server.base_url, 2, "sampling.top_logprobs=1") == 0
    assert result(place)["accuracy"] == 100


def test_half_a_surrogate_pair_in_an_id_is_an_id(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"id": f"q\ud800{n}", "question": f"n={n} \udc00", "options": ["y", "n"], "answer": "A"}
        for n in (1, 2)
    ]
    words = ["eval", "words.yaml", "--data", "d.json", "-m", "made", "-o", "run", "--json", "out.json",
             "--html", "p.html", "server.attempts=1", "resamples=20"]  # fmt: skip
    (place / "d.json").write_text(json.dumps(rows))
    with ScriptedServer(
        lambda body: Act(status=500) if "n=1" in json.dumps(body) else Act(text="A")
    ) as server:
        assert run([*words, "--base-url", server.base_url]) == 0
    assert [item["id"] for item in result(place)["items"]] == ["q\ud8001", "q\ud8002"]
    assert result(place)["counts"]["failed_ids"] == ["q\ud8001"]


NO_TEXT = {
    "tool_calls": {"message": {"content": None, "tool_calls": [{"id": "1"}]}, "finish_reason": "tool_calls"},
    "content_filter": {"message": {"content": ""}, "finish_reason": "content_filter"},
    "reasoning_only": {"message": {"content": "", "reasoning_content": "I think A"}, "finish_reason": "stop"},
    "truncated": {"message": {"content": "", "reasoning_content": "I thi"}, "finish_reason": "length"},
}


@pytest.mark.parametrize("name", NO_TEXT)
def test_replies_without_text_are_called_what_they_are(
    name: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = Act(body=completion("", **NO_TEXT[name]))
    with ScriptedServer(lambda body: odd if "n=1;" in json.dumps(body) else Act(text="A")) as server:
        assert ask(place, server.base_url, 4) == 0
    found = result(place)
    assert found["counts"]["by_rule"][name] == 1 and "empty" not in found["counts"]["by_rule"]
    assert f"1 reply holds no text: 1 {name.replace('truncated', 'length')}" in capsys.readouterr().out


def test_a_run_of_replies_without_text_says_what_they_were(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = Act(body=completion("", **NO_TEXT["reasoning_only"]))
    with ScriptedServer(lambda body: odd) as server:
        assert ask(place, server.base_url, 4) == 1
    assert "was answered: replies without text: 4 reasoning_only" in capsys.readouterr().err


def test_predictions_that_are_all_failures_have_no_score(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"id": "q0", "question": "?", "options": ["yes", "no"], "answer": "A"}]
    (place / "d.json").write_text(json.dumps(rows))
    (place / "p.jsonl").write_text(json.dumps({"id": "q0", "response": None, "error": "no balance"}) + "\n")
    assert run(["eval", "words.yaml", "--data", "d.json", "-p", "p.jsonl", "--json", "out.json"]) == 1
    assert "error: no question of p.jsonl was answered: 1 x no balance" in capsys.readouterr().err
    assert result(place)["accuracy"] is None
