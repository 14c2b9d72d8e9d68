"""`vidkit algoviz ask` as a process: exit status, files, and that the key is nowhere."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import vidkit_process
from made_trackers import BAD, DATA, PROBLEM, reply
from scripted_server import Act, ScriptedServer

from vidkit import sandbox

if not any(backend.works for backend in sandbox.backends()):
    pytest.skip("no sandbox works here", allow_module_level=True)

KEY = "sk-never-to-be-seen-4242424242"


def ask(server: ScriptedServer, folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = ["algoviz", "ask", PROBLEM, "--model", "scripted"]
    command += ["--llm", server.base_url, "--key-env", "MY_KEY", "--input", json.dumps(DATA), *words]
    env = {**os.environ, "MY_KEY": KEY}
    return vidkit_process.run(command, cwd=folder, env=env)


def test_faulty_tracker_ends_with_4_and_its_right_part_is_there(tmp_path: Path) -> None:
    with ScriptedServer([Act(reply(BAD["bad step"]) + KEY)]) as server:
        faulty = ask(server, tmp_path, "--attempts", "1", "-o", "bad.svg", "--json", "result.json")
        assert KEY in server.heads[0]
    assert faulty.returncode == 4, faulty.stderr
    assert "2 of 4 steps" in faulty.stdout and "V306" in faulty.stdout
    assert json.loads((tmp_path / "result.json").read_text())["level"] == "S2"
    written = "".join(path.read_text() for path in tmp_path.iterdir())
    assert KEY not in written + faulty.stdout + faulty.stderr


def test_an_unknown_ending_is_refused_before_a_model_is_asked(tmp_path: Path) -> None:
    from vidkit.commands.algoviz.ask import Settings, run
    from vidkit.errors import ConfigError

    with pytest.raises(ConfigError, match=r"no renderer writes \.exe files"):
        run(Settings("sort it", "http://127.0.0.1:1/v1", "none", output=str(tmp_path / "x.exe")))
    assert not list(tmp_path.iterdir())
