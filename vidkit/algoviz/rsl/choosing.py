"""A layout and pace for a trace that no style speaks of: plain functions of its type and size."""

from __future__ import annotations

from dataclasses import dataclass, field

from vidkit.algoviz.vta.state import ArrayView, GraphView, HashView, ListView, TableView, TreeView, View

# layouts that views of a type are drawn in, the default first, and the parameters that count there
_CELLS = ("cell_size", "spacing")
_NETWORK = ("node_spacing", "edge_curve")
_ROW = {"horizontal_array": _CELLS, "vertical_array": _CELLS, "grid": (*_CELLS, "grid_cols")}
_LINE: dict[str, tuple[str, ...]] = {"horizontal_array": ()}
FITTING: dict[str, dict[str, tuple[str, ...]]] = {
    "array": _ROW,
    "x-string": _ROW,
    "x-heap": {"hierarchical": ("node_spacing",)},
    "x-stack": {"vertical_array": ()},
    "x-queue": _LINE,
    "x-set": _LINE,
    "list": _LINE,
    "table": {"matrix": _CELLS, "grid": _CELLS},
    "x-matrix": {"matrix": _CELLS, "grid": _CELLS},
    "graph": {
        "force_directed": _NETWORK,
        "hierarchical": _NETWORK,
        "circular": _NETWORK,
        "grid": (*_NETWORK, "grid_cols"),
    },
    "x-linkedlist": {"hierarchical": ()},
    "tree": {"hierarchical": ("node_spacing",)},
    "hashtable": {"vertical_array": ()},
}
DRAWN_SLOTS = {"code": ("left", "right", "none"), "aux": ("left", "none"), "comment": ("bottom", "none")}
"""Where the parts of a page can be; variables and calls go where the code is."""


@dataclass(frozen=True, slots=True)
class ViewLayout:
    """How the parts of a view are placed; lengths in units, of which a picture is 16 wide and 9 high.

    Args:
        type: one of `FITTING` for the view.
        cell_size: side of a cell.
        spacing: gap between cells.
        node_spacing: distance of neighbouring nodes.
        edge_curve: bend of edges, as a share of their length; 0 is straight.
        grid_cols: columns after which a grid goes on in a new line; None: as many as fit.
    """

    type: str
    cell_size: float = 0.8
    spacing: float = 0.15
    node_spacing: float = 2.5
    edge_curve: float = 0.0
    grid_cols: int | None = None


def complexity(view: View) -> int:
    """0 small, 1 medium, 2 large.

    Arrays, lists and hash tables are medium from 11 places on and large from 21, graphs and trees from 6 and
    11 nodes, tables from 26 and 101 cells.
    """
    if isinstance(view, ArrayView):
        return _step(len(view.elements), 10, 20)
    if isinstance(view, ListView):
        return _step(len(view.items), 10, 20)
    if isinstance(view, GraphView | TreeView):
        return _step(len(view.nodes), 5, 10)
    if isinstance(view, TableView):
        return _step(sum(map(len, view.rows)), 25, 100)
    return _step(len(view.buckets), 10, 20)


def _step(size: int, medium: int, large: int) -> int:
    return (size > medium) + (size > large)


def default_layout(view: View) -> ViewLayout:
    """The layout of a view by its type and size."""
    level = complexity(view)
    if isinstance(view, GraphView):
        ranked = any(node.rank is not None for node in view.nodes.values()) or view.kind == "x-linkedlist"
        kind = "hierarchical" if ranked else "force_directed"
        return ViewLayout(kind, node_spacing=(3.5, 4.0, 5.0)[level])
    if isinstance(view, TreeView):
        return ViewLayout("hierarchical", node_spacing=(3.0, 2.5, 2.0)[level])
    if isinstance(view, TableView):
        return ViewLayout("matrix", cell_size=(0.8, 0.65, 0.5)[level], spacing=(0.2, 0.15, 0.1)[level])
    if isinstance(view, HashView):
        return ViewLayout("vertical_array")
    if view.kind == "x-heap":
        return ViewLayout("hierarchical", node_spacing=(3.0, 2.5, 2.0)[level])
    return ViewLayout("vertical_array" if view.kind == "x-stack" else "horizontal_array")


def default_pace(steps: int) -> tuple[float, float]:
    """Seconds of moving and of holding a step, by their number: short traces go slower."""
    if steps < 20:
        return 0.5, 0.3
    return (0.4, 0.2) if steps <= 50 else (0.3, 0.15)


@dataclass(frozen=True, slots=True)
class Slots:
    """Where the parts of a picture are: left, right, top, bottom or none, and their largest share of it."""

    aux: tuple[str, float] = field(default=("left", 0.34))
    code: tuple[str, float] = field(default=("left", 0.34))
    comment: tuple[str, float] = field(default=("bottom", 0.14))
