"""What the operations on graphs do; those on nodes work on trees too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from vidkit.algoviz.vta.diagnostics import Refusal
from vidkit.algoviz.vta.engine.context import Context, put, resolve, resolve_as, without_marks
from vidkit.algoviz.vta.networks import edge_of, empty_places, node_of
from vidkit.algoviz.vta.params import networks as ops
from vidkit.algoviz.vta.params.base import EdgeRef, NodeSpec
from vidkit.algoviz.vta.state import Comment, Edge, GraphView, Node, PathMark, Pointer, State, TreeView
from vidkit.algoviz.vta.values import FrozenDict
from vidkit.utils.naming import did_you_mean

_SHOWN = 12  # ids that a hint lists


def network(state: State, view_id: str | None) -> GraphView | TreeView:
    """The view that an operation names, a graph or a tree.

    Raises:
        Refusal: there is none, or it has no nodes.
    """
    view = resolve(state, view_id)
    if not isinstance(view, GraphView | TreeView):
        raise Refusal("V312", f"view '{view.view_id}' is of type {view.kind}")
    return view


def node_in(view: GraphView | TreeView, node_id: str | int) -> Node:
    """The node of an id, number or text.

    Raises:
        Refusal: there is none.
    """
    name = str(node_id)
    found = view.nodes.get(name)
    if found is None:
        known = ", ".join(list(view.nodes)[:_SHOWN]) + (", ..." if len(view.nodes) > _SHOWN else "")
        raise Refusal(
            "V304",
            f"no node '{name}' in view '{view.view_id}'",
            f"{did_you_mean(name, view.nodes)}nodes: {known or 'none'}",
        )
    return found


def with_nodes(view: GraphView | TreeView, nodes: Iterable[Node]) -> Any:
    return replace(view, nodes=view.nodes.having({node.id: node for node in nodes}))


def update_node_style(state: State, op: ops.UpdateNodeStyle, ctx: Context) -> State:
    view = network(state, op.view_id)
    changed = [replace(node_in(view, name), style=op.style_key) for name in op.ids]
    ctx.check_style(op.style_key, ctx.styles.of_element)
    return put(state, with_nodes(view, changed))


def update_node_properties(state: State, op: ops.UpdateNodeProperties, ctx: Context) -> State:
    view = network(state, op.view_id)
    changed: dict[str, Node] = {}
    for update in op.updates:
        node = changed.get(str(update.id)) or node_in(view, update.id)
        changed[node.id] = replace(node, properties=node.properties.having(update.properties))
    return put(state, with_nodes(view, changed.values()))


def edges_at(view: GraphView, ref: EdgeRef, ctx: Context) -> list[int]:
    """Places of the edges that are named, an undirected one in either direction.

    Raises:
        Refusal: there is none.
    """
    source, target = str(ref.source), str(ref.target)
    found = [i for i, edge in enumerate(view.edges) if (edge.source, edge.target) == (source, target)]
    if found:
        return found
    found = [
        i
        for i, edge in enumerate(view.edges)
        if not edge.directed and (edge.target, edge.source) == (source, target)
    ]
    if not found:
        hint = "it is directed the other way" if _has(view, target, source) else ""
        raise Refusal("V304", f"no edge '{source}' to '{target}' in view '{view.view_id}'", hint)
    ctx.notes.add(
        "V301", f"edge '{source}' to '{target}' is '{target}' to '{source}' in view '{view.view_id}'"
    )
    return found


def _has(view: GraphView, source: str, target: str) -> bool:
    return any((edge.source, edge.target) == (source, target) for edge in view.edges)


def update_edge_style(state: State, op: ops.UpdateEdgeStyle, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, GraphView)
    edges = list(view.edges)
    for ref in op.edges:
        for place in edges_at(view, ref, ctx):
            edges[place] = replace(edges[place], style=op.style_key)
    ctx.check_style(op.style_key, ctx.styles.of_edge)
    return put(state, replace(view, edges=tuple(edges)))


def update_edge_properties(state: State, op: ops.UpdateEdgeProperties, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, GraphView)
    edges = list(view.edges)
    for update in op.updates:
        for place in edges_at(view, update, ctx):
            edge = edges[place]
            label = update.properties.get("weight") if edge.label is None else edge.label
            edges[place] = replace(edge, label=label, properties=edge.properties.having(update.properties))
    return put(state, replace(view, edges=tuple(edges)))


def add_node(state: State, op: ops.AddNode, ctx: Context) -> State:
    view = network(state, op.view_id)
    made = new_node(view, op.node, ctx)
    if isinstance(view, TreeView):
        made = replace(made, children=empty_places(op.node))
    view = with_nodes(view, [made])
    if isinstance(view, TreeView) and view.root is None:
        view = replace(view, root=made.id)
    return put(state, view)


def new_node(view: GraphView | TreeView, spec: NodeSpec, ctx: Context) -> Node:
    """A node that the view does not have yet.

    Raises:
        Refusal: its id is there.
    """
    made = node_of(spec)
    if made.id in view.nodes:
        raise Refusal("V303", f"node '{made.id}' is in view '{view.view_id}' already", "give it another id")
    ctx.check_style(made.style, ctx.styles.of_element)
    return made


def remove_node(state: State, op: ops.RemoveNode, ctx: Context) -> State:
    view = network(state, op.view_id)
    node = node_in(view, op.id)
    if isinstance(view, TreeView):
        return removed_subtree(state, view, node)
    edges = tuple(edge for edge in view.edges if node.id not in (edge.source, edge.target))
    head = None if view.head == node.id else view.head
    made = replace(view, nodes=view.nodes.without(node.id), edges=edges, head=head)
    return without_nodes(put(state, made), view.view_id, {node.id})


def removed_subtree(state: State, view: TreeView, node: Node) -> State:
    """The state without a node of a tree and all below it."""
    gone = {node.id}
    waiting = [node]
    while waiting:
        below = [name for name in waiting.pop().children if name is not None]
        gone.update(below)
        waiting += (view.nodes[name] for name in below)
    kept = {name: other for name, other in view.nodes.items() if name not in gone}
    if node.parent is not None:
        parent = kept[node.parent]
        names = tuple(name for name in parent.children if name != node.id)
        kept[parent.id] = replace(parent, children=names)
    root = view.root
    if root in gone:
        root = next((name for name, other in kept.items() if other.parent is None), None)
    made = replace(view, nodes=FrozenDict(kept), root=root)
    return without_nodes(put(state, made), view.view_id, gone)


def without_nodes(state: State, view_id: str, gone: set[str]) -> State:
    """The state without what stands at nodes that are no longer there."""

    def is_gone(mark: Any) -> bool:
        if mark.view_id != view_id:
            return False
        if isinstance(mark, Pointer):
            return mark.at in gone
        if isinstance(mark, Comment):
            return mark.node in gone or bool(gone & set(mark.edge or ()))
        return isinstance(mark, PathMark) and bool(gone & set(mark.nodes))

    return without_marks(state, is_gone)


def add_edge(state: State, op: ops.AddEdge, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, GraphView)
    made = edge_of(op.edge)
    node_in(view, made.source)
    node_in(view, made.target)
    if _has(view, made.source, made.target) or (not made.directed and _undirected(view, made)):
        raise Refusal("V303", f"edge '{made.source}' to '{made.target}' is in view '{view.view_id}' already")
    ctx.check_style(made.style, ctx.styles.of_edge)
    return put(state, replace(view, edges=(*view.edges, made)))


def _undirected(view: GraphView, made: Edge) -> bool:
    return any(
        not edge.directed and (edge.source, edge.target) == (made.target, made.source) for edge in view.edges
    )


def remove_edge(state: State, op: ops.RemoveEdge, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, GraphView)
    ref = EdgeRef.model_validate({"from": op.source, "to": op.target})
    first = edges_at(view, ref, ctx)[0]
    made = put(state, replace(view, edges=view.edges[:first] + view.edges[first + 1 :]))
    ends = {(view.edges[first].source, view.edges[first].target)}
    ends |= {(target, source) for source, target in ends}

    def is_gone(mark: Any) -> bool:
        return isinstance(mark, Comment) and mark.view_id == view.view_id and mark.edge in ends

    return without_marks(made, is_gone)
