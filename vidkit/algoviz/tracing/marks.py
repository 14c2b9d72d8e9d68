"""What a step looks at and changes, as styles: elements read, compared, written, swapped; nodes visited."""

from __future__ import annotations

import re
from typing import Any

from vidkit.algoviz.tracing.changes import Op, current_row, op
from vidkit.algoviz.tracing.displays import ends_of, rows_of
from vidkit.algoviz.tracing.memory import Memory, key_text, reference, shown
from vidkit.algoviz.tracing.planning import Plan
from vidkit.algoviz.tracing.recording import Encoded, Record
from vidkit.algoviz.vta.state import ArrayView, GraphView, ListView, TableView, View
from vidkit.algoviz.vta.values import same_value

STYLES: dict[str, Any] = {
    "elementStyles": {
        "read": {"backgroundColor": "#cfe8ff", "textColor": "#102a43"},
        "compare": {"backgroundColor": "#ffe8a3", "textColor": "#3d2b00"},
        "write": {"backgroundColor": "#ffc9b5", "textColor": "#4a1500"},
        "swap": {"backgroundColor": "#ffb3c7", "textColor": "#4a0018"},
        "visited": {"backgroundColor": "#c9efcf", "textColor": "#0b3d16"},
    },
    "edgeStyles": {
        "read": {"stroke": "#1f6feb", "strokeWidth": 3},
        "chosen": {"stroke": "#1a7f37", "strokeWidth": 4},
    },
}
_CHOSEN = re.compile(r"mst|tree|taken|chosen|picked|selected|forest|result|kept", re.I)
_KINDS = {"r": "read", "i": "read", "m": "read", "c": "compare"}
_VISITED = re.compile(r"visit|seen|explored|closed|done", re.I)


class Look:
    """The reads of one record, by view.

    Args:
        record: whose reads they are.
        holds: view -> value that its place holds now.
        memory: of the script.
    """

    def __init__(self, record: Record, holds: dict[str, Encoded], memory: Memory) -> None:
        self.memory = memory
        self.cells: dict[str, dict[Any, str]] = {}
        numbers = {reference(value): view_id for view_id, value in holds.items() if reference(value)}
        inner: dict[int, tuple[str, int, Encoded]] = {}
        for view_id, value in holds.items():
            content = memory.content(value)
            for place, item in enumerate(content["v"] if content else ()):
                is_pair = content is not None and content["k"] in ("dict", "odict")
                number = reference(item[1] if is_pair else item)
                if number is not None:
                    inner.setdefault(number, (view_id, place, item[0] if is_pair else place))
        for kind, of, key in record.reads:
            if isinstance(of, dict):
                for view_id, value in holds.items():
                    if value == of.get("text"):
                        self._add(view_id, key, kind)
            elif of in numbers:
                self._add(numbers[of], self._place(of, key), kind)
            elif of in inner:
                view_id, row, name = inner[of]
                self._add(view_id, (row, key, self._key(name)), kind)

    def _place(self, number: int, key: Encoded) -> Any:
        """An element of a container by its index or key; of a set, which has neither, by its place."""
        content = self.memory.heap.get(number)
        if content is None or content["k"] != "set":
            return self._key(key)
        return content["v"].index(key) if key in content["v"] else None

    def _key(self, key: Encoded) -> Any:
        return key if isinstance(key, int) else key_text(key, self.memory)

    def _add(self, view_id: str, key: Any, kind: str) -> None:
        found = self.cells.setdefault(view_id, {})
        if found.get(key) != "compare":
            found[key] = _KINDS.get(kind, "read")


def row_styles(view: ArrayView | ListView, read: dict[Any, str], written: list[Op]) -> dict[int, str]:
    """Style by index of a row: what was written goes before what was read."""
    length = len(current_row(view))
    found = {key: style for key, style in read.items() if type(key) is int and 0 <= key < length}
    for one in written:
        updates = one["params"].get("updates", ())
        style = "swap" if is_swap(view, updates) else "write"
        found.update({update["index"]: style for update in updates if update["index"] < length})
    return found


def is_swap(before: View, updates: Any) -> bool:
    """Whether two elements exchange their values."""
    if not isinstance(before, ArrayView | ListView) or len(updates) != 2:
        return False
    row = current_row(before)
    one, other = updates
    if max(one["index"], other["index"]) >= len(row):
        return False
    return same_value(row[one["index"]], other["value"]) and same_value(row[other["index"]], one["value"])


def row_ops(plan: Plan, view: ArrayView | ListView, wanted: dict[int, str]) -> list[Op]:
    """Operations from the styles that a row has to those wanted."""
    items: Any = view.elements if isinstance(view, ArrayView) else view.items
    by_style: dict[str | None, list[int]] = {}
    for place, item in enumerate(items):
        if item.style != wanted.get(place):
            by_style.setdefault(wanted.get(place), []).append(place)
    return [
        op("updateStyle", view_id=plan.view_id, indices=places, styleKey=style)
        for style, places in by_style.items()
    ]


def table_ops(plan: Plan, view: TableView, read: dict[Any, str], written: list[Op]) -> list[Op]:
    """Marks on cells, and arrows from the cells that were read to the one that was written."""
    cells: dict[tuple[int, int], str] = {}
    height, width = len(view.rows), len(view.rows[0]) if view.rows else 0
    for key, style in read.items():
        place = _cell(plan, key)
        if plan.kind == "records" and place is None and type(key) is int and 0 <= key < height:
            cells.update({(key, column): style for column in range(width) if (key, column) not in cells})
        if place is not None and place[0] < height and place[1] < width:
            cells[place] = style
    changed = [(u["row"], u["col"]) for one in written for u in one["params"].get("updates", ())]
    sources = [place for place in cells if place not in changed]
    cells.update(dict.fromkeys(changed, "write"))
    by_style: dict[str, list[dict[str, int]]] = {}
    for (row, column), style in cells.items():
        by_style.setdefault(style, []).append({"row": row, "col": column})
    made = [
        op("highlightTableCell", view_id=plan.view_id, cells=places, styleKey=style)
        for style, places in by_style.items()
    ]
    if len(changed) == 1 and 0 < len(sources) <= 6 and plan.kind == "table":
        to = {"row": changed[0][0], "col": changed[0][1]}
        start = [{"row": row, "col": column} for row, column in sources]
        made.append(op("showDependency", view_id=plan.view_id, from_cells=start, to_cell=to, styleKey="read"))
    return made


def _cell(plan: Plan, key: Any) -> tuple[int, int] | None:
    if plan.kind == "pairs":
        name = str(key)
        return (plan.keys.index(name), 0) if name in plan.keys else None
    if plan.kind == "records":
        row = plan.keys.index(str(key[2])) if isinstance(key, tuple) and str(key[2]) in plan.keys else None
        if isinstance(key, tuple) and key[1] in plan.columns:
            return (key[0] if row is None else row), plan.columns.index(key[1])
        return (plan.keys.index(str(key)), 0) if str(key) in plan.keys else None
    if isinstance(key, tuple) and isinstance(key[0], int) and isinstance(key[1], int):
        return key[0], key[1]
    return None


def graph_ops(
    plan: Plan, view: GraphView, read: dict[Any, str], visited: set[str], memory: Memory, value: Encoded
) -> list[Op]:
    """Nodes that are looked at or were visited, edges that are gone over."""
    nodes: dict[str, str] = dict.fromkeys(visited & view.nodes.keys(), "visited")
    edges: set[tuple[str, str]] = set()
    for key in read:
        if isinstance(key, tuple):
            end = _neighbour(value, key, memory)
            nodes[str(key[2])] = "read"
            if end is not None:
                edges |= {(str(key[2]), end), (end, str(key[2]))}
        else:
            nodes[str(key)] = "read"
    by_style: dict[str | None, list[str]] = {}
    for name, node in view.nodes.items():
        if node.style != nodes.get(name):
            by_style.setdefault(nodes.get(name), []).append(name)
    made = [
        op("updateNodeStyle", view_id=plan.view_id, ids=names, styleKey=style)
        for style, names in by_style.items()
    ]
    for edge in view.edges:
        style = "read" if (edge.source, edge.target) in edges else None
        if edge.style != style:
            ends = {"from": edge.source, "to": edge.target}
            made.append(op("updateEdgeStyle", view_id=plan.view_id, edges=[ends], styleKey=style))
    return made


def edge_ops(
    plan: Plan, view: GraphView, at: set[str], chosen: set[frozenset[str]], visited: set[str]
) -> list[Op]:
    """Of a graph that is a list of edges: the edge that is looked at, and those that were taken."""
    nodes: dict[str, str] = dict.fromkeys(visited & view.nodes.keys(), "visited")
    nodes |= dict.fromkeys(at & view.nodes.keys(), "read")
    made = [
        op("updateNodeStyle", view_id=plan.view_id, ids=[name], styleKey=nodes.get(name))
        for name, node in view.nodes.items()
        if node.style != nodes.get(name)
    ]
    for edge in view.edges:
        ends = frozenset((edge.source, edge.target))
        style = "read" if ends <= at else "chosen" if ends in chosen else None
        if edge.style != style:
            named = [{"from": edge.source, "to": edge.target}]
            made.append(op("updateEdgeStyle", view_id=plan.view_id, edges=named, styleKey=style))
    return made


def chosen_edges(plans: list[Plan], holds: dict[str, Encoded], memory: Memory) -> set[frozenset[str]]:
    """Edges that are in a list called mst, tree, taken."""
    found: set[frozenset[str]] = set()
    for plan in plans:
        if not (plan.slots and _CHOSEN.search(plan.slots[0].name)) or plan.view_id not in holds:
            continue
        for row in rows_of(holds[plan.view_id], memory) or []:
            ends = ends_of(row, memory, 2)
            if ends is not None:
                found.add(frozenset(ends[:2]))
    return found


def _neighbour(value: Encoded, key: tuple[Any, ...], memory: Memory) -> str | None:
    """The node that an item of a list of neighbours names."""
    content = memory.content(value)
    if content is None or not isinstance(key[0], int) or key[0] >= len(content["v"]):
        return None
    row = content["v"][key[0]]
    near = memory.content(row[1] if content["k"] in ("dict", "odict") else row)
    if near is None or not isinstance(key[1], int) or not 0 <= key[1] < len(near["v"]):
        return str(key[1]) if near is not None and near["k"] in ("dict", "odict") else None
    item = near["v"][key[1]]
    if isinstance(item, dict) and item.get("t"):
        item = item["t"][0]
    return key_text(item, memory) if not isinstance(item, list) else None


def visited(plans: list[Plan], holds: dict[str, Encoded], memory: Memory) -> set[str]:
    """Names of nodes that are in a set or list called visited, seen, done."""
    found: set[str] = set()
    for plan in plans:
        if not (plan.slots and _VISITED.search(plan.slots[0].name)) or plan.view_id not in holds:
            continue
        content = memory.content(holds[plan.view_id])
        if content is None:
            continue
        if content["k"] in ("dict", "odict"):
            found |= {key_text(key, memory) for key, value in content["v"] if value is not False}
        elif content["v"] and all(isinstance(item, bool) for item in content["v"]):
            found |= {str(place) for place, item in enumerate(content["v"]) if item}
        else:
            found |= {str(shown(item, memory)) for item in content["v"]}
    return found
