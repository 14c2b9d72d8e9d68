"""The file of `--json`: what it may replace, and what it may not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vidkit.cli import execute
from vidkit.cli.main import run
from vidkit.utils.sealing import sealed

MINE = b"\x00\x01 not JSON"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder to work in; the command writes `made.json` and returns a result."""

    def command(settings: object) -> dict[str, str]:
        Path("made.json").write_text("the record of the run")
        return {"words": "é"}

    monkeypatch.setattr(execute, "runner_of", lambda name: command)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("typed", ["in.mp4", "./in.mp4", "link.mp4", "hard.mp4"])
@pytest.mark.parametrize(
    "words", [["select-frames", "in.mp4", "--force"], ["select-frames", "a.mp4", "subtitles=in.mp4"]]
)
def test_what_the_run_reads_is_kept(words, typed, fake: Path, capsys) -> None:
    (fake / "in.mp4").write_bytes(MINE)
    (fake / "link.mp4").symlink_to("in.mp4")
    os.link(fake / "in.mp4", fake / "hard.mp4")
    assert run([*words, "--json", typed]) == 2
    assert capsys.readouterr().err == (
        "error: --json would overwrite 'in.mp4', which this run reads\nhint: name another file for --json\n"
    )
    assert (fake / "in.mp4").read_bytes() == MINE
    assert not (fake / "made.json").exists()


def test_a_file_of_somebody_else_needs_force(fake: Path, capsys) -> None:
    (fake / "notes.txt").write_bytes(MINE)
    assert run(["generate", "--json", "notes.txt"]) == 2
    assert capsys.readouterr().err == (
        "error: 'notes.txt' already exists and is not an unchanged output of vidkit\n"
        "hint: name another file for --json, or overwrite it with --force\n"
    )
    assert (fake / "notes.txt").read_bytes() == MINE
    assert run(["generate", "--json", "notes.txt", "--force"]) == 0
    assert json.loads((fake / "notes.txt").read_text()) == sealed({"words": "é"})
    assert run(["generate", "--json", "notes.txt"]) == 0  # the result of a run before
    (fake / "notes.txt").write_text('{"words": "of somebody else"}')
    assert run(["generate", "--json", "notes.txt"]) == 2


def test_the_output_of_the_run_is_kept(fake: Path, capsys) -> None:
    assert run(["generate", "-o", "a.mp4", "--json", "./a.mp4"]) == 2
    assert "error: 'a.mp4' is the output of this run and the file of --json\n" in capsys.readouterr().err
    assert run(["generate", "--json", "made.json"]) == 2
    said = capsys.readouterr().err
    assert "error: 'made.json' was written during the run, and was left as it is (--json)\n" in said
    assert (fake / "made.json").read_text() == "the record of the run"


def test_devices_and_pipes_are_written_not_replaced(fake: Path) -> None:
    assert run(["generate", "--json", "/dev/null"]) == 0
    assert not Path("/dev/null").is_file()
    os.mkfifo(fake / "pipe")
    reader = subprocess.Popen(["cat", fake / "pipe"], stdout=subprocess.PIPE)
    assert run(["generate", "--json", "pipe"]) == 0
    assert json.loads(reader.communicate()[0]) == {"words": "é"}
    assert (fake / "pipe").is_fifo()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_device_is_told(fake: Path, capsys) -> None:
    assert run(["generate", "--json", "/dev/full"]) == 2
    assert "error: the disk is full: could not write '/dev/full'" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--json", "-"], []])
def test_a_terminal_of_ascii_shows_the_rest_escaped(words: list[str], tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys; from vidkit.cli import execute, main\n"
        "def command(settings): print('made “é 🎬”'); return {'words': 'é 🎬'}\n"
        "execute.runner_of = lambda name: command\n"
        "sys.argv[1:] = ['generate', *sys.argv[1:]]; main.main()",
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, script, *words], capture_output=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    if words:
        assert json.loads(done.stdout) == {"words": "é 🎬"}
    else:
        assert done.stdout == b"made \\u201c\\xe9 \\U0001f3ac\\u201d\n"


@pytest.mark.parametrize(
    ("ending", "status", "said"),
    [(">&-", 0, ""), ("> /dev/full", 2, "error: cannot write to standard output: No space left on device\n")],
)
def test_a_standard_output_that_takes_nothing(ending: str, status: int, said: str) -> None:
    line = f"'{sys.executable}' -m vidkit generate --dry-run {ending}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=300)
    assert done.returncode == status, done.stderr
    assert done.stderr.startswith(said) and len(done.stderr.splitlines()) == (2 if said else 0)
