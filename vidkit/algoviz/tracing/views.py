"""A planned view: what it shows now, and how it stands in a trace when it first appears."""

from __future__ import annotations

from typing import Any

from vidkit.algoviz.tracing import displays, structures
from vidkit.algoviz.tracing.changes import edge_spec, padded
from vidkit.algoviz.tracing.displays import Buckets, Display, Network, Pairs, Sequence, Table
from vidkit.algoviz.tracing.memory import Memory
from vidkit.algoviz.tracing.planning import Plan
from vidkit.algoviz.tracing.recording import Encoded
from vidkit.algoviz.tracing.records import records
from vidkit.algoviz.tracing.slots import Slot


def value_now(plan: Plan, now: dict[Slot, tuple[str, Encoded]]) -> tuple[bool, Encoded]:
    """Whether any place of a view is there, and what it holds."""
    for slot in plan.slots:
        if slot in now:
            return True, now[slot][1]
    return False, None


def display(plan: Plan, value: Encoded, memory: Memory, before: Display | None) -> Display:
    """What the view shows now.

    Args:
        plan: the view.
        value: that its place holds; of no matter for linked structures.
        memory: of the script.
        before: what it showed last.
    """
    if plan.node_class:
        return structures.network(memory, plan.node_class, plan.kind, plan.directed)
    if plan.kind == "graph" and plan.source == "edges":
        return displays.edge_list(value, memory, plan.weight, plan.directed)
    if plan.kind == "graph":
        return displays.adjacency(value, memory, plan.directed)
    if plan.kind == "tree":
        return displays.nested(value, memory)
    if plan.kind == "records":
        return records(value, memory, plan.keys, plan.columns)
    if plan.kind == "table":
        return displays.table(value, memory)
    if plan.kind == "hashtable":
        return displays.buckets(value, memory)
    if plan.kind == "pairs":
        return displays.pairs(value, memory)
    made = displays.sequence(value, memory)
    if plan.kind == "x-set":
        return displays.kept_order(before if isinstance(before, Sequence) else None, made)
    return made


def spec(plan: Plan, shown: Display) -> dict[str, Any]:
    """The view as a trace writes it."""
    made: dict[str, Any] = {"view_id": plan.view_id, "title": plan.title}
    if isinstance(shown, Sequence):
        return {**made, "type": plan.kind, "data": list(shown.values)}
    if isinstance(shown, Pairs):
        options = {"row_headers": list(plan.keys), "col_headers": ["value"]}
        return {**made, "type": "table", "data": padded(shown, plan), "options": options}
    if isinstance(shown, Table):
        return {
            **made,
            "type": "table",
            "data": padded(shown, plan),
            "options": _headers(plan, padded(shown, plan)),
        }
    if isinstance(shown, Buckets):
        items = [[{"key": key, "value": value} for key, value in row] for row in shown.rows]
        rows = [{"index": place, "items": row} for place, row in enumerate(items)]
        return {
            **made,
            "type": "hashtable",
            "structure": {"size": max(plan.rows[0], len(rows)), "buckets": rows},
        }
    return {**made, "type": plan.kind, "structure": _network(plan, shown)}


def _headers(plan: Plan, rows: list[list[Any]]) -> dict[str, Any]:
    """Numbers of rows and columns; not of columns where the first row looks the same."""
    height, width = plan.rows
    if plan.kind == "records":
        return {"row_headers": list(plan.keys or range(height)), "col_headers": list(plan.columns)}
    made: dict[str, Any] = {"row_headers": list(range(height))}
    columns = list(range(width))
    return (
        made
        if rows and list(map(str, rows[0])) == list(map(str, columns))
        else {**made, "col_headers": columns}
    )


def _network(plan: Plan, shown: Network) -> dict[str, Any]:
    if plan.kind == "tree":
        nodes = [
            {"id": name, "label": node.label, "children": list(node.children)}
            for name, node in shown.nodes.items()
        ]
        return {"root": shown.roots[0] if shown.roots else None, "nodes": nodes}
    nodes = [{"id": name, "label": node.label} for name, node in shown.nodes.items()]
    edges = [edge_spec(ends, label, shown.directed) for ends, label in shown.edges.items()]
    return {"nodes": nodes, "edges": edges}
