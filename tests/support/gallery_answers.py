"""What the scripts of the gallery have to print, found another way: by definition, by trying all, by hand."""

from bisect import bisect_left
from itertools import combinations, combinations_with_replacement, pairwise, permutations, product
from math import comb, factorial, inf, isqrt, prod


def lines(rows):
    return "\n".join(map(str, rows))


def subsequences(word):
    return {"".join(kept) for size in range(len(word) + 1) for kept in combinations(word, size)}


def shortest(edges, nodes):
    """Lengths of shortest ways by trying every order of nodes: {(a, b): length}."""
    found = {(a, b): 0 if a == b else inf for a in nodes for b in nodes}
    for size in range(2, len(nodes) + 1):
        for way in permutations(nodes, size):
            length = sum(edges.get(step, inf) for step in pairwise(way))
            found[way[0], way[-1]] = min(found[way[0], way[-1]], length)
    return found


def arrays():
    temperatures = [73, 74, 75, 71, 69, 72, 76, 73]
    window = [1, 3, -1, -3, 5, 3, 6, 7]
    runs = [-2, 1, -3, 4, -1, 2, 1, -5, 4]
    glider = {(0, 1), (1, 2), (2, 0), (2, 1), (2, 2)}
    for _ in range(3):
        near = {
            cell: sum(max(abs(cell[0] - r), abs(cell[1] - c)) == 1 for r, c in glider)
            for cell in product(range(4), range(3))
        }
        glider = {cell for cell, n in near.items() if n == 3 or (n == 2 and cell in glider)}
    return {
        "binary_search": f"Found at {bisect_left(range(1, 30, 2), 25)}",
        "circular_queue": "['e', None, 'c', 'd']",  # by hand: four in, two out, one in
        "daily_temperatures": [
            next((j - i for j in range(i, 8) if temperatures[j] > t), 0) for i, t in enumerate(temperatures)
        ],
        "dutch_flag": sorted([2, 0, 2, 1, 1, 0]),
        "game_of_life": lines([[int((r, c) in glider) for c in range(3)] for r in range(4)]),
        "jump_game": any(
            all(j <= [2, 3, 1, 1, 4][sum(jumps[:k])] for k, j in enumerate(jumps))
            for size in range(1, 5)
            for jumps in product(range(1, 5), repeat=size)
            if sum(jumps) == 4
        ),
        "maximum_subarray": max(sum(runs[i:j]) for i in range(9) for j in range(i + 1, 10)),
        "merge_intervals": [[1, 6], [8, 10], [15, 18]],  # by hand
        "prefix_sum": sum([3, 1, 4, 1, 5][1:4]),
        "rotate_matrix": [[7, 4, 1], [8, 5, 2], [9, 6, 3]],  # by hand
        "sieve": [n for n in range(2, 31) if all(n % d for d in range(2, isqrt(n) + 1))],
        "sliding_window": [max(window[i : i + 3]) for i in range(6)],
        "three_sum": sorted(
            map(
                list,
                {tuple(sorted(three)) for three in combinations([-1, 0, 1, 2, -1, -4], 3) if not sum(three)},
            )
        ),
    }


def sorting():
    return {
        "bubble_sort": f"Sorted: {sorted([5, 2, 8, 1])}",
        "cocktail_sort": sorted([5, 1, 4, 2, 8, 0]),
        "counting_sort": sorted([4, 2, 2, 8, 3, 3, 1]),
        "heap_sort": sorted([4, 10, 3, 5, 1]),
        "insertion_sort": sorted([12, 11, 13, 5, 6]),
        "merge_sort": sorted([38, 27, 43, 3, 9, 82, 10]),
        "quick_sort": f"Sorted array is: {sorted([10, 7, 8, 9, 1, 5])}",
        "radix_sort": sorted([170, 45, 75, 90, 802, 24, 2, 66]),
        "selection_sort": sorted([64, 25, 12, 22, 11]),
        "shell_sort": sorted([23, 12, 1, 8, 34, 54, 2, 3]),
    }


def strings():
    text = "aabxaabxcaabxaabxay"
    repeats = [
        max(k for k in range(len(text) - i + 1) if text[i : i + k] == text[:k]) for i in range(1, len(text))
    ]
    return {
        "kmp": ["ABABDABACDABABCABAB".index("ABABC")],
        "palindrome": list("racecar") == list(reversed("racecar")),
        "rabin_karp": f"found {'abracadabra'.index('cad')}",
        "reverse_string": "hello world"[::-1],
        "roman": "MCMXCIV",  # 1994, by hand
        "valid_parentheses": True,  # by hand
        "z_function": [0, *repeats],
    }


def hash_tables():
    words = ["eat", "tea", "tan", "ate", "nat", "bat"]
    groups = [[w for w in words if sorted(w) == key] for key in map(sorted, ["eat", "tan", "bat"])]
    numbers = [4, 11, 2, 15, 7]
    return {
        "anagrams": lines([groups, [(c, "mississippi".count(c)) for c in "is"]]),
        "hash_table": "4 7",
        "lru_cache": "1\n-1\n-1 3 4",  # by hand
        "open_addressing": [None] * 3 + [10, 17, 24, 3],  # all four belong in slot 3
        "two_sum": next([i, j] for i, j in combinations(range(5), 2) if numbers[i] + numbers[j] == 9),
    }


def linked_lists():
    people, out, at = list(range(1, 8)), [], 0
    while people:
        at = (at + 2) % len(people)
        out.append(people.pop(at))
    return {
        "cycle_detection": 3,  # by hand: fast is one cycle of three ahead at step 3
        "doubly_linked": "a\nc",
        "josephus": out,
        "merge_lists": lines(sorted([1, 3, 5, 2, 4])),
        "reverse_list": lines([4, 3, 2, 1]),
        "singly_linked": lines(v for v in [1, 2, 3, 4] if v not in (1, 3)),
    }


def heaps():
    counts = (5, 9, 12, 13, 16, 45)
    codes = product(range(1, 6), repeat=6)  # lengths that a prefix code can have (Kraft)
    return {
        "huffman": min(
            sum(n * size for n, size in zip(counts, sizes, strict=True))
            for sizes in codes
            if sum(32 >> size for size in sizes) <= 32
        ),
        "min_heap": lines(sorted([5, 3, 8, 1, 2])),
        "priority_queue": "read sleep",
        "top_k": sorted([3, 2, 1, 5, 6, 4])[:-4:-1],
    }


def trees():
    return {
        "avl_tree": "30 3",  # by hand: 30 over 20 (10, 25) and 40 (50)
        "fenwick_tree": sum([3, 2, -1, 6, 5]),
        "inorder": [1, 3, 2],  # by hand
        "level_order": [[3], [9, 20], [15, 7]],
        "search_tree": " ".join(map(str, sorted([50, 30, 20, 40, 70, 60, 80]))),
        "search_tree_delete": sorted({8, 3, 10, 1, 6, 14, 4, 7} - {3, 8}),
        "segment_tree": sum([1, 3, 5, 7, 9, 11][1:4]),
        "tree_depth": 3,
        "trie": f"{'cat' in ('car', 'cat', 'dog')} {'cow' in ('car', 'cat', 'dog')}",
    }


def spanning(edges, nodes):
    """Weight of the lightest set of edges that joins all nodes, by trying all."""
    best = inf
    for kept in combinations(edges, len(nodes) - 1):
        joined = {nodes[0]}
        for _ in nodes:
            joined |= {end for u, v, _ in kept if {u, v} & joined for end in (u, v)}
        if len(joined) == len(nodes):
            best = min(best, sum(w for _, _, w in kept))
    return best


def graphs():
    roads = {"AB": 4, "AC": 1, "BD": 1, "CB": 2, "CD": 5}
    ways = shortest({tuple(pair): w for pair, w in roads.items()}, "ABCD")
    arcs = {(0, 1): 4, (0, 2): 5, (1, 3): 7, (2, 1): -3, (3, 2): 1}
    chain = shortest({(0, 1): 5, (0, 3): 10, (1, 2): 3, (2, 3): 1}, range(4))
    weighed = [("A", "D", 7), ("A", "B", 5), ("B", "C", 8), ("B", "D", 9), ("C", "E", 5), ("D", "E", 15)]
    tree = [("A", "B", 5), ("C", "E", 5), ("D", "F", 6), ("A", "D", 7), ("B", "C", 8)]
    assert sum(w for _, _, w in tree) == spanning([*weighed, ("D", "F", 6)], "ABCDEF")
    small = [(0, 1, 2), (0, 3, 6), (1, 2, 3), (1, 3, 8)]
    assert spanning(small, range(4)) == 2 + 3 + 6
    courses = [(1, 0), (2, 0), (3, 1), (3, 2), (4, 3), (5, 3)]
    orders = (o for o in permutations(range(6)) if all(o.index(a) > o.index(b) for a, b in courses))
    squares = {0: [1, 3], 1: [0, 2], 2: [1, 3], 3: [0, 2]}
    colours = (c for c in product((0, 1), repeat=4) if all(c[u] != c[v] for u in squares for v in squares[u]))
    return {
        "a_star": [
            (0, 0),
            (0, 1),
            (0, 2),
            (1, 2),
            (2, 2),
            (2, 3),
            (3, 3),
        ],  # by hand: the only way of six steps
        "bellman_ford": [shortest(arcs, range(4))[0, v] for v in range(4)],
        "bfs": list("ABCDEF"),  # by hand
        "bipartite": any(True for _ in colours),
        "components": len([{0, 1, 2}, {3, 4}, {5}]),
        "dfs": "2 0 1 3",  # by hand
        "dijkstra": {v: ways["A", v] for v in "ABCD"},
        "flood_fill": lines([[2, 2, 2], [2, 2, 0], [2, 0, 1]]),  # by hand: the last corner touches no other
        "floyd_warshall": lines([[chain[a, b] for b in range(4)] for a in range(4)]),
        "islands": "islands: 2",  # by hand
        "kruskal": f"{tree} 31",
        "prim": [(0, 1, 2), (1, 2, 3), (0, 3, 6)],
        "strong_components": [[5], [4, 3], [2, 1, 0]],  # by hand: sinks come first
        "topological_sort": list(min(orders)),
        "union_find": "True False",
    }


def dp():
    weights = {1: 60, 2: 100, 3: 120}
    increasing = [
        kept
        for n in range(9)
        for kept in combinations([10, 9, 2, 5, 3, 7, 101, 18], n)
        if list(kept) == sorted(kept)
    ]
    sizes = [1, 2, 3, 4, 3]

    def chain(i, j):
        splits = range(i + 1, j)
        return min((chain(i, k) + chain(k, j) + sizes[i] * sizes[k] * sizes[j] for k in splits), default=0)

    return {
        "coin_change": min(
            n for n in range(12) for c in combinations_with_replacement((1, 2, 5), n) if sum(c) == 11
        ),
        "edit_distance": 3,  # by hand: horse, rorse, rose, ros
        "fibonacci": round(((1 + 5**0.5) / 2) ** 8 / 5**0.5),
        "knapsack": max(
            sum(weights[w] for w in kept)
            for n in range(4)
            for kept in combinations(weights, n)
            if sum(kept) <= 5
        ),
        "longest_common_subsequence": max(subsequences("AGGTAB") & subsequences("GXTXAYB"), key=len),
        "longest_increasing_subsequence": max(map(len, increasing)),
        "matrix_chain": chain(0, 4),
        "pascal_triangle": lines([[comb(n, k) for k in range(n + 1)] for n in range(5)]),
        "word_break": "leetcode" in ("leet" + "code", "code" + "leet"),
    }


def is_sudoku(board):
    boxes = [[board[r + i][c + j] for i in (0, 1) for j in (0, 1)] for r in (0, 2) for c in (0, 2)]
    return all(sorted(group) == [1, 2, 3, 4] for group in [*board, *zip(*board, strict=True), *boxes])


def backtracking():
    peg = {"A": "B", "B": "C", "C": "A"}  # an odd number of disks: the smallest goes the other way round
    back = {after: before for before, after in peg.items()}
    moves, pegs = [], {"A": [3, 2, 1], "B": [], "C": []}
    for step in range(1, 8):  # the iterative rule: the smallest at every other step, else the only other move
        if step % 2:
            at = next(p for p in pegs if pegs[p] and pegs[p][-1] == 1)
            to = back[at]
        else:
            one, two = (p for p in pegs if not pegs[p] or pegs[p][-1] != 1)
            at, to = (one, two) if (pegs[one] or [9])[-1] < (pegs[two] or [9])[-1] else (two, one)
        pegs[to].append(pegs[at].pop())
        moves.append(f"Move disk {pegs[to][-1]} from {at} to {to}")
    rows = min(
        queens
        for queens in permutations(range(4))
        if all(abs(queens[a] - queens[b]) != b - a for a, b in combinations(range(4), 2))
    )
    fills = product(range(1, 5), repeat=4)
    boards = ([[1, a, 3, 4], [3, 4, b, 2], [2, 1, 4, c], [d, 3, 2, 1]] for a, b, c, d in fills)
    sums = [c for n in range(1, 4) for c in combinations_with_replacement([2, 3, 6, 7], n) if sum(c) == 7]
    every = list(map(list, permutations([1, 2, 3])))
    assert len(every) == factorial(3)
    return {
        "combination_sum": sorted(map(list, sums)),
        "hanoi": lines(moves),
        "n_queens": lines([[int(rows[c] == r) for c in range(4)] for r in range(4)]),
        "permutations": every,
        "subsets": [[n for bit, n in enumerate([1, 2, 3]) if mask >> bit & 1] for mask in range(8)],
        "sudoku": next(board for board in boards if is_sudoku(board)),
    }


def geometry():
    points = [(0, 0), (1, 1), (2, 2), (0, 2), (2, 0), (1, 3)]
    pairs = combinations(sorted([(2, 3), (12, 30), (40, 50), (5, 1), (12, 10), (3, 4)]), 2)
    apart = min((sum((a - b) ** 2 for a, b in zip(p, q, strict=True)), (p, q)) for p, q in pairs)
    corners = {p for p in points if not any(in_triangle(p, t) for t in combinations(set(points) - {p}, 3))}
    hull = [(0, 0), (2, 0), (2, 2), (1, 3), (0, 2)]  # counterclockwise
    assert corners == set(hull)
    return {
        "closest_pair": f"{apart[1]} {apart[0]}",
        "convex_hull": hull,
        "point_in_polygon": [True, False, True, False],  # by hand: the second is in the notch
        "polygon_area": 4 * 3 + 4 * 2 / 2,  # a rectangle and a gable
        "segment_crossing": [(0, 1), (2, 3)],  # by hand
    }


def in_triangle(p, corners):
    a, b, c = corners
    sides = [
        prod((v[0] - u[0], p[1] - u[1])) - prod((v[1] - u[1], p[0] - u[0]))
        for u, v in ((a, b), (b, c), (c, a))
    ]
    on_line = prod((b[0] - a[0], c[1] - a[1])) == prod((b[1] - a[1], c[0] - a[0]))
    return not on_line and (min(sides) >= 0 or max(sides) <= 0)


def answers():
    """Name of each script and what it prints."""
    areas = (
        arrays,
        sorting,
        strings,
        hash_tables,
        linked_lists,
        heaps,
        trees,
        graphs,
        dp,
        backtracking,
        geometry,
    )
    return {name: str(value) for area in areas for name, value in area().items()}
