"""Runs without replies have no score, in comparisons too; limits and reasons are told as they are."""

import json
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli.main import run

TASK = 'name: t\nid: "{id}"\ngroup: "{id}"\nquestion: q\noptions: choices\nanswer: gold\n'


def lines(name: str, rows: list[dict[str, Any]]) -> str:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return name


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.yaml").write_text(TASK)
    lines("d.jsonl", [{"id": str(i), "q": "?", "choices": ["x", "y"], "gold": "A"} for i in range(8)])
    lines("right.jsonl", [{"id": str(i), "prediction": "A"} for i in range(8)])


@pytest.mark.parametrize("order", [("none.jsonl", "right.jsonl"), ("right.jsonl", "none.jsonl")])
def test_a_run_that_answered_nothing_loses_no_comparison(
    order: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    lines("none.jsonl", [{"id": "1", "response": None, "error": "timeout"}])
    assert run(["eval", "t.yaml", "--data", "d.jsonl", "--compare", *order, "--json", "out.json"]) == 2
    error = capsys.readouterr().err
    assert "error: no question of none.jsonl was answered: 1 x timeout" in error
    assert "hint: there is no score to compare" in error
    assert not Path("out.json").exists()


@pytest.mark.parametrize(("limit", "told"), [(3, True), (99, False)])
def test_a_limit_is_told_where_it_cut_something(limit: int, told: bool) -> None:
    words = ["eval", "t.yaml", "--data", "d.jsonl", "-p", "right.jsonl", "--json", "out.json"]
    assert run([*words, "--limit", str(limit)]) == 0
    warnings = json.loads(Path("out.json").read_text())["warnings"]
    assert any("only the first 3 rows" in line for line in warnings) is told


def test_a_run_that_answered_nothing_says_nothing_about_scores(capsys: pytest.CaptureFixture[str]) -> None:
    lines("none.jsonl", [{"id": str(i), "response": None, "error": "timeout"} for i in range(8)])
    assert run(["eval", "t.yaml", "--data", "d.jsonl", "-p", "none.jsonl", "--json", "out.json"]) == 1
    assert "8 x timeout" in capsys.readouterr().err
    assert json.loads(Path("out.json").read_text())["warnings"] == []
