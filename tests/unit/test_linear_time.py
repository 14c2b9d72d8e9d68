"""Readers of what others write take time in proportion to it: a slice of scripts/long_inputs.py.

VIDKIT_LONG_TESTS=1 tries more forms of every reader, and a million characters; here what is worse than
linear shows at 100,000. Nothing is held to seconds of the clock: ten times the input may take thirty times as
long, where a square takes a hundred times.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import long_inputs
from scripts.foreign_readers import readers
from scripts.fuzz_readers import Reader
from vidkit.evaluation.tasks.vr_bench.vlm_replies import official_moves, read_moves
from vidkit.generation.causal.plan import prompt_of
from vidkit.mazes.types import MazeType

LONG = bool(os.environ.get("VIDKIT_LONG_TESTS"))
SIZES = long_inputs.SIZES if LONG else long_inputs.SIZES[:2]
FORMS = 40 if LONG else 3
READERS = {reader.name: reader for reader in readers()}


@pytest.fixture(scope="module")
def slowness() -> float:
    return long_inputs.yardstick()


@pytest.mark.parametrize("name", READERS)
def test_ten_times_the_input_takes_some_ten_times_as_long(name: str, slowness: float, tmp_path: Path) -> None:
    reader = READERS[name]
    forms = list(long_inputs.forms(reader))
    draw = random.Random(name)
    # composing settings takes a tenth of a second
    few = 1 if name.startswith(("word", "config")) and not LONG else FORMS
    wrong = {
        form: what
        for form, make in draw.sample(forms, min(few, len(forms)))
        if (what := long_inputs.slow(reader, make, tmp_path, slowness, SIZES)[0])
    }
    assert wrong == {}


def test_a_square_is_found(slowness: float, tmp_path: Path) -> None:
    def square(path: Path) -> int:
        text = path.read_text()
        return sum(text.count("x", at) for at in range(0, len(text), 10))

    what, took = long_inputs.slow(
        Reader("square", "t.txt", (b"x",), square), lambda size: b"x" * size, tmp_path, slowness, SIZES[:2]
    )
    assert "times as long as a tenth" in what, took


KNOWN = {
    # what once took the square of the input
    "program of a reply": ("thoughts", "ticks", "fences", "code lines"),
    "trace of a tracker": ("escaped", "quotes", "deltas"),
    "word generate": ("commas",),
    "choice alone": ("letters", "words", "angles"),
    "subtitles srt": ("digits", "blanks", "arrows"),
    "moves regular": ("braces", "fences", "brackets"),
    "caption": ("angles", "blanks"),
}
WHOLE_FORMS = {
    # likewise, of other forms
    "log": "seed 0, the list grown",
    "moves regular": "seed 3, indents in the middle",
    "moves maze3d": "seed 0, lines in the middle",
}


@pytest.mark.parametrize("name", KNOWN)
def test_what_once_took_the_square(name: str, slowness: float, tmp_path: Path) -> None:
    reader, forms = READERS[name], dict(long_inputs.forms(READERS[name]))
    sizes = (9_000, 90_000) if name == "caption" else SIZES  # longer ones are refused
    for unit in KNOWN[name]:
        make = forms[f"seed 0, {unit} behind"]
        assert long_inputs.slow(reader, make, tmp_path, slowness, sizes)[0] == "", unit


@pytest.mark.parametrize("name", WHOLE_FORMS)
def test_other_forms_that_once_took_the_square(name: str, slowness: float, tmp_path: Path) -> None:
    make = dict(long_inputs.forms(READERS[name]))[WHOLE_FORMS[name]]
    assert long_inputs.slow(READERS[name], make, tmp_path, slowness, (50_000, 500_000))[0] == ""


RUNS: dict[str, tuple[Callable[[str], object], str]] = {
    # a run of blanks that two parts of a pattern would share out in every way
    "moves, times": (lambda text: read_moves(text, MazeType.REGULAR), "go up{}!"),
    "moves, a fence": (lambda text: official_moves(text, MazeType.REGULAR), "```{}x"),
    "later prompts": (lambda text: prompt_of(text), "5{}x"),
    "later prompts, text": (lambda text: prompt_of(text), "5s: a{}x\n"),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_of_blanks_is_read_once(name: str, slowness: float, tmp_path: Path) -> None:
    read, around = RUNS[name]
    reader = Reader(name, "t.txt", (b"",), lambda path: read(path.read_text()))
    made = long_inputs.slow(
        reader, lambda size: around.format(" " * size).encode(), tmp_path, slowness, (20_000, 200_000)
    )
    assert made[0] == "", made
