"""`make` on a machine that lacks something says what, before anything is downloaded."""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(ROOT / "Makefile", folder)
    if not (folder / "pyproject.toml").exists():
        (folder / "pyproject.toml").touch()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(["make", *words], cwd=folder, capture_output=True, text=True, env=clean)


def fake_python(folder: Path, script: str) -> str:
    file = folder / "python-fake"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return f"PYTHON={file}"


@pytest.mark.parametrize(
    ("script", "error", "hint"),
    [
        (
            '[ "$1" = -V ] && echo Python 3.9.2; exit 1',
            "vidkit needs Python 3.11 or newer, '{python}' is Python 3.9.2",
            "name a newer one: make PYTHON=/path/to/python3.11",
        ),
        (
            'case "$2" in *ensurepip*) exit 1;; esac',
            "'{python}' cannot make virtual environments",
            "on Debian and Ubuntu: apt-get install python3-venv",
        ),
    ],
    ids=["old", "no-venv"],
)
@pytest.mark.parametrize("target", ["demo", "test"])
def test_an_unfit_python_is_refused(target: str, script: str, error: str, hint: str, tmp_path: Path) -> None:
    word = fake_python(tmp_path, script)
    done = make(tmp_path, target, word)
    assert done.returncode != 0
    assert done.stdout.splitlines() == [f"error: {error.format(python=word[7:])}", f"hint: {hint}"]
    assert not (tmp_path / ".venv").exists()


def test_a_missing_python_is_told(tmp_path: Path) -> None:
    done = make(tmp_path, "demo", "PYTHON=no-such-python")
    assert done.stdout.splitlines() == [
        "error: 'no-such-python' was not found",
        "hint: install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.11",
    ]


def test_torch_is_installed_before_and_apart_from_the_project(tmp_path: Path) -> None:
    planned = make(tmp_path, "--dry-run", "test").stdout
    torch, project = planned.index("install 'torch==2.13.0'"), planned.index("install -e '.[dev]'")
    assert torch < project


def test_what_is_set_up_is_not_set_up_again(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    make(tmp_path, "help")
    for stamp in ("torch", "base", "dev"):
        (tmp_path / ".venv" / f"{stamp}.stamp").touch()
    assert "pip" not in make(tmp_path, "--dry-run", "test").stdout
    os.utime(tmp_path / "pyproject.toml", (2**31, 2**31))  # changed later than it was installed
    assert "install -e" in make(tmp_path, "--dry-run", "test").stdout


def test_help_lists_every_target(tmp_path: Path) -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    listed = {line.split()[0] for line in make(tmp_path, "help").stdout.splitlines()}
    assert listed == set(phony[1].split())


def test_soak_runs_every_test_that_has_a_long_form() -> None:
    name = "VIDKIT_" + "LONG_TESTS"
    long = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "tests").rglob("test_*.py")
        if f'"{name}"' in file.read_text(encoding="utf-8")
    }
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    listed = re.search(r"^LONG_TESTS := ((?:.*\\\n)*.*)$", makefile, re.MULTILINE)
    assert (
        listed is not None and f"{name}=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(LONG_TESTS)" in makefile
    )
    assert set(listed[1].replace("\\\n", " ").split()) == long
