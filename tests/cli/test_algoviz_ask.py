"""`vidkit algoviz ask` as a process: exit status, files, and that the key is nowhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from made_trackers import BAD, DATA, GOOD, PROBLEM, reply
from scripted_server import Act, ScriptedServer

from vidkit import sandbox

if not any(backend.works for backend in sandbox.backends()):
    pytest.skip("no sandbox works here", allow_module_level=True)

KEY = "sk-never-to-be-seen-4242424242"


def ask(server: ScriptedServer, folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "vidkit", "algoviz", "ask", PROBLEM, "--model", "scripted"]
    command += ["--llm", server.base_url, "--key-env", "MY_KEY", "--input", json.dumps(DATA), *words]
    env = {**os.environ, "MY_KEY": KEY}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=env)


def test_good_tracker_ends_with_0_and_a_faulty_one_with_4(tmp_path: Path) -> None:
    acts = [Act(reply(GOOD)), Act(reply(BAD["bad step"]) + KEY)]
    with ScriptedServer(acts) as server:
        good = ask(server, tmp_path, "--expect", "[1, 2, 5, 8]", "--json", "-")
        faulty = ask(server, tmp_path, "--attempts", "1", "-o", "bad.svg")
        assert KEY in server.heads[0]
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout)["level"] == "S5"
    assert (tmp_path / "sort-the-numbers-in-ascending-order.html").exists()
    assert faulty.returncode == 4, faulty.stderr
    assert "2 of 4 steps" in faulty.stdout and "V306" in faulty.stdout
    written = "".join(path.read_text() for path in tmp_path.iterdir())
    assert KEY not in written + good.stdout + good.stderr + faulty.stdout + faulty.stderr
