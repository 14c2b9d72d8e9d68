"""What a style may say is drawn: movements, sizes of cells, gaps, columns, distances, numbers of styles."""

import json
import re

import algoviz_traces as made
import pytest
from made_styles import rsl, rule

import vidkit.algoviz as algoviz
from vidkit.algoviz.renderers.html import page_of
from vidkit.algoviz.renderers.manim import source
from vidkit.algoviz.renderers.rendering import film_of
from vidkit.algoviz.rsl.codes import StyleError
from vidkit.algoviz.rsl.resolve import style_of
from vidkit.algoviz.scene.motion import Transition, between, eased, in_order
from vidkit.algoviz.scene.overlap import overlaps

NODES = [{"id": name, "label": name} for name in "ABCDEF"]
EDGES = [{"from": a, "to": b} for a, b in ("AB", "BC", "CD", "DE", "EF", "FA")]


def array(values):
    return {"type": "array", "data": values}


def trace_of(main, *ops):
    deltas = [{"operations": [[op]]} for op in ops]
    return algoviz.trace_of({"svl_version": "5.0", "initial_frame": {"data_state": main}, "deltas": deltas})


def update(*pairs):
    return {"op": "updateValues", "params": {"updates": [{"index": i, "value": v} for i, v in pairs]}}


def film(trace, **said):
    return film_of(trace, rsl(**said))


def moved(variant, easing=None, share=0.5):
    animation = {"variant": variant, **({"easing": easing} if easing else {})}
    shown = film(
        trace_of(array([1, 2, 3]), update((1, 7))), rules=[rule({"op": "updateValues"}, animation=animation)]
    )
    way = Transition(shown.scene(0), shown.scene(1))
    shapes = {shape.id: shape for shape in in_order(way.moving(share))}
    assert between(shown.scene(0), shown.scene(1), 1.0) == list(shown.scene(1).shapes)
    return shown.scene(1).by_id(), shapes


def test_each_variant_moves_the_part_and_its_text():
    still, now = moved("pulse")
    cell, text = "cell:main:1", "value:main:1"
    assert now[cell].w > 1.1 * still[cell].w and now[cell].centre == pytest.approx(still[cell].centre)
    assert moved("pulse", share=0.9)[1][text].size > still[text].size
    still, now = moved("shake", share=0.1)
    assert now[cell].x > still[cell].x + 2 and now[cell].w == still[cell].w
    still, now = moved("glow")
    assert f"glow:{cell}" in now and f"glow:{cell}" not in still
    still, now = moved("fade")
    assert now[cell].opacity < 0.5 and now[text].opacity <= 0.5
    still, now = moved("morph")
    assert now[cell].opacity == 1 and "cell:main:0" not in now


def test_easing_is_that_of_the_rule():
    assert [round(eased(0.25, name), 4) for name in ("linear", "ease-in", "ease-out", "ease-in-out")] == [
        0.25, 0.0625, 0.4375, 0.1562,
    ]  # fmt: skip


def test_what_changes_lies_within_the_areas_that_are_drawn_anew():
    shown = film(
        trace_of(array([1, 2, 3]), update((1, 7))),
        rules=[rule({"op": "updateValues"}, animation={"variant": "pulse"})],
    )
    way = Transition(shown.scene(0), shown.scene(1))
    for share in (0.1, 0.5, 0.9):
        for _, shape in way.moving(share):
            x, y, right, bottom = shape.box
            assert any(a[0] <= x and a[1] <= y and a[2] >= right and a[3] >= bottom for a in way.areas)


def test_pages_and_manim_sources_know_the_movements():
    shown = film(
        trace_of(array([1, 2, 3]), update((1, 7))),
        rules=[rule({"op": "updateValues"}, animation={"variant": "shake", "easing": "linear"})],
    )
    data = json.loads(
        re.search(r'<script[^>]*id="data"[^>]*>(.*?)</script>', page_of(shown, (0, 1)), re.S)[1]
    )
    assert [entry[1:3] for entry in data["steps"][1]["effects"]] == [[2, 1]] * 2
    text = source(shown, (0, 1))
    steps = json.loads(json.loads(re.search(r"json\.loads\((\".*\")\)", text)[1]))["steps"]
    assert steps[1]["effects"]["cell:main:1"] == ["shake", "linear"]


def cells(**said):
    shown = film(trace_of(array([1, 2, 3, 4, 5, 6]), update((1, 7))), layout={"main": said})
    scene = shown.scene(1)
    assert not overlaps(scene, 1, shown.regions)
    return [scene.by_id()[f"cell:main:{i}"] for i in range(6)]


def test_cells_have_the_size_and_the_gaps_of_the_style():
    usual = cells(type="horizontal_array")
    large = cells(type="horizontal_array", params={"cell_size": 1.2})
    small = cells(type="horizontal_array", params={"cell_size": 0.4})
    assert large[0].h == pytest.approx(1.5 * usual[0].h, rel=0.02) and small[0].h < 0.8 * usual[0].h
    apart = cells(type="horizontal_array", params={"spacing": 0.6})
    gaps = [made[1].x - made[0].x - made[0].w for made in (usual, apart)]
    assert gaps[1] == pytest.approx(4 * gaps[0], rel=0.05)


def test_arrays_stand_upright_or_in_a_grid():
    upright = cells(type="vertical_array")
    assert len({cell.x for cell in upright}) == 1 and len({cell.y for cell in upright}) == 6
    grid = cells(type="grid", params={"grid_cols": 2})
    assert len({cell.x for cell in grid}) == 2 and len({cell.y for cell in grid}) == 3


def test_tables_have_the_size_and_the_gaps_of_the_style():
    table = {"type": "table", "data": [[1, 2], [3, 4]]}
    op = {"op": "updateTableCell", "params": {"updates": [{"row": 0, "col": 0, "value": 9}]}}

    def of(**params):
        shown = film(trace_of(table, op), layout={"main": {"type": "matrix", "params": params}})
        assert not overlaps(shown.scene(1), 1, shown.regions)
        return [shown.scene(1).by_id()[f"cell:main:0,{i}"] for i in range(2)]

    usual, large, apart = of(), of(cell_size=1.6), of(spacing=1.5)
    assert large[0].h == pytest.approx(2 * usual[0].h, rel=0.05)
    assert apart[1].x - apart[0].x - apart[0].w > 5 * (usual[1].x - usual[0].x - usual[0].w)


def test_nodes_have_the_distance_and_the_columns_of_the_style():
    graph = {"type": "graph", "structure": {"nodes": NODES, "edges": EDGES}}
    op = {"op": "updateNodeStyle", "params": {"ids": ["A"], "styleKey": "idle"}}

    def of(kind, **params):
        shown = film(trace_of(graph, op), layout={"main": {"type": kind, "params": params}})
        assert not overlaps(shown.scene(1), 1, shown.regions)
        return [shown.scene(1).by_id()[f"node:main:{name}"] for name in "ABCDEF"]

    def width(nodes):
        return max(node.x for node in nodes) - min(node.x for node in nodes)

    assert width(of("circular", node_spacing=1)) < 0.6 * width(of("circular", node_spacing=8))
    assert len({round(node.x) for node in of("grid", grid_cols=2)}) == 2
    assert len({round(node.x) for node in of("grid", grid_cols=3)}) == 3


@pytest.mark.parametrize("preset", ["colour-blind-safe", "high-contrast", "print"])
def test_styles_have_numbers_where_colours_are_those_of_a_preset(preset):
    shown = film_of(algoviz.trace_of(made.bubble_sort([3, 1, 2])), preset)
    marks = {s.text for step in range(len(shown)) for s in shown.scene(step).shapes if s.role == "badge"}
    legend = [s.text for s in shown.scene(0).shapes if s.role == "legend"]
    assert marks and all(any(text.startswith(f"{mark} ") for text in legend) for mark in marks)
    assert not any(overlaps(shown.scene(step), step, shown.regions) for step in range(len(shown)))


def main_layout(kind, **params):
    return {"layout": {"main": {"type": kind, "params": params}}}


@pytest.mark.parametrize(
    ("main", "said", "code"),
    [
        (array([1]), {"layout": {"main": {"type": "matrix"}}}, "R201"),
        ({"type": "x-stack", "data": [1]}, {"layout": {"main": {"type": "horizontal_array"}}}, "R201"),
        ({"type": "table", "data": [[1]]}, main_layout("matrix", grid_cols=2), "R202"),
        ({"type": "x-queue", "data": [1]}, main_layout("horizontal_array", spacing=1), "R202"),
        (array([1]), {"layout": {"comment": {"slot": "top"}}}, "R201"),
        (array([1]), {"layout": {"aux": {"slot": "right"}}}, "R201"),
        (array([1]), {"layout": {"comment": {"slot": "bottom", "max_share": 0.2}}}, "R202"),
        (array([1]), {"lang": "zh"}, "R202"),
    ],
)  # fmt: skip
def test_what_is_not_drawn_is_refused(main, said, code):
    with pytest.raises(StyleError, match=code):
        style_of(trace_of(main), rsl(**said))
