"""`vidkit eval vr-bench --make` as a process: a set, the same again, killed and gone on, and refusals."""

import hashlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import vidkit_process

WORDS = [
    "benchmark.types=[trapfield,maze]",
    "benchmark.difficulties=[easy]",
    "benchmark.skins=[1]",
    "benchmark.levels=4",
    "workers=2",
]


def command(folder: Path, *words: str) -> list[str]:
    return ["eval", "vr-bench", "--make", str(folder), *words]


def vidkit(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return vidkit_process.run(command(folder, *words))


def tree(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "set"
    done = vidkit(folder, *WORDS)
    assert done.returncode == 0, done.stderr
    assert "8 levels in" in done.stdout
    assert "8 of 8, done" in done.stderr
    return folder


def test_a_killed_run_leaves_no_worker_and_goes_on_to_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    process = vidkit_process.start(command(tmp_path / "set", *WORDS))
    deadline = time.monotonic() + 300
    while not list(tmp_path.rglob("*.mp4")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(1.0)
    left = tree(tmp_path / "set")
    time.sleep(0.5)
    assert tree(tmp_path / "set") == left  # nobody goes on writing
    done = vidkit(tmp_path / "set", *WORDS)
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path / "set") == tree(whole)


def test_a_set_of_another_seed_is_refused_in_two_lines(whole: Path) -> None:
    done = vidkit(whole, *WORDS, "--seed", "7")
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if line.startswith(("error:", "hint:"))]
    assert len(lines) == 2
    assert "begun with seed=42, not seed=7" in lines[0]
