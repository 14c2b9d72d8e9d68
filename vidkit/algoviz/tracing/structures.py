"""Linked structures: objects of the script's classes that refer to each other, as lists, trees or graphs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from vidkit.algoviz.tracing.displays import Network, Node
from vidkit.algoviz.tracing.memory import Content, Memory, items, label, reference
from vidkit.algoviz.tracing.recording import Encoded, Recording

UPWARDS = ("parent", "prev", "previous", "up", "back", "predecessor", "random", "suffix_link", "fail")
_SIDES = (("left", "right"), ("l", "r"), ("lo", "hi"), ("lchild", "rchild"), ("left_child", "right_child"))
_MOST = 300

Edge = tuple[str, int, Any]
"""Attribute, target, and the key or position in a container (None for a direct reference)."""


def nodes_now(memory: Memory, kind: str) -> list[int]:
    """Numbers of the objects of a class that can be reached from variables, in the order of finding."""
    found: dict[int, None] = {}
    seen: set[int] = set()
    for call in memory.calls:
        for value in call.variables.values():
            waiting: list[Encoded] = [value]
            while waiting and len(found) < _MOST:
                at = waiting.pop()
                if isinstance(at, dict) and "t" in at:
                    waiting += reversed(at["t"])
                number = reference(at)
                if number is None or number in seen or number not in memory.heap:
                    continue
                seen.add(number)
                content = memory.heap[number]
                if content["k"] == "object" and content.get("c") == kind and content["v"]:
                    found[number] = None  # without attributes it is being made
                waiting += reversed(items(content))
    return list(found)


def edges_of(content: Content, memory: Memory, kind: str) -> list[Edge]:
    """References of an object to others of its class, in the order of its attributes."""
    found: list[Edge] = []
    for name, value in content["v"]:
        inner = memory.content(value)
        if inner is None:
            continue
        if inner["k"] == "object":
            if inner.get("c") == kind:
                found.append((str(name), reference(value) or 0, None))
        elif inner["k"] in ("dict", "odict"):
            found += [
                (str(name), n, key) for key, v in inner["v"] if (n := _node(v, memory, kind)) is not None
            ]
        else:
            found += [
                (str(name), n, at)
                for at, v in enumerate(inner["v"])
                if (n := _node(v, memory, kind)) is not None
            ]
    return found


def _node(value: Encoded, memory: Memory, kind: str) -> int | None:
    content = memory.content(value)
    if isinstance(value, dict) and "t" in value and value["t"]:
        return _node(value["t"][0], memory, kind)
    return reference(value) if content is not None and content.get("c") == kind else None


def shape_of(recording: Recording, kind: str) -> str:
    """What the objects of a class form for most of the time: "x-linkedlist", "tree" or "graph"."""
    memory = Memory()
    forms: dict[tuple[Edge, ...], str] = {}
    for record in recording.records:
        memory.take(record)
        if record.contents:
            numbers = nodes_now(memory, kind)
            edges = tuple(edge for number in numbers for edge in edges_of(memory.heap[number], memory, kind))
            if edges and edges not in forms:
                forms[edges] = _form(memory, kind, numbers)
    counted = Counter(forms.values())
    total = sum(counted.values())
    if total and counted["x-linkedlist"] >= 0.9 * total:
        return "x-linkedlist"
    sided = any(_sides(content) for content in memory.heap.values() if content.get("c") == kind)
    share = 0.5 if sided else 0.9
    return "tree" if total and counted["x-linkedlist"] + counted["tree"] >= share * total else "graph"


def _form(memory: Memory, kind: str, numbers: list[int]) -> str:
    parents: Counter[int] = Counter()
    names: set[str] = set()
    widest = 0
    down: dict[int, list[int]] = {}
    for number in numbers:
        edges = [edge for edge in edges_of(memory.heap[number], memory, kind) if edge[0] not in UPWARDS]
        down[number] = [target for _, target, _ in edges]
        widest = max(widest, len(edges))
        names.update(name if at is None else "[]" for name, _, at in edges)
        parents.update(down[number])
    if (
        widest <= 1
        and len(names - {"[]"}) <= 1
        and "[]" not in names
        and not names & {n for p in _SIDES for n in p}
    ):
        return "x-linkedlist"
    return "tree" if max(parents.values(), default=0) <= 1 and not _cyclic(down) else "graph"


def _cyclic(down: dict[int, list[int]]) -> bool:
    """Whether nodes that have one parent each form a ring."""
    below = {target for targets in down.values() for target in targets}
    waiting = [number for number in down if number not in below]
    seen = 0
    while waiting:
        seen += 1
        waiting += down.get(waiting.pop(), [])
        if seen > len(down):
            return True
    return seen < len(down)


def is_mutual(recording: Recording, kind: str) -> bool:
    """Whether objects of a class that refer to others are referred to by them, most of the time."""
    memory = Memory()
    both_ways = total = 0
    for record in recording.records:
        memory.take(record)
        if not record.contents:
            continue
        ends = {
            (number, target)
            for number in nodes_now(memory, kind)
            for name, target, at in edges_of(memory.heap[number], memory, kind)
            if at is not None  # a container of neighbours, no link forth and back
        }
        total += bool(ends)
        both_ways += bool(ends) and all((target, number) in ends for number, target in ends)
    return total > 0 and both_ways >= 0.5 * total


def network(memory: Memory, kind: str, shape: str, directed: bool = True) -> Network:
    """The structure now."""
    numbers = nodes_now(memory, kind)
    return _tree(memory, kind, numbers) if shape == "tree" else _graph(memory, kind, numbers, directed)


def node_id(number: int) -> str:
    """Id of an object in its view."""
    return f"n{number}"


def _graph(memory: Memory, kind: str, numbers: list[int], directed: bool) -> Network:
    nodes = {
        node_id(number): Node(_written(number, label(memory.heap[number], memory), memory))
        for number in numbers
    }
    edges: dict[tuple[str, str], Any] = {}
    for number in numbers:
        for name, target, at in edges_of(memory.heap[number], memory, kind):
            low, high = (number, target) if directed else sorted((number, target))
            ends = node_id(low), node_id(high)
            if node_id(target) in nodes and name not in ("prev", "previous"):
                edges.setdefault(ends, name if at is None and name not in ("next", "nxt", "link") else None)
    return Network(nodes, edges, directed)


def _tree(memory: Memory, kind: str, numbers: list[int]) -> Network:
    """Children by attribute, with gaps between two sides; a node that is below two stays below the first."""
    known = set(numbers)
    placed: set[int] = set()
    children: dict[int, list[int | None]] = {}
    labels = {number: label(memory.heap[number], memory) for number in numbers}
    for number in numbers:
        content = memory.heap[number]
        below: list[int | None] = []
        edges = [edge for edge in edges_of(content, memory, kind) if edge[0] not in UPWARDS]
        sides = _sides(content)
        direct = {name: target for name, target, at in edges if at is None}
        if sides:
            below = [direct.get(side) for side in sides]
            edges = [edge for edge in edges if edge[0] not in sides]
        for _, target, at in edges:
            below.append(target)
            if isinstance(at, str) and labels.get(target) in (memory.heap.get(target, {}).get("c"), "", None):
                labels[target] = at
        kept: list[int | None] = []
        for child in below:
            usable = child is not None and child in known and child not in placed and child != number
            kept.append(child if usable else None)
            if usable and child is not None:
                placed.add(child)
        there: list[int | None] = [child for child in kept if child is not None]
        children[number] = kept if sides and there else there
    nodes = {
        node_id(number): Node(
            _written(number, labels[number], memory),
            tuple(None if t is None else node_id(t) for t in children[number]),
        )
        for number in numbers
    }
    return Network(nodes, {}, True, tuple(node_id(number) for number in numbers if number not in placed))


def _written(number: int, found: Any, memory: Memory) -> Any:
    """A dot where an object has nothing to be written on it: the name of its class is the view's title."""
    return "•" if found == memory.heap[number].get("c") else found


def _sides(content: Content) -> tuple[str, str] | None:
    names = {str(name).lstrip("_") for name, _ in content["v"]}
    for pair in _SIDES:
        if set(pair) <= names:
            exact = {str(name).lstrip("_"): str(name) for name, _ in content["v"]}
            return exact[pair[0]], exact[pair[1]]
    return None
