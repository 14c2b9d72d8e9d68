"""What objects that are nodes say beside their label: a distance, a colour, and that they were visited."""

from __future__ import annotations

import math
import re
from typing import Any

from vidkit.algoviz.tracing.changes import Op, op
from vidkit.algoviz.tracing.memory import Content, Memory, label, shown
from vidkit.algoviz.tracing.planning import Plan
from vidkit.algoviz.tracing.structures import node_id
from vidkit.algoviz.vta.state import GraphView, TreeView
from vidkit.algoviz.vta.values import same_value

_SMALL_PRINT = re.compile(
    r"^(dist|distance|cost|freq|frequency|count|weight|height|rank|disc|discovery|low|total|sum|colou?r)$",
    re.I,
)
_VISITED = re.compile(r"^(is_|was_)?(visited|seen|explored|done|marked|found|settled)$", re.I)
_MOST = 2  # properties of a node
_LONGEST = 8  # letters of one


def particulars_ops(plan: Plan, view: GraphView | TreeView, memory: Memory) -> list[Op]:
    """Operations from what the nodes of a view say to what their objects hold now."""
    made: list[Op] = []
    styles: dict[str | None, list[str]] = {}
    updates = []
    for number, content in memory.heap.items():
        node = view.nodes.get(node_id(number))
        if node is None or content["k"] != "object" or content.get("c") != plan.node_class:
            continue
        now = _small_print(content, memory)
        if not all(
            name in node.properties and same_value(node.properties[name], v) for name, v in now.items()
        ):
            updates.append({"id": node_id(number), "properties": now})
        style = "visited" if _is_visited(content) else None
        if node.style != style:
            styles.setdefault(style, []).append(node_id(number))
    if updates:
        made.append(op("updateNodeProperties", view_id=plan.view_id, updates=updates))
    made += [
        op("updateNodeStyle", view_id=plan.view_id, ids=ids, styleKey=style) for style, ids in styles.items()
    ]
    return made


def _small_print(content: Content, memory: Memory) -> dict[str, Any]:
    """Short values by the usual names that the label does not say already."""
    written = label(content, memory)
    found: dict[str, Any] = {}
    for name, value in content["v"]:
        if len(found) == _MOST or not _SMALL_PRINT.search(str(name).strip("_")) or isinstance(value, bool):
            continue
        made = shown(value, memory)
        number = isinstance(made, int | float) and not (isinstance(made, float) and math.isnan(made))
        if (number or (isinstance(made, str) and 0 < len(made) <= _LONGEST)) and not same_value(
            made, written
        ):
            found[str(name).strip("_")] = made
    return found


def _is_visited(content: Content) -> bool:
    return any(value is True and _VISITED.search(str(name).strip("_")) for name, value in content["v"])
