"""A disk that is really full: one true error, no torn file, and the run resumes once there is space."""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack
from pathlib import Path

import long_jobs
import pytest
import vidkit_process

ROOT = Path(__file__).parents[2]
# a file system of its own, in a namespace of its own, which leaves with the process; the command runs twice
PREPARE = """
import ctypes, os, shutil, subprocess
place, user, group = {place!r}, os.getuid(), os.getgid()
if ctypes.CDLL(None).unshare(0x10000000 | 0x00020000):  # CLONE_NEWUSER, CLONE_NEWNS
    os._exit(77)
try:
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {{user}} 1"), ("gid_map", f"0 {{group}} 1")):
        with open("/proc/self/" + name, "w") as file:
            file.write(text)
except PermissionError:
    os._exit(77)

def mount(options, *words):
    if subprocess.run(["mount", "-o", options, *words, place]).returncode:
        os._exit(77)

mount("size={size}k", "-t", "tmpfs", "none")
os.mkdir(place + "/out")
for turn in ("first", "second"):
    child = os.fork()
    if child == 0:
        told = os.open(place + "." + turn, os.O_WRONLY | os.O_CREAT, 0o644)
        os.dup2(told, 1)
        os.dup2(told, 2)
        break
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with open(place + ".status", "a") as file:
        file.write(f"{{status}}\\n")
    shutil.copytree(place, place + "." + turn + ".kept")
    mount("remount,size=50m")
else:
    os._exit(0)
"""
pytestmark = pytest.mark.skipif(shutil.which("mount") is None, reason="mount is not installed")


def filled(words: list[str], place: Path, size_kb: int) -> tuple[list[int], str, list[str]]:
    """A command on a small disk, then on a larger one: statuses, what was said, files after the first."""
    place.mkdir()
    prepare = PREPARE.format(place=str(place), size=size_kb)
    done = vidkit_process.run(words, cwd=ROOT, prepare=prepare, timeout=1200)
    if done.returncode == 77:
        pytest.skip(f"no file system of its own here: {done.stderr.strip()[:80]}")
    assert done.returncode == 0, done.stderr
    statuses = [int(line) for line in Path(f"{place}.status").read_text().split()]
    kept = Path(f"{place}.first.kept")
    files = sorted(f"./{path.relative_to(kept)}" for path in kept.rglob("*") if path.is_file())
    return statuses, Path(f"{place}.first").read_text(), files


@pytest.mark.slow
@pytest.mark.parametrize("size_kb", [8, 16])
@pytest.mark.parametrize("name", ["manifest", "eval"])
def test_a_run_on_a_full_disk_says_so_and_resumes(name: str, size_kb: int, tmp_path: Path) -> None:
    place = tmp_path / "disk"
    with ExitStack() as stack:
        if name == "eval":
            job = stack.enter_context(long_jobs.evaluation(tmp_path / "data"))
        else:
            job = long_jobs.manifest(tmp_path / "data")
        statuses, told, files = filled(job.words(place / "out"), place, size_kb)
    assert statuses == [2, 0], told
    assert "Traceback" not in told and "bug in vidkit" not in told
    assert sum(line.startswith("error:") for line in told.splitlines()) == 1
    assert "No space left" in told or "disk is full" in told
    assert not [name for name in files if "/." in name[1:]], "temporary files"
    for file in files:
        if file.endswith(".json"):
            json.loads(Path(f"{place}.first.kept", file).read_text())
    assert job.results(Path(f"{place}.second.kept", "out"))


@pytest.mark.parametrize("name", ["t.json", "t.html", "t.svg"])
def test_a_drawing_on_a_full_disk_is_whole_or_absent(name: str, tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_text("x = list(range(100, 0, -1))\nfor i in range(20):\n    x[i] += 1\n")
    place = tmp_path / "disk"
    words = ["algoviz", "run", str(script), "-o", str(place / "out" / name)]
    statuses, told, files = filled(words, place, 8)
    assert statuses == [2, 0], told
    assert "Traceback" not in told and "bug in vidkit" not in told
    assert "No space left" in told or "disk is full" in told
    assert files == [], files
