"""From graphs and trees as a file writes them to views of a state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from vidkit.algoviz.vta import view_specs as specs
from vidkit.algoviz.vta.diagnostics import Severity
from vidkit.algoviz.vta.notes import Notes
from vidkit.algoviz.vta.params.base import NodeSpec
from vidkit.algoviz.vta.params.networks import EdgeSpec
from vidkit.algoviz.vta.state import Edge, GraphView, Node, TreeView
from vidkit.algoviz.vta.values import FrozenDict


def node_of(spec: NodeSpec) -> Node:
    """A node by itself; what it hangs on is the view's affair."""
    name = str(spec.id)
    ranks = (getattr(spec, field, None) for field in ("stage", "layer", "level"))
    rank = next((value for value in ranks if isinstance(value, int) and not isinstance(value, bool)), None)
    return Node(
        name, name if spec.label is None else spec.label, FrozenDict(spec.properties), spec.style_key, rank
    )


def empty_places(spec: NodeSpec) -> tuple[None, ...]:
    """Places for children that a new node of a tree brings: `"children": [null, null]`."""
    raw = (spec.model_extra or {}).get("children")
    return (None,) * len(raw) if isinstance(raw, tuple | list) and not any(raw) else ()


def edge_of(spec: EdgeSpec) -> Edge:
    return Edge(
        str(spec.source),
        str(spec.target),
        spec.directed,
        spec.label,
        spec.style_key,
        FrozenDict(spec.properties),
    )


def build_graph(spec: specs.GraphSpec, notes: Notes) -> GraphView:
    raw = spec.structure or spec.data or specs.GraphStructure()
    nodes = {node.id: node for node in map(node_of, _first_of_each(raw.nodes, spec.view_id, notes))}
    edges = []
    for edge in map(edge_of, raw.edges):
        missing = [end for end in (edge.source, edge.target) if end not in nodes]
        if missing:
            notes.add("V304", f"an edge of view '{spec.view_id}' ends at '{missing[0]}', which is not a node")
        else:
            edges.append(edge)
    head = None if raw.head is None else str(raw.head)
    if head is not None and head not in nodes:
        notes.add("V304", f"the head of view '{spec.view_id}' is '{head}', which is not a node")
        head = None
    return GraphView(spec.view_id, spec.heading, spec.type, FrozenDict(nodes), tuple(edges), head)


def _first_of_each(nodes: Iterable[Any], view_id: str, notes: Notes) -> list[Any]:
    """Nodes without those whose id was there before."""
    seen: dict[str, type] = {}
    kept = []
    for node in nodes:
        name = str(node.id)
        if name not in seen:
            seen[name] = type(node.id)
            kept.append(node)
        elif seen[name] is not type(node.id):
            notes.add(
                "V308",
                f"view '{view_id}' has both {name} and \"{name}\" as ids",
                "give each node an id of its own",
                Severity.ERROR,
            )
        else:
            notes.add("V303", f"view '{view_id}' has two nodes '{name}'", "give each node an id of its own")
    return kept


def build_tree(spec: specs.TreeSpec, notes: Notes) -> TreeView:
    raw = spec.structure or spec.data or specs.TreeStructure()
    listed: list[specs.TreeNodeSpec] = _first_of_each(raw.nodes, spec.view_id, notes)
    children = _children(listed, spec.view_id, notes)
    parents = {child: parent for parent, names in children.items() for child in names if child is not None}
    for name in _on_cycles(parents, None if raw.root is None else str(raw.root)):
        notes.add("V305", f"node '{name}' of view '{spec.view_id}' is below itself", "it is taken as a root")
        parent = parents.pop(name)
        children[parent] = [None if child == name else child for child in children[parent]]
    nodes = {}
    for node in listed:
        made = node_of(node)
        nodes[made.id] = replace(made, parent=parents.get(made.id), children=tuple(children[made.id]))
    return TreeView(
        spec.view_id, spec.heading, spec.type, FrozenDict(nodes), _root(raw.root, nodes, spec.view_id, notes)
    )


def _children(listed: list[specs.TreeNodeSpec], view_id: str, notes: Notes) -> dict[str, list[str | None]]:
    """Children by parent: lists of children go before what nodes say of their parent."""
    known = {str(node.id) for node in listed}
    made: dict[str, list[str | None]] = {name: [] for name in known}
    placed: set[str] = set()
    for node in listed:
        for child in node.children or ():
            name = None if child is None else str(child)
            if name is not None and name not in known:
                notes.add("V304", f"child '{name}' of '{node.id}' in view '{view_id}' is not a node")
                name = None
            elif name is not None and name in placed:
                notes.add("V303", f"node '{name}' of view '{view_id}' is a child twice", "one place is kept")
                continue
            made[str(node.id)].append(name)
            placed |= set() if name is None else {name}
    for node in listed:
        name = str(node.id)
        if node.parent is None or name in placed:
            continue
        if str(node.parent) in known:
            made[str(node.parent)].append(name)
            placed.add(name)
        else:
            notes.add("V304", f"parent '{node.parent}' of '{name}' in view '{view_id}' is not a node")
    return made


def _on_cycles(parents: Mapping[str, str], root: str | None) -> list[str]:
    """One node of each cycle, the root where it is on it; upwards from every node, each node once."""
    done: set[str] = set()
    found = []
    for start in ([root] if root in parents else []) + list(parents):
        path: dict[str, None] = {}
        name: str | None = start
        while name is not None and name not in done and name not in path:
            path[name] = None
            name = parents.get(name)
        if name is not None and name in path:
            found.append(name)
        done.update(path)
    return found


def _root(given: str | int | None, nodes: Mapping[str, Node], view_id: str, notes: Notes) -> str | None:
    first = next((node.id for node in nodes.values() if node.parent is None), None)
    if given is not None and str(given) in nodes and nodes[str(given)].parent is None:
        return str(given)
    if nodes:
        known = str(given) in nodes
        said = "is missing" if given is None else f"'{given}' {'has a parent' if known else 'is not a node'}"
        notes.add("V307", f"the root of view '{view_id}' {said}; taken: '{first}'")
    elif given is not None:
        notes.add("V307", f"the root '{given}' of view '{view_id}' is not a node: the view has none")
    return first
