"""Places of the nodes of a graph: rustworkx's spring layout from some fixed starts, of which the clearest."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vidkit.errors import require

Point = tuple[float, float]
_SEEDS = 8
_MOST_COMPARED = 60  # nodes; beyond it one layout is taken as it is


def place_graph(
    count: int,
    edges: Sequence[tuple[int, int]],
    ranks: Sequence[float | None],
    aspect: float,
    kind: str | None = None,
    columns: int | None = None,
) -> list[Point]:
    """Places in the unit square, the same for the same graph.

    Args:
        count: of nodes.
        edges: pairs of node numbers; loops and parallel ones may be among them.
        ranks: column of each node where the trace says so; used if every node has one.
        aspect: width / height of the place that they are for.
        kind: circular, grid, hierarchical or force_directed; None: what suits the graph.
        columns: of a grid; None: by its shape.
    """
    if count <= 1:
        return [(0.5, 0.5)] * count
    pairs = sorted({(min(a, b), max(a, b)) for a, b in edges if a != b})
    if kind in (None, "hierarchical") and all(rank is not None for rank in ranks):
        return _columns([float(rank or 0) for rank in ranks])
    if kind == "hierarchical":
        return _columns(_depths(count, edges))
    if kind == "circular":
        return _points(_ring(count, pairs))
    if kind == "grid" or not pairs:
        return _lattice(count, aspect, columns)
    tries = [_ring(count, pairs)] if count <= _MOST_COMPARED else []
    seeds = range(1, _SEEDS + 1) if count <= _MOST_COMPARED else (1,)
    tries += [_spring(count, pairs, seed) for seed in seeds]
    stretch = np.array([max(1.0, aspect), max(1.0, 1 / aspect)])
    if len(tries) == 1:
        return _points(tries[0])
    costs = [_cost(places * stretch, pairs) for places in tries]
    return _points(tries[int(np.argmin(costs))])


def _spring(count: int, pairs: list[tuple[int, int]], seed: int) -> np.ndarray:
    rustworkx = require("rustworkx")
    graph = rustworkx.PyGraph()
    graph.add_nodes_from(list(range(count)))
    graph.add_edges_from_no_data(pairs)
    found = rustworkx.spring_layout(graph, k=1.6 / math.sqrt(count), num_iter=160, seed=seed)
    return _unit(np.array([found[node] for node in range(count)], float))


def _ring(count: int, pairs: list[tuple[int, int]]) -> np.ndarray:
    """On a circle, neighbours near each other: in the order of a walk that goes deep first."""
    near: dict[int, list[int]] = {node: [] for node in range(count)}
    for a, b in pairs:
        near[a].append(b)
        near[b].append(a)
    order: list[int] = []
    seen: set[int] = set()
    waiting = list(reversed(range(count)))
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            order.append(node)
            waiting.extend(other for other in reversed(near[node]) if other not in seen)
    places = np.zeros((count, 2))
    for place, node in enumerate(order):
        angle = 2 * math.pi * place / count - math.pi / 2
        places[node] = math.cos(angle), math.sin(angle)
    return _unit(places)


def _depths(count: int, edges: Sequence[tuple[int, int]]) -> list[float]:
    """How many edges each node is away from those that no edge leads to."""
    following: dict[int, list[int]] = {node: [] for node in range(count)}
    for a, b in edges:
        following[a].append(b)
    entered = {b for a, b in edges if a != b}
    depths: dict[int, float] = {}
    for start in [*(node for node in range(count) if node not in entered), *range(count)]:
        if start in depths:
            continue
        depths[start] = 0.0
        level = [start]
        while level:
            found = [b for a in level for b in following[a] if b not in depths]
            depths |= {node: depths[level[0]] + 1 for node in found}
            level = list(dict.fromkeys(found))
    return [depths[node] for node in range(count)]


def _columns(ranks: list[float]) -> list[Point]:
    columns = sorted(set(ranks))
    made: list[Point] = []
    seen = dict.fromkeys(columns, 0)
    for rank in ranks:
        seen[rank] += 1
        x = columns.index(rank) / (len(columns) - 1) if len(columns) > 1 else 0.5
        made.append((x, seen[rank] / (ranks.count(rank) + 1)))
    return made


def _lattice(count: int, aspect: float, columns: int | None) -> list[Point]:
    columns = max(1, min(count, columns or round(math.sqrt(count * aspect))))
    lines = math.ceil(count / columns)
    return [((node % columns + 0.5) / columns, (node // columns + 0.5) / lines) for node in range(count)]


def _unit(places: np.ndarray) -> np.ndarray:
    low, high = places.min(0), places.max(0)
    span = np.where(high - low > 1e-9, high - low, 1.0)
    return np.where(high - low > 1e-9, (places - low) / span, 0.5)


def _points(places: np.ndarray) -> list[Point]:
    return [(float(x), float(y)) for x, y in places]


def _cost(places: np.ndarray, pairs: list[tuple[int, int]]) -> float:
    """Crossings, nodes on edges, crowded nodes, uneven edges: the smaller, the clearer."""
    edges = np.array(pairs)
    a, b = places[edges[:, 0]], places[edges[:, 1]]
    lengths = np.hypot(*(b - a).T)
    gaps = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + np.eye(len(places)) * 9
    crowded = float(np.clip(0.25 - gaps.min(1), 0, None).sum()) * 12
    # distance of every node from every edge that it is no end of
    along = np.clip(
        ((places[None] - a[:, None]) * (b - a)[:, None]).sum(-1) / np.maximum(lengths**2, 1e-9)[:, None], 0, 1
    )
    off = np.hypot(*(a[:, None] + along[..., None] * (b - a)[:, None] - places[None]).transpose(2, 0, 1))
    rows = np.arange(len(edges))
    off[rows, edges[:, 0]] = off[rows, edges[:, 1]] = 9
    near = float(np.clip(0.13 - off, 0, None).sum()) * 40
    return float(_crossings(a, b, edges)) + near + crowded + float(lengths.std()) * 2


def _crossings(a: np.ndarray, b: np.ndarray, edges: np.ndarray) -> int:
    def side(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
        first, second = q - p, r - p
        return np.asarray(np.sign(first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]))

    one, two, three, four = a[:, None], b[:, None], a[None], b[None]
    cross = (side(one, two, three) != side(one, two, four)) & (
        side(three, four, one) != side(three, four, two)
    )
    share = (edges[:, None, :, None] == edges[None, :, None, :]).any((2, 3))
    return int((cross & ~share).sum()) // 2
