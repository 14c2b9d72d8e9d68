"""Everyday scripts, as people write them: traced into views people recognise, with their data's states."""

from typing import Any

import pytest
import script_oracle as oracle
from everyday_scripts import DATA, path_of
from view_states import GRID, PAIRS, ROW, Expected, either_way, same, shown

from vidkit.algoviz.tracing.here import record_source
from vidkit.algoviz.tracing.telling import tell
from vidkit.algoviz.vta.trace import Trace, trace_of

FOLDER = "scripts"


EXPECTED: dict[str, list[Expected]] = {
    "avl": [Expected("AVLNode", "tree", oracle.structure("left", "right"), same)],
    "bfs": [
        Expected("graph", "graph", "graph", oracle.links),
        Expected("queue", "x-queue", "queue", ROW),
        Expected("visited", "x-set", "visited", oracle.elements),
        Expected("order", "list", "order", ROW),
    ],
    "binary_search": [Expected("sorted_list", "array", "sorted_list", ROW)],
    "bst": [Expected("Node", "tree", oracle.structure("left", "right"), same)],
    "bubble_sort": [Expected("data", "array", "data", ROW)],
    "coin_change": [Expected("dp", "array", "dp", ROW)],
    "dfs": [
        Expected("g.graph", "graph", "g.graph", oracle.links),
        Expected("visited", "x-set", "visited", oracle.elements),
    ],
    "dijkstra": [
        Expected("graph", "graph", "{u: list(n) for u, n in graph.items()}", oracle.links),
        Expected("dist", "table", "dist", PAIRS),
        Expected("pq", "x-heap", "pq", ROW),
    ],
    "doubly_linked": [Expected("Node", "x-linkedlist", oracle.structure("next"), same)],
    "edit_distance": [Expected("dp", "table", "dp", GRID)],
    "fib_memo": [Expected("memo", "table", "memo", PAIRS)],
    "floyd_warshall": [Expected("dist", "table", "dist", GRID)],
    "graph_nodes": [
        Expected("Vertex", "graph", oracle.structure("neighbors"), either_way),
        Expected("stack", "x-stack", "stack", ROW),
    ],
    "hanoi": [Expected("pegs", "table", "pegs", PAIRS)],
    "hash_table": [Expected("ht.table", "hashtable", "ht.table", oracle.buckets)],
    "heap_sort": [Expected("a", "array", "a", ROW)],
    "insertion_sort": [Expected("numbers", "array", "numbers", ROW)],
    "islands": [Expected("grid", "table", "grid", GRID)],
    "kmp": [
        Expected("pattern", "x-string", "pattern", ROW),
        Expected("text", "x-string", "text", ROW),
        Expected("lps", "array", "lps", ROW),
    ],
    "knapsack": [Expected("dp", "table", "dp", GRID)],
    "kruskal": [
        Expected("edges", "graph", "edges", oracle.edge_list_both_ways),
        Expected("parent", "table", "parent", PAIRS),
        Expected("mst", "list", "mst", ROW),
    ],
    "lcs": [Expected("L", "table", "L", GRID), Expected("res", "list", "res", ROW)],
    "level_order": [
        Expected("TreeNode", "tree", oracle.structure("left", "right"), same),
        Expected("queue", "x-queue", "queue", ROW),
    ],
    "linked_list": [Expected("ListNode", "x-linkedlist", oracle.structure("next"), same)],
    "lru_cache": [Expected("lru.cache", "list", "lru.cache", oracle.entries)],
    "merge_sort": [Expected("nums", "array", "nums", ROW), Expected("arr", "list", "arr", ROW)],
    "min_heap": [Expected("heap.heap", "x-heap", "heap.heap", ROW)],
    "n_queens": [Expected("board", "table", "board", GRID)],
    "pascal": [Expected("triangle", "table", "triangle", GRID)],
    "permutations": [Expected("path", "x-stack", "path", ROW), Expected("used", "array", "used", ROW)],
    "quick_sort": [Expected("arr", "array", "arr", ROW)],
    "rotate_matrix": [Expected("matrix", "table", "matrix", GRID)],
    "selection_sort": [Expected("nums", "array", "nums", ROW)],
    "sieve": [Expected("is_prime", "array", "is_prime", ROW)],
    "sliding_window": [Expected("nums", "array", "nums", ROW), Expected("dq", "x-queue", "dq", ROW)],
    "top_k": [Expected("heap", "x-heap", "heap", ROW)],
    "topological_sort": [
        Expected("adj", "graph", "adj", oracle.links),
        Expected("indegree", "array", "indegree", ROW),
        Expected("q", "x-queue", "q", ROW),
    ],
    "trie": [Expected("TrieNode", "tree", oracle.structure("children"), same)],
    "two_sum": [Expected("seen", "table", "seen", PAIRS), Expected("nums", "array", "nums", ROW)],
    "union_find": [
        Expected("uf.parent", "array", "uf.parent", ROW),
        Expected("uf.rank", "array", "uf.rank", ROW),
    ],
    "anagram": [Expected("words", "array", "words", ROW), Expected("cnt", "table", "cnt", PAIRS)],
    "bellman_ford": [
        Expected("edges", "graph", "edges", oracle.edge_list),
        Expected("dist", "array", "dist", ROW),
    ],
    "bst_delete": [Expected("Node", "tree", oracle.structure("left", "right"), same)],
    "circular_queue": [Expected("cq.queue", "array", "cq.queue", ROW)],
    "convex_hull": [Expected("lower", "x-stack", "lower", ROW)],
    "counting_sort": [Expected("count", "array", "count", ROW), Expected("arr", "array", "arr", ROW)],
    "edges_graph": [
        Expected("g", "graph", "g", oracle.ways),
        Expected("seen", "x-set", "seen", oracle.elements),
    ],
    "factorial": [Expected("Variables", "table", "{'n': n}", PAIRS)],
    "fenwick": [Expected("b.tree", "array", "b.tree", ROW)],
    "floyd_cycle": [Expected("Node", "x-linkedlist", oracle.structure("next"), same)],
    "game_of_life": [Expected("board", "table", "board", GRID), Expected("new", "table", "new", GRID)],
    "gcd": [Expected("Variables", "table", "{'a': a, 'b': b}", PAIRS)],
    "graph_sets": [
        Expected("graph", "graph", "graph", oracle.links),
        Expected("path", "x-stack", "path", ROW),
    ],
    "huffman": [Expected("HNode", "tree", oracle.structure("left", "right"), same)],
    "jump_game": [Expected("nums", "array", "nums", ROW)],
    "lis": [Expected("nums", "array", "nums", ROW), Expected("dp", "array", "dp", ROW)],
    "lru_dll": [Expected("Node", "x-linkedlist", oracle.structure("next"), same)],
    "matrix_chain": [Expected("m", "table", "m", GRID)],
    "maze_strings": [Expected("maze", "table", "maze", GRID), Expected("q", "x-queue", "q", ROW)],
    "merge_intervals": [
        Expected("merged", "table", "merged", GRID),
        Expected("intervals", "table", "intervals", GRID),
    ],
    "palindrome": [Expected("s", "x-string", "s", ROW)],
    "prim_matrix": [Expected("G", "table", "G", GRID), Expected("selected", "array", "selected", ROW)],
    "prime_factors": [Expected("factors", "list", "factors", ROW)],
    "queue_two_stacks": [
        Expected("q.inbox", "x-stack", "q.inbox", ROW),
        Expected("q.outbox", "x-stack", "q.outbox", ROW),
    ],
    "radix_sort": [Expected("buckets", "hashtable", "buckets", oracle.bins)],
    "reverse_string": [Expected("s", "array", "s", ROW)],
    "segment_tree": [Expected("tree", "array", "tree", ROW)],
    "shell_sort": [Expected("a", "array", "a", ROW)],
    "singly_insert": [Expected("Node", "x-linkedlist", oracle.structure("next"), same)],
    "stack_class": [Expected("s.items", "x-stack", "s.items", ROW)],
    "subsets": [Expected("result", "table", "result", GRID)],
    "sudoku": [Expected("board", "table", "board", GRID)],
    "tarjan": [Expected("graph", "graph", "graph", oracle.links), Expected("low", "array", "low", ROW)],
    "tree_nary": [Expected("TreeNode", "tree", oracle.structure("children"), same)],
    "trie_dict": [Expected("trie", "tree", "trie", oracle.nested)],
    "word_break": [Expected("dp", "array", "dp", ROW)],
    "valid_parentheses": [Expected("stack", "x-stack", "stack", ROW)],
}


def test_every_script_has_an_expected_view() -> None:
    assert {path.stem for path in (DATA / FOLDER).glob("*.py")} <= EXPECTED.keys()
    assert all(path_of(name, FOLDER).is_file() for name in EXPECTED)


def traced(name: str) -> Trace:
    source = path_of(name, FOLDER).read_text()
    main = 'if __name__ == "__main__":'
    recording = record_source(source.replace(main, "if True:"), str(path_of(name, FOLDER)))
    return trace_of(tell(recording, name))


def states_shown(trace: Trace, expected: Expected) -> list[Any]:
    found: list[Any] = []
    for state in trace.replay():
        for view in state.views:
            if view.title == expected.title and view.kind == expected.kind:
                made = shown(view, expected.form)
                unseen = (
                    expected.title == "Variables" and not made
                )  # before its function is called, and after
                if not unseen and (not found or found[-1] != made):
                    found.append(made)
                break
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_script_is_traced_with_the_states_of_its_data(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    trace = traced(name)
    assert not trace.errors, trace.errors[0]
    main = trace.state(0).main
    assert main.title in [expected.title for expected in EXPECTED[name]], f"main view: {main.title}"
    for expected in EXPECTED[name]:
        shown_states = states_shown(trace, expected)
        real = oracle.states(path_of(name, FOLDER), expected.what, expected.form)
        assert shown_states, f"no view {expected.title} of kind {expected.kind}"
        start = real.index(shown_states[0]) if shown_states[0] in real else 0
        if expected.kind == "tree":  # in a rotation a node is below two for a moment: no tree shows that
            trees = [state for state in real[start:] if len({child for _, child in state}) == len(state)]
            rest = iter(shown_states)
            assert all(state in rest for state in trees), f"{expected.title}: states are missing"
            assert len(shown_states) <= len(real)
        else:
            assert shown_states == real[start:], (
                f"{expected.title}: {len(shown_states)} states of {len(real)}"
            )
