"""Style documents change colours, times and places of a film, never what it says."""

import algoviz_traces as made
import pytest

import vidkit.algoviz as algoviz
from vidkit.algoviz.renderers.rendering import film_of
from vidkit.algoviz.rsl.themes import PRESETS
from vidkit.algoviz.scene.colours import contrast
from vidkit.algoviz.scene.overlap import overlaps

BASE = {
    "meta": {"rsl_version": "1.0"},
    "layout": {},
    "rules": [],
    "timeline": {"transition": 0.5, "pause": 0.4},
}


@pytest.fixture(scope="module")
def trace():
    return algoviz.trace_of(made.bubble_sort([3, 1, 2]))


def shape(film, step, key):
    return film.scene(step).by_id()[key]


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_colour_the_whole_page_readably(trace, preset):
    film = film_of(trace, preset)
    scene = film.scene(2)
    assert scene.background == PRESETS[preset].background
    assert not overlaps(scene, 2, film.regions)
    by_id = scene.by_id()
    for text in scene.shapes:
        ground = by_id.get(text.within)
        if text.kind == "text" and ground is not None and ground.fill:
            assert contrast(text.fill, ground.fill) >= 4.5, text.id


def test_texts_are_the_same_in_every_style(trace):
    films = [film_of(trace, style).scene(3).shapes for style in (None, "dark", "print")]
    words = [[s.text for s in shapes if s.role not in ("badge", "legend")] for shapes in films]
    assert words[0] == words[1] == words[2]


def test_times_are_those_of_the_style(trace):
    film = film_of(trace, BASE)
    assert film.timing(0).moves_s == 0
    assert film.timing(2).stands_s >= 0.4
    slow = film_of(trace, {**BASE, "timeline": {"transition": 2.0, "pause": 1.0}})
    assert slow.timing(2).moves_s > film.timing(2).moves_s


def test_rules_restyle_what_an_operation_touches(trace):
    rule = {
        "when": {"op": "updateStyle"},
        "do": {"style": {"fill": "#aa3377", "stroke_width": 6, "glow": True}},
    }
    plain, film = film_of(trace, BASE), film_of(trace, {**BASE, "rules": [rule]})
    assert shape(film, 1, "cell:main:0").fill == "#aa3377" != shape(plain, 1, "cell:main:0").fill
    assert shape(film, 1, "cell:main:0").stroke_width == 6
    assert shape(film, 1, "cell:main:2") == shape(plain, 1, "cell:main:2"), "not touched"
    assert any(s.role == "glow" for s in film.scene(1).shapes)
    text = shape(film, 1, "value:main:0")
    assert contrast(text.fill, "#aa3377") >= 4.5
    assert not overlaps(film.scene(1), 1, film.regions)


def test_annotations_are_drawn_at_their_step(trace):
    notes = [
        {"frame": 1, "type": "circle", "from": 0},
        {"frame": 1, "type": "text", "label": "look here", "position": [0.5, 0.1]},
        {"frame": 1, "type": "arrow", "from": 0, "to": 2},
    ]
    film = film_of(trace, {**BASE, "annotations": notes})
    assert {s.kind for s in film.scene(1).shapes if s.role == "annotation"} >= {"ellipse", "rect", "text"}
    assert "look here" in {s.text for s in film.scene(1).shapes}
    assert not [s for s in film.scene(2).shapes if s.role == "annotation"]


@pytest.mark.parametrize("kind", ["circular", "grid", "hierarchical", "force_directed"])
def test_graphs_take_the_layout_of_the_style(kind):
    graph = algoviz.trace_of(made.graph(8))
    film = film_of(graph, {**BASE, "layout": {"main": {"type": kind}}})
    assert not overlaps(film.scene(1), 1, film.regions)
    centres = [s.centre for s in film.scene(1).shapes if s.role == "node"]
    if kind == "grid":
        assert len({round(y) for _, y in centres}) <= 4
    if kind == "circular":
        assert len({(round(x), round(y)) for x, y in centres}) == 8


def test_code_can_be_left_out(trace):
    film = film_of(trace, {**BASE, "layout": {"code": {"slot": "none"}, "comment": {"slot": "none"}}})
    assert not [s for s in film.scene(1).shapes if s.role in ("code", "comment")]
