"""From what a view shows to what it should show, as operations; and whether it does."""

from __future__ import annotations

from typing import Any

from vidkit.algoviz.tracing.displays import Buckets, Cell, Display, Network, Pairs, Sequence, Table
from vidkit.algoviz.tracing.planning import Plan
from vidkit.algoviz.vta.state import ArrayView, GraphView, HashView, ListView, TableView, TreeView, View
from vidkit.algoviz.vta.values import same_value

Op = dict[str, Any]


def op(name: str, /, **params: Any) -> Op:
    """An operation as JSON holds it."""
    return {"op": name, "params": params}


def changes(view: View, target: Display, plan: Plan) -> list[Op]:
    """Operations that make a view show the target."""
    if isinstance(target, Sequence):
        assert isinstance(view, ArrayView | ListView)
        return _row(plan, current_row(view), list(target.values))
    if isinstance(target, Table | Pairs):
        assert isinstance(view, TableView)
        return _cells(plan, view, padded(target, plan))
    if isinstance(target, Buckets):
        assert isinstance(view, HashView)
        return _buckets(plan, view, target)
    if isinstance(view, TreeView):
        return _tree(plan, view, target)
    assert isinstance(view, GraphView)
    return _graph(plan, view, target)


def current_row(view: ArrayView | ListView) -> list[Cell]:
    """Values that a row shows."""
    return [item.value for item in view.items] if isinstance(view, ListView) else list(view.values)


def _row(plan: Plan, now: list[Cell], target: list[Cell]) -> list[Op]:
    at = {"view_id": plan.view_id}
    if plan.kind == "array":
        target = (target + [None] * len(now))[: len(now)]
    if plan.kind == "x-set":
        gone = [value for value in now if not any(same_value(value, other) for other in target)]
        made = [op("popFromList", **at, value=value) for value in gone]
        new = [value for value in target if not any(same_value(value, other) for other in now)]
        return made + [op("appendToList", **at, value=value) for value in new]
    made = []
    more = len(target) - len(now)
    if more < 0:
        made, now = _shorter(at, now, target)
    elif more:
        made = [op("appendToList", **at, value=value) for value in target[len(now) :]]
        now = now + target[len(now) :]
    different = [i for i, (a, b) in enumerate(zip(now, target, strict=True)) if not same_value(a, b)]
    if different:
        made.append(op("updateValues", **at, updates=[{"index": i, "value": target[i]} for i in different]))
    return made


def _shorter(at: dict[str, str], now: list[Cell], target: list[Cell]) -> tuple[list[Op], list[Cell]]:
    fewer = len(now) - len(target)
    if not target and fewer > 1:
        return [op("clearList", **at)], []
    if now[fewer:] == target and now[: len(target)] != target:
        return [op("popFromList", **at, **{"from": "head"}) for _ in range(fewer)], target
    if fewer == 1:
        gone = next((i for i, value in enumerate(target) if not same_value(now[i], value)), len(target))
        if now[gone + 1 :] == target[gone:]:
            end = {"from": "tail"} if gone == len(target) else {"index": gone}
            return [op("popFromList", **at, **end)], target
    return [op("popFromList", **at, **{"from": "tail"}) for _ in range(fewer)], now[: len(target)]


def padded(target: Table | Pairs, plan: Plan) -> list[list[Cell]]:
    """Rows of the size of the view; null for what is not there."""
    if isinstance(target, Pairs):
        return [[target.pairs.get(key)] for key in plan.keys]
    height, width = plan.rows
    rows = [list(row[:width]) + [None] * (width - len(row)) for row in target.rows[:height]]
    return rows + [[None] * width for _ in range(height - len(rows))]


def _cells(plan: Plan, view: TableView, rows: list[list[Cell]]) -> list[Op]:
    updates = [
        {"row": r, "col": c, "value": value}
        for r, row in enumerate(rows)
        for c, value in enumerate(row)
        if not same_value(view.rows[r][c], value)
    ]
    return [op("updateTableCell", view_id=plan.view_id, updates=updates)] if updates else []


def _buckets(plan: Plan, view: HashView, target: Buckets) -> list[Op]:
    made: list[Op] = []
    for bucket in view.buckets:
        now = [(entry.key, entry.value) for entry in bucket.items]
        then = list(target.rows[bucket.index]) if bucket.index < len(target.rows) else []
        at = {"view_id": plan.view_id, "bucket_index": bucket.index}
        if then[: len(now)] != now:
            made += [op("removeFromBucket", **at, key=key) for key in dict.fromkeys(key for key, _ in now)]
            now = []
        for key, value in then[len(now) :]:
            made.append(op("insertIntoBucket", **at, element={"key": key, "value": value}))
    return made


def _graph(plan: Plan, view: GraphView, target: Network) -> list[Op]:
    at = {"view_id": plan.view_id}
    kept = {
        name for name, node in view.nodes.items()
        if name in target.nodes and same_value(node.label, target.nodes[name].label)
    }  # fmt: skip
    made = [op("removeNode", **at, id=name) for name in view.nodes if name not in kept]
    edges = set()
    for edge in view.edges:
        ends = edge.source, edge.target
        if edge.source in kept and edge.target in kept:
            if ends in target.edges and same_value(target.edges[ends], edge.label):
                edges.add(ends)
            else:
                made.append(op("removeEdge", **at, **{"from": ends[0], "to": ends[1]}))
    for name, node in target.nodes.items():
        if name not in kept:
            made.append(op("addNode", **at, node={"id": name, "label": node.label}))
    for ends, label in target.edges.items():
        if ends not in edges:
            made.append(op("addEdge", **at, edge=edge_spec(ends, label, target.directed)))
    return made


def edge_spec(ends: tuple[str, str], label: Cell, directed: bool) -> dict[str, Any]:
    """An edge as a file writes it."""
    made: dict[str, Any] = {"from": ends[0], "to": ends[1], "directed": directed}
    return made if label is None else {**made, "label": label}


def _tree(plan: Plan, view: TreeView, target: Network) -> list[Op]:
    """New leaves one by one; any other change by taking the trees away and setting them up anew, ids kept."""
    same = all(
        name in target.nodes
        and same_value(node.label, target.nodes[name].label)
        and tuple(c for c in target.nodes[name].children if c in view.nodes or c is None)[
            : len(node.children)
        ]
        == node.children
        for name, node in view.nodes.items()
    )
    old = view.roots
    if not same or target.roots[: len(old)] != old:
        made = [op("removeNode", view_id=plan.view_id, id=name) for name in old]
        return made + _planted(plan, target, set())
    return _planted(plan, target, set(view.nodes))


def _planted(plan: Plan, target: Network, there: set[str]) -> list[Op]:
    made: list[Op] = []
    for root in target.roots:
        if root not in there:
            made.append(op("addNode", view_id=plan.view_id, node=_node(root, target)))
        waiting = [root]
        while waiting:
            name = waiting.pop()
            children = target.nodes[name].children
            for place, child in enumerate(children):
                if child is not None and child not in there:
                    node = _node(child, target)
                    made.append(op("addChild", view_id=plan.view_id, parent_id=name, node=node, index=place))
            waiting += reversed([child for child in children if child is not None])
    return made


def _node(name: str, target: Network) -> dict[str, Any]:
    """A new node, with empty places for its children where some stay empty: left stays left."""
    node = target.nodes[name]
    made: dict[str, Any] = {"id": name, "label": node.label}
    return {**made, "children": [None] * len(node.children)} if None in node.children else made


def shows(view: View, target: Display, plan: Plan) -> bool:
    """Whether a view shows exactly the target."""
    if isinstance(target, Sequence):
        assert isinstance(view, ArrayView | ListView)
        now, values = current_row(view), list(target.values)
        if plan.kind == "array":
            values = (values + [None] * len(now))[: len(now)]
        return len(now) == len(values) and all(map(same_value, now, values))
    if isinstance(target, Table | Pairs):
        assert isinstance(view, TableView)
        return same_value(view.rows, tuple(map(tuple, padded(target, plan))))
    if isinstance(target, Buckets):
        assert isinstance(view, HashView)
        rows = [tuple((entry.key, entry.value) for entry in bucket.items) for bucket in view.buckets]
        return same_value(tuple(rows), (*target.rows, *((),) * (len(rows) - len(target.rows))))
    assert isinstance(view, GraphView | TreeView)
    labels = {name: node.label for name, node in view.nodes.items()}
    if labels.keys() != target.nodes.keys():
        return False
    if not all(same_value(labels[name], node.label) for name, node in target.nodes.items()):
        return False
    if isinstance(view, TreeView):
        return set(view.roots) == set(target.roots) and all(
            view.nodes[name].children == node.children for name, node in target.nodes.items()
        )
    return {(edge.source, edge.target): edge.label for edge in view.edges} == target.edges
