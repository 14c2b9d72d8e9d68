"""Trees of objects: sides are kept however they come to be."""

from vidkit.algoviz.tracing.here import record_source
from vidkit.algoviz.tracing.telling import tell
from vidkit.algoviz.vta.state import TreeView
from vidkit.algoviz.vta.trace import trace_of

CLASS = """
class Node:
    def __init__(self, key):
        self.key, self.left, self.right = key, None, None
"""


def last_tree(text: str) -> TreeView:
    trace = trace_of(tell(record_source(CLASS + text)))
    assert not trace.errors
    main = trace.replay()[-1].main
    assert isinstance(main, TreeView)
    return main


def sides(tree: TreeView) -> dict[object, list[object]]:
    label = {name: node.label for name, node in tree.nodes.items()}
    return {
        node.label: [None if child is None else label[child] for child in node.children]
        for node in tree.nodes.values()
        if node.children
    }


def test_only_children_stay_on_their_side() -> None:
    text = "r = Node(5)\nr.left = Node(3)\nr.left.right = Node(4)\n"
    assert sides(last_tree(text)) == {5: [3, None], 3: [None, 4]}


def test_sides_stay_when_a_child_goes() -> None:
    text = "r = Node(5)\nr.left = Node(3)\nr.right = Node(8)\nr.left = None\n"
    assert sides(last_tree(text)) == {5: [None, 8]}
    text = "r = Node(5)\nr.left = Node(3)\nr.right = Node(8)\nr.right = None\n"
    assert sides(last_tree(text)) == {5: [3, None]}


def test_children_change_sides() -> None:
    text = "r = Node(5)\nr.left = Node(3)\nr.left, r.right = r.right, r.left\n"
    assert sides(last_tree(text)) == {5: [None, 3]}


def test_two_trees_and_none() -> None:
    text = "a = Node(1)\nb = Node(2)\na.left = Node(0)\na = None\n"
    tree = last_tree(text)
    assert [tree.nodes[name].label for name in tree.roots] == [2]
