"""`vidkit algoviz ask` against a local server that replays good and bad trackers."""

import dataclasses
import json
from pathlib import Path

import pytest
from made_trackers import ANSWER, BAD, DATA, GOOD, PROBLEM, failing, reply
from scripted_server import Act, ScriptedServer, completion

from vidkit import sandbox
from vidkit.algoviz.vta.trace import load
from vidkit.commands.algoviz.ask import Settings, run
from vidkit.errors import ConfigError, DataError, OutputError
from vidkit.serving import EngineError

if not any(backend.works for backend in sandbox.backends()):
    pytest.skip("no sandbox works here", allow_module_level=True)

KEY = "sk-never-to-be-seen-4242424242"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def ask(server: ScriptedServer, folder: Path, **given: object):
    usual = Settings(
        PROBLEM,
        server.base_url,
        "scripted",
        data=json.dumps(DATA),
        expect=json.dumps(ANSWER),
        output=str(folder / "sort.svg"),
        to="html",
        attempts=1,
        seconds=3,  # three times as many may pass before the script must have begun, on a busy machine too
    )
    given = {"output": str(folder / "sort.html"), **given}
    return run(dataclasses.replace(usual, **given))


def test_faulty_trackers_are_repaired_with_what_was_wrong_with_them(tmp_path, capsys):
    acts = [Act(reply(BAD["syntax error"])), Act(reply(BAD["bad step"])), Act(f"says {KEY}" + reply(GOOD))]
    with ScriptedServer(acts) as server:
        made = ask(server, tmp_path, attempts=3)
        asked = [request["messages"] for request in server.requests]
        heads = server.heads
    assert made.whole and made.level == "S5" and made.semantic == "pass" and made.attempts == 3
    assert made.tokens == 24
    assert [len(messages) for messages in asked] == [2, 4, 4]
    assert "SyntaxError" in asked[1][-1]["content"] and "line " in asked[1][-1]["content"]
    assert "V306" in asked[2][-1]["content"] and "/deltas/2" in asked[2][-1]["content"]
    assert "<title>Sort" in (tmp_path / "sort.html").read_text()
    assert load(tmp_path / "sort.trace.json").state(4).main.values == (1, 2, 5, 8)
    record = json.loads((tmp_path / "sort.ask.json").read_text())
    assert [one["level"] for one in record["attempts"]] == [0, 2, 5]
    written = "".join(path.read_text() for path in tmp_path.iterdir())
    assert KEY in heads[0] and KEY not in written + "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("name", "level", "kept", "told"),
    [
        ("syntax error", "S0", 0, "SyntaxError"),
        ("infinite loop", "S0", 3, "did not finish in time"),
        ("wrong answer", "S3", 4, "the answer is [8, 5, 2, 1], expected [1, 2, 5, 8]"),
        ("10 GB", "S0", 3, "MemoryError"),
        ("network", "S0", 3, "no network"),
        ("malformed trace", "S1", 3, "/deltas/3/operations"),
        ("cut off", "S1", 3, "unterminated"),
        ("bad step", "S2", 2, "V306"),
    ],
)
def test_what_is_right_of_a_bad_tracker_is_kept_drawn_and_labelled(tmp_path, name, level, kept, told):
    with ScriptedServer([Act(reply(BAD[name]))]) as server:
        made = ask(server, tmp_path)
    assert not made.whole
    assert (made.level, made.kept) == (level, kept)
    assert told in " ".join(made.findings)
    assert (tmp_path / "sort.html").exists() is (kept > 0)
    if kept:
        trace = load(tmp_path / "sort.trace.json")
        label = "wrong answer" if name == "wrong answer" else "incomplete"
        assert trace.name == f"Sort ({label})" and len(trace) == kept + 1 and not trace.errors
        assert trace.as_dict()["x-incomplete"]["kept"] == kept
        text = trace.deltas[-1].ops[0].params.text
        assert ("expected [1, 2, 5, 8]" if name == "wrong answer" else f"after step {kept}") in text


def test_asking_stops_when_two_attempts_fail_alike(tmp_path, capsys):
    with ScriptedServer([Act(reply(failing("1 / 0")))]) as server:
        made = ask(server, tmp_path, attempts=9)
        assert len(server.requests) == 2
    assert made.attempts == 2 and "ZeroDivisionError" in made.findings[0]
    assert "failed in the same way" in capsys.readouterr().out


def test_answer_that_nobody_knows_is_not_called_right(tmp_path, capsys):
    with ScriptedServer([Act(reply(GOOD))]) as server:
        made = ask(server, tmp_path, expect=None)
    assert made.whole and made.semantic == "unknown" and made.level == "S3"
    assert "answer not checked" in capsys.readouterr().out


def test_script_form_is_watched(tmp_path):
    source = (
        "import json\na = json.load(open('input.json'))['numbers']\n"
        "for i in range(3):\n    for j in range(3):\n"
        "        if a[j] > a[j + 1]:\n            a[j], a[j + 1] = a[j + 1], a[j]\nprint(a)\n"
    )
    with ScriptedServer([Act(reply(source))]) as server:
        made = ask(server, tmp_path, form="script", seconds=5)
    assert made.whole and made.level == "S5"
    assert load(tmp_path / "sort.trace.json").name == PROBLEM


@pytest.mark.parametrize("end", ["html", "trace.json", "tracker.py", "ask.json"])
def test_nothing_is_overwritten_and_no_token_is_paid_for_it(tmp_path, end):
    (tmp_path / f"sort.{end}").write_text("mine")
    with ScriptedServer([Act(reply(GOOD))]) as server:
        with pytest.raises(OutputError, match="already exists"):
            ask(server, tmp_path)
        assert server.requests == []
    assert (tmp_path / f"sort.{end}").read_text() == "mine"


def test_no_reply_is_status_5_and_writes_nothing(tmp_path):
    refusal = Act(status=401, body=b'{"error": {"message": "bad key"}}')
    with ScriptedServer([refusal]) as server, pytest.raises(EngineError) as caught:
        ask(server, tmp_path)
    assert caught.value.exit_code == 5 and KEY not in str(caught.value) + caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_server_that_does_not_answer_is_waited_for_no_longer_than_asked(tmp_path):
    with ScriptedServer([Act(reply(GOOD), delay_s=4)]) as server:
        with pytest.raises(EngineError, match=r"no complete reply .* after 0.2 s"):
            ask(server, tmp_path, timeout=0.2)
        requests = len(server.requests)
    assert requests == 3
    assert list(tmp_path.iterdir()) == []


def test_server_that_dies_after_a_faulty_program_leaves_what_there_is(tmp_path, capsys):
    acts = [Act(reply(BAD["bad step"])), Act(status=401, body=b"{}")]
    with ScriptedServer(acts) as server:
        made = ask(server, tmp_path, attempts=3)
    assert made.kept == 2 and "no further attempt" in capsys.readouterr().out


def test_reply_without_a_program_is_told(tmp_path):
    cut = Act(body=completion("I would sort them", finish_reason="length"))
    with ScriptedServer([cut]) as server:
        made = ask(server, tmp_path)
    assert made.level == "" and "cut after 8192 tokens" in made.findings[0]
    assert [path.name for path in tmp_path.iterdir()] == ["sort.ask.json"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("I cannot\n\x1b[31mhelp with that.", "the model says: I cannot \\x1b[31mhelp with that."),
        ("", "the reply is empty: stop"),
        (f"{KEY} " + "x" * 1_000_000, "the model says: *** xxx"),
    ],
)
def test_words_instead_of_a_program_are_told_shortly_and_without_the_key(tmp_path, text, told):
    with ScriptedServer([Act(body=completion(text))]) as server:
        made = ask(server, tmp_path)
    assert told in made.findings[0] and len(made.findings[0]) < 250
    record = json.loads((tmp_path / "sort.ask.json").read_text())
    assert told in record["attempts"][0]["findings"][0]["hint"]


def test_a_key_that_a_program_puts_together_is_in_no_file(tmp_path):
    program = f"a = [3, 1, 2]\nname = '{KEY[:12]}' + '{KEY[12:]}'\na.sort()\nprint(a)\n"
    with ScriptedServer([Act(reply(program))]) as server:
        made = ask(server, tmp_path, form="script", expect="[1, 2, 3]")
    assert made.steps
    for path in tmp_path.iterdir():
        assert KEY not in path.read_text(), path.name


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ({"problem": "  "}, ConfigError, "the problem is empty"),
        ({"problem": "none.txt"}, DataError, "no file 'none.txt'"),
        ({"form": "trackr"}, ConfigError, "no form 'trackr'"),
        ({"family": "heap"}, ConfigError, "no family 'heap'"),
        ({"data": "[1,"}, ConfigError, "--input: '\\[1,' is neither JSON"),
        ({"expect": "{bad"}, ConfigError, "--expect"),
        ({"to": "mp5"}, ConfigError, "mp5"),
        ({"llm": "nowhere"}, ConfigError, "not an address"),
    ],
)
def test_mistakes_are_told_before_anything_is_asked(tmp_path, given, error, told):
    with ScriptedServer([Act("no")]) as server:
        with pytest.raises(error, match=told):
            ask(server, tmp_path, **given)
        assert server.requests == []
