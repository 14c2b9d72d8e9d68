"""Answers of tasks found another way: by trying everything, by other libraries, by sorting."""

import itertools
import math
import re
from collections import Counter
from functools import cache


def runs(numbers):
    return [numbers[i:j] for i in range(len(numbers)) for j in range(i + 1, len(numbers) + 1)]


def choices(things):
    return [c for n in range(len(things) + 1) for c in itertools.combinations(things, n)]


def tree_of(values):
    """Nodes as (value, left, right), from paths: an own reading of the level order."""
    if not values:
        return None
    nodes = {0: [values[0], None, None]}
    parents, i = [0], 1
    while i < len(values):
        at, side = parents[(i - 1) // 2], (i - 1) % 2
        if values[i] is not None:
            nodes[i] = [values[i], None, None]
            nodes[at][1 + side] = nodes[i]
            parents.append(i)
        i += 1
    return nodes[0]


def walk(node):
    return [] if node is None else [*walk(node[1]), node[0], *walk(node[2])]


def height(node):
    return 0 if node is None else 1 + max(height(node[1]), height(node[2]))


def all_nodes(node):
    return [] if node is None else [node, *all_nodes(node[1]), *all_nodes(node[2])]


def distances(edges, start, both=True):
    best = {start: 0}
    for _ in range(20):
        for a, b, w in edges:
            for x, y in ((a, b), (b, a)) if both else ((a, b),):
                if x in best:
                    best[y] = min(best.get(y, math.inf), best[x] + w)
    return best


def unweighted(graph):
    return [(a, b, 1) for a in graph for b in graph[a]]


def spanning_trees(edges):
    nodes = {n for a, b, _ in edges for n in (a, b)}
    for some in itertools.combinations(edges, len(nodes) - 1):
        if len(distances(some, some[0][0])) == len(nodes):
            yield some


@cache
def climbs(n):
    return 1 if n == 0 else sum(climbs(n - k) for k in (1, 2, 3) if n >= k)


def edits(a, b):
    if not a or not b:
        return len(a) + len(b)
    return min(edits(a[1:], b) + 1, edits(a, b[1:]) + 1, edits(a[1:], b[1:]) + (a[0] != b[0]))


def subsequences(text):
    return {"".join(c) for c in choices(text)}


def paths(rows, cols):
    for downs in itertools.combinations(range(rows + cols - 2), rows - 1):
        r = c = 0
        cells = [(0, 0)]
        for i in range(rows + cols - 2):
            r, c = (r + 1, c) if i in downs else (r, c + 1)
            cells.append((r, c))
        yield cells


def parenthesised(sizes):
    if len(sizes) == 2:
        return 0
    return min(
        parenthesised(sizes[: k + 1]) + parenthesised(sizes[k:]) + sizes[0] * sizes[k] * sizes[-1]
        for k in range(1, len(sizes) - 1)
    )


ORACLES = {
    "array-closest_pair_sum": lambda numbers, target: min(
        (a + b for a, b in itertools.combinations(numbers, 2)), key=lambda s: (abs(s - target), s)
    ),
    "array-three_sum": lambda numbers: sorted(
        [list(c) for c in itertools.combinations(numbers, 3) if sum(c) == 0]
    ),
    "array-container": lambda heights: max(
        min(heights[i], heights[j]) * (j - i) for i, j in itertools.combinations(range(len(heights)), 2)
    ),
    "array-rain": lambda heights: sum(
        min(max(heights[: i + 1]), max(heights[i:])) - heights[i] for i in range(len(heights))
    ),
    "array-deduplicate": lambda numbers: sorted(set(numbers)),
    "array-three_colours": lambda colours: sorted(colours),
    "array-merge": lambda a, b: sorted(a + b),
    "array-intersection": lambda a, b: sorted(set(a) & set(b)),
    "array-sorted_squares": lambda numbers: sorted(n * n for n in numbers),
    "array-two_largest": lambda numbers: sorted(numbers)[:-3:-1],
    "array-majority": lambda votes: Counter(votes).most_common(1)[0][0],
    "array-largest_run": lambda numbers: max(map(sum, runs(numbers))),
    "array-largest_product": lambda numbers: max(map(math.prod, runs(numbers))),
    "array-one_trade": lambda prices: max(
        [0, *(prices[j] - prices[i] for i, j in itertools.combinations(range(len(prices)), 2))]
    ),
    "array-window_maxima": lambda numbers, k: [max(numbers[i : i + k]) for i in range(len(numbers) - k + 1)],
    "array-shortest_run": lambda numbers, target: min(
        (len(run) for run in runs(numbers) if sum(run) >= target), default=0
    ),
    "array-flips": lambda bits, k: max((len(run) for run in runs(bits) if run.count(0) <= k), default=0),
    "array-without_repetition": lambda text: max(len(r) for r in runs(text) if len(set(r)) == len(r)),
    "array-equal_range": lambda numbers, target: (
        [numbers.index(target), len(numbers) - 1 - numbers[::-1].index(target)]
        if target in numbers
        else [-1, -1]
    ),
    "array-insertion_point": lambda numbers, target: sum(n < target for n in numbers),
    "array-rotated_minimum": lambda numbers: numbers.index(min(numbers)),
    "array-peak": lambda numbers: numbers.index(max(numbers)),
    "array-rooms": lambda meetings: max(sum(b <= t < e for b, e in meetings) for t in range(40)),
    "array-products": lambda numbers: [
        math.prod(numbers[:i] + numbers[i + 1 :]) for i in range(len(numbers))
    ],
    "array-next_greater": lambda numbers: [
        next((m for m in numbers[i:] if m > n), -1) for i, n in enumerate(numbers)
    ],
    "array-histogram": lambda heights: max(min(run) * len(run) for run in runs(heights)),
    "array-leave_out": lambda digits, k: list(min(itertools.combinations(digits, len(digits) - k))),
    "array-next_permutation": lambda numbers: list(
        next(
            (p for p in itertools.permutations(sorted(numbers)) if list(p) > numbers), tuple(sorted(numbers))
        )
    ),
    "array-permutations": lambda numbers: [list(p) for p in itertools.permutations(numbers)],
    "array-missing": lambda numbers: next(n for n in range(20) if n not in numbers),
    "array-first_missing": lambda numbers: next(n for n in range(1, 20) if n not in numbers),
    "array-duplicate": lambda numbers: Counter(numbers).most_common(1)[0][0],
    "array-add_one": lambda digits: [int(d) for d in str(int("".join(map(str, digits))) + 1)],
    "array-sieve": lambda n: [p for p in range(2, n + 1) if all(p % d for d in range(2, p))],
    "array-fold_pairs": lambda text: _folded(text),
    "array-transpose": lambda table: [list(column) for column in zip(*table, strict=True)],
    "array-rotate_picture": lambda table: [list(column) for column in zip(*table[::-1], strict=True)],
    "dp-stairs": climbs,
    "dp-no_neighbours": lambda values: max(
        sum(values[i] for i in c)
        for c in choices(range(len(values)))
        if all(b - a > 1 for a, b in itertools.pairwise(c))
    ),
    "dp-no_neighbours_ring": lambda values: max(
        sum(values[i] for i in c)
        for c in choices(range(len(values)))
        if all(b - a > 1 for a, b in itertools.pairwise(c)) and not {0, len(values) - 1} <= set(c)
    ),
    "dp-common_subsequence": lambda a, b: max(map(len, subsequences(a) & subsequences(b))),
    "dp-common_part": lambda a, b: max([0, *(len(run) for run in runs(a) if run in b)]),
    "dp-edit_distance": edits,
    "dp-knapsack": lambda weights, values, capacity: max(
        sum(values[i] for i in c)
        for c in choices(range(len(weights)))
        if sum(weights[i] for i in c) <= capacity
    ),
    "dp-subset_sums": lambda numbers, target: sorted(
        {s for c in choices(numbers) if (s := sum(c)) <= target}
    ),
    "dp-fair_division": lambda numbers: min(abs(sum(numbers) - 2 * sum(c)) for c in choices(numbers)),
    "dp-obstacle_paths": lambda grid: sum(all(grid[r][c] == 0 for r, c in way) for way in paths(4, 4)),
    "dp-cheapest_path": lambda grid: min(sum(grid[r][c] for r, c in way) for way in paths(4, 4)),
    "dp-palindromic_subsequence": lambda text: max(len(s) for s in subsequences(text) if s == s[::-1]),
    "dp-longest_palindrome": lambda text: max((r for r in runs(text) if r == r[::-1]), key=len),
    "dp-matrix_chain": parenthesised,
    "dp-occurrences": lambda text, part: sum(
        "".join(c) == part for c in itertools.combinations(text, len(part))
    ),
    "dp-signs": lambda numbers, target: sum(
        sum(s * n for s, n in zip(signs, numbers, strict=True)) == target
        for signs in itertools.product((1, -1), repeat=len(numbers))
    ),
    "dp-search_trees": lambda n: [math.comb(2 * i, i) // (i + 1) for i in range(n + 1)],
    "dp-pascal": lambda rows: [[math.comb(n, k) for k in range(n + 1)] for n in range(rows)],
    "sorting-inversions": lambda a: sum(x > y for x, y in itertools.combinations(a, 2)),
    "sorting-bubble_sort": lambda a: [sorted(a), sum(x > y for x, y in itertools.combinations(a, 2))],
    "sorting-insertion_sort": lambda a: [sorted(a), sum(x > y for x, y in itertools.combinations(a, 2))],
    "sorting-merge_lists": lambda lists: sorted(itertools.chain(*lists)),
    "sorting-nearly_sorted": lambda a, k: sorted(a),
    "sorting-words_by_length": lambda words: sorted(words, key=len),
    "graph-step_distances": lambda graph, start: distances(unweighted(graph), start),
    "graph-dijkstra": lambda edges, start: distances(edges, start),
    "graph-kruskal": lambda edges: sorted(
        min(spanning_trees(edges), key=lambda tree: sum(e[2] for e in tree)), key=lambda e: e[2]
    ),
    "graph-all_distances": lambda length: [
        [
            min(99, distances([(a, b, length[a][b]) for a in range(4) for b in range(4)], i, False)[j])
            for j in range(4)
        ]
        for i in range(4)
    ],
    "graph-strong_components": lambda graph: sorted(
        {tuple(sorted(b for b in graph if _reaches(graph, a, b) and _reaches(graph, b, a))) for a in graph}
    ),
    "graph-bridges": lambda graph: sorted(
        [a, b]
        for a in graph
        for b in graph[a]
        if a < b and not _reaches({n: [m for m in graph[n] if {n, m} != {a, b}] for n in graph}, a, b)
    ),
    "tree-inorder": lambda values: walk(tree_of(values)),
    "tree-diameter": lambda values: max(height(n[1]) + height(n[2]) for n in all_nodes(tree_of(values))),
    "tree-leaves": lambda values: [n[0] for n in all_nodes(tree_of(values)) if n[1] is None and n[2] is None],
    "tree-mirror": lambda values: walk(tree_of(values))[::-1],
    "tree-insert_keys": lambda keys: [
        sum(all(not min(k, o) < m < max(k, o) for m in keys[: keys.index(o)]) for o in keys[: keys.index(k)])
        for k in keys
    ],
    "tree-prefix_tree": lambda words, prefixes: [sum(w.startswith(p) for w in words) for p in prefixes],
    "tree-fenwick_tree": lambda numbers, place: [
        [0, *(sum(numbers[i - (i & -i) : i]) for i in range(1, len(numbers) + 1))],
        sum(numbers[:place]),
    ],
    "hashtable-letter_counts": lambda text: dict(Counter(text)),
    "hashtable-first_unique": lambda text: next((i for i, c in enumerate(text) if text.count(c) == 1), -1),
    "hashtable-longest_chain": lambda numbers: max(
        next(k for k in range(1, 30) if n + k not in numbers) for n in numbers
    ),
    "hashtable-runs_with_sum": lambda numbers, target: sum(sum(run) == target for run in runs(numbers)),
    "hashtable-most_frequent": lambda numbers, k: sorted(set(numbers), key=lambda n: (-numbers.count(n), n))[
        :k
    ],
}


def _folded(text):
    while (shorter := re.sub(r"(.)\1", "", text, count=1)) != text:
        text = shorter
    return text


def _reaches(graph, a, b):
    return b in distances(unweighted(graph), a, False)
