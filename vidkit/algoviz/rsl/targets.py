"""What each operation touches, as parts of a state that can be drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from vidkit.algoviz.vta.diagnostics import Refusal
from vidkit.algoviz.vta.document import UnreadOp
from vidkit.algoviz.vta.engine.context import resolve
from vidkit.algoviz.vta.engine.extensions import CALLS, VARIABLES, place_of
from vidkit.algoviz.vta.operations import Op
from vidkit.algoviz.vta.state import ArrayView, GraphView, ListView, State, TableView, View


class Target(NamedTuple):
    """A part of a state.

    Args:
        kind: element, item, cell, node, edge, bucket, boundary, dependency, comment, pointer or view.
        view_id: of its view; empty for boundaries, comments and pointers.
        key: index of an element or bucket, (list name, index) of an item, (row, column), id of a node,
            position of an edge in its view, of a boundary, dependency or comment in the state, label of a
            pointer; None of a view.
    """

    kind: str
    view_id: str
    key: Any


def targets_of(op: Op, state: State) -> tuple[Target, ...]:
    """The parts that an operation touches, of those that are there after its step; none for unread ones."""
    find = None if isinstance(op, UnreadOp) else _FINDERS.get(op.op)
    try:
        return tuple(find(op.params, state)) if find is not None else ()
    except Refusal:
        return ()


def _view(params: Any, state: State) -> View:
    return resolve(state, params.view_id)


def _places(view: View, indices: list[int]) -> list[Target]:
    if isinstance(view, ArrayView):
        known = {element.index for element in view.elements}
        return [Target("element", view.view_id, index) for index in indices if index in known]
    if isinstance(view, ListView):
        known_items = range(len(view.lists.get("", ())))
        return [Target("item", view.view_id, ("", index)) for index in indices if index in known_items]
    return []


def _moves(pairs: Any, params: Any, state: State) -> list[Target]:
    ends = dict.fromkeys(index for pair in pairs for index in (pair.from_index, pair.to_index))
    return _places(_view(params, state), list(ends))


def _cells(params: Any, cells: Any, state: State) -> list[Target]:
    view = _view(params, state)
    if not isinstance(view, TableView):
        return []
    height, width = len(view.rows), len(view.rows[0]) if view.rows else 0
    inside = dict.fromkeys((c.row, c.col) for c in cells if 0 <= c.row < height and 0 <= c.col < width)
    return [Target("cell", view.view_id, cell) for cell in inside]


def _nodes(params: Any, names: Any, state: State) -> list[Target]:
    view = _view(params, state)
    known = getattr(view, "nodes", {})
    return [Target("node", view.view_id, name) for name in dict.fromkeys(map(str, names)) if name in known]


def _edges(params: Any, refs: Any, state: State) -> list[Target]:
    view = _view(params, state)
    if not isinstance(view, GraphView):
        return []
    found: dict[int, None] = {}
    for ref in refs:
        ends = str(ref.source), str(ref.target)
        forward = [i for i, edge in enumerate(view.edges) if (edge.source, edge.target) == ends]
        back = [i for i, e in enumerate(view.edges) if not e.directed and (e.target, e.source) == ends]
        found |= dict.fromkeys(forward or back)
    return [Target("edge", view.view_id, place) for place in found]


def _bucket(params: Any, state: State) -> list[Target]:
    view = _view(params, state)
    known = [bucket.index for bucket in getattr(view, "buckets", ())]
    return [Target("bucket", view.view_id, params.bucket_index)] if params.bucket_index in known else []


def _last(params: Any, state: State) -> list[Target]:
    view = _view(params, state)
    if isinstance(view, ArrayView):
        return _places(view, [len(view.elements) - 1])
    key = params.list_key or ""
    count = len(view.lists.get(key, ())) if isinstance(view, ListView) else 0
    return [Target("item", view.view_id, (key, count - 1))] if count else []


def _whole(params: Any, state: State) -> list[Target]:
    return [Target("view", _view(params, state).view_id, None)]


def _boundary(params: Any, state: State) -> list[Target]:
    first, last = params.range
    found = [
        place
        for place, boundary in enumerate(state.boundaries)
        if (boundary.type, boundary.first, boundary.last) == (params.type, first, last)
    ]
    return [Target("boundary", "", found[-1])] if found else []


def _dependency(params: Any, state: State) -> list[Target]:
    view = _view(params, state)
    to = (params.to_cell.row, params.to_cell.col)
    return [
        Target("dependency", view.view_id, place)
        for place, made in enumerate(state.marks.dependencies)
        if made.view_id == view.view_id and made.to_cell == to and made.style == params.style_key
    ]


def _comment(params: Any, state: State) -> list[Target]:
    found = (
        i for i, c in enumerate(state.marks.comments) if c.text == params.text and c.anchor == params.anchor
    )
    return [Target("comment", "", place) for place in found]


def _path(params: Any, state: State) -> list[Target]:
    view = _view(params, state)
    ends = {str(params.from_id), str(params.to_id)}
    paths = [p for p in state.marks.paths if p.view_id == view.view_id and {p.nodes[0], p.nodes[-1]} == ends]
    return _nodes(params, [name for path in paths for name in path.nodes], state)


def _variable(params: Any, state: State) -> list[Target]:
    panel = state.aux.get(VARIABLES)
    place = place_of(params.name, panel) if isinstance(panel, TableView) else None
    return [] if place is None else [Target("cell", VARIABLES, place)]


def _call(params: Any, state: State) -> list[Target]:
    calls = state.aux.get(CALLS)
    count = len(calls.lists.get("", ())) if isinstance(calls, ListView) else 0
    return [Target("item", CALLS, ("", count - 1))] if count else []


def _pointer(params: Any, state: State) -> list[Target]:
    return [Target("pointer", "", params.label)] if params.label in state.pointers else []


_FINDERS: dict[str, Callable[[Any, State], list[Target]]] = {
    "updateValues": lambda p, s: _places(_view(p, s), [u.index for u in p.updates]),
    "updateStyle": lambda p, s: _places(_view(p, s), list(p.indices)),
    "moveElements": lambda p, s: _moves(p.pairs, p, s),
    "shiftElements": lambda p, s: _moves(p.shifts, p, s),
    "updateBoundary": _boundary,
    "appendToList": _last,
    "popFromList": _whole,
    "clearList": _whole,
    "updateTableCell": lambda p, s: _cells(p, p.updates, s),
    "highlightTableCell": lambda p, s: _cells(p, p.cells, s),
    "showDependency": _dependency,
    "showComment": _comment,
    "addAuxView": lambda p, s: [Target("view", str(p.view.get("view_id")), None)],
    "updateNodeStyle": lambda p, s: _nodes(p, p.ids, s),
    "updateEdgeStyle": lambda p, s: _edges(p, p.edges, s),
    "updateNodeProperties": lambda p, s: _nodes(p, [u.id for u in p.updates], s),
    "updateEdgeProperties": lambda p, s: _edges(p, p.updates, s),
    "addNode": lambda p, s: _nodes(p, [p.node.id], s),
    "addEdge": lambda p, s: _edges(p, [p.edge], s),
    "addChild": lambda p, s: _nodes(p, [p.node.id], s),
    "reparent": lambda p, s: _nodes(p, [p.node_id], s),
    "swapNodes": lambda p, s: _nodes(p, [p.a_id, p.b_id], s),
    "highlightPath": _path,
    "highlightBucket": _bucket,
    "showHash": _bucket,
    "insertIntoBucket": _bucket,
    "updateInBucket": _bucket,
    "removeFromBucket": _bucket,
    "highlightCollision": _bucket,
    "x-setVariable": _variable,
    "x-pushFrame": _call,
    "x-pointer": _pointer,
    # what takes a part away touches the view that had it
    "removeNode": _whole,
    "removeEdge": _whole,
    "removeChild": _whole,
}
