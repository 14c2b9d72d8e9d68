"""What the problems are made with: the mark of a problem, and random inputs of a given kind."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

Make = Callable[[Random], dict[str, Any]]


def problem(title: str, make: Make) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a reference solution: its docstring is the statement, its arguments are the input.

    Args:
        title: of the picture.
        make: an input from a generator of random numbers; the same seed gives the same input.
    """

    def mark(solution: Callable[..., Any]) -> Callable[..., Any]:
        solution.problem = title, make  # type: ignore[attr-defined]
        return solution

    return mark


def ints(r: Random, n: int, low: int = 1, high: int = 20) -> list[int]:
    return [r.randint(low, high) for _ in range(n)]


def distinct(r: Random, n: int, low: int = 1, high: int = 30) -> list[int]:
    return r.sample(range(low, high + 1), n)


def ascending(r: Random, n: int, low: int = 1, high: int = 30) -> list[int]:
    return sorted(distinct(r, n, low, high))


def matrix(r: Random, rows: int, cols: int, low: int = 0, high: int = 9) -> list[list[int]]:
    return [ints(r, cols, low, high) for _ in range(rows)]


def letters(r: Random, n: int, of: str = "abcd") -> str:
    return "".join(r.choice(of) for _ in range(n))


def tree(r: Random, n: int, low: int = 1, high: int = 20) -> list[int | None]:
    """A binary tree, level by level, null for no child."""
    values: list[int | None] = []
    waiting, left = [True], n
    while waiting:
        if waiting.pop(0) and left and (not values or r.random() < 0.75 or len(waiting) < 2):
            values.append(r.randint(low, high))
            left -= 1
            waiting += [True, True] if left else []
        else:
            values.append(None)
    while values[-1] is None:
        values.pop()
    return values


def search_tree(r: Random, n: int) -> list[int | None]:
    """A binary search tree of distinct keys, level by level, null for no child."""
    root: Any = None
    for key in distinct(r, n):
        if root is None:
            root = [key, None, None]
            continue
        at = root
        while at[1 + (key > at[0])] is not None:
            at = at[1 + (key > at[0])]
        at[1 + (key > at[0])] = [key, None, None]
    values, row = [], [root]
    while any(row):
        values += [node and node[0] for node in row]
        row = [child for node in row if node for child in node[1:]]
    while values[-1] is None:
        values.pop()
    return values


def graph(r: Random, n: int, more: int = 2, connected: bool = True) -> dict[str, list[str]]:
    """Neighbours by node, undirected, in alphabetical order; `more` edges than a spanning tree has."""
    names = [chr(65 + i) for i in range(n)]
    edges = {(r.randrange(i), i) for i in range(1, n) if connected or r.random() < 0.6}
    others = [(a, b) for a in range(n) for b in range(a + 1, n) if (a, b) not in edges]
    edges |= set(r.sample(others, min(more, len(others))))
    return {names[v]: sorted(names[a + b - v] for a, b in edges if v in (a, b)) for v in range(n)}


def directed(r: Random, n: int, count: int, acyclic: bool = True) -> dict[str, list[str]]:
    """Successors by node, in alphabetical order."""
    order = r.sample(range(n), n)
    pairs = [(order[i], order[j]) for i in range(n) for j in range(i + 1, n)]
    if not acyclic:
        pairs += [(b, a) for a, b in pairs]
    edges = r.sample(pairs, min(count, len(pairs)))
    return {chr(65 + v): sorted(chr(65 + b) for a, b in edges if a == v) for v in range(n)}


def weighted(r: Random, n: int, more: int = 3) -> list[list[Any]]:
    """Edges [a, b, weight] of a connected undirected graph, no two of one weight."""
    near = graph(r, n, more)
    pairs = [(a, b) for a in near for b in near[a] if a < b]
    return [[a, b, w] for (a, b), w in zip(pairs, r.sample(range(1, 20), len(pairs)), strict=True)]
