"""Everyday scripts by name: those of the gallery, and those of `tests/data` that it does not have."""

from pathlib import Path

from vidkit.algoviz.gallery.entries import entries

DATA = Path(__file__).resolve().parents[1] / "data"
ALIASES = {
    "anagram": "anagrams",
    "bst": "search_tree",
    "edges_graph": "components",
    "fenwick": "fenwick_tree",
    "fib_memo": "fibonacci",
    "lcs": "longest_common_subsequence",
    "linked_list": "reverse_list",
    "monotonic_stack": "daily_temperatures",
    "pascal": "pascal_triangle",
    "skyline_priority": "priority_queue",
    "tarjan": "strong_components",
    "tree_nary": "tree_depth",
}
"""Names of tests -> names in the gallery, where they differ."""
_OWN = """
a_star anagram bellman_ford bfs bipartite bst bubble_sort circular_queue coin_change counting_sort
dijkstra edges_graph fenwick fib_memo floyd_warshall hanoi insertion_sort islands josephus jump_game
kmp knapsack lcs level_order linked_list lru_cache matrix_chain merge_intervals merge_sort
monotonic_stack pascal permutations prefix_sum quick_sort rabin_karp radix_sort reverse_string roman
rotate_matrix shell_sort sieve skyline_priority sliding_window sudoku tarjan top_k topological_sort
tree_nary trie valid_parentheses word_break
"""
OWN = frozenset(_OWN.split())
"""Scripts that are the gallery's."""


def path_of(name: str, folder: str) -> Path:
    """A script of a folder of `tests/data`, or of the gallery."""
    if name in OWN:
        gallery = {entry.name: entry.path for entry in entries()}
        return gallery[ALIASES.get(name, name)]
    return DATA / folder / f"{name}.py"
