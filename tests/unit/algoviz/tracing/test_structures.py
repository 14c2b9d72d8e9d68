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


def test_a_heap_of_ones_own_is_a_heap_and_its_pointers_share_a_tag():
    source = (
        "class MinHeap:\n    def __init__(self):\n        self.h = []\n    def push(self, x):\n"
        "        self.h.append(x)\n        i = len(self.h) - 1\n"
        "        while i:\n            p = (i - 1) // 2\n"
        "            if self.h[p] > self.h[i]:\n"
        "                self.h[i], self.h[p] = self.h[p], self.h[i]\n            i = p\n"
        "heap = MinHeap()\nfor n in (5, 3, 8, 1):\n    heap.push(n)\n"
    )
    main = trace_of(tell(record_source(source), "heap")).state(0).main
    assert (main.title, main.kind) == ("heap.h", "x-heap")


def test_arguments_that_hold_one_list_after_another_are_no_views():
    source = (
        "A, B, C = [2, 1], [], []\ndef move(n, src, dst, via):\n"
        "    if n:\n        move(n - 1, src, via, dst)\n"
        "        dst.append(src.pop())\n        move(n - 1, via, dst, src)\nmove(2, A, C, B)\n"
    )
    trace = trace_of(tell(record_source(source), "towers"))
    titles = {view.title for state in trace.replay() for view in state.views}
    assert {"A", "B", "C"} <= titles and not titles & {"src", "dst", "via"}


def test_objects_without_a_value_and_names_of_code_are_not_written_out():
    source = (
        "from __future__ import annotations\nimport functools\nclass TrieNode:\n    def __init__(self):\n"
        "        self.children = {}\n@functools.cache\ndef one(n):\n    return n\n"
        "root = TrieNode()\nfor word in ('at', 'an'):\n    node = root\n    for letter in word:\n"
        "        node = node.children.setdefault(letter, TrieNode())\none(3)\n"
    )
    trace = trace_of(tell(record_source(source), "trie"))
    last = trace.replay()[-1]
    assert "•" in {node.label for node in last.main.nodes.values()}
    assert not {"annotations", "one"} & last.variables.keys()
