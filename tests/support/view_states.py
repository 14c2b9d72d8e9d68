"""What a view of a trace shows, in the form in which `script_oracle` gives the data itself."""

from collections.abc import Callable
from typing import Any, NamedTuple

import script_oracle as oracle

from vidkit.algoviz.vta.state import ArrayView, GraphView, HashView, ListView, TableView, TreeView


class Expected(NamedTuple):
    """A view: its title and kind, and the data whose states it shows."""

    title: str
    kind: str
    what: str | Callable[[dict[str, Any]], Any]
    form: Callable[[Any], Any]


def same(value: Any) -> Any:
    return value


def either_way(edges: Any) -> Any:
    """Edges between neighbours, whoever of the two knows it."""
    return tuple(sorted({(min(ends), max(ends)) for ends in edges}))


ROW, GRID, PAIRS = oracle.row, oracle.grid, oracle.pairs


def shown(view: Any, form: Any) -> Any:
    """What a view shows, as the oracle has it."""
    if isinstance(view, ArrayView | ListView):
        values = view.values if isinstance(view, ArrayView) else tuple(item.value for item in view.items)
        return frozenset(values) if form is oracle.elements else values
    if isinstance(view, TableView):
        if form is PAIRS:
            rows = zip(view.row_headers or (), view.rows, strict=True)
            return frozenset((key, line[0]) for key, line in rows if line[0] is not None)
        return oracle.trimmed(view.rows)
    if isinstance(view, HashView):
        return tuple(tuple((entry.key, entry.value) for entry in bucket.items) for bucket in view.buckets)
    if isinstance(view, TreeView):
        label = {key: str(node.label) for key, node in view.nodes.items()}
        return tuple(
            sorted((label[n.parent], label[n.id]) for n in view.nodes.values() if n.parent is not None)
        )
    assert isinstance(view, GraphView)
    if form in (same, either_way):
        label = {key: str(node.label) for key, node in view.nodes.items()}
        both = [(label[edge.source], label[edge.target]) for edge in view.edges]
        return form(tuple(sorted(both)))
    edges = {(edge.source, edge.target) for edge in view.edges}
    return frozenset(edges | {(edge.target, edge.source) for edge in view.edges if not edge.directed})
