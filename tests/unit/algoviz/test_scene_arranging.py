"""How views are laid out: what fits in one line stays in one, dicts lie down, what is left over is used."""

import algoviz_traces as made
import pytest

from vidkit.algoviz import trace_of
from vidkit.algoviz.scene.film import Film
from vidkit.algoviz.scene.look import THEMES, Look
from vidkit.algoviz.scene.overlap import overlaps
from vidkit.algoviz.scene.reading import story_of


def film_of(main: made.Json, *aux: made.Json, steps: tuple[list[made.Json], ...] = ()) -> Film:
    raw = made.trace(main, *steps)
    raw["initial_frame"]["auxiliary_views"] = list(aux)
    return Film(story_of(trace_of(raw)), Look(THEMES["light"]))


def row(count: int, kind: str = "array") -> made.Json:
    return {"type": kind, "data": [{"index": i, "value": i} for i in range(count)]}


def pairs(count: int, view_id: str = "seen") -> made.Json:
    options = {"row_headers": [f"key{i}" for i in range(count)], "col_headers": ["value"]}
    return {"view_id": view_id, "type": "table", "data": [[i] for i in range(count)], "options": options}


def cells(film: Film, view: str = "main", step: int = 0) -> list[tuple[float, float, float]]:
    found = [shape for shape in film.scene(step).shapes if shape.id.startswith(f"cell:{view}:")]
    return [(shape.x, shape.y, shape.w) for shape in found]


@pytest.mark.parametrize("count", [11, 15])
def test_rows_that_fit_in_one_line_are_not_broken_for_the_sake_of_size(count):
    assert len({y for _, y, _ in cells(film_of(row(count)))}) == 1


def test_lines_of_a_long_row_have_about_the_same_length():
    ys = [y for _, y, _ in cells(film_of(row(50)))]
    lengths = [ys.count(y) for y in sorted(set(ys))]
    assert len(lengths) > 1 and max(lengths) - min(lengths) <= len(lengths) - 1


def test_long_dict_lies_on_its_side_where_that_gives_larger_cells():
    film = film_of(row(9), pairs(14))
    lying = cells(film, "aux.seen")
    assert len({y for _, y, _ in lying}) == 1 and len(lying) == 14
    headers = {shape.text for shape in film.scene(0).shapes if shape.role == "header"}
    assert "key13" in headers and "value" not in headers
    assert not overlaps(film.scene(0), 0, film.regions)


def test_a_cell_has_the_same_name_upright_and_on_its_side():
    names = [f"cell:aux.seen:{row},0" for row in range(14)]
    assert film_of(row(9), pairs(14)).scene(0).by_id().keys() >= set(names)


def test_pointer_stands_beside_a_dict_and_not_in_its_cells():
    step = [made.op("x-pointer", view_id="seen", label="a long name", index=[1, 0])]
    film = film_of(row(9), pairs(3), steps=(step,))
    shapes = film.scene(1).by_id()
    tag, cell = shapes["pointer:aux.seen:a long name"], shapes["cell:aux.seen:1,0"]
    assert tag.x > cell.x + cell.w and shapes["pointer:aux.seen:a long name:text"].text.endswith(
        "a long name"
    )
    assert not overlaps(film.scene(1), 1, film.regions)


def test_main_view_takes_the_height_that_small_ones_leave():
    main = {"type": "table", "data": [[1, 2], [3, 4]]}
    film = film_of(main, {"view_id": "long", **row(19)})
    assert film.painters[0].scale > film.painters[1].scale


def test_two_pointers_with_the_same_names_at_a_cell_are_one_tag():
    main = {"type": "table", "data": [[1, 2], [3, 4]]}
    ops = [made.op("x-pointer", label=label, index=[1, 1]) for label in ("i, j", "j, i")]
    film = film_of(main, steps=(ops,))
    assert [
        shape.text for shape in film.scene(1).shapes if shape.role == "value" and "pointer" in shape.id
    ] == ["i, j"]


def test_long_labels_make_nodes_larger_instead_of_being_cut():
    data = {"nodes": [{"id": name} for name in ("Bucharest", "Timisoara")], "edges": []}
    film = film_of({"type": "graph", "structure": data})
    texts = {shape.text for shape in film.scene(0).shapes if shape.id.endswith(":text")}
    assert texts >= {"Bucharest", "Timisoara"}


@pytest.mark.parametrize("count", range(1, 12))
def test_stack_that_has_its_natural_size_is_shown_whole(count):
    film = film_of(row(8), {"view_id": "todo", **row(count, "x-stack")})
    assert film.notes(0) == []
