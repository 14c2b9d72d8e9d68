"""Graphs: one layout of all nodes and edges of the whole trace, so that nothing jumps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vidkit.algoviz.scene.painters import nodes as drawn
from vidkit.algoviz.scene.painters.base import Box, Painter, empty, label
from vidkit.algoviz.scene.painters.row import pointer
from vidkit.algoviz.scene.picture import MAIN, Body, Edge, Marks, Network, Node
from vidkit.algoviz.scene.placing import Point, place_graph
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
        self.tag_room = 30.0  # widest tag of a pointer
        self.texts: dict[str, str] = {}  # longest label of each edge
        labels: set[str] = set()
        notes: dict[str, str] = {}
        for body in self.bodies:
            assert isinstance(body, Network)
            for node in body.nodes:
                if node.id in self.nodes and self.nodes[node.id] != node:
                    touched[node.id] = None
                self.nodes[node.id] = node
                labels.add(node.label)
                text = drawn.note_text(node)
                if unit_width(text) > unit_width(notes.get(node.id, "")):
                    notes[node.id] = text
            for edge in body.edges:
                self.edges.setdefault(edge.key, edge)
                if unit_width(edge.label) > unit_width(self.texts.get(edge.key, "")):
                    self.texts[edge.key] = edge.label
        self.note_of = notes
        self.widest = drawn.widest(labels)
        self.units: dict[tuple[str, ...], list[Point]] = {}
        self.touched = touched
        # pointers come and go, so every node keeps room for the widest tag that it ever has
        self.tags: dict[str, float] = {}
        for marks in self.marks:
            for name, text in _tags(marks).items():
                self.tags[name] = max(self.tags.get(name, 0.0), _tag_width(text))

    def natural(self, scale: float, room: float) -> tuple[float, float]:
        count = min(len(self.nodes), MOST)
        side = (100 + 62 * math.sqrt(max(count, 1))) * scale
        return min(room, 1.5 * side), min(side, 420 * scale)

    def settle(self) -> None:
        order = [*self.touched, *(node for node in self.nodes if node not in self.touched)]
        kept = order[:MOST]
        self.cut = 0.0
        while True:
            known = set(kept)
            names = [node for node in self.nodes if node in known]
            self.cut = 20.0 if len(known) < len(self.nodes) else 0.0
            edges = [edge for edge in self.edges.values() if edge.source in known and edge.target in known]
            touches = self._fit(names, edges)
            # a main view shows all that it can; beside it a clear part says more than a tangle
            if len(kept) <= 2 or touches == 0 or (touches is not None and self.id == MAIN):
                break
            kept = order[: int(len(kept) * 0.75)]
        self.shown = known

    @property
    def _room(self) -> Box:
        """The place without the line that says what is left out."""
        inner = self.inner
        return Box(inner.x, inner.y, inner.w, inner.h - self.cut)

    def _fit(self, names: list[str], edges: list[Edge]) -> int | None:
        """Place and route at the largest radius at which nothing meets, or least does.

        Returns:
            How many nodes lie on foreign edges then; None where nodes have no room.
        """
        fewest: tuple[float, float] | None = None
        for radius in self._radii():
            places = self._places(names, edges, radius)
            if places is None:
                continue
            self.places, self.radius = places, radius
            faults = self._route(edges)
            if not faults:
                return 0
            if fewest is None or faults < fewest[0]:
                fewest = faults, radius
        if fewest is None:
            self.places, self.radius = {}, drawn.SMALLEST
            self._route([])
            return None if names else 0
        self.places, self.radius = self._places(names, edges, fewest[1]) or {}, fewest[1]
        self._route(edges)
        return sum(self._touches(edge) for edge in edges)

    @property
    def _label_size(self) -> float:
        """Of the labels of edges: in proportion to what is written in the nodes."""
        return max(9.5, LABEL * self.scale, 0.68 * drawn.label_size(self.radius))

    def _radii(self) -> list[float]:
        fitting = drawn.radii(self.scale, self.widest)
        return fitting if len(self.nodes) <= 40 else fitting[-1::-4][::-1]

    def _places(self, names: list[str], edges: list[Edge], radius: float) -> dict[str, Point] | None:
        """Nodes in the place, with room between any two; None where that cannot be."""
        key = tuple(names)
        if key not in self.units:
            at = {name: number for number, name in enumerate(names)}
            pairs = [(at[edge.source], at[edge.target]) for edge in edges]
            ranks = [self.nodes[name].rank for name in names]
            kind = self.look.layouts.main if self.id == MAIN else None
            aspect = self.inner.w / max(self.inner.h, 1.0)
            columns = self.look.layouts.columns if self.id == MAIN else None
            self.units[key] = place_graph(len(names), pairs, ranks, aspect, kind, columns)
        places = self._spread(self.units[key], radius, [self.note_of.get(name, "") for name in names])
        return None if places is None else dict(zip(names, places, strict=True))

    def _spread(
        self, unit: Sequence[tuple[float, float]], radius: float, notes: Sequence[str]
    ) -> list[tuple[float, float]] | None:
        """Places in pixels with enough room between any two nodes; None where that cannot be."""
        tag = min(max(self.tags.values(), default=0.0), max(3.4 * radius, 110.0))
        wide = max(min(drawn.note_width(notes, radius), 5 * radius), tag)
        below = drawn.note_height(radius) if any(notes) else 0.0
        below += 20.0 if self.tags else 0.0
        side, above = max(radius, wide / 2) + 4, radius + 4
        if any(edge.source == edge.target for edge in self.edges.values()):
            above += radius * 1.1
        box = self._room
        low = np.array([box.x + side, box.y + above])
        high = np.array([box.right - side, box.bottom - radius - below - 4])
        if (high < low).any():
            return None
        span = np.minimum(high - low, max(box.w, box.h))
        share = self._share(np.array(unit).reshape(-1, 2) * span)
        places = low + (high - low - span * share) / 2 + np.array(unit).reshape(-1, 2) * span * share
        self.tag_room = max(30.0, tag)
        need_x, need_y = max(2.7 * radius, wide + 8), 2.7 * radius + below
        for _ in range(160):
            # in units in which nodes need 1 in both directions
            delta = (places[:, None] - places[None]) / [need_x, need_y]
            gap = np.hypot(*delta.transpose(2, 0, 1))
            np.fill_diagonal(gap, 9.0)
            if gap.min(initial=9.0) >= 1.0:
                return [(float(x), float(y)) for x, y in places]
            push = np.clip(1.03 - gap, 0, None)[..., None] * _directions(delta, gap)
            places = np.clip(places + push.sum(1) * 0.55 * [need_x, need_y], low, high)
        return None

    def _share(self, places: np.ndarray) -> float:
        """How far a layout is drawn together so that neighbours are as near as a style wants, at most 1."""
        wanted = self.look.layouts.apart if self.id == MAIN else None
        if wanted is None or len(places) < 2:
            return 1.0
        gaps = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
        np.fill_diagonal(gaps, np.inf)
        return float(min(1.0, wanted * self.scale / max(1.0, float(np.median(gaps.min(1))))))

    def _route(self, edges: list[Edge]) -> float:
        """Ways of the edges and places of their labels; how much of them meets something else."""
        radius, places = self.radius, self.places
        self.note_room = min(
            max(drawn.note_width(list(self.note_of.values()), radius), 2 * radius), 5 * radius
        )
        blocks: list[tuple[str, Rect]] = []
        for name, (x, y) in places.items():
            if self.note_of.get(name):
                wide = min(drawn.note_width([self.note_of[name]], radius), self.note_room)
                blocks.append((name, drawn.note_rect(x, y, radius, wide)))
        curve = self.look.layouts.edge_curve * 0.5 if self.id == MAIN else 0.0
        fans = {key: fan + curve for key, fan in _fans(edges).items()}
        room = self._room
        within = (room.x, room.y, room.right, room.bottom)
        self.ways = {
            edge.key: route(edge.source, edge.target, places, radius, fans[edge.key], blocks, within)
            for edge in edges
        }
        taken = [box for _, box in blocks]
        taken += [self._tag(name, wide) for name, wide in self.tags.items() if name in places]
        taken += [
            (x - radius - 2, y - radius - 2, x + radius + 2, y + radius + 2) for x, y in places.values()
        ]
        self._put_labels(edges, taken)
        return len(self.label_less) + 3.0 * sum(self._touches(edge) for edge in edges)

    def _touches(self, edge: Edge) -> int:
        """How many foreign nodes an edge runs through."""
        others = [place for name, place in self.places.items() if name not in (edge.source, edge.target)]
        if not others:
            return 0
        points = self.ways[edge.key].sampled(33)
        gaps = np.hypot(*(points[:, None] - np.array(others)[None]).transpose(2, 0, 1))
        return int((gaps.min(0) < self.radius).sum())

    def _put_labels(self, edges: list[Edge], taken: list[Rect]) -> None:
        self.label_at: dict[str, Rect] = {}
        self.label_less: set[str] = set()  # edges whose label has no place; it is left out and told
        lines = {key: way.sampled(17) for key, way in self.ways.items()}
        inner = self._room
        within = (inner.x, inner.y, inner.right, inner.bottom)
        size = self._label_size
        for edge in edges:
            text = self.texts.get(edge.key, "")
            if not text:
                continue
            extent = (min(unit_width(text, "bold") * size, 90.0) + 6, line_height(size) + 1)
            others = [points for key, points in lines.items() if key != edge.key]
            points = np.concatenate(others) if others else np.zeros((0, 2))
            box, shared = label_box(self.ways[edge.key], extent, np.array(taken), points, within)
            if shared > 0:
                self.label_less.add(edge.key)
            else:
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
        letters = drawn.common_size(self.radius, self.widest)
        for node in body.nodes:
            if node.id in self.places:
                x, y = self.places[node.id]
                mark = path_style or "path" if node.id in path else ""
                made += drawn.disc(self.id, node, x, y, self.radius, self.look, mark, self.note_room, letters)
        made += self._pointers(marks)
        if len(self.shown) < len(self.nodes):
            text = f"{len(self.shown):,} of {len(self.nodes):,} nodes"
            below = Box(self.inner.x, self.inner.bottom - 18, self.inner.w, 18)
            made.append(
                label(
                    f"window:{self.id}", text, below, 12, self.look.theme.muted, anchor="start", role="window"
                )
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
                    f"{key}:plate",
                    "rect",
                    left,
                    top,
                    right - left,
                    bottom - top,
                    layer=Layer.EDGE,
                    role="plate",
                    fill=theme.panel,
                    radius=4,
                )
            )
            made.append(
                label(
                    f"{key}:text",
                    edge.label,
                    Box(left, top, right - left, bottom - top),
                    self._label_size,
                    theme.text,
                    font="bold",
                    within=f"{key}:plate",
                    pad=2,
                    role="edge-label",
                )
            )
        return made

    def _tag(self, node: str, wide: float) -> Rect:
        """Where the tag of a node's pointers is, below its small print."""
        x, y = self.places[node]
        wide = min(wide, self.tag_room)
        top = y + self.radius + 3 + (drawn.note_height(self.radius) if self.note_of.get(node) else 0)
        left = min(max(self.inner.x, x - wide / 2), self.inner.right - wide)
        return left, top, left + wide, top + 16

    def _pointers(self, marks: Marks) -> list[Shape]:
        made: list[Shape] = []
        for node, text in _tags(marks).items():
            if node in self.places:
                left, top, right, bottom = self._tag(node, _tag_width(text))
                made += pointer(self, text, Box(left, top, right - left, bottom - top))
        return made

    def notes(self, step: int) -> list[str]:
        made, name = [], self.title or self.id
        if len(self.shown) < len(self.nodes):
            made.append(f"{name}: {len(self.shown):,} of {len(self.nodes):,} nodes are shown")
        if self.label_less:
            made.append(f"{name}: {len(self.label_less):,} labels of edges have no room and are not shown")
        return made


def _tags(marks: Marks) -> dict[str, str]:
    """Names of the pointers at each node."""
    names: dict[str, list[str]] = {}
    for name, place in marks.pointers.items():
        names.setdefault(str(place), []).append(name)
    return {node: ", ".join(found) for node, found in names.items()}


def _tag_width(text: str) -> float:
    return max(30.0, unit_width(text, "bold") * 12 + 14)


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
