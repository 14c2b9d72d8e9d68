"""Nothing lies on anything: checked by geometry at every step of traces of every kind."""

import json
from pathlib import Path

import algoviz_traces as made
import pytest

from vidkit.algoviz import load, trace_of
from vidkit.algoviz.scene.film import Film
from vidkit.algoviz.scene.look import THEMES, Look
from vidkit.algoviz.scene.overlap import overlaps
from vidkit.algoviz.scene.reading import story_of
from vidkit.algoviz.scene.shapes import Scene, Shape

PUBLISHED = Path(__file__).resolve().parents[4] / "shared/data/algoviz/traces"
EVERYTHING = made.everything()
LARGE = ("array", "table", "list", "tree", "hashtable")


def film_of(raw: made.Json, theme: str = "light") -> Film:
    return Film(story_of(trace_of(raw)), Look(THEMES[theme]))


def faults(film: Film, every: int = 1) -> list[str]:
    steps = range(0, len(film), every)
    return [str(found) for step in steps for found in overlaps(film.scene(step), step, film.regions)]


@pytest.mark.parametrize("name", EVERYTHING)
def test_no_two_elements_meet(name):
    assert not faults(film_of(EVERYTHING[name]))


@pytest.mark.parametrize("nodes", [2, 8, 16, 26])
@pytest.mark.parametrize("seed", [1, 2])
def test_graphs_of_any_size_keep_apart(nodes, seed):
    assert not faults(film_of(made.graph(nodes, seed == 1, seed, nodes // 2)), every=7)


@pytest.mark.parametrize("nodes", [1, 3, 20, 60])
def test_trees_of_any_size_keep_apart(nodes):
    assert not faults(film_of(made.tree(nodes, nodes)), every=9)


@pytest.mark.parametrize("kind", LARGE)
def test_five_thousand_elements_are_windowed_and_the_picture_says_so(kind):
    film = film_of(made.large(kind))
    last = len(film) - 1
    assert not faults(film)
    assert any("shown" in note for note in film.notes(last))
    assert any(shape.role == "window" for shape in film.scene(last).shapes)
    assert len(film.scene(last).shapes) < 2500


def test_window_shows_what_happens():
    film = film_of(made.large("table"))
    assert any(shape.text == "new" for shape in film.scene(1).shapes)


def test_published_traces_have_no_overlap():
    if not PUBLISHED.is_dir():
        pytest.skip("the published traces are not beside the repository")
    for path in sorted(PUBLISHED.glob("*.json")):
        film = Film(story_of(load(path)), Look())
        assert not faults(film, every=1 + len(film) // 40), path.name


def test_places_stay_through_the_whole_film():
    film = film_of(made.bubble_sort([5, 2, 8, 1, 9]))
    boxes = [{s.id: s.box for s in film.scene(k).shapes if s.role == "cell"} for k in range(len(film))]
    assert all(found == boxes[0] for found in boxes)
    assert len(boxes[0]) == 5


def test_graph_nodes_never_move():
    film = film_of(made.graph(9))
    boxes = [{s.id: s.box for s in film.scene(k).shapes if s.role == "node"} for k in range(len(film))]
    assert all(found == boxes[0] for found in boxes)


def test_layout_is_the_same_in_every_run():
    first, second = (film_of(made.graph(12, True, 3, 6)) for _ in range(2))
    assert json.dumps([s.as_dict() for s in first.scene(3).shapes]) == json.dumps(
        [s.as_dict() for s in second.scene(3).shapes]
    )


def test_text_at_the_corner_of_a_disc_is_not_on_it():
    node = Shape("n", "ellipse", 100, 100, 60, 60, role="node")
    beside = Shape("t", "text", 152, 150, 40, 14, role="note", text="note", size=12)
    on_it = Shape("u", "text", 140, 130, 40, 14, role="note", text="note", size=12)
    assert not overlaps(Scene(1280, 720, "#ffffff", (node, beside)))
    assert [found.rule for found in overlaps(Scene(1280, 720, "#ffffff", (node, on_it)))] == ["text-box"]


def test_checker_finds_planted_overlaps():
    box = Shape("a", "rect", 10, 10, 40, 40, role="cell", fill="#ffffff")
    on_it = Shape("b", "rect", 30, 30, 40, 40, role="cell", fill="#ffffff")
    text = Shape("t", "text", 12, 20, 60, 14, role="value", within="a", text="too long", size=12)
    free = Shape("u", "text", 14, 22, 30, 14, role="label", text="free", size=12)
    node = Shape("node:v:n", "ellipse", 200, 200, 40, 40, role="node")
    edge = Shape("edge:v:e", "line", 100, 220, 300, 0, role="edge", points=((100, 220), (400, 220)))
    gone = Shape("g", "rect", 1270, 5, 40, 40, role="cell")
    scene = Scene(1280, 720, "#ffffff", (box, on_it, text, free, node, edge, gone, gone))
    rules = {found.rule for found in overlaps(scene)}
    assert rules == {"box-box", "text-text", "text-box", "edge-node", "outside", "same-id"}
