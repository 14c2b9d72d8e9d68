"""More views than the page has room for: the main one stays, nothing overlaps, what is left out is said."""

import itertools
import random

import algoviz_traces as made
import pytest

from vidkit.algoviz import render, trace_of
from vidkit.algoviz.scene.crowding import GAP
from vidkit.algoviz.scene.film import Film
from vidkit.algoviz.scene.fitting import SCALES
from vidkit.algoviz.scene.look import THEMES, Look
from vidkit.algoviz.scene.overlap import overlaps
from vidkit.algoviz.scene.painters.base import Box
from vidkit.algoviz.scene.reading import story_of
from vidkit.algoviz.scene.routing import Route, extent, route

ROWS = ("array", "x-stack", "x-queue", "x-set", "x-heap", "x-string")
KINDS = (*ROWS, "list", "table", "pairs", "tree", "graph", "x-linkedlist", "hashtable")


def content(kind: str, count: int, word: str) -> made.Json:
    """A view of a kind with so many parts, in the form of an auxiliary one."""
    names = [f"{word}{i}" for i in range(count)]
    if kind in ROWS:
        items = [
            {"index": i, "value": name[: 1 if kind == "x-string" else 40]} for i, name in enumerate(names)
        ]
        return {"type": kind, "data": items}
    if kind == "list":
        return {"type": kind, "data": names}
    if kind == "table":
        rows = names[:30]
        return {"type": kind, "data": [[name] * 9 for name in rows], "options": {"row_headers": rows}}
    if kind == "pairs":
        options = {"row_headers": [f"({i}, {i})" for i in range(count)], "col_headers": ["value"]}
        return {"type": "table", "data": [[name] for name in names], "options": options}
    if kind == "hashtable":
        items = [{"key": word, "value": 1}] * 2
        return {
            "type": kind,
            "data": {"size": count, "buckets": [{"index": i, "items": items} for i in range(count)]},
        }
    nodes = [{"id": f"n{i}", "label": name} for i, name in enumerate(names)]
    if kind == "tree":
        for i, node in enumerate(nodes):
            node["parent"] = f"n{(i - 1) // 2}" if i else None
            node["children"] = [f"n{child}" for child in (2 * i + 1, 2 * i + 2) if child < count]
        return {"type": kind, "data": {"root": "n0" if nodes else None, "nodes": nodes}}
    edges = [{"from": f"n{i}", "to": f"n{i + 1}", "directed": True} for i in range(count - 1)]
    return {"type": kind, "data": {"nodes": nodes, "edges": edges}}


def film_of(
    main: made.Json, *aux: made.Json, steps: tuple[list[made.Json], ...] = (), **frame: object
) -> Film:
    raw = made.trace({**main, "structure": main["data"]}, *steps, **frame)
    raw["initial_frame"]["auxiliary_views"] = list(aux)
    return Film(story_of(trace_of(raw)), Look(THEMES["light"]))


def meeting(film: Film) -> list[object]:
    return [found for step in range(len(film)) for found in overlaps(film.scene(step), step, film.regions)]


@pytest.mark.parametrize("seed", range(14))
def test_nothing_overlaps_whatever_views_a_trace_has(seed):
    chance = random.Random(seed)

    def some() -> made.Json:
        return content(
            chance.choice(KINDS), chance.choice([0, 1, 3, 8, 20, 40, 90]), "v" * chance.choice([1, 6, 15])
        )

    aux = [{"view_id": f"a{i}", "title": f"a{i}", **some()} for i in range(chance.randint(3, 8))]
    code = ["for each x of all these y:", "    do it for a long time"] * 4
    remark = [made.op("showComment", text="a remark", anchor="global")]
    film = film_of(some(), *aux, steps=(remark,), pseudocode=code)
    assert meeting(film) == []


def crowd(rows: int = 5) -> Film:
    grid = {"type": "table", "data": [["."] * 8 for _ in range(rows)]}
    wanted = [("pairs", 27), ("x-set", 26), ("tree", 25), ("x-heap", 12), ("list", 30), ("x-linkedlist", 27)]
    wanted += [("hashtable", 16), ("x-stack", 12)]
    return film_of(
        grid,
        *(
            {"view_id": f"a{i}", "title": f"a{i}", **content(kind, count, "v")}
            for i, (kind, count) in enumerate(wanted)
        ),
    )


@pytest.mark.parametrize("rows", [5, 12])  # twelve rows cost a place more than the other views would give
def test_main_view_is_seen_whole_among_many(rows):
    film = crowd(rows)
    cells = [
        shape for shape in film.scene(0).shapes if shape.role == "cell" and shape.id.startswith("cell:main:")
    ]
    assert len(cells) == 8 * rows
    assert meeting(film) == []
    for one, other in itertools.combinations([one.box for one in film.painters if not one.left_out], 2):
        apart = max(other.x - one.right, one.x - other.right, other.y - one.bottom, one.y - other.bottom)
        assert apart >= GAP - 0.01


def test_view_without_a_place_is_named_in_the_picture_and_in_the_notes():
    film = crowd()
    gone = [painter.title for painter in film.painters if painter.left_out]
    assert gone and gone == [painter.title for painter in film.painters][-len(gone) :], (
        "the least important ones"
    )
    said = film.scene(0).by_id()["left-out"].text
    assert all(name in said for name in gone)
    assert [f"{name}: not shown, there is no room for it" for name in gone] == film.notes(0)[-len(gone) :]


def test_views_that_are_never_there_together_share_a_place():
    late = {"view_id": "late", "title": "late", **content("x-linkedlist", 40, "v")}
    steps = ([made.op("removeAuxView", view_id="early"), made.op("addAuxView", view=late)],)
    early = {"view_id": "early", "title": "early", **content("pairs", 40, "v")}
    others = [{"view_id": f"a{i}", "title": f"a{i}", **content("list", 30, "value")} for i in range(3)]
    film = film_of(content("array", 12, "v"), early, *others, steps=steps)
    boxes = {painter.title: painter.box for painter in film.painters}
    assert (boxes["early"].x, boxes["early"].y) == (boxes["late"].x, boxes["late"].y)
    assert meeting(film) == []


def test_curve_lies_in_its_box_and_touches_its_sides():
    points = ((0.0, 0.0), (50.0, 80.0), (100.0, 0.0))
    left, top, right, bottom = extent(points)
    assert (left, top, right) == (0, 0, 100) and bottom == pytest.approx(40)
    ys = Route(points).sampled(101)[:, 1]
    assert ys.max() == pytest.approx(bottom, abs=1e-6)


def test_edge_does_not_leave_its_view_to_get_round_a_node():
    places = {"a": (20.0, 20.0), "b": (100.0, 20.0), "c": (180.0, 20.0)}
    way = route("a", "c", places, 10, 0.0, [], (0.0, 0.0, 200.0, 90.0))
    assert not way.leaves((0.0, 0.0, 200.0, 90.0)) and way.at(0.5)[1] > 30
    other = route(
        "a", "c", {name: (x, 70.0) for name, (x, _) in places.items()}, 10, 0.0, [], (0.0, 0.0, 200.0, 90.0)
    )
    assert not other.leaves((0.0, 0.0, 200.0, 90.0)) and other.at(0.5)[1] < 60


def test_long_linked_list_goes_to_and_fro():
    film = film_of(content("x-linkedlist", 20, "v"))
    at = {shape.id: shape.centre for shape in film.scene(0).shapes if shape.role == "node"}
    spots = [at[f"node:main:n{i}"] for i in range(20)]
    gaps = [abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in itertools.pairwise(spots)]
    assert len({y for _, y in spots}) > 1 and max(gaps) < 1.7 * min(gaps)


@pytest.mark.parametrize("count", [2, 3, 7])
def test_small_heap_is_whole_at_the_smallest_scale(count):
    film = film_of(content("array", 3, "v"), {"view_id": "h", "title": "h", **content("x-heap", count, "v")})
    painter = film.painters[1]
    for scale in SCALES:
        wide, high = painter.wanted(scale, 400)
        painter.place(Box(0, 0, wide, high), scale)
        assert painter.notes(0) == [], scale


def test_notes_of_many_steps_are_told_once_for_each_view_at_their_worst(tmp_path):
    names = ("a1", "a2")
    steps = [[made.op("appendToList", view_id=name, value="a long entry") for name in names]] * 90
    raw = made.trace(made.array([1]), *steps)
    raw["initial_frame"]["auxiliary_views"] = [
        {"view_id": name, "type": "list", "data": []} for name in names
    ]
    done = render(trace_of(raw), to="svg", output=tmp_path / "t", steps=range(70, 91))
    for name in names:
        found = [note for note in done.notes if note.startswith(f"{name}: ")]
        assert len(found) == 1 and " of 90 entries are not shown" in found[0]
