"""Linked lists: nodes in a line that keep their places, so that one sees the links turn."""

from __future__ import annotations

from vidkit.algoviz.scene.painters import nodes as drawn
from vidkit.algoviz.scene.painters.graph import GraphPainter
from vidkit.algoviz.scene.picture import Edge, Network
from vidkit.algoviz.scene.placing import Point

_APART = 2.6  # from node to node, in radii, beside twice the radius


class LinkedPainter(GraphPainter):
    """A line in the order of the list; where it is long, several that go to and fro: links stay short."""

    elastic = False

    def natural(self, scale: float, room: float) -> tuple[float, float]:
        radius = drawn.LARGEST * min(scale, 1.0)
        step = (2 + _APART) * radius
        columns = max(1, min(len(self.nodes), int(room // step)))
        lines = -(-max(1, len(self.nodes)) // columns)
        return columns * step, lines * self._line(radius)

    def _line(self, radius: float) -> float:
        """Height of a line, with room for links that go over nodes."""
        low = drawn.note_height(radius) if self.note_of else 0.0
        return 4.6 * radius + low + (20.0 if self.tags else 0.0)

    def _places(self, names: list[str], edges: list[Edge], radius: float) -> dict[str, Point] | None:
        box, ordered = self.inner, self._order(names)
        step, line = (2 + _APART) * radius, self._line(radius)
        columns = max(1, int((box.w + 0.5) // step))
        lines = -(-len(ordered) // columns)
        if lines * line > box.h + 0.5:
            return None
        self.tag_room = max(30.0, step - 8)
        left = box.x + (box.w - min(columns, len(ordered)) * step) / 2
        places = {}
        for number, name in enumerate(ordered):
            row, column = divmod(number, columns)
            if row % 2:
                column = columns - 1 - column
            places[name] = (left + (column + 0.5) * step, box.y + row * line + 2.2 * radius)
        return places

    def _radii(self) -> list[float]:
        return [radius for radius in drawn.RADII if radius <= drawn.LARGEST * self.scale + 0.01]

    def _order(self, names: list[str]) -> list[str]:
        """The order of the first step; a node that comes later follows the one that points to it."""
        order: list[str] = []
        for body in self.bodies:
            assert isinstance(body, Network)
            if len(order) == len(names):
                break
            following = {edge.source: edge.target for edge in reversed(body.edges)}
            starts = [*body.roots, *(node.id for node in body.nodes)]
            for start in starts:
                before, node = "", start
                while node in names and node not in order:
                    order.insert(order.index(before) + 1 if before else len(order), node)
                    before, node = node, following.get(node, "")
                    if node and node in order and before not in order[: order.index(node)]:
                        # it stands before a node that was there already
                        order.remove(before)
                        order.insert(order.index(node), before)
        return order
