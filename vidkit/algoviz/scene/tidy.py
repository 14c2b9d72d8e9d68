"""Places of the nodes of trees: children below their parents, parents over the middle of their children.

Subtrees are moved as near to each other as their outlines allow (Reingold and Tilford, Tidier drawings of
trees, 1981). A missing child of a binary tree keeps its place free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Outline = list[tuple[float, float]]  # leftmost and rightmost place by depth


def place_tree(
    roots: Sequence[str], children: Mapping[str, Sequence[str | None]]
) -> dict[str, tuple[float, int]]:
    """Place and depth of each node; the nearest two nodes of a level are 1 apart, the leftmost is at 0."""
    made: dict[str, tuple[float, int]] = {}
    outline: Outline = []
    for root in roots:
        places, own = _subtree(root, children)
        shift = _shift(outline, own) if outline else 0.0
        made.update({node: (x + shift, depth) for node, (x, depth) in places.items()})
        outline = _joined(outline, own, shift)
    left = min((x for x, _ in made.values()), default=0.0)
    return {node: (x - left, depth) for node, (x, depth) in made.items()}


def _subtree(
    root: str, children: Mapping[str, Sequence[str | None]]
) -> tuple[dict[str, tuple[float, int]], Outline]:
    """A tree by itself, its root at 0. Without recursion, since a chain may be thousands deep."""
    order: list[str] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting.extend(child for child in children.get(node, ()) if child is not None)
    offsets: dict[str, float] = {}  # of a node from its parent
    outlines: dict[str, Outline] = {}
    for node in reversed(order):
        outlines[node] = _over_children(node, children.get(node, ()), outlines, offsets)
    places: dict[str, tuple[float, int]] = {root: (0.0, 0)}
    for node in order:
        x, depth = places[node]
        for child in children.get(node, ()):
            if child is not None:
                places[child] = (x + offsets[child], depth + 1)
    return places, outlines[root]


def _over_children(
    node: str, children: Sequence[str | None], outlines: dict[str, Outline], offsets: dict[str, float]
) -> Outline:
    joined: Outline = []
    at: list[float] = []
    for child in children:
        own: Outline = [(0.0, 0.0)] if child is None else outlines.pop(child)
        shift = _shift(joined, own) if joined else 0.0
        at.append(shift)
        joined = _joined(joined, own, shift)
    if not any(child is not None for child in children):
        return [(0.0, 0.0)]
    middle = (at[0] + at[-1]) / 2
    for child, shift in zip(children, at, strict=True):
        if child is not None:
            offsets[child] = shift - middle
    return [(0.0, 0.0), *((left - middle, right - middle) for left, right in joined)]


def _shift(left: Outline, right: Outline) -> float:
    """How far the right tree has to go so that it is 1 away from the left one on every level."""
    return max(a[1] - b[0] for a, b in zip(left, right, strict=False)) + 1.0


def _joined(left: Outline, right: Outline, shift: float) -> Outline:
    moved = [(a + shift, b + shift) for a, b in right]
    common = [(min(a[0], b[0]), max(a[1], b[1])) for a, b in zip(left, moved, strict=False)]
    return common + left[len(common) :] + moved[len(common) :]
