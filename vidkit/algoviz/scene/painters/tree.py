"""Trees: levels from top to bottom; each node keeps its place through the trace where the trace allows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vidkit.algoviz.scene.painters import nodes as drawn
from vidkit.algoviz.scene.painters.base import Box, Painter, empty, label
from vidkit.algoviz.scene.painters.row import pointer
from vidkit.algoviz.scene.picture import MAIN, Body, Marks, Network, Node
from vidkit.algoviz.scene.routing import Route
from vidkit.algoviz.scene.shapes import Shape
from vidkit.algoviz.scene.text import unit_width
from vidkit.algoviz.scene.tidy import place_tree

MOST = 200  # nodes that are shown
Children = Mapping[str, Sequence[str | None]]
Places = dict[str, tuple[float, int]]


class TreePainter(Painter):
    """Nodes keep their places while the tree only grows or shrinks; rotations and moves are animated."""

    elastic = True

    def measure(self) -> None:
        bodies = [body for body in self.bodies if isinstance(body, Network)]
        self.count = max((len(body.nodes) for body in bodies), default=0)
        notes = {drawn.note_text(node) for body in bodies for node in body.nodes}
        self.texts = sorted(notes - {""})
        self.widest = drawn.widest({node.label for body in bodies for node in body.nodes})
        self.pointed = any(marks.pointers for marks in self.marks)
        self.layouts: dict[int, Places] = {}  # by identity of the body; states share what did not change
        union = _union(bodies)
        for body in bodies:
            if id(body) in self.layouts:
                continue
            if union is not None and len(union[1]) <= MOST:
                roots, children = union
                places = self.layouts[id(bodies[0])] if self.layouts else place_tree(roots, children)
            else:
                places = _of(body)
            self.layouts[id(body)] = places
        spots = [spot for places in self.layouts.values() for spot in places.values()]
        self.span = max((x for x, _ in spots), default=0.0)
        self.depth = max((level for _, level in spots), default=0)

    def natural(self, scale: float, room: float) -> tuple[float, float]:
        wide = (self.span * 66 + 70) * scale
        high = (self._each(22 * scale) * self.depth + 64 + self._low(22)) * scale
        smallest = drawn.SMALLEST  # nodes do not shrink as far as the rest
        least = self._each(smallest) * self.depth + 2 * smallest + self._low(smallest) + 9
        return min(room, max(wide, 140)), max(high, least)

    def _low(self, radius: float) -> float:
        """Height under a disc that is not the disc's."""
        return (drawn.note_height(radius) if self.texts else 0.0) + (19.0 if self.pointed else 0.0)

    def _each(self, radius: float) -> float:
        """Height of a level, at least."""
        return 2.5 * radius + self._low(radius) + 6

    def settle(self) -> None:
        self.radius, self.limit = drawn.SMALLEST, self.depth
        self.cut = 0.0  # height of what is said of a window
        box = self.inner
        for radius in drawn.radii(self.scale, self.widest):
            self.note_room = self._note_room(radius)
            apart = max(2.5 * radius, self.note_room + 6)
            fits_high = self._each(radius) * self.depth + 2 * radius + self._low(radius) + 8 <= box.h
            if self.span * apart + max(2 * radius, self.note_room) + 8 <= box.w and fits_high:
                self.radius = radius
                break
        else:
            self._window()
            return
        self.hidden: set[str] = set()
        self._scale_to(self.span, self.depth)

    def _note_room(self, radius: float) -> float:
        return min(drawn.note_width(self.texts, radius), 4.4 * radius)

    def _scale_to(self, span: float, depth: int) -> None:
        """Spread places over the box, but not so far that a small tree falls apart."""
        box, radius = self.inner, self.radius
        side = max(radius, self.note_room / 2) + 4
        widest = max(4.6 * radius, self.note_room + 30)
        wanted = self.look.layouts.apart if self.id == MAIN else None
        if wanted is not None:  # never so near that nodes meet
            widest = max(2.5 * radius, self.note_room + 6, wanted * self.scale)
        self.unit_x = min((box.w - 2 * side) / span, widest) if span else 0.0
        free = box.h - self.cut - 2 * radius - self._low(radius) - 8
        level = (
            max(4.2 * radius, self._each(radius)) + 20
            if wanted is None
            else max(wanted * self.scale, self._each(radius))
        )
        self.unit_y = min(free / depth, level) if depth else 0.0
        self.left = box.x + (box.w - span * self.unit_x) / 2
        self.top = box.y + radius + 4 + max(0.0, free - depth * self.unit_y) * 0.3

    def _window(self) -> None:
        """Too many nodes: the upper levels, and of these as many nodes as fit."""
        radius = drawn.SMALLEST
        self.cut = 24.0
        box = self.inner
        self.note_room = self._note_room(radius)
        apart = max(2.5 * radius, self.note_room + 6)
        free_levels = max(
            0, int((box.h - self.cut - 2 * radius - self._low(radius) - 8) // self._each(radius))
        )
        room = max(1.0, (box.w - 2 * max(radius, self.note_room / 2) - 8) // apart)
        self.hidden = set()
        spans = [0.0]
        for key, places in self.layouts.items():
            kept = {node: spot for node, spot in places.items() if spot[1] <= free_levels}
            if max((x for x, _ in kept.values()), default=0.0) > room:
                kept = _narrowed(kept, room)
            self.hidden |= places.keys() - kept.keys()
            self.layouts[key] = kept
            spans += [x for x, _ in kept.values()]
        self._scale_to(max(spans), min(self.depth, free_levels))

    def shapes(self, step: int, body: Body, marks: Marks) -> list[Shape]:
        assert isinstance(body, Network)
        if not body.nodes:
            return empty(self.id, self.inner, self.look)
        at = {
            node: (self.left + x * self.unit_x, self.top + level * self.unit_y)
            for node, (x, level) in self.layouts[id(body)].items()
        }
        path, path_style = marks.path
        made: list[Shape] = []
        styles = {edge.key: edge.style for edge in body.edges}
        for node in body.nodes:
            for child in node.children:
                if child is not None and node.id in at and child in at:
                    made.append(self._edge(node.id, child, at, styles, path, path_style))
        letters = drawn.common_size(self.radius, self.widest)
        for node in body.nodes:
            if node.id in at:
                mark = path_style or "path" if node.id in path else ""
                x, y = at[node.id]
                made += drawn.disc(self.id, node, x, y, self.radius, self.look, mark, self.note_room, letters)
        made += self._pointers(marks, at, body.nodes)
        missing = sum(node.id not in at for node in body.nodes)
        if missing:
            text = f"{len(body.nodes) - missing:,} of {len(body.nodes):,} nodes"
            below = Box(self.inner.x, self.inner.bottom - 18, self.inner.w, 18)
            made.append(
                label(
                    f"window:{self.id}", text, below, 12, self.look.theme.muted, anchor="start", role="window"
                )
            )
        return made

    def _edge(
        self,
        parent: str,
        child: str,
        at: Mapping[str, tuple[float, float]],
        styles: Mapping[str, str],
        path: Sequence[str],
        path_style: str,
    ) -> Shape:
        (ax, ay), (bx, by) = at[parent], at[child]
        length = max(1.0, ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5)
        ux, uy = (bx - ax) / length * (self.radius + 1), (by - ay) / length * (self.radius + 1)
        key = f"{parent}->{child}"
        marked = parent in path and child in path
        style = path_style if marked and path_style else styles.get(key, "")
        way = Route(((ax + ux, ay + uy), (bx - ux, by - uy)))
        return drawn.line(f"edge:{self.id}:{key}", way, style, self.look, False, marked)

    def _pointers(
        self, marks: Marks, at: Mapping[str, tuple[float, float]], nodes: Sequence[Node]
    ) -> list[Shape]:
        names: dict[str, list[str]] = {}
        for name, place in marks.pointers.items():
            if str(place) in at:
                names.setdefault(str(place), []).append(name)
        made: list[Shape] = []
        has_note = {node.id for node in nodes if node.notes}
        for node, found in names.items():
            x, y = at[node]
            text = ", ".join(found)
            wide = min(max(30.0, unit_width(text, "bold") * 12 + 12), max(2.4 * self.radius, 34.0))
            top = y + self.radius + 3 + (drawn.note_height(self.radius) if node in has_note else 0)
            made += pointer(self, text, Box(x - wide / 2, top, wide, 15))
        return made

    def notes(self, step: int) -> list[str]:
        view = self.views[step]
        if view is None or not isinstance(view.body, Network):
            return []
        places = self.layouts[id(view.body)]
        missing = sum(node.id not in places for node in view.body.nodes)
        count = len(view.body.nodes)
        return (
            [f"{self.title or self.id}: {count - missing:,} of {count:,} nodes are shown"] if missing else []
        )


def _of(body: Network) -> Places:
    return place_tree(body.roots, {node.id: node.children for node in body.nodes})


def _union(bodies: Sequence[Network]) -> tuple[tuple[str, ...], dict[str, Sequence[str | None]]] | None:
    """One tree that all of these are parts of; None where a node changes its parent or its place."""
    parents: dict[str, str] = {}
    children: dict[str, list[str | None]] = {}
    roots: dict[str, None] = {}
    for body in {id(body): body for body in bodies}.values():
        for root in body.roots:
            if root in parents:
                return None
            roots[root] = None
        for node in body.nodes:
            for child in node.children:
                if child is not None and (parents.setdefault(child, node.id) != node.id or child in roots):
                    return None
            merged = _merged(children.get(node.id, []), list(node.children))
            if merged is None:
                return None
            children[node.id] = merged
    return tuple(roots), {node: tuple(found) for node, found in children.items()}


def _merged(one: list[str | None], other: list[str | None]) -> list[str | None] | None:
    """An order of children that both agree with; a gap gives way to a child. None: there is none."""
    if len(one) == len(other) and (None in one or None in other):
        if all(a is None or b is None or a == b for a, b in zip(one, other, strict=True)):
            return [b if a is None else a for a, b in zip(one, other, strict=True)]
        return None
    shorter, longer = sorted((one, other), key=len)
    rest = iter(longer)
    if all(any(child == found for found in rest) for child in shorter if child is not None):
        return longer
    first = [child for child in one if child not in other]
    if not set(one) & set(other):
        return [*one, *other]
    common = [child for child in one if child in other]
    if common == [child for child in other if child in one] and one[: len(common)] == common:
        return [*other, *first]
    return None


def _narrowed(places: Places, room: float) -> Places:
    """The nodes of the left part whose ancestors are there too, moved to begin at 0."""
    kept = {node: (x, level) for node, (x, level) in places.items() if x <= room}
    top = min((level for _, level in places.values()), default=0)
    root = next((spot for spot in places.values() if spot[1] == top), (0.0, 0))
    if root[0] > room:  # the root has to be seen: a part around it
        low = root[0] - room / 2
        kept = {node: (x - low, level) for node, (x, level) in places.items() if low <= x <= low + room}
    return kept
