"""What a view shows at one moment, made from the script's memory: sequences, tables, graphs, trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vidkit.algoviz.tracing.memory import Content, Memory, items, key_text, reference, shown
from vidkit.algoviz.tracing.recording import Encoded

Cell = Any  # a JSON scalar


@dataclass(frozen=True)
class Sequence:
    """Values in a row."""

    values: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """Rows as long as they are; the view pads them."""

    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Pairs:
    """Keys as text, and values; None: the value None itself is shown as "None"."""

    pairs: dict[str, Cell]


@dataclass(frozen=True)
class Node:
    """label, and (trees) the children in order with None for a gap."""

    label: Cell
    children: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Network:
    """Nodes by id; edges (source, target) -> label, graphs only; roots in order, trees only."""

    nodes: dict[str, Node]
    edges: dict[tuple[str, str], Cell]
    directed: bool = True
    roots: tuple[str, ...] = ()


@dataclass(frozen=True)
class Buckets:
    """Keys and values by bucket."""

    rows: tuple[tuple[tuple[Cell, Cell], ...], ...]


Display = Sequence | Table | Pairs | Buckets | Network


def blank(display: Display, kind: str) -> Display:
    """What stands where a view of a kind is to come: cells without values, no entries, no nodes."""
    if isinstance(display, Sequence):
        return Sequence((None,) * len(display.values) if kind in ("array", "x-string") else ())
    if isinstance(display, Table):
        return Table(())
    if isinstance(display, Pairs):
        return Pairs({})
    if isinstance(display, Buckets):
        return Buckets(((),) * len(display.rows))
    return Network({}, {}, display.directed)


def sequence(value: Encoded, memory: Memory) -> Sequence:
    """Items of a list, deque, set or text."""
    if isinstance(value, str):
        return Sequence(tuple(value))
    content = content_of(value, memory)
    if content["k"] in ("dict", "odict"):
        pairs = ((key_text(key, memory), shown(item, memory)) for key, item in content["v"])
        return Sequence(tuple(f"{key}: {item}" for key, item in pairs))
    return Sequence(tuple(shown(item, memory) for item in content["v"]))


def kept_order(before: Sequence | None, now: Sequence) -> Sequence:
    """Elements of a set in the order in which they came."""
    if before is None:
        return now
    here = set(map(repr, now.values))
    kept = [value for value in before.values if repr(value) in here]
    had = set(map(repr, kept))
    return Sequence((*kept, *(value for value in now.values if repr(value) not in had)))


def rows_of(value: Encoded, memory: Memory) -> list[list[Encoded]] | None:
    """Rows of a list of lists, tuples or texts, or of an array with two dimensions; None for other values."""
    content = memory.content(value)
    if content is None or content["k"] not in ("list", "ndarray", "deque"):
        return None
    shape = content.get("shape")
    if isinstance(shape, list) and len(shape) == 2 and all(isinstance(size, int) for size in shape):
        width = max(1, shape[1])
        return [content["v"][at : at + width] for at in range(0, len(content["v"]), width)]
    rows: list[list[Encoded]] = []
    for item in content["v"]:
        inner = memory.content(item)
        if inner is not None and inner["k"] in ("list", "deque"):
            rows.append(inner["v"])
        elif isinstance(item, dict) and "t" in item:
            rows.append(item["t"])
        elif isinstance(item, str):
            rows.append(list(item))
        else:
            return None
    return rows


def table(value: Encoded, memory: Memory) -> Table:
    """Rows of a grid; no rows where the value is none (it changed its kind)."""
    rows = rows_of(value, memory) or []
    return Table(tuple(tuple(shown(cell, memory) for cell in row) for row in rows))


def pairs(value: Encoded, memory: Memory) -> Pairs:
    """Keys and values of a dict; none where the place holds something else now."""
    content = memory.content(value)
    if content is None or content["k"] not in ("dict", "odict"):
        return Pairs({})
    found = {}
    for key, item in content["v"]:
        made = shown(item, memory)
        found[key_text(key, memory)] = "None" if made is None else made
    return Pairs(found)


def buckets(value: Encoded, memory: Memory) -> Buckets:
    """A list of lists of pairs, or of keys alone."""
    rows = []
    for row in content_of(value, memory)["v"]:
        entries = []
        chain = content_of(row, memory)
        for item in chain["v"] if chain["k"] in ("list", "deque") else ():
            pair = item["t"] if isinstance(item, dict) and "t" in item else _pair(item, memory)
            if pair is not None and len(pair) == 2:
                entries.append((shown(pair[0], memory), shown(pair[1], memory)))
            else:
                entries.append((shown(item, memory), None))
        rows.append(tuple(entries))
    return Buckets(tuple(rows))


def adjacency(value: Encoded, memory: Memory, directed: bool) -> Network:
    """A graph from lists (or dicts: then with weights) of neighbours by node.

    Args:
        value: the container.
        memory: of the script.
        directed: whether its edges have a direction; else an edge there and back is one.
    """
    content = content_of(value, memory)
    rows = content["v"] if content["k"] in ("dict", "odict") else list(enumerate(content["v"]))
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], Cell] = {}
    for key, _ in rows:
        nodes[key_text(key, memory)] = Node(key_text(key, memory))
    for key, near in rows:
        source = key_text(key, memory)
        for target, weight in neighbours(near, memory):
            nodes.setdefault(target, Node(target))
            edges.setdefault((source, target), weight)
    if not directed:
        once: dict[tuple[str, str], Cell] = {}
        for (source, target), weight in edges.items():
            if (target, source) not in once:
                once[source, target] = weight
        edges = once
    return Network(nodes, edges, directed)


def edge_list(value: Encoded, memory: Memory, weight: int, directed: bool) -> Network:
    """A graph from a list of edges, `[(u, v), ...]` or with a weight at one of three places.

    Args:
        value: the list.
        memory: of the script.
        weight: place of the weight where all three are of one kind.
        directed: whether edges have a direction; else an edge there and back is one.
    """
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], Cell] = {}
    for row in rows_of(value, memory) or []:
        ends = ends_of(row, memory, weight)
        if ends is None:
            continue
        source, target, label = ends
        for name in (source, target):
            nodes.setdefault(name, Node(name))
        if directed or (target, source) not in edges:
            edges.setdefault((source, target), label)
    return Network(dict(sorted(nodes.items(), key=lambda pair: (len(pair[0]), pair[0]))), edges, directed)


def ends_of(row: list[Encoded], memory: Memory, weight: int) -> tuple[str, str, Cell] | None:
    """Both nodes of an edge and its weight; None where it is no edge."""
    if len(row) not in (2, 3):
        return None
    if len(row) == 2:
        return key_text(row[0], memory), key_text(row[1], memory), None
    texts = [isinstance(item, str) for item in row]
    at = texts.index(False) if texts.count(False) == 1 else weight
    source, target = (key_text(item, memory) for place, item in enumerate(row) if place != at)
    return source, target, shown(row[at], memory)


_NO = object()


def is_symmetric(value: Encoded, memory: Memory) -> bool:
    """Whether each edge of a graph is there in both directions, with the same weight."""
    edges = adjacency(value, memory, True).edges
    return all(edges.get((target, source), _NO) == weight for (source, target), weight in edges.items())


def neighbours(near: Encoded, memory: Memory) -> list[tuple[str, Cell]]:
    """Names of neighbours with the weight, None where there is none."""
    if not isinstance(near, str | dict):  # a scalar
        return []
    content = memory.content(near)
    if content is not None and content["k"] in ("dict", "odict"):
        return [(key_text(key, memory), shown(weight, memory)) for key, weight in content["v"]]
    listed = items(content) if content is not None else []
    if isinstance(near, str):
        listed = list(near)
    if isinstance(near, dict) and "t" in near:
        listed = near["t"]
    found = []
    for item in listed:
        pair = item["t"] if isinstance(item, dict) and "t" in item else _pair(item, memory)
        if pair is None:
            found.append((key_text(item, memory), None))
        elif len(pair) >= 2:
            found.append((key_text(pair[0], memory), shown(pair[1], memory)))
    return found


def _pair(item: Encoded, memory: Memory) -> list[Encoded] | None:
    content = memory.content(item)
    return content["v"] if content is not None and content["k"] == "list" else None


def nested(value: Encoded, memory: Memory) -> Network:
    """A tree of dicts in dicts: each key is a node."""
    nodes: dict[str, Node] = {}
    seen: set[int] = set()

    def visit(at: Encoded, name: str, label: Cell) -> None:
        content = memory.content(at)
        children: list[str | None] = []
        number = reference(at)
        if (
            content is not None
            and content["k"] in ("dict", "odict")
            and number not in seen
            and len(seen) < 500
        ):
            seen.add(number or 0)
            for key, inner in content["v"]:
                child = f"{name}/{key_text(key, memory)}"
                children.append(child)
                visit(inner, child, key_text(key, memory))
        elif content is None and not isinstance(at, dict | bool | None):
            label = f"{label}: {at}"
        nodes[name] = Node(label, tuple(children))

    visit(value, "root", "root")
    return Network({"root": nodes.pop("root"), **nodes}, {}, True, ("root",))


def content_of(value: Encoded, memory: Memory) -> Content:
    """The container; an empty list where the value is none."""
    return memory.content(value) or {"k": "list", "v": []}
