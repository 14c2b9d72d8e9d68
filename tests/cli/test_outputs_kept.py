"""Outputs never take the place of what vidkit did not write, wherever they are told to go."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from scripts.fuzz_traces import seed_trace
from vidkit.cli.main import run

SCRIPT = "x = [3, 1, 2]\nx.sort()\n"
# places for an output, and what lies there: a file of somebody, links to an input, to that file, to nothing,
# and a folder
PLACES = ("others", "to-input", "to-others", "to-nothing", "folder")
COMMANDS = {
    "draw": ("html", ["algoviz", "t.json", "-o"]),
    "run": ("json", ["algoviz", "run", "s.py", "-o"]),
    "lower": ("json", ["algoviz", "lower", "t.json", "-o"]),
    "compose": ("json", ["algoviz", "compose", "t.json", "t2.json", "--rebase", "-o"]),
    "result": ("json", ["algoviz", "validate", "t.json", "--json"]),
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    trace = json.dumps(seed_trace(random.Random(1)))
    (tmp_path / "s.py").write_text(SCRIPT)
    for name in ("t.json", "t2.json"):
        (tmp_path / name).write_text(trace)
    for suffix in ("html", "json"):
        (tmp_path / f"others.{suffix}").write_text("somebody's")
        (tmp_path / f"OTHERS.{suffix}").write_text("somebody else's")  # the same name on other file systems
        (tmp_path / f"to-input.{suffix}").symlink_to("t.json")
        (tmp_path / f"to-others.{suffix}").symlink_to(f"others.{suffix}")
        (tmp_path / f"to-nothing.{suffix}").symlink_to("/no/such/place")
        (tmp_path / f"folder.{suffix}").mkdir()
        (tmp_path / f"folder.{suffix}" / "theirs").write_text("somebody's")
    return tmp_path


def contents(folder: Path) -> dict[str, str]:
    """Every file and link as it is."""
    return {
        str(path.relative_to(folder)): f"-> {os.readlink(path)}" if path.is_symlink() else path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("name", COMMANDS)
def test_what_somebody_has_there_stays(
    name: str, where: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suffix, words = COMMANDS[name]
    before = contents(place)
    status = run([*words, f"{where}.{suffix}"])
    after = contents(place)
    assert {path: after.get(path) for path in before} == before
    assert status == 2
    told = capsys.readouterr().err
    assert f"{where}.{suffix}" in told and "bug in vidkit" not in told


@pytest.mark.parametrize("where", ["others", "to-input", "to-others", "to-nothing"])
@pytest.mark.parametrize("name", ["draw", "run", "lower"])
def test_with_force_a_link_is_replaced_and_not_followed(name: str, where: str, place: Path) -> None:
    suffix, words = COMMANDS[name]
    before = contents(place)
    target = f"{where}.{suffix}"
    status = run([*words, target, "--force"])
    after = contents(place)
    kept = [path for path in before if path != target]
    assert {path: after.get(path) for path in kept} == {path: before[path] for path in kept}
    if status == 0:
        assert not (place / target).is_symlink() and after[target] != before[target]
    else:
        assert status == 2 and where == "to-input" and after[target] == before[target]


def test_an_input_stays_with_force_too(place: Path) -> None:
    before = contents(place)
    for words in (["run", "s.py", "-o", "s.py"], ["lower", "t.json", "-o", "t.json"]):
        assert run(["algoviz", *words, "--force"]) == 2
    assert contents(place) == before
