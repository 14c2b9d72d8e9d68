"""What the operations on trees do."""

from __future__ import annotations

from dataclasses import replace

from vidkit.algoviz.vta.diagnostics import Refusal
from vidkit.algoviz.vta.engine.context import Context, put, resolve_as
from vidkit.algoviz.vta.engine.graphs import new_node, node_in, removed_subtree, with_nodes
from vidkit.algoviz.vta.networks import empty_places
from vidkit.algoviz.vta.params import networks as ops
from vidkit.algoviz.vta.state import Node, PathMark, State, TreeView

Children = tuple[str | None, ...]


def _inserted(children: Children, name: str, index: int | None, parent: str) -> Children:
    """Children with one more: last, or at an index, where it takes the place of a gap.

    One behind the last leaves a gap before it: a right child without a left one.

    Raises:
        Refusal: the index is out of range.
    """
    if index is None:
        return (*children, name)
    if index == len(children) + 1:
        return (*children, None, name)
    if not 0 <= index <= len(children):
        raise Refusal(
            "V306", f"index {index} among the {len(children)} children of '{parent}'", "it counts from 0"
        )
    behind = index + 1 if index < len(children) and children[index] is None else index
    return (*children[:index], name, *children[behind:])


def add_child(state: State, op: ops.AddChild, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, TreeView)
    parent = node_in(view, op.parent_id)
    made = replace(new_node(view, op.node, ctx), parent=parent.id, children=empty_places(op.node))
    children = _inserted(parent.children, made.id, op.index, parent.id)
    return put(state, with_nodes(view, [replace(parent, children=children), made]))


def remove_child(state: State, op: ops.RemoveChild, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, TreeView)
    parent, child = node_in(view, op.parent_id), node_in(view, op.child_id)
    if child.parent != parent.id:
        raise Refusal(
            "V304", f"'{child.id}' is not a child of '{parent.id}'", f"its parent is '{child.parent}'"
        )
    return removed_subtree(state, view, child)


def reparent(state: State, op: ops.Reparent, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, TreeView)
    node, parent = node_in(view, op.node_id), node_in(view, op.new_parent_id)
    if node.id in path_up(view, parent):
        raise Refusal("V305", f"'{parent.id}' is '{node.id}' or below it", "a node cannot be below itself")
    if node.parent is not None:
        old = view.nodes[node.parent]
        left = tuple(name for name in old.children if name != node.id)
        view = with_nodes(view, [replace(old, children=left)])
        parent = view.nodes[parent.id]
    children = _inserted(parent.children, node.id, op.index, parent.id)
    view = with_nodes(view, [replace(parent, children=children), replace(node, parent=parent.id)])
    if view.root == node.id:
        view = replace(view, root=next(name for name, other in view.nodes.items() if other.parent is None))
    return put(state, view)


def path_up(view: TreeView, node: Node) -> list[str]:
    """Ids from a node to its root, both included."""
    path = [node.id]
    while node.parent is not None:
        node = view.nodes[node.parent]
        path.append(node.id)
    return path


def swap_nodes(state: State, op: ops.SwapNodes, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, TreeView)
    a, b = node_in(view, op.a_id), node_in(view, op.b_id)
    made = {
        a.id: replace(a, label=b.label, properties=b.properties),
        b.id: replace(b, label=a.label, properties=a.properties),
    }
    if op.swap_children and a.id != b.id:
        if a.id in path_up(view, b) or b.id in path_up(view, a):
            raise Refusal(
                "V305", f"'{a.id}' and '{b.id}' are one below the other", "their children cannot be swapped"
            )
        for old, new in ((a, b), (b, a)):
            made[old.id] = replace(made[old.id], children=new.children)
            for name in new.children:
                if name is not None:
                    made[name] = replace(view.nodes[name], parent=old.id)
    return put(state, with_nodes(view, made.values()))


def highlight_path(state: State, op: ops.HighlightPath, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, TreeView)
    up = path_up(view, node_in(view, op.from_id))
    down = path_up(view, node_in(view, op.to_id))
    meeting = next((name for name in up if name in set(down)), None)
    if meeting is None:
        raise Refusal("V304", f"no path from '{op.from_id}' to '{op.to_id}': they are in different trees")
    ctx.check_style(op.style_key, ctx.styles.of_element)
    nodes = (*up[: up.index(meeting)], meeting, *reversed(down[: down.index(meeting)]))
    made = PathMark(view.view_id, nodes, op.style_key)
    return replace(state, marks=replace(state.marks, paths=(*state.marks.paths, made)))
