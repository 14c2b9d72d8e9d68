"""A disk that is really full: one true error, no torn file, and the run resumes once there is space."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import long_jobs
import pytest

ROOT = Path(__file__).parents[2]
# a file system of its own, in a namespace of its own, which leaves with the shell
SCRIPT = """
mount -t tmpfs -o size={size}k none {place} || exit 77
cd {root}
mkdir -p {place}/out
{command} > {place}.first 2>&1; echo $? > {place}.status
(cd {place}; find . -type f | sort) > {place}.files
cp -r {place} {place}.kept
mount -o remount,size=50m {place} || exit 77
{command} > {place}.second 2>&1; echo $? >> {place}.status
cp -r {place} {place}.end
"""
pytestmark = pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed")


def filled(words: list[str], place: Path, size_kb: int) -> tuple[list[int], str, list[str]]:
    """A command on a small disk, then on a larger one: statuses, what was said, files after the first."""
    place.mkdir()
    quoted = " ".join(f"'{word}'" for word in [sys.executable, "-m", "vidkit", *words])
    script = SCRIPT.format(size=size_kb, place=place, root=ROOT, command=quoted)
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script], capture_output=True, text=True, timeout=1200
    )
    if done.returncode in (1, 77) and not Path(f"{place}.status").exists():
        pytest.skip(f"no file system of its own here: {done.stderr.strip()[:80]}")
    statuses = [int(line) for line in Path(f"{place}.status").read_text().split()]
    return statuses, Path(f"{place}.first").read_text(), Path(f"{place}.files").read_text().split()


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
            json.loads(Path(f"{place}.kept", file).read_text())
    assert job.results(Path(f"{place}.end", "out"))


@pytest.mark.parametrize("name", ["t.json", "t.html", "t.svg"])
def test_a_drawing_on_a_full_disk_is_whole_or_absent(name: str, tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_text("x = list(range(300, 0, -1))\nfor i in range(40):\n    x[i] += 1\n")
    place = tmp_path / "disk"
    words = ["algoviz", "run", str(script), "-o", str(place / "out" / name)]
    statuses, told, files = filled(words, place, 8)
    assert statuses == [2, 0], told
    assert "Traceback" not in told and "bug in vidkit" not in told
    assert "No space left" in told or "disk is full" in told
    assert files == [], files
