"""What replay refuses and what it mends: each with its code, its place and a hint."""

from __future__ import annotations

from typing import Any

import made_traces as made
import pytest
from made_traces import op

from vidkit.algoviz import style_of
from vidkit.algoviz.vta.lowering import lower
from vidkit.algoviz.vta.trace import Trace, trace_of


def run(kind: str, *ops: made.Json, payload: Any = None) -> Trace:
    return trace_of(
        made.trace(
            kind,
            made.PAYLOADS[kind] if payload is None else payload,
            made.step(*ops),
            aux=(made.VARS, made.TODO),
        )
    )


REFUSED: list[tuple[str, made.Json, str, str]] = [
    ("array", op("updateValues", updates=[{"index": -1, "value": 1}]), "V306", "from 0 to 3"),
    ("array", op("updateValues", updates=3), "V102", "updates"),
    (
        "array",
        op("updateValues", updates=[{"index": "0", "value": 1}]),
        "V102",
        "updates/0/index: must be a whole number",
    ),
    ("array", op("updateValues", updates=[{"index": True, "value": 1}]), "V102", "whole number"),
    ("array", op("updateStyle", view_id="tood", indices=[0], styleKey="done"), "V302", "did you mean 'todo'"),
    ("array", op("updateTableCell", updates=[{"row": 0, "col": 0, "value": 1}]), "V312", "type array"),
    (
        "array",
        op("moveElements", pairs=[{"fromIndex": 0, "toIndex": 1}, {"fromIndex": 0, "toIndex": 2}]),
        "V303",
        "twice",
    ),
    ("array", op("updateBoundary", type="p", range=[2, 1]), "V306", "ends before it begins"),
    ("array", op("removeBoundary", type="p"), "V304", "no boundary"),
    ("array", op("popFromList", view_id="todo", value="zz"), "V304", "not in view"),
    ("array", op("popFromList", view_id="todo", value=True), "V304", "not in view"),
    ("array", op("popFromList", view_id="nope"), "V302", "no view 'nope'"),
    ("array", op("appendToList", view_id="data_state", value=1), "V312", "type array"),
    ("array", op("swapElements", i=1, j=2), "V310", "use updateValues"),
    ("array", op("updateValue", updates=[]), "V310", "did you mean 'updateValues'"),
    ("array", op("x-setVarible", name="i"), "V310", "did you mean 'x-setVariable'"),
    ("array", op("addAuxView", view={"view_id": "todo", "type": "list"}), "V303", "already"),
    ("array", op("addAuxView", view={"view_id": "q", "type": "lst"}), "V102", "did you mean 'list'"),
    ("array", op("removeAuxView", view_id="data_state"), "V304", "main view"),
    ("array", op("x-popFrame"), "V304", "no call"),
    ("array", op("x-pointer", label="i", index=6), "V306", "which has 4"),
    ("table", op("highlightTableCell", cells=[{"row": 0, "col": 3}]), "V306", "2 x 3"),
    ("table", op("showComment", text="a", anchor="left"), "V102", "anchors are"),
    ("graph", op("updateNodeStyle", ids=["aa"], styleKey="done"), "V304", "did you mean 'a'"),
    (
        "graph",
        op("updateEdgeStyle", edges=[{"from": "c", "to": "b"}], styleKey="done"),
        "V304",
        "the other way",
    ),
    ("graph", op("addNode", node={"id": "a"}), "V303", "already"),
    ("graph", op("addEdge", edge={"from": "b", "to": "a"}), "V303", "already"),
    ("graph", op("addEdge", edge={"from": "a", "to": "zz"}), "V304", "no node 'zz'"),
    ("graph", op("addChild", parent_id="a", node={"id": "e"}), "V312", "type graph"),
    ("tree", op("reparent", node_id="a", new_parent_id="d"), "V305", "below"),
    ("tree", op("reparent", node_id="a", new_parent_id="a"), "V305", "below"),
    ("tree", op("addChild", parent_id="a", node={"id": "b"}), "V303", "already"),
    ("tree", op("addChild", parent_id="a", node={"id": "e"}, index=9), "V306", "index 9"),
    ("tree", op("removeChild", parent_id="a", child_id="d"), "V304", "its parent is 'b'"),
    ("tree", op("swapNodes", a_id="a", b_id="b", swap_children=True), "V305", "below"),
    ("hashtable", op("highlightBucket", bucket_index=3), "V306", "from 0 to 2"),
    ("hashtable", op("updateInBucket", bucket_index=1, key="q", value=1), "V304", "no key"),
]


@pytest.mark.parametrize(
    ("kind", "wrong", "code", "says"),
    REFUSED,
    ids=[f"{r[1]['op']}-{r[2]}-{i}" for i, r in enumerate(REFUSED)],
)
def test_what_cannot_be_applied_is_skipped_with_its_code(
    kind: str, wrong: made.Json, code: str, says: str
) -> None:
    trace = run(kind, wrong)
    assert trace.state(1).main == trace.state(0).main
    (found,) = trace.errors
    assert found.code == code
    assert says in f"{found.message} {found.hint}"


def test_a_backward_name_of_an_undirected_edge_is_a_note() -> None:
    trace = run("graph", op("updateEdgeStyle", edges=[{"from": "b", "to": "a"}], styleKey="done"))
    assert [found.code for found in trace.diagnostics] == ["V301"]


def test_a_list_that_is_missing_is_made_with_a_finding() -> None:
    trace = run("array", op("appendToList", view_id="new", value=1))
    assert [found.code for found in trace.errors] == ["V302"]
    assert made.pick(trace.state(1), "aux.new.lists..0.value") == 1


def test_an_unknown_extension_of_others_is_skipped_with_a_note() -> None:
    trace = run("array", op("x-acme-glow", index=1))
    assert [str(found.severity) for found in trace.diagnostics] == ["info"]


def test_an_unknown_style_is_applied_and_told_once() -> None:
    wrong = op("updateStyle", indices=[0], styleKey="don")
    trace = run("array", wrong, wrong)
    (found,) = trace.diagnostics
    assert found.code == "V311" and "did you mean 'done'" in found.hint
    assert made.pick(trace.state(1), "main.elements.0.style") == "don"


INITIAL: list[tuple[str, Any, list[str], str, Any]] = [
    ("table", [[1], [1, 2]], ["V309"], "main.rows.0", [1, None]),
    ("tree", {"root": "zz", "nodes": [{"id": "a"}]}, ["V307"], "main.root", "a"),
    ("tree", {"nodes": [{"id": "a", "parent": "b"}, {"id": "b"}]}, ["V307"], "main.nodes.b.children", ["a"]),
    (
        "tree",
        {"root": "a", "nodes": [{"id": "a", "children": ["b"]}, {"id": "b", "children": ["a"]}]},
        ["V305"],
        "main.root",
        "a",
    ),
    (
        "tree",
        {"root": "a", "nodes": [{"id": "a", "children": ["a"]}]},
        ["V305"],
        "main.nodes.a.children",
        [None],
    ),
    ("graph", {"nodes": [{"id": 1}, {"id": "1"}], "edges": []}, ["V308"], "main.nodes", {"1": {"id": "1"}}),
    ("graph", {"nodes": [{"id": "a"}], "edges": [{"from": "a", "to": "b"}]}, ["V304"], "main.edges", []),
    ("array", [{"index": 0, "value": 1}, {"index": 0, "value": 2}], ["V303"], "main.elements.0.value", 1),
    ("hashtable", {"size": -4, "buckets": []}, ["V306"], "main.buckets", []),
    ("array", [], [], "main.elements", []),
]


@pytest.mark.parametrize(("kind", "payload", "codes", "path", "value"), INITIAL)
def test_an_odd_initial_state_is_mended_and_told(
    kind: str, payload: Any, codes: list[str], path: str, value: Any
) -> None:
    trace = trace_of(made.trace(kind, payload))
    assert [found.code for found in trace.diagnostics] == codes
    found = made.pick(trace.state(0), path)
    if isinstance(value, dict) and value:
        found = {key: {"id": node["id"]} for key, node in found.items()}
    assert found == value


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda t: t.update(svl_version=5.0), "V105"),
        (lambda t: t["deltas"].append({"operations": [op("clearList", view_id="todo")]}), "V103"),
        (lambda t: t["deltas"].append({"operations": [], "frame": {}}), "V107"),
        (lambda t: t["initial_frame"].update(code_highlight=9), "V101"),
        (lambda t: t["initial_frame"]["data_state"].update(type="dp_table", structure=[[1]]), "V106"),
        (
            lambda t: t["initial_frame"].update(
                data_state={}, auxiliary_views=[{"view_id": "dp_table", "type": "table", "data": [[1]]}]
            ),
            "V106",
        ),
        (
            lambda t: t["initial_frame"].update(
                data_state={
                    "type": "table",
                    "data": [["x", "y"], [1, 2]],
                    "options": {"col_headers": ["x", "y"]},
                }
            ),
            "V202",
        ),
    ],
)
def test_other_spellings_are_read_and_told(change: Any, code: str) -> None:
    raw = made.trace("array", [1, 2], aux=(made.TODO,))
    change(raw)
    assert [found.code for found in trace_of(raw).diagnostics] == [code]


def test_a_trace_that_begins_with_its_result_is_told() -> None:
    same = op("updateValues", updates=[{"index": 0, "value": 1}, {"index": 1, "value": 2}])
    raw = made.trace("array", [1, 2], made.step(same), made.step(same))
    assert [found.code for found in trace_of(raw).diagnostics] == ["V201"]
    raw["deltas"][1]["operations"][0][0]["params"]["updates"][1]["value"] = 3
    assert trace_of(raw).diagnostics == ()


def test_a_claim_of_completion_with_work_left_is_told() -> None:
    frontier = {"view_id": "frontier", "type": "list", "data": ["b"]}
    raw = made.trace("graph", made.GRAPH, made.step(op("showComment", text="Completed!")), aux=(frontier,))
    assert [found.code for found in trace_of(raw).diagnostics] == ["V401"]
    raw["deltas"].insert(0, made.step(op("clearList", view_id="frontier")))
    assert trace_of(raw).diagnostics == ()


@pytest.mark.parametrize(
    ("raw", "lines"), [(None, [1]), ([1, 3], [1, 3]), (2, [2]), (0, []), ([1, 99], [1]), ("2", [])]
)
def test_highlighted_lines(raw: Any, lines: list[int]) -> None:
    trace = trace_of(made.trace("array", [1], made.step(code=raw)))
    assert list(trace.state(1).code) == lines


@pytest.mark.parametrize(
    "wrong",
    [
        op("updateNodeStyle", ids=[1], styleKey="done"),
        op("updateEdgeStyle", edges=[{"from": 1, "to": "2"}], styleKey="done"),
        op("updateNodeProperties", updates=[{"id": 1, "properties": {}}]),
        op("showComment", text="a", anchor="node", ref={"id": 1}),
    ],
    ids=lambda wrong: str(wrong["op"]),
)
def test_ids_as_number_and_as_text_are_told_and_the_same(wrong: made.Json) -> None:
    nodes = {"nodes": [{"id": "1"}, {"id": "2"}], "edges": [{"from": "1", "to": "2"}]}
    (found,) = trace_of(made.trace("graph", nodes, made.step(wrong))).diagnostics
    assert (found.code, found.pointer) == ("V308", "/deltas/0/operations/0/0")


def test_a_table_of_variables_without_columns_is_told() -> None:
    panel = {"view_id": "vars_panel", "type": "table", "data": [[]]}
    raw = made.trace("array", [1], made.step(op("x-setVariable", name="i", value=1)), aux=(panel,))
    assert [found.code for found in trace_of(raw).errors] == ["V306"]


def test_fields_beyond_the_format_may_have_any_name_and_value() -> None:
    wild = {
        "edges": [{}],
        "nodes": 3,
        "ids": 7,
        "node": 1,
        "updates": 2,
        "view": 5,
        "source": 1,
    }
    tree = {**made.TREE, "edges": [{"a": 1}], "head": []}
    ops = [op("highlightPath", from_id="a", to_id="b", **wild), op("showComment", text="a", **wild)]
    trace = trace_of(made.trace("tree", tree, made.step(*ops)))
    assert {found.code for found in trace.diagnostics} == {"V104"}
    assert trace.state(1).marks.paths and trace.state(1).marks.comments
    style_of(
        trace, {"meta": {"rsl_version": "1.0"}, "rules": [{"when": {"op": "showComment"}, "do": {}}]}
    ).step(1)
    assert lower(trace) is trace
