"""Limits, names and refusals of the sandbox that need no program."""

import math
import os
from pathlib import Path

import pytest

from vidkit import sandbox
from vidkit.sandbox import Limits, SandboxError, choosing
from vidkit.sandbox.execute import command
from vidkit.sandbox.folder import RunFolder


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, True, "3"])
def test_limits_are_positive_numbers(value: object) -> None:
    with pytest.raises(SandboxError, match="wall_s must be a number > 0, got"):
        Limits(wall_s=value)  # type: ignore[arg-type]


def test_memory_python_cannot_start_in_is_refused() -> None:
    with pytest.raises(SandboxError, match="memory_mib must be >= 32, got 8"):
        Limits(memory_mib=8)


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "", "a\0b"])
def test_input_files_stay_in_the_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(SandboxError, match="relative path inside the folder"):
        RunFolder({name: b"x"}, None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("argv", [[], ["a\0b"], [3]])
def test_argv_is_words(argv: list[object]) -> None:
    with pytest.raises(SandboxError, match="argv must be a non-empty list"):
        command(argv)  # type: ignore[arg-type]


def test_folder_deeper_than_a_path_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = RunFolder({"a/b.txt": b"x"}, None)
    here = os.open(folder.work, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d" * 30, dir_fd=here)
        below = os.open("d" * 30, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    os.mkdir(folder.work / "closed", 0)
    files, left = folder.written(10, 1000)
    assert files == {} and len(left) == 1 and "nested too deep" in next(iter(left.values()))
    folder.remove()
    assert list(tmp_path.iterdir()) == []


def test_files_over_the_limits_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = RunFolder({}, None)
    for name, size in {"a": 10, "b": 200, "c": 80, "d": 20}.items():
        (folder.work / name).write_bytes(b"x" * size)
    files, left = folder.written(10, 100)
    folder.remove()
    assert sorted(files) == ["a", "c"]
    assert sorted(left) == ["b", "d"] and "over the limits" in left["b"]


def test_macos_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    for unsafe in (False, True):
        with pytest.raises(SandboxError, match="needs Linux, this is darwin"):
            sandbox.run(["python"], unsafe=unsafe)
    assert choosing.probe("landlock").reason == "it needs Linux, this is darwin"


def test_unknown_architecture_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vidkit.sandbox.choosing.machine", lambda: "riscv64")
    assert "system calls of riscv64 are not known" in choosing.probe("bubblewrap").reason


def test_unknown_backend_is_named() -> None:
    with pytest.raises(SandboxError, match="no sandbox 'docker'"):
        sandbox.run(["python"], backend="docker")
