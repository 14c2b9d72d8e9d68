"""Single files: overwritten where vidkit wrote them, kept where somebody else did or the run reads them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from vidkit.cli.main import run
from vidkit.errors import OutputError
from vidkit.utils.sealing import check_single, is_sealed, named_paths, sealed, sealed_page

ROWS = [{"id": i, "question": "?", "options": ["x", "y"], "answer": "A"} for i in range(6)]
TASK = "name: words\nid: '{id}'\ngroup: '{id}'\n"


def test_json_and_pages_know_themselves_until_they_are_changed(tmp_path: Path) -> None:
    data, page = tmp_path / "a.json", tmp_path / "a.html"
    data.write_text(json.dumps(sealed({"b": (1, 2.5), 3: None, "ä": "\udc80"}), indent=2))
    page.write_text(sealed_page("<html>\n</html>\n"))
    for file in (data, page):
        assert is_sealed(file)
        file.write_bytes(file.read_bytes().replace(b"2.5", b"2.6").replace(b"<html>", b"<HTML>"))
        assert not is_sealed(file)
    data.write_text('{"sealed": "x"}')
    assert not is_sealed(data)
    assert not is_sealed(tmp_path)
    assert not is_sealed(tmp_path / "none")


def test_foreign_files_stay_without_force(tmp_path: Path) -> None:
    target = tmp_path / "mine.json"
    check_single(target, "--json", {}, False)
    target.write_text("")
    check_single(target, "--json", {}, False)
    target.write_text("{}")
    with pytest.raises(OutputError, match="not an unchanged output of vidkit") as error:
        check_single(target, "--json", {}, False)
    assert "--force" in error.value.hint
    check_single(target, "--json", {}, True)
    link = tmp_path / "link.json"
    link.symlink_to(target)
    with pytest.raises(OutputError, match="symbolic link"):
        check_single(link, "--json", {}, False)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="not an ordinary file"):
        check_single(tmp_path / "pipe", "--json", {}, True)


def test_what_the_run_names_stays_with_force_too(tmp_path: Path) -> None:
    @dataclass
    class Inner:
        path: str = str(tmp_path / "model.bin")

    @dataclass
    class Made:
        output: str = str(tmp_path / "clip.mp4")
        files: list[str] = field(default_factory=lambda: [str(tmp_path / "a.txt")])
        model: Inner = field(default_factory=Inner)
        seed: int = 3

    named = named_paths(Made())
    (tmp_path / "a.txt").write_text("a")
    os.link(tmp_path / "a.txt", tmp_path / "hard.json")
    for name, setting in (
        ("clip.mp4", "'output'"),
        ("clip.json", "record"),
        ("hard.json", "files"),
        ("model.bin", "model.path"),
    ):
        with pytest.raises(OutputError, match=setting):
            check_single(tmp_path / name, "--json", named, True)
    check_single(tmp_path / "other.json", "--json", named, False)


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.yaml").write_text(TASK)
    (tmp_path / "d.json").write_text(json.dumps(ROWS))
    (tmp_path / "p.jsonl").write_text("".join(f'{{"id": {i}, "response": "A"}}\n' for i in range(6)))
    return ["eval", "words.yaml", "--data", "d.json", "-p", "p.jsonl", "resamples=20"]


@pytest.mark.parametrize("option", ["--json", "--html"])
def test_a_result_is_written_again_over_itself_alone(words: list[str], option: str, tmp_path: Path) -> None:
    if option == "--html":
        pytest.importorskip("matplotlib")
    target = tmp_path / "out"
    assert run([*words, option, "out"]) == 0
    assert run([*words, option, "out", "--seed", "7"]) == 0
    target.write_text("mine")
    assert run([*words, option, "out"]) != 0
    assert target.read_text() == "mine"
    assert run([*words, option, "out", "--force"]) == 0
    assert target.read_text() != "mine"


@pytest.mark.parametrize("option", ["--json", "--html"])
@pytest.mark.parametrize("target", ["d.json", "p.jsonl", "words.yaml"])
def test_inputs_stay_whatever_is_forced(words: list[str], option: str, target: str, tmp_path: Path) -> None:
    before = (tmp_path / target).read_text()
    assert run([*words, option, target, "--force"]) != 0
    assert (tmp_path / target).read_text() == before
