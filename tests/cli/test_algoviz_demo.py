"""`vidkit algoviz demo` and `list gallery` as processes."""

import itertools
import json
import subprocess
from pathlib import Path

import pytest
import vidkit_process

from vidkit import sandbox

needs_sandbox = pytest.mark.skipif(
    not any(backend.works for backend in sandbox.backends()), reason="no sandbox works here"
)


def vidkit(folder: Path, *words: object) -> "subprocess.CompletedProcess[str]":
    return vidkit_process.run(["algoviz", *words], cwd=folder)


@needs_sandbox
def test_demo_draws_a_page_named_after_the_algorithm(tmp_path: Path) -> None:
    done = vidkit(tmp_path, "demo", "quicksort")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("quick_sort.html: ")
    page = (tmp_path / "quick_sort.html").read_text()
    assert "Quicksort" in page and "Sorted array is" in page


@needs_sandbox
def test_demo_draws_what_is_asked_for(tmp_path: Path) -> None:
    done = vidkit(tmp_path, "demo", "two_sum", "--to", "svg", "--steps", "1", "-o", "sum.svg", "--json", "-")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["steps"] == 1
    assert (tmp_path / "sum.svg").read_text().startswith("<")


@needs_sandbox
def test_demo_writes_the_trace(tmp_path: Path) -> None:
    done = vidkit(tmp_path, "demo", "bubble_sort", "-o", "b.json")
    assert done.returncode == 0, done.stderr
    made = json.loads((tmp_path / "b.json").read_text())
    assert made["algorithm"] == {"name": "Bubble sort", "family": "sorting"} and made["deltas"]
    again = vidkit(tmp_path, "demo", "bubble_sort", "-o", "b.json")
    assert again.returncode == 2 and "already exists" in again.stderr


def test_unknown_algorithm_gets_a_near_name(tmp_path: Path) -> None:
    done = vidkit(tmp_path, "demo", "dijkstr")
    assert done.returncode == 2
    assert "did you mean 'dijkstra'" in done.stderr and "list gallery" in done.stderr
    assert not list(tmp_path.iterdir())


def test_gallery_is_listed_by_area(tmp_path: Path) -> None:
    done = vidkit(tmp_path, "list", "gallery", "--json", "-")
    listed = json.loads(done.stdout)
    names = [line["name"] for line in listed["gallery"]]
    assert done.returncode == 0 and len(names) >= 60 and "convex_hull" in names
    areas = [line["note"].partition(":")[0] for line in listed["gallery"]]
    assert areas[0] == "arrays" and len(set(areas)) == 11
    assert sum(a != b for a, b in itertools.pairwise(areas)) == 10  # each area in one piece
