"""`vidkit algoviz run` as a process: what it writes and prints, how it ends."""

import json
import subprocess
from pathlib import Path

import pytest
import vidkit_process

from vidkit import sandbox

if not any(backend.works for backend in sandbox.backends()):
    pytest.skip("no sandbox works here", allow_module_level=True)


def vidkit(folder: Path, *words: object) -> "subprocess.CompletedProcess[str]":
    return vidkit_process.run(["algoviz", "run", *words], cwd=folder)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "swap.py"
    path.write_text("a = [2, 1]\nif a[0] > a[1]:\n    a[0], a[1] = a[1], a[0]\nprint(a)\n")
    return path


def test_trace_is_written_beside_where_it_was_asked_for(script: Path, tmp_path: Path) -> None:
    done = vidkit(tmp_path, "swap.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("swap.trace.json: swap: array, ")
    assert "views: a (array)" in done.stdout
    made = json.loads((tmp_path / "swap.trace.json").read_text())
    assert made["initial_frame"]["data_state"]["title"] == "a"
    again = vidkit(tmp_path, "swap.py")
    assert again.returncode == 2 and "already exists" in again.stderr
    assert vidkit(tmp_path, "swap.py", "--force").returncode == 0


def test_trace_goes_to_standard_output_and_can_be_piped(script: Path, tmp_path: Path) -> None:
    done = vidkit(tmp_path, script, "-o", "-")
    assert json.loads(done.stdout)["svl_version"] == "5.0"
    assert "sandbox: " in done.stderr


def test_script_that_fails_ends_with_4_and_its_trace_is_there(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("a = [0, 0]\na[0] = int(input())\na[5] = 1\n")
    (tmp_path / "in.txt").write_text("7\n")
    done = vidkit(tmp_path, "bad.py", "--stdin", "in.txt", "--json", "-", "-o", "bad.json")
    assert done.returncode == 4
    result = json.loads(done.stdout)
    assert ["IndexError in line 3: list assignment index out of range", "error"] in result["findings"]
    assert json.loads((tmp_path / "bad.json").read_text())["deltas"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none.py"], "cannot read 'none.py'"),
        (["swap.py", "--stdin", "none.txt"], "cannot read 'none.txt'"),
        (["swap.py", "--sandbox", "docker"], "no sandbox 'docker'"),
    ],
)
def test_mistakes_are_two_lines(script: Path, tmp_path: Path, words: list[str], told: str) -> None:
    done = vidkit(tmp_path, *words)
    assert done.returncode == 2
    assert told in done.stderr and len(done.stderr.splitlines()) == 2


def test_pictures_are_named_as_they_are_written(script: Path, tmp_path: Path) -> None:
    done = vidkit(tmp_path, "swap.py", "-o", "s.png", "--json", "result.json")
    assert done.returncode == 0, done.stderr
    files = json.loads((tmp_path / "result.json").read_text())["files"]
    assert len(files) > 1 and all((tmp_path / name).is_file() for name in files)
    assert done.stdout.startswith(f"{files[0]} to {files[-1]}: ")


def test_an_unknown_ending_is_refused_before_the_script_runs(script: Path, tmp_path: Path) -> None:
    done = vidkit(tmp_path, "swap.py", "-o", "x.exe")
    assert done.returncode == 2 and "no renderer writes .exe files" in done.stderr
    assert ".html, .mp4" in done.stderr and ".json" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["swap.py"]


def test_a_watched_name_that_no_view_shows_is_told(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("numbers = [2, 1]\ni = 0\nnumbers[i] = 3\n")
    done = vidkit(tmp_path, "s.py", "--watch", "numbrs", "--watch", "numbers", "--watch", "i")
    assert done.returncode == 0, done.stderr
    assert "warning: no variable 'numbrs' was seen; near names: 'numbers'" in done.stdout
    assert "the variable 'i' was seen, but never held" in done.stdout
    assert "'numbers' was seen" not in done.stdout
