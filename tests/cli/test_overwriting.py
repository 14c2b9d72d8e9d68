"""A page never takes the place of what the run reads; one of an earlier run is replaced."""

import json
from pathlib import Path

import pytest

from vidkit.cli.main import run

TASK = 'name: t\nid: "{id}"\ngroup: "{id}"\nquestion: q\noptions: choices\nanswer: gold\n'
ROWS = [{"id": str(i), "q": "?", "choices": ["x", "y"], "gold": "A", "prediction": "A"} for i in range(3)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.yaml").write_text(TASK)
    for name in ("d.jsonl", "p.jsonl"):
        keys = ("id", "prediction") if name[0] == "p" else tuple(ROWS[0])
        (tmp_path / name).write_text("".join(json.dumps({k: row[k] for k in keys}) + "\n" for row in ROWS))
    (tmp_path / "link.html").symlink_to("d.jsonl")
    return tmp_path


@pytest.mark.parametrize("target", ["d.jsonl", "p.jsonl", "t.yaml", "link.html"])
def test_an_input_is_never_overwritten(target: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert run(["eval", "t.yaml", "--data", "d.jsonl", "-p", "p.jsonl", "--html", target]) == 2
    assert "error: " in (told := capsys.readouterr().err) and f"'{target}'" in told
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_compared_file_is_an_input_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "b.jsonl").write_text((folder / "p.jsonl").read_text())
    words = ["eval", "t.yaml", "--data", "d.jsonl", "--compare", "p.jsonl", "b.jsonl", "--html", "b.jsonl"]
    assert run(words) == 2
    assert "'b.jsonl'" in capsys.readouterr().err


def test_an_earlier_page_is_replaced(folder: Path) -> None:
    for _ in range(2):
        assert run(["eval", "t.yaml", "--data", "d.jsonl", "--html", "out.html"]) == 0
    assert (folder / "out.html").read_text().startswith("<!doctype html>")
