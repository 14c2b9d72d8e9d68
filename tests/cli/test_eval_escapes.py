"""Whatever ids, labels, files and servers hold: `vidkit eval` prints nothing that steers a terminal."""

import io
import json
import re
from pathlib import Path

import pytest

pytest.importorskip("httpx", reason="asking a server needs httpx")

from rich.console import Console
from scripted_server import Act, ScriptedServer

from vidkit.cli.main import run
from vidkit.evaluation.report.text import rich_table

ESCAPE = "\x1b[31mRED\x1b]0;title\x07\x9b1m\x08\u202e"
STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
TASK = {
    "name": "words",
    "title": f"Words{ESCAPE}",
    "id": "{id}",
    "group": "{id}",
    "question": "question",
    "options": "options",
    "answer": "answer",
    "tables": {"kind": f"Kind{ESCAPE}"},
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIDKIT_DEBUG", raising=False)
    (tmp_path / "w.yaml").write_text(json.dumps(TASK))
    rows = [
        {"id": f"q{n}{ESCAPE}", "question": f"Who?{ESCAPE}", "options": [f"a cat{ESCAPE}", "a dog"],
         "answer": "B", "kind": f"k{ESCAPE}"}
        for n in range(8)
    ]  # fmt: skip
    (tmp_path / "d.json").write_text(json.dumps(rows))
    said = [{"id": row["id"], "prediction": f"B {ESCAPE}" if n else ""} for n, row in enumerate(rows[:6])]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(each) + "\n" for each in said))
    (tmp_path / "d\x1b[2J.json").write_text(json.dumps(rows))
    (tmp_path / "bad.json").write_text(json.dumps([{**rows[0], "answer": f"Z{ESCAPE}"}]))
    (tmp_path / "twice.json").write_text(json.dumps([rows[0], rows[0]]))
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    run(["eval", *words])
    shown = capsys.readouterr()
    text = shown.out + shown.err
    assert text and not STEERS.search(text), STEERS.findall(text)
    return text


@pytest.mark.parametrize(
    "words",
    [
        ["w.yaml", "--data", "d.json", "-p", "p.jsonl", "resamples=20"],
        ["w.yaml", "--data", "d\x1b[2J.json", "-p", "p.jsonl", "resamples=20", "--limit", "7"],
        ["w.yaml", "--data", "d.json", "-p", "p.jsonl", "--dry-run"],
        ["w.yaml", "--data", "d.json", "-m", "m", "--base-url", "http://127.0.0.1:9/v1", "--dry-run"],
        ["w.yaml", "--data", "bad.json", "-p", "p.jsonl"],
        ["w.yaml", "--data", "twice.json", "-p", "p.jsonl"],
        ["w.yaml", "--data", "no\x1b[2J.json", "-p", "p.jsonl"],
        ["w.yaml", "--data", "d.json", "-p", "no\x1b[2J.jsonl"],
        ["no\x1b[2J", "--data", "d.json"],
        ["w.yaml", "--data", "d.json", "k\x1b[2J=1"],
        ["w.yaml", "--data", "d.json", "-m", "m", "--base-url", "http://127.0.0.1:9/\x1b[2J", "--dry-run"],
    ],
)
def test_nothing_that_steers_a_terminal_is_printed(
    words: list[str], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed(capsys, *words)


@pytest.mark.parametrize(
    "act",
    [
        Act(text=f"B {ESCAPE}"),
        Act(status=400, body=json.dumps({"error": {"message": ESCAPE}}).encode()),
        Act(status=500, body=ESCAPE.encode()),
        Act(body=f"<p>{ESCAPE}".encode(), headers={"content-type": "text/html"}),
        Act(status=302, headers={"location": "http://h/\u009b"}),
    ],
    ids=["reply", "400", "500", "page", "moved"],
)
def test_a_server_cannot_steer_the_terminal(
    act: Act, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedServer(lambda _: act) as server:
        words = [
            "w.yaml",
            "--data",
            "d.json",
            "-m",
            "m",
            "--base-url",
            server.base_url,
            "-o",
            "run",
            "--verbose",
        ]
        printed(capsys, *words, "server.attempts=1", "resamples=20")


def test_a_table_on_a_terminal_has_colours_of_its_own_alone() -> None:
    table = {
        "title": f"T{ESCAPE}[red]",
        "columns": ("", f"c{ESCAPE}"),
        "rows": ((f"r{ESCAPE}", 1.0),),
        "note": ESCAPE,
    }
    out = io.StringIO()
    Console(file=out, force_terminal=True, width=120).print(rich_table(table))
    text = re.sub(r"\x1b\[[\d;]*m", "", out.getvalue())
    assert not STEERS.search(text) and "[31mRED" in text and "[red]" in text
