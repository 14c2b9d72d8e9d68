"""Traces made for tests: by hand in few words, and any number of them by Hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from vidkit.algoviz.vta.hashing import plain
from vidkit.algoviz.vta.state import State

Json = dict[str, Any]


def op(name: str, /, **params: Any) -> Json:
    """One operation; a trailing underscore in a name goes (`from_`)."""
    return {"op": name, "params": {key.rstrip("_"): value for key, value in params.items()}}


def step(*ops: Json, code: Any = None) -> Json:
    """A delta of one group."""
    return {"code_highlight": code, "operations": [list(ops)]}


def trace(kind: str, payload: Any, *deltas: Json, aux: tuple[Json, ...] = (), **frame: Any) -> Json:
    """A whole trace whose main view is of a type."""
    initial = {
        "data_state": {"type": kind, "structure": payload},
        "auxiliary_views": list(aux),
        "pseudocode": ["for i", "  swap", "done"],
        "code_highlight": 1,
        "styles": {"elementStyles": {"idle": {"backgroundColor": "#eeeeee"}, "done": {}}},
        **frame,
    }
    return {
        "svl_version": "5.0",
        "algorithm": {"name": "made", "family": "test"},
        "required_extensions": [],
        "initial_frame": initial,
        "deltas": list(deltas),
    }


def pick(state: State, path: str) -> Any:
    """A part of a state as JSON: `main.nodes.a.style`."""
    value = plain(state)
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


VARS: Json = {"view_id": "vars_panel", "type": "table", "title": "Variables", "data": [["i", None]]}
TODO: Json = {"view_id": "todo", "type": "list", "title": "To do", "data": ["a"]}
GRAPH: Json = {
    "nodes": [{"id": name, "properties": {"distance": None}} for name in "abcd"],
    "edges": [
        {"from": "a", "to": "b", "directed": False, "label": "3"},
        {"from": "b", "to": "c", "directed": True},
    ],
}
TREE: Json = {
    "root": "a",
    "nodes": [
        {"id": "a", "label": "1", "children": ["b", None, "c"], "properties": {"x": 1}},
        {"id": "b", "label": "2", "children": ["d"], "properties": {"x": 2}},
        {"id": "c", "label": "3", "properties": {}},
        {"id": "d", "label": "4", "properties": {}},
    ],
}
HASH: Json = {"size": 3, "buckets": [{"index": 1, "items": [{"key": "k", "value": 1}]}]}
PAYLOADS: Json = {
    "array": [5, 2, 8, 1],
    "table": [[0, 1, 2], [3, 4, 5]],
    "graph": GRAPH,
    "tree": TREE,
    "hashtable": HASH,
    "x-stack": [1],
    "x-heap": [1, 3, 2],
    "x-matrix": [[1, 2], [3, 4]],
    "x-linkedlist": {**GRAPH, "head": "a"},
}

_index = st.integers(-1, 4)
_id = st.sampled_from(["a", "b", "c", "d", "e", 1])
_style = st.sampled_from(["idle", "done", "unknown", None])
_value = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from(["a", "k", "∞", ""]), st.just([1, {"x": 2}])
)
_cell = st.fixed_dictionaries({"row": _index, "col": _index})
_edge = st.fixed_dictionaries({"from": _id, "to": _id})
_properties = st.dictionaries(st.sampled_from(["x", "distance", "weight"]), _value, max_size=2)
_node = st.fixed_dictionaries({"id": _id}, optional={"label": _value, "properties": _properties})
_move = st.fixed_dictionaries({"fromIndex": _index, "toIndex": _index})


def _some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(strategy, min_size=1, max_size=2)


def _made(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({name.rstrip("_"): strategy for name, strategy in fields.items()})


_with_value = {"index": _index, "value": _value}
_list_view = st.sampled_from(["todo", "data_state", "new"])
_table_view = st.sampled_from(["vars_panel", "data_state", "dp_table"])
# every operation with parameters that fit often, but not always
PARAMS: dict[str, st.SearchStrategy[Json]] = {
    "updateValues": _made(updates=_some(st.fixed_dictionaries(_with_value))),
    "updateStyle": _made(
        view_id=st.sampled_from(["data_state", "todo"]), indices=_some(_index), styleKey=_style
    ),
    "moveElements": _made(pairs=_some(_move)),
    "shiftElements": _made(shifts=_some(_move)),
    "updateBoundary": _made(
        type=st.sampled_from("pq"), range=st.tuples(_index, _index).map(list), label=_value
    ),
    "removeBoundary": _made(type=st.sampled_from("pq"), pop=st.booleans()),
    "appendToList": _made(view_id=_list_view, value=_value),
    "popFromList": st.one_of(
        _made(view_id=_list_view),
        _made(view_id=_list_view, from_=st.sampled_from(["head", "tail"])),
        _made(view_id=_list_view, index=_index),
        _made(view_id=_list_view, value=_value),
    ),
    "clearList": _made(view_id=_list_view),
    "updateTableCell": _made(
        view_id=_table_view,
        updates=_some(st.fixed_dictionaries({"row": _index, "col": _index, "value": _value})),
    ),
    "highlightTableCell": _made(view_id=_table_view, cells=_some(_cell), styleKey=_style),
    "showDependency": _made(from_cells=_some(_cell), to_cell=_cell, styleKey=_style),
    "showComment": st.one_of(
        _made(text=st.sampled_from(["hello", "done"])),
        _made(text=st.just("at"), anchor=st.just("node"), ref=_made(id=_id)),
        _made(text=st.just("at"), anchor=st.just("edge"), ref=_edge),
    ),
    "addAuxView": _made(view=st.sampled_from([VARS, {**TODO, "view_id": "more"}, {"type": "what"}])),
    "removeAuxView": _made(view_id=st.sampled_from(["more", "new", "data_state"])),
    "updateNodeStyle": _made(ids=_some(_id), styleKey=_style),
    "updateEdgeStyle": _made(edges=_some(_edge), styleKey=_style),
    "updateNodeProperties": _made(updates=_some(_made(id=_id, properties=_properties))),
    "updateEdgeProperties": _made(
        updates=_some(st.fixed_dictionaries({"from": _id, "to": _id, "properties": _properties}))
    ),
    "addNode": _made(node=_node),
    "removeNode": _made(id=_id),
    "addEdge": _made(edge=_edge),
    "removeEdge": _edge,
    "addChild": _made(parent_id=_id, node=_node),
    "removeChild": _made(parent_id=_id, child_id=_id),
    "reparent": _made(node_id=_id, new_parent_id=_id),
    "swapNodes": _made(a_id=_id, b_id=_id, swap_children=st.booleans()),
    "highlightPath": _made(from_id=_id, to_id=_id, styleKey=_style),
    "highlightBucket": _made(bucket_index=_index, styleKey=_style),
    "showHash": _made(input_key=_value, output_hash=_index, bucket_index=_index),
    "insertIntoBucket": _made(bucket_index=_index, element=_made(key=_value, value=_value)),
    "updateInBucket": _made(bucket_index=_index, key=st.just("k"), value=_value),
    "removeFromBucket": _made(bucket_index=_index, key=st.just("k")),
    "highlightCollision": _made(bucket_index=_index),
    "x-setVariable": _made(name=st.sampled_from(["i", "j"]), value=_value),
    "x-pushFrame": _made(name=st.just("f"), arguments=_properties),
    "x-popFrame": st.one_of(_made(), _made(value=_value)),
    "x-pointer": st.one_of(
        _made(label=st.sampled_from("pq"), index=st.one_of(_index, st.none(), _id)),
        _made(label=st.just("p"), view_id=_table_view, index=st.tuples(_index, _index).map(list)),
    ),
    "x-note": _made(text=st.just("hm")),
}
_FITTING = {
    "array": (
        "updateValues",
        "updateStyle",
        "moveElements",
        "shiftElements",
        "updateBoundary",
        "removeBoundary",
    ),
    "table": ("updateTableCell", "highlightTableCell", "showDependency"),
    "graph": ("updateNodeStyle", "updateEdgeStyle", "addEdge", "removeNode", "removeEdge", "showComment"),
    "tree": ("addChild", "removeChild", "reparent", "swapNodes", "highlightPath", "removeNode"),
    "hashtable": ("insertIntoBucket", "updateInBucket", "removeFromBucket", "showHash"),
    "x-stack": ("appendToList", "popFromList", "clearList", "updateValues"),
    "x-heap": ("appendToList", "popFromList", "moveElements"),
    "x-matrix": ("updateTableCell", "highlightTableCell"),
    "x-linkedlist": ("addNode", "addEdge", "removeNode", "removeEdge", "updateNodeProperties"),
}


def operations(kind: str) -> st.SearchStrategy[Json]:
    """Any operation, those for a type of main view more often."""
    names = st.one_of(st.sampled_from(_FITTING[kind]), st.sampled_from(sorted(PARAMS)))
    return names.flatmap(lambda name: PARAMS[name].map(lambda params: {"op": name, "params": params}))


def deltas(kind: str, most: int = 6) -> st.SearchStrategy[list[Json]]:
    """Steps of one or two groups, some with an unknown operation or other oddities."""
    group = st.lists(operations(kind), max_size=3)
    delta = st.fixed_dictionaries(
        {
            "code_highlight": st.sampled_from([None, 1, 2, [1, 3], 0, 99]),
            "operations": st.lists(group, max_size=2),
        },
        optional={"meta": st.fixed_dictionaries({"i": _value})},
    )
    return st.lists(delta, max_size=most)


@st.composite
def traces(draw: st.DrawFn, most: int = 6) -> Json:
    """Any trace of any type."""
    kind = draw(st.sampled_from(sorted(PAYLOADS)))
    return trace(kind, PAYLOADS[kind], *draw(deltas(kind, most)), aux=(VARS, TODO))
