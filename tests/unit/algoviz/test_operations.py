"""What each operation does."""

from __future__ import annotations

from typing import Any

import made_traces as made
import pytest
from made_traces import op

from vidkit.algoviz.vta.lowering import lower
from vidkit.algoviz.vta.operations import PARAMS
from vidkit.algoviz.vta.state import State
from vidkit.algoviz.vta.trace import trace_of


def after(kind: str, *ops: made.Json, **frame: Any) -> State:
    """The state after operations in one step on a view of a type; all have to be applied."""
    run = trace_of(
        made.trace(kind, made.PAYLOADS[kind], made.step(*ops), aux=(made.VARS, made.TODO), **frame)
    )
    assert [str(found) for found in run.errors] == []
    return run.state(1)


CASES: list[tuple[str, list[made.Json], str, Any]] = [
    (
        "array",
        [op("updateValues", updates=[{"index": 0, "value": 2}, {"index": 1, "value": 5}])],
        "main.elements.1.value",
        5,
    ),
    ("array", [op("updateStyle", indices=[1, 2], styleKey="done")], "main.elements.2.style", "done"),
    (
        "array",
        [op("updateStyle", view_id="todo", indices=[0], styleKey="done")],
        "aux.todo.lists..0.style",
        "done",
    ),
    ("array", [op("moveElements", pairs=[{"fromIndex": 0, "toIndex": 3}])], "main.elements.0.value", 1),
    (
        "array",
        [op("shiftElements", shifts=[{"fromIndex": 0, "toIndex": 1}, {"fromIndex": 1, "toIndex": 2}])],
        "main.elements.0.value",
        8,
    ),
    ("array", [op("updateBoundary", type="p", range=[1, 2], label="L")], "boundaries.0.last", 2),
    (
        "array",
        [
            op("updateBoundary", type="p", range=[0, 3]),
            op("updateBoundary", type="p", range=[1, 2]),
            op("removeBoundary", type="p"),
        ],
        "boundaries",
        [],
    ),
    (
        "array",
        [
            op("updateBoundary", type="p", range=[0, 3]),
            op("updateBoundary", type="p", range=[1, 2]),
            op("removeBoundary", type="p", pop=True),
        ],
        "boundaries.0.first",
        0,
    ),
    ("array", [op("appendToList", view_id="todo", value="b")], "aux.todo.lists..1.value", "b"),
    (
        "array",
        [op("appendToList", view_id="todo", value="b"), op("popFromList", view_id="todo", from_="head")],
        "aux.todo.lists..0.value",
        "b",
    ),
    ("array", [op("popFromList", view_id="todo", value="a")], "aux.todo.lists.", []),
    (
        "array",
        [op("appendToList", view_id="todo", value="b"), op("popFromList", view_id="todo", index=1)],
        "aux.todo.lists..0.value",
        "a",
    ),
    ("array", [op("clearList", view_id="todo")], "aux.todo.lists.", []),
    ("table", [op("updateTableCell", updates=[{"row": 1, "col": 2, "value": None}])], "main.rows.1.2", None),
    (
        "table",
        [op("updateTableCell", view_id="dp", updates=[{"row": 0, "col": 0, "value": 7}])],
        "main.rows.0.0",
        7,
    ),
    (
        "table",
        [op("highlightTableCell", cells=[{"row": 0, "col": 1}], styleKey="done")],
        "marks.cells.0.col",
        1,
    ),
    (
        "table",
        [
            op(
                "showDependency",
                from_cells=[{"row": 0, "col": 0}],
                to_cell={"row": 1, "col": 1},
                styleKey="done",
            )
        ],
        "marks.dependencies.0.to_cell",
        [1, 1],
    ),
    ("table", [op("showComment", text="a"), op("showComment", text="b")], "marks.comments.0.text", "b"),
    (
        "graph",
        [op("showComment", text="a", anchor="edge", ref={"from": "a", "to": "b"})],
        "marks.comments.0.edge",
        ["a", "b"],
    ),
    ("graph", [op("updateNodeStyle", ids=["a"], styleKey="done")], "main.nodes.a.style", "done"),
    (
        "graph",
        [op("updateEdgeStyle", edges=[{"from": "b", "to": "a"}], styleKey="done")],
        "main.edges.0.style",
        "done",
    ),
    (
        "graph",
        [op("updateNodeProperties", updates=[{"id": "a", "properties": {"distance": 4}}])],
        "main.nodes.a.properties",
        {"distance": 4},
    ),
    (
        "graph",
        [op("updateEdgeProperties", updates=[{"from": "b", "to": "c", "properties": {"weight": 4}}])],
        "main.edges.1.label",
        4,
    ),
    (
        "graph",
        [op("updateEdgeProperties", updates=[{"from": "a", "to": "b", "properties": {"weight": 4}}])],
        "main.edges.0.label",
        "3",
    ),
    ("graph", [op("addNode", node={"id": 7})], "main.nodes.7.label", "7"),
    ("graph", [op("removeNode", id="b")], "main.edges", []),
    ("graph", [op("addEdge", edge={"from": "c", "to": "b", "directed": True})], "main.edges.2.source", "c"),
    ("graph", [op("removeEdge", from_="b", to="a")], "main.edges.0.source", "b"),
    ("tree", [op("addChild", parent_id="b", node={"id": "e"}, index=0)], "main.nodes.b.children", ["e", "d"]),
    (
        "tree",
        [op("addChild", parent_id="a", node={"id": "e"}, index=1)],
        "main.nodes.a.children",
        ["b", "e", "c"],
    ),
    ("tree", [op("addChild", parent_id="a", node={"id": "e"})], "main.nodes.e.parent", "a"),
    ("tree", [op("removeChild", parent_id="a", child_id="b")], "main.nodes.a.children", [None, "c"]),
    ("tree", [op("reparent", node_id="d", new_parent_id="c")], "main.nodes.d.parent", "c"),
    (
        "tree",
        [op("reparent", node_id="b", new_parent_id="a", index=0)],
        "main.nodes.a.children",
        ["b", "c"],
    ),
    ("tree", [op("swapNodes", a_id="b", b_id="c")], "main.nodes.b.label", "3"),
    ("tree", [op("swapNodes", a_id="b", b_id="c", swap_children=True)], "main.nodes.d.parent", "c"),
    (
        "tree",
        [op("highlightPath", from_id="d", to_id="c", styleKey="done")],
        "marks.paths.0.nodes",
        ["d", "b", "a", "c"],
    ),
    ("tree", [op("removeNode", id="a")], "main.nodes", {}),
    ("hashtable", [op("highlightBucket", bucket_index=1, styleKey="done")], "marks.buckets.0.bucket", 1),
    ("hashtable", [op("showHash", input_key="k", output_hash=4, bucket_index=1)], "marks.hashes.0.hash", 4),
    (
        "hashtable",
        [op("insertIntoBucket", bucket_index=0, element={"key": "z", "value": 2})],
        "main.buckets.0.items.0.key",
        "z",
    ),
    (
        "hashtable",
        [op("updateInBucket", bucket_index=1, key="k", value=9)],
        "main.buckets.1.items.0.value",
        9,
    ),
    (
        "hashtable",
        [
            op("insertIntoBucket", bucket_index=1, element={"key": "k"}),
            op("removeFromBucket", bucket_index=1, key="k"),
        ],
        "main.buckets.1.items",
        [],
    ),
    ("hashtable", [op("highlightCollision", bucket_index=1, with_key="k")], "marks.collisions.0.key", "k"),
    (
        "array",
        [op("addAuxView", view={"view_id": "q", "type": "list", "data": [1]})],
        "aux.q.lists..0.value",
        1,
    ),
    ("array", [op("removeAuxView", view_id="todo")], "aux.vars_panel.rows", [["i", None]]),
    ("array", [op("x-setVariable", name="i", value=3)], "aux.vars_panel.rows.0.1", 3),
    ("array", [op("x-setVariable", name="j", value=[1])], "aux.vars_panel.rows.1", ["j", [1]]),
    ("array", [op("x-pushFrame", name="f", arguments={"n": 3})], "aux.call_stack.lists..0.value", "f(n=3)"),
    (
        "array",
        [op("x-pushFrame", name="f"), op("x-popFrame", value=1)],
        "marks.remarks.0.text",
        "f() returns 1",
    ),
    ("array", [op("x-pointer", label="i", index=4)], "pointers.i.at", 4),
    ("table", [op("x-pointer", label="i", index=[1, 2])], "pointers.i.at", [1, 2]),
    ("graph", [op("x-pointer", label="i", index="a"), op("removeNode", id="a")], "pointers", {}),
    ("array", [op("x-note", text="hm", severity="warning")], "marks.remarks.0.severity", "warning"),
    ("x-stack", [op("appendToList", view_id="data_state", value=2)], "main.elements.1.index", 1),
    ("x-heap", [op("popFromList", view_id="data_state", from_="head")], "main.elements.0.value", 3),
]


@pytest.mark.parametrize(
    ("kind", "ops", "path", "value"), CASES, ids=[f"{c[0]}-{c[1][-1]['op']}-{i}" for i, c in enumerate(CASES)]
)
def test_an_operation_does_what_it_says(kind: str, ops: list[made.Json], path: str, value: Any) -> None:
    assert made.pick(after(kind, *ops), path) == value


def test_every_operation_has_a_case() -> None:
    assert {op_["op"] for case in CASES for op_ in case[1]} == set(PARAMS)


@pytest.mark.parametrize("name", ["x", "new"])
def test_variables_in_a_table_of_one_column_have_their_names_as_headers(name: str) -> None:
    panel = {
        "view_id": "vars_panel",
        "type": "table",
        "data": [[1], [2]],
        "options": {"row_headers": ["x", "y"]},
    }
    raw = made.trace("array", [1], made.step(op("x-setVariable", name=name, value=7)), aux=(panel,))
    state = trace_of(raw).state(1)
    assert state.variables == {"x": 1, "y": 2, name: 7}
    assert lower(trace_of(raw)).state(1).variables == state.variables
