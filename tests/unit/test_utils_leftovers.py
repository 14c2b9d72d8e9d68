"""What a killed run was writing is removed by the next one; nothing else is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vidkit.utils import files
from vidkit.utils.files import atomic_path, write_text_atomic
from vidkit.utils.leftovers import held_file, sweep

WRITER = """
import sys, time
from pathlib import Path
from vidkit.utils.files import atomic_path
with atomic_path(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    print("writing", flush=True)
    time.sleep(1000)
"""


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def test_what_a_killed_run_left_goes_with_the_next_that_writes_there(tmp_path: Path) -> None:
    running = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "clip.mp4")], stdout=-1)
    assert running.stdout is not None and running.stdout.readline() == b"writing\n"
    (left,) = hidden(tmp_path)
    assert left.startswith(".clip.vidkit-") and left.endswith(".mp4")
    sweep(tmp_path)
    assert hidden(tmp_path) == [left], "it is being written"
    running.kill()
    running.wait()
    write_text_atomic(tmp_path / "other.txt", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["other.txt"]


def test_files_that_only_look_like_one_stay(tmp_path: Path) -> None:
    handle, left = held_file(tmp_path / "clip.mp4")
    os.close(handle)
    left.write_text("half")
    name = left.name
    copied, linked, moved = (tmp_path / name.replace("clip", new) for new in ("copied", "linked", "kept"))
    shutil.copyfile(left, copied)  # another inode than its name says
    linked.symlink_to(left)
    os.link(left, tmp_path / "saved.mp4")  # by another name: that one stays
    for other in (".clip.vidkit-1-0123abcd.mp4", ".clip.vidkit-.mp4", "clip.vidkit-5-0123abcd.mp4", ".x.tmp"):
        (tmp_path / other).write_text("somebody's")
    folder = tmp_path / f".d.vidkit-{tmp_path.stat().st_ino}-0123abcd"
    folder.mkdir()
    before = {path.name for path in tmp_path.iterdir()}
    sweep(tmp_path)
    assert before - {path.name for path in tmp_path.iterdir()} == {name}
    assert (tmp_path / "saved.mp4").read_text() == "half"
    assert not moved.exists()


def test_a_pipe_by_such_a_name_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    name = f".pipe.vidkit-{(tmp_path / 'pipe').stat().st_ino}-0123abcd"
    os.rename(tmp_path / "pipe", tmp_path / name)
    sweep(tmp_path)
    assert hidden(tmp_path) == [name]


def test_without_locks_nothing_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handle, left = held_file(tmp_path / "clip.mp4")
    os.close(handle)

    def none(*arguments: object) -> None:
        raise OSError(37, "no locks available")

    monkeypatch.setattr("fcntl.flock", none)
    sweep(tmp_path)
    assert hidden(tmp_path) == [left.name]


def test_the_name_of_a_file_in_the_making_has_suffix_and_a_length_that_is_allowed(tmp_path: Path) -> None:
    target = tmp_path / ("ü" * 100 + "." + "x" * 50)
    with atomic_path(target) as temporary:
        assert len(os.fsencode(temporary.name)) <= 255
        temporary.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert (tmp_path / target.name).stat().st_mode & 0o777 == 0o666 & ~files._umask()
