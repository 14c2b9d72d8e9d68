"""Graphs: one layout of all nodes and edges of the whole trace, so that nothing jumps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vidkit.algoviz.scene.painters import nodes as drawn
from vidkit.algoviz.scene.painters.base import Box, Painter, empty, label
from vidkit.algoviz.scene.painters.row import pointer
from vidkit.algoviz.scene.picture import Body, Edge, Marks, Network, Node
from vidkit.algoviz.scene.placing import place_graph
from vidkit.algoviz.scene.routing import Rect, label_box, route
from vidkit.algoviz.scene.shapes import Layer, Shape
from vidkit.algoviz.scene.text import line_height, unit_width

MOST = 120  # nodes that are shown
LABEL = 13.0


class GraphPainter(Painter):
    """Nodes where the layout puts them; edges bend round nodes, labels lie where nothing else is."""

    elastic = True

    def measure(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: dict[str, Edge] = {}
        touched: dict[str, None] = {}
        self.texts: dict[str, str] = {}  # longest label of each edge
        notes: dict[str, str] = {}
        for body in self.bodies:
            assert isinstance(body, Network)
            for node in body.nodes:
                if node.id in self.nodes and self.nodes[node.id] != node:
                    touched[node.id] = None
                self.nodes[node.id] = node
                text = drawn.note_text(node)
                if unit_width(text) > unit_width(notes.get(node.id, "")):
                    notes[node.id] = text
            for edge in body.edges:
                self.edges.setdefault(edge.key, edge)
                if unit_width(edge.label) > unit_width(self.texts.get(edge.key, "")):
                    self.texts[edge.key] = edge.label
        self.note_of = notes
        self.touched = touched
        self.pointed = any(marks.pointers for marks in self.marks)

    def natural(self, scale: float, room: float) -> tuple[float, float]:
        count = min(len(self.nodes), MOST)
        side = (100 + 62 * math.sqrt(max(count, 1))) * scale
        return min(room, 1.5 * side), min(side, 420 * scale)

    def settle(self) -> None:
        order = [*self.touched, *(node for node in self.nodes if node not in self.touched)]
        kept = set(order[:MOST])
        while True:
            names = [node for node in self.nodes if node in kept]
            edges = [edge for edge in self.edges.values() if edge.source in kept and edge.target in kept]
            radius = self._place(names, edges)
            if radius or len(kept) <= 2:
                break
            kept = set(order[: int(len(kept) * 0.75)])
        self.radius = radius or drawn.SMALLEST
        self.shown = kept
        self._route(edges)

    def _place(self, names: list[str], edges: list[Edge]) -> float:
        """Put the nodes into the place; the largest radius that fits, 0: none does."""
        box = self.inner
        at = {name: number for number, name in enumerate(names)}
        pairs = [(at[edge.source], at[edge.target]) for edge in edges]
        aspect = box.w / max(box.h, 1.0)
        unit = place_graph(len(names), pairs, [self.nodes[name].rank for name in names], aspect)
        for radius in drawn.RADII:
            if radius > drawn.LARGEST * max(self.scale, 0.6) and radius > drawn.SMALLEST:
                continue
            places = self._spread(unit, radius, [self.note_of.get(name, "") for name in names])
            if places is not None:
                self.places = dict(zip(names, places, strict=True))
                return radius
        self.places = {name: (box.x + x * box.w, box.y + y * box.h) for name, (x, y) in zip(names, unit, strict=True)}
        return 0.0

    def _spread(
        self, unit: Sequence[tuple[float, float]], radius: float, notes: Sequence[str]
    ) -> list[tuple[float, float]] | None:
        """Places in pixels with enough room between any two nodes; None where that cannot be."""
        wide = min(drawn.note_width(notes, radius), 5 * radius)
        below = drawn.note_height(radius) if any(notes) else 0.0
        below += 20.0 if self.pointed else 0.0
        side, above = max(radius, wide / 2) + 4, radius + 4
        if any(edge.source == edge.target for edge in self.edges.values()):
            above += radius * 1.1
        box = self.inner
        low = np.array([box.x + side, box.y + above])
        high = np.array([box.right - side, box.bottom - radius - below - 4])
        if (high < low).any():
            return None
        span = np.minimum(high - low, max(box.w, box.h))
        places = low + (high - low - span) / 2 + np.array(unit).reshape(-1, 2) * span
        need_x, need_y = max(2.7 * radius, wide + 8), 2.7 * radius + below
        for _ in range(160):
            # in units in which nodes need 1 in both directions
            delta = (places[:, None] - places[None]) / [need_x, need_y]
            gap = np.hypot(*delta.transpose(2, 0, 1))
            np.fill_diagonal(gap, 9.0)
            if gap.min() >= 1.0:
                return [(float(x), float(y)) for x, y in places]
            push = np.clip(1.03 - gap, 0, None)[..., None] * _directions(delta, gap)
            places = np.clip(places + push.sum(1) * 0.55 * [need_x, need_y], low, high)
        return None

    def _route(self, edges: list[Edge]) -> None:
        radius, places = self.radius, self.places
        self.note_room = min(
            max(drawn.note_width(list(self.note_of.values()), radius), 2 * radius), 5 * radius
        )
        blocks: list[tuple[str, Rect]] = []
        for name, (x, y) in places.items():
            if self.note_of.get(name):
                wide = min(drawn.note_width([self.note_of[name]], radius), self.note_room)
                blocks.append((name, drawn.note_rect(x, y, radius, wide)))
        fans = _fans(edges)
        self.ways = {
            edge.key: route(edge.source, edge.target, places, radius, fans[edge.key], blocks) for edge in edges
        }
        self.label_at: dict[str, Rect] = {}
        taken: list[Rect] = [box for _, box in blocks]
        taken += [(x - radius - 2, y - radius - 2, x + radius + 2, y + radius + 2) for x, y in places.values()]
        lines = {key: way.samples() for key, way in self.ways.items()}
        inner = self.inner
        within = (inner.x, inner.y, inner.right, inner.bottom)
        size = max(9.5, LABEL * self.scale)
        for edge in edges:
            text = self.texts.get(edge.key, "")
            if text:
                extent = (min(unit_width(text, "bold") * size, 90.0) + 6, line_height(size) + 1)
                others = [points for key, points in lines.items() if key != edge.key]
                box, _ = label_box(self.ways[edge.key], extent, taken, others, within)
                self.label_at[edge.key] = box
                taken.append(box)

    def shapes(self, step: int, body: Body, marks: Marks) -> list[Shape]:
        assert isinstance(body, Network)
        if not body.nodes:
            return empty(self.id, self.inner, self.look)
        made: list[Shape] = []
        path, path_style = marks.path
        for edge in body.edges:
            if edge.key in self.ways:
                made += self._edge(edge, edge.key in path, path_style)
        for node in body.nodes:
            if node.id in self.places:
                x, y = self.places[node.id]
                mark = path_style or "path" if node.id in path else ""
                made += drawn.disc(self.id, node, x, y, self.radius, self.look, mark, self.note_room)
        made += self._pointers(marks)
        if len(self.shown) < len(self.nodes):
            text = f"{len(self.shown):,} of {len(self.nodes):,} nodes"
            below = Box(self.inner.x, self.inner.bottom - 18, self.inner.w, 18)
            made.append(
                label(f"window:{self.id}", text, below, 12, self.look.theme.muted, anchor="start", role="window")
            )
        return made

    def _edge(self, edge: Edge, marked: bool, path_style: str) -> list[Shape]:
        key = f"edge:{self.id}:{edge.key}"
        style = path_style if marked and path_style else edge.style
        made = [drawn.line(key, self.ways[edge.key], style, self.look, edge.directed, marked)]
        if edge.label and edge.key in self.label_at:
            left, top, right, bottom = self.label_at[edge.key]
            theme = self.look.theme
            made.append(
                Shape(
                    f"{key}:plate", "rect", left, top, right - left, bottom - top, layer=Layer.EDGE, role="plate",
                    fill=theme.panel, radius=4,
                )  # fmt: skip
            )
            made.append(
                label(
                    f"{key}:text", edge.label, Box(left, top, right - left, bottom - top),
                    max(9.5, LABEL * self.scale), theme.text, font="bold", within=f"{key}:plate", pad=2,
                    role="edge-label",
                )  # fmt: skip
            )
        return made

    def _pointers(self, marks: Marks) -> list[Shape]:
        names: dict[str, list[str]] = {}
        for name, place in marks.pointers.items():
            if str(place) in self.places:
                names.setdefault(str(place), []).append(name)
        made: list[Shape] = []
        for node, found in names.items():
            x, y = self.places[node]
            text = ", ".join(found)
            wide = max(30.0, unit_width(text, "bold") * 12 + 14)
            top = y + self.radius + 3 + (drawn.note_height(self.radius) if self.note_of.get(node) else 0)
            left = min(max(self.inner.x, x - wide / 2), self.inner.right - wide)
            made += pointer(self, text, Box(left, top, wide, 16))
        return made

    def notes(self, step: int) -> list[str]:
        if len(self.shown) == len(self.nodes):
            return []
        return [f"{self.title or self.id}: {len(self.shown):,} of {len(self.nodes):,} nodes are shown"]


def _directions(delta: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """Unit vectors from node to node; for two on one spot some that differ by their numbers."""
    count = len(gap)
    spots = np.stack([np.subtract.outer(np.arange(count), np.arange(count)), np.ones((count, count))], -1)
    apart = gap[..., None] > 1e-6
    made = np.where(apart, delta / np.maximum(gap, 1e-6)[..., None], np.sign(spots) * 0.7)
    made[np.arange(count), np.arange(count)] = 0
    return np.asarray(made)


def _fans(edges: list[Edge]) -> dict[str, float]:
    """Bends that keep parallel edges apart, and an edge from its reverse."""
    groups: dict[tuple[str, str], list[Edge]] = {}
    for edge in edges:
        ends = (edge.source, edge.target) if edge.source <= edge.target else (edge.target, edge.source)
        groups.setdefault(ends, []).append(edge)
    fans: dict[str, float] = {}
    for ends, found in groups.items():
        for number, edge in enumerate(found):
            bend = (number - (len(found) - 1) / 2) * 0.2
            # the bend is to the left of the way from source to target
            fans[edge.key] = bend if edge.source == ends[0] else -bend
    return fans

