"""`vidkit eval --answer-judge`: a labelled reader of replies that the rules could not read."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx", reason="asking a server needs httpx")

from scripted_server import Act, ScriptedServer

from vidkit.cli.main import run
from vidkit.evaluation.answer_judge import NONE, parse_verdict

TASK = {
    "name": "words",
    "title": "Words",
    "id": "{id}",
    "group": "{id}",
    "question": "question",
    "options": "options",
    "answer": "answer",
    "official": "first_capital",
}
REPLIES = {
    "read": "B",
    "vague": "The one with the dog, surely.",
    "several": "A or C",
    "silent": "Hard to say from here.",
    "babble": "Whatever it may be.",
    "cut": "<think>it is the dog",
    "empty": "",
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIDKIT_DEBUG", raising=False)
    (tmp_path / "words.yaml").write_text(json.dumps(TASK))
    options = ["a cat", "a dog in a cart", "a bird"]
    rows = [{"id": name, "question": "Who?", "options": options, "answer": "B"} for name in REPLIES]
    (tmp_path / "d.json").write_text(json.dumps(rows))
    said = [{"id": name, "prediction": text, "answer_judge": "C"} for name, text in REPLIES.items()]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(each) + "\n" for each in said))
    return tmp_path


def judge(body: dict[str, Any]) -> Act:
    content = body["messages"][-1]["content"]
    asked = content if isinstance(content, str) else content[-1]["text"]
    if "surely" in asked:
        return Act("<think>They mean the dog.</think>Choice: B")
    if "Hard to say" in asked:
        return Act("Choice: none")
    if "A or C" in asked:
        return Act("Choice: Q")
    return Act("I believe they meant B, or maybe C.")


def evaluate(*more: str) -> int:
    return run(["eval", "words.yaml", "--data", "d.json", "-p", "p.jsonl", "--json", "out.json",
                "resamples=20", "server.attempts=1", *more])  # fmt: skip


def result(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / "out.json").read_text())
    return found


def test_judge_reads_only_what_was_unread_and_is_labelled(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedServer(judge) as server:
        options = ("--answer-judge", server.base_url, "--answer-judge-model", "reader", "--output", "run")
        assert evaluate(*options) == 0
        asked = len(server.requests)
        found = result(place)
        assert evaluate(*options) == 0
        # verdicts are kept; what could not be read is asked again
        assert len(server.requests) - asked < asked
    rules = {item["id"]: (item["letter"], item["rule"]) for item in found["items"]}
    assert rules["read"] == ("B", "whole") and rules["vague"] == ("B", "judge")
    assert rules["several"] == (None, "ambiguous") and rules["silent"][0] is None
    assert rules["cut"] == (None, "truncated") and rules["empty"] == (None, "empty")
    counts = {key: found["answer_judge"][key] for key in ("unread", "read", "none", "failed")}
    assert counts == {"unread": 4, "read": 1, "none": 1, "failed": 2}
    assert found["counts"]["by_rule"]["judge"] == 1 and found["answer_judge"]["model"] == "reader"
    assert (place / "run" / "answer_judge-reader.jsonl").is_file()
    printed = " ".join(capsys.readouterr().out.split())
    assert "1 of 4 unread replies were read by the judge 'reader'" in printed
    assert found["modes"]["official"]["accuracy"] == result(place)["modes"]["official"]["accuracy"]


def dry_run(place: Path, *more: str) -> dict[str, Any]:
    assert evaluate("--dry-run", *more) == 0
    plan: dict[str, Any] = result(place)["predictions"][0]["answer_judge"]
    return plan


def test_a_dry_run_counts_the_judges_calls_and_what_its_log_knows(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedServer(judge) as server:
        options = ("--answer-judge", server.base_url, "--answer-judge-model", "reader", "--output", "run")
        plan = dry_run(place, *options)
        assert (plan["unread"], plan["answered"], plan["most_calls"]) == (4, 0, 8)
        assert not server.requests and not (place / "run").exists()
        assert "4 unread replies for the answer judge 'reader'" in capsys.readouterr().out
        assert evaluate(*options) == 0
        assert len(server.requests) <= plan["most_calls"]
        plan = dry_run(place, *options)
        assert (plan["unread"], plan["answered"], plan["most_calls"]) == (4, 3, 2)
        run_plan = ("eval", "words.yaml", "--data", "d.json", "--model", "m", "--base-url", server.base_url)
        assert run([*run_plan, *options[:4], "--dry-run", "--json", "out.json"]) == 0
        assert result(place)["run"]["answer_judge"]["most_calls"] == 2 * len(REPLIES)
    assert evaluate("--dry-run", "--answer-judge", "nonsense", "--answer-judge-model", "reader") == 2
    assert "not an address of a server: 'nonsense'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "act",
    [
        Act(status=500),
        Act("<html>Service unavailable</html>"),
        Act(""),
        Act("Choice: " + "B" * 10_000),
        Act("\x1b[2JChoice: B"),
        Act("Choice: \u0130"),
    ],
    ids=["500", "html", "empty", "long", "escape", "folded"],
)
def test_a_judge_that_says_nothing_useful_fails_alone(act: Act, place: Path) -> None:
    with ScriptedServer(lambda body: judge(body) if "surely" in str(body) else act) as server:
        options = ("--answer-judge", server.base_url, "--answer-judge-model", "reader")
        assert evaluate(*options) == 0
    found = result(place)
    assert (found["answer_judge"]["read"], found["answer_judge"]["failed"]) == (1, 3)
    assert {item["rule"] for item in found["items"]} <= {
        "whole", "judge", "unparsed", "ambiguous", "refused", "truncated", "empty"}  # fmt: skip


def test_a_dead_judge_is_two_lines_and_no_score(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = "s3cretpassw0rd"
    url = f"http://user:{secret}@127.0.0.1:9/v1"
    rows = [{"id": f"q{i}", "question": "Who?", "options": ["a", "b"], "answer": "B"} for i in range(30)]
    (place / "d.json").write_text(json.dumps(rows))
    said = [{"id": row["id"], "prediction": f"Hard to say: {row['id']}."} for row in rows]
    (place / "p.jsonl").write_text("".join(json.dumps(each) + "\n" for each in said))
    assert evaluate("--answer-judge", url, "--answer-judge-model", "reader") == 1
    error = capsys.readouterr().err
    assert error.startswith("error: connection to http://127.0.0.1:9/v1 failed: ")
    assert len(error.strip().splitlines()) == 2 and not (place / "out.json").exists()
    written = "".join(path.read_text() for path in place.rglob("*") if path.is_file())
    assert secret not in error + written


def test_without_the_option_nothing_is_judged(place: Path) -> None:
    assert evaluate() == 0
    found = result(place)
    assert "answer_judge" not in found and "judge" not in found["counts"]["by_rule"]


def test_own_marks_of_thinking_are_a_setting(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = {"read": "<plan>Answer: A</plan>Answer: B", "vague": "<plan>Answer: B"}
    (place / "p.jsonl").write_text(
        "".join(json.dumps({"id": name, "prediction": text}) + "\n" for name, text in said.items())
    )
    assert evaluate("think_tags=['<plan>','</plan>']") == 0
    rules = {item["id"]: (item["letter"], item["rule"]) for item in result(place)["items"]}
    assert rules["read"] == ("B", "declaration") and rules["vague"] == (None, "truncated")
    assert evaluate("think_tags=['<plan>']") == 2
    assert "are not pairs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--answer-judge", "http://127.0.0.1:9/v1"], "--answer-judge needs a model"),
        (["--answer-judge-model", "reader"], "answer_judge_model needs an address"),
        (
            ["--answer-judge", "http://127.0.0.1:9/v1", "--answer-judge-model", "x", "--mode", "official"],
            "--answer-judge does not work in official mode",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused(
    place: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert evaluate(*options) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("Choice: B", ord("B")),
        ("**Choice: B**", ord("B")),
        ("B", ord("B")),
        ("<think>A?</think>Choice: C", ord("C")),
        ("Choice: none", NONE),
        ("Choice: B or C", None),
        ("The choice is B", None),
        ("<think>Choice: B", None),
        ("", None),
        (None, None),
    ],
)
def test_a_judges_own_reply_is_read_strictly(reply: object, verdict: int | None) -> None:
    assert parse_verdict(reply) == verdict
