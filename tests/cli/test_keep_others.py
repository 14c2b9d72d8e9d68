"""Files of others stay wherever a command writes: a slice of scripts/keep_others.py, which tries all."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import keep_others, keep_others_commands
from vidkit.cli.commands import WITH_SETTINGS
from vidkit.utils.jsonl_log import JsonlLog


@pytest.mark.parametrize("name", ["eval --model", "bench agents", "algoviz lower"])
def test_what_others_have_stays(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    commands = dict(keep_others_commands.all_commands(tmp_path, without_models=True))
    row = keep_others.of_command(
        name, commands[name], tmp_path / "c", ("file", "link", "link to nothing"), ("hard link", "folder")
    )
    assert row["wrong"] == []
    assert row["files"] and row["ends"]["refused"] >= len(row["files"])


def test_every_command_that_writes_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep_others_commands, "_model", lambda base: [])
    names = [name for name, _ in keep_others_commands.all_commands(tmp_path)]
    assert {word for word in WITH_SETTINGS if not any(name.startswith(word) for name in names)} == set()


def test_a_log_with_another_name_is_copied_first(tmp_path: Path) -> None:
    log = JsonlLog(tmp_path / "log.jsonl", lambda row, place: None)
    log.append({"id": 1})
    log.release()
    (tmp_path / "backup.jsonl").hardlink_to(tmp_path / "log.jsonl")
    log = JsonlLog(tmp_path / "log.jsonl", lambda row, place: None)
    log.append({"id": 2})
    log.release()
    assert (tmp_path / "backup.jsonl").read_text() == '{"id": 1}\n'
    assert (tmp_path / "log.jsonl").read_text() == '{"id": 1}\n{"id": 2}\n'
