"""Several files appear together, over nothing that is foreign."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vidkit.errors import OutputError
from vidkit.utils import files, publishing
from vidkit.utils.caches import cache_root, own_folder
from vidkit.utils.files import write_text_atomic
from vidkit.utils.publishing import check_own, foreign_files, staged


def publish(folder: Path, files: dict[str, str], force: bool = False, inputs: tuple[Path, ...] = ()) -> None:
    with staged(folder, "r.json", inputs, force) as stage:
        for name, text in files.items():
            (stage.folder / name).parent.mkdir(exist_ok=True)
            (stage.folder / name).write_text(text)
        stage.publish({"made": sorted(files)})


def contents(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): p.read_text()
        for p in folder.rglob("*")
        if p.is_file() and p.name != "r.json"
    }


def test_files_and_record_appear_and_replace_those_of_the_run_before(tmp_path: Path) -> None:
    publish(tmp_path, {"a.txt": "1", "sub/b.txt": "1"})
    assert contents(tmp_path) == {"a.txt": "1", "sub/b.txt": "1"}
    publish(tmp_path, {"a.txt": "2", "sub/c.txt": "2"})
    assert contents(tmp_path) == {"a.txt": "2", "sub/c.txt": "2"}
    record = json.loads((tmp_path / "r.json").read_text())
    assert sorted(record["files"]) == ["a.txt", "sub/c.txt"] and record["made"] == ["a.txt", "sub/c.txt"]


def test_foreign_files_are_neither_overwritten_nor_removed(tmp_path: Path) -> None:
    publish(tmp_path, {"a.txt": "1", "sub/b.txt": "1"})
    (tmp_path / "sub" / "mine.txt").write_text("mine")
    (tmp_path / "sub" / "b.txt").write_text("changed by me")
    (tmp_path / "c.txt").write_text("mine")
    assert foreign_files(tmp_path / "sub", tmp_path / "r.json") == [
        tmp_path / "sub/b.txt",
        tmp_path / "sub/mine.txt",
    ]
    with pytest.raises(OutputError, match=r"c\.txt' already exists"):
        publish(tmp_path, {"a.txt": "2", "c.txt": "2"})
    assert contents(tmp_path)["a.txt"] == "1" and contents(tmp_path)["c.txt"] == "mine"
    publish(tmp_path, {"a.txt": "2", "c.txt": "2"}, force=True)
    assert contents(tmp_path) == {
        "a.txt": "2",
        "c.txt": "2",
        "sub/mine.txt": "mine",
        "sub/b.txt": "changed by me",
    }


def test_a_record_of_somebody_else_is_no_licence(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text('{"files": {"a.txt": {}}, "seal": "x"}')
    with pytest.raises(OutputError, match="is not an unchanged output of vidkit"):
        publish(tmp_path, {"b.txt": "2"})


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "target").write_text("mine")
    (tmp_path / "out" / "a.txt").symlink_to(tmp_path / "target")
    with pytest.raises(OutputError, match="symbolic link"):
        publish(tmp_path / "out", {"a.txt": "1"})
    publish(tmp_path / "out", {"a.txt": "1"}, force=True)
    assert (tmp_path / "target").read_text() == "mine"


def test_inputs_stay_even_with_force(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("input")
    with pytest.raises(OutputError, match="which this run reads"):
        publish(tmp_path, {"a.txt": "1"}, force=True, inputs=(tmp_path / "a.txt",))


def test_an_exception_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), staged(tmp_path, "r.json") as stage:
        (stage.folder / "a.txt").write_text("1")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stop", range(1, 5))
def test_killed_at_any_moment_the_next_run_knows_what_is_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    publish(tmp_path, {"a.txt": "1", "b.txt": "1", "old.txt": "1"})
    calls = 0
    atomic, text = publishing.atomic_path, publishing.write_text_atomic

    def killed(original: object) -> object:
        def write(*given: object, **options: object) -> object:
            nonlocal calls
            calls += 1
            if calls > stop:
                raise KeyboardInterrupt
            return original(*given, **options)  # type: ignore[operator]

        return write

    monkeypatch.setattr(publishing, "atomic_path", killed(atomic))
    monkeypatch.setattr(publishing, "write_text_atomic", killed(text))
    with pytest.raises(KeyboardInterrupt):
        publish(tmp_path, {"a.txt": "2", "b.txt": "2", "new.txt": "2"})
    monkeypatch.undo()
    check_own([tmp_path / name for name in ("a.txt", "b.txt", "new.txt")], tmp_path / "r.json")
    publish(tmp_path, {"a.txt": "3", "b.txt": "3"})
    assert contents(tmp_path) == {"a.txt": "3", "b.txt": "3"}


def test_caches_are_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = own_folder("clips")
    assert folder == tmp_path / "vidkit" / "clips" and folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    with pytest.raises(OutputError, match="everybody can write"):
        own_folder("clips")
    if os.getuid() == 0:
        folder.chmod(0o700)
        os.chown(folder, 65534, 65534)
        with pytest.raises(OutputError, match="belongs to another user"):
            own_folder("clips")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_root() == Path.home() / ".cache" / "vidkit"


HOLDER = """
import sys, time
from pathlib import Path
from vidkit.utils.files import write_text_atomic
from vidkit.utils.publishing import staged
with staged(Path(sys.argv[1]), "r.json") as stage:
    (stage.folder / "half.png").write_bytes(b"half")
    print("ready", flush=True)
    time.sleep(60)
"""


def stages(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob(".staged-*"))


def test_what_a_killed_run_left_is_removed_by_the_next_and_nothing_else(tmp_path: Path) -> None:
    running = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE)
    assert running.stdout is not None and running.stdout.readline() == b"ready\n"
    (held,) = stages(tmp_path)
    publish(tmp_path, {"a.txt": "1"})
    assert stages(tmp_path) == [held]
    running.kill()
    running.wait()
    foreign, copied, linked = (tmp_path / f".staged-{name}" for name in ("mine", "copied", "linked"))
    foreign.mkdir()
    (foreign / "work.txt").write_text("mine")
    shutil.copytree(tmp_path / held, copied)
    linked.symlink_to(copied)
    publish(tmp_path, {"a.txt": "2"})
    assert stages(tmp_path) == [copied.name, linked.name, foreign.name]
    assert (foreign / "work.txt").read_text() == "mine" and (copied / "half.png").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES])
def test_a_full_disk_names_the_place_that_the_user_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(_: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files, "_sync", full)
    with pytest.raises(OutputError) as error, staged(tmp_path, "r.json") as stage:
        write_text_atomic(stage.folder / "frames.json", "{}")
    assert str(tmp_path) in error.value.message and ".staged" not in error.value.message + error.value.hint
    assert stages(tmp_path) == []
