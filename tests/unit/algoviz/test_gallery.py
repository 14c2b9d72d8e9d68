"""The gallery: scripts print the answers that are found another way; what is drawn does not overlap."""

import contextlib
import io

import pytest
from gallery_answers import answers

from vidkit.algoviz.gallery.entries import AREAS, FOLDER, entries, find
from vidkit.algoviz.renderers.rendering import film_of, render
from vidkit.algoviz.scene.overlap import overlaps
from vidkit.algoviz.tracing.here import record_source
from vidkit.algoviz.tracing.telling import tell
from vidkit.algoviz.vta.trace import trace_of
from vidkit.errors import ConfigError

ANSWERS = answers()


def trace_of_entry(name):
    entry = find(name)
    with contextlib.redirect_stdout(io.StringIO()):
        source = entry.source.replace('"__main__"', "__name__")  # recorded as a module here
        recording = record_source(source, entry.path.name)
    return trace_of(tell(recording, entry.title))


def test_the_gallery_covers_every_area():
    assert len(entries()) >= 60
    assert {entry.area for entry in entries()} == set(AREAS)
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} - {"__pycache__"} == set(AREAS)
    assert len({entry.name for entry in entries()}) == len(entries())
    assert all(entry.title and entry.about.endswith(".") for entry in entries())


def test_every_script_has_an_answer():
    assert set(ANSWERS) == {entry.name for entry in entries()}


@pytest.mark.parametrize("name", ANSWERS)
def test_script_prints_the_answer(name):
    printed = io.StringIO()
    entry = find(name)
    with contextlib.redirect_stdout(printed):
        exec(compile(entry.source, entry.path.name, "exec"), {"__name__": "__main__"})
    assert printed.getvalue().strip() == ANSWERS[name]


@pytest.mark.parametrize("name", ["quicksort", "Quick_Sort", "quick-sort", "quick sort"])
def test_names_may_be_written_in_several_ways(name):
    assert find(name).name == "quick_sort"


def test_unknown_name_gets_a_near_one():
    with pytest.raises(ConfigError, match="no algorithm 'quiksort'") as caught:
        find("quiksort")
    assert "did you mean 'quick_sort'" in str(caught.value.hint)


@pytest.mark.parametrize("name", ANSWERS)
def test_nothing_overlaps_in_what_is_drawn(name):
    trace = trace_of_entry(name)
    assert not trace.errors and len(trace) >= 3
    film = film_of(trace)
    steps = {round(part * (len(film) - 1) / 4) for part in range(5)}
    assert [str(met) for step in steps for met in overlaps(film.scene(step), step, film.regions)] == []


def test_last_step_is_drawn_with_the_answer(tmp_path):
    trace = trace_of_entry("bubble_sort")
    made = render(trace, to="svg", output=tmp_path / "b.svg", steps=[len(trace)])
    assert "Bubble sort" in made.files[0].read_text()
    assert trace.state(len(trace)).main.values == (1, 2, 5, 8)
