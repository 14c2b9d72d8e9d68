"""What vidkit's own operations do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vidkit.algoviz.vta.diagnostics import Refusal
from vidkit.algoviz.vta.engine.context import Context, put, resolve
from vidkit.algoviz.vta.engine.graphs import node_in
from vidkit.algoviz.vta.params import extensions as ops
from vidkit.algoviz.vta.state import (
    ArrayView,
    HashView,
    Item,
    ListView,
    Pointer,
    Remark,
    State,
    TableView,
)
from vidkit.algoviz.vta.values import FrozenDict, thaw

VARIABLES = "vars_panel"
CALLS = "call_stack"


def set_variable(state: State, op: ops.SetVariable, ctx: Context) -> State:
    return with_variables(state, {op.name: op.value})


def with_variables(state: State, values: Mapping[str, Any]) -> State:
    """The state with rows of `vars_panel` set; the table and its rows are made where they are missing.

    Raises:
        Refusal: `vars_panel` is no table.
    """
    panel = state.aux.get(VARIABLES, TableView(VARIABLES, "Variables", "table"))
    if not isinstance(panel, TableView):
        raise Refusal("V312", f"view '{VARIABLES}' is of type {panel.kind}")
    width = max(map(len, panel.rows), default=2)
    if width == 0:
        raise Refusal(
            "V306", f"view '{VARIABLES}' has no columns", "give it a column of names and one of values"
        )
    for name, value in values.items():
        place = place_of(name, panel)
        if place is None:
            empty = (name,) + (None,) * (width - 1) if width > 1 else (None,)
            headers = None if panel.row_headers is None and width > 1 else (*(panel.row_headers or ()), name)
            place = len(panel.rows), min(1, width - 1)
            panel = replace(panel, rows=(*panel.rows, empty), row_headers=headers)
        row, column = place
        cells = panel.rows[row]
        made = (*cells[:column], value, *cells[column + 1 :])
        panel = replace(panel, rows=(*panel.rows[:row], made, *panel.rows[row + 1 :]))
    return put(state, panel)


def place_of(name: str, panel: TableView) -> tuple[int, int] | None:
    """Row and column of a variable's value; in a table of one column the row headers are the names."""
    width = max(map(len, panel.rows), default=2)
    is_narrow = width == 1
    if width == 0:
        return None
    names = panel.row_headers or () if is_narrow else [row[0] for row in panel.rows]
    found = (i for i, known in enumerate(names) if known == name and i < len(panel.rows))
    row = next(found, None)
    return None if row is None else (row, 0 if is_narrow else 1)


def push_frame(state: State, op: ops.PushFrame, ctx: Context) -> State:
    view = _calls(state)
    items = (*view.lists.get("", ()), Item(call_text(op)))
    return put(state, replace(view, lists=FrozenDict({"": items})))


def call_text(op: ops.PushFrame) -> str:
    """A call as the list shows it: `fib(n=3)`; arguments by name, since a JSON object has no order."""
    given = sorted(op.arguments.items())
    told = (f"{name}={_said(thaw(value))}" for name, value in given)
    return f"{op.name}({', '.join(told)})"


def _said(value: Any) -> str:
    """A value as a program writes it: True, None, [1, 2], "text"."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_said, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_said(inner)}" for key, inner in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def pop_frame(state: State, op: ops.PopFrame, ctx: Context) -> State:
    view = _calls(state)
    items = view.lists.get("", ())
    if not items:
        raise Refusal("V304", "no call to return from", "x-pushFrame comes before x-popFrame")
    made = put(state, replace(view, lists=FrozenDict({"": items[:-1]})))
    if "value" not in op.model_fields_set:
        return made
    told = f"{items[-1].value} returns {_said(thaw(op.value))}"
    return _remarked(made, Remark(told, "info"))


def _calls(state: State) -> ListView:
    view = state.aux.get(CALLS, ListView(CALLS, "Call stack", "list"))
    if not isinstance(view, ListView):
        raise Refusal("V312", f"view '{CALLS}' is of type {view.kind}")
    return view


def pointer(state: State, op: ops.Pointer, ctx: Context) -> State:
    if op.index is None:
        if op.label not in state.pointers:
            raise Refusal("V304", f"no pointer '{op.label}'")
        return replace(state, pointers=state.pointers.without(op.label))
    view = resolve(state, op.view_id)
    if isinstance(view, ArrayView | ListView | HashView):
        at: Any = _place(op, _length(view), view.view_id)
    elif isinstance(view, TableView):
        width = len(view.rows[0]) if view.rows else 0
        at = _cell(op, len(view.rows), width, view.view_id)
    elif isinstance(op.index, tuple):
        raise Refusal(
            "V102", f"pointer '{op.label}' at {op.index}", f"view '{view.view_id}' has nodes: give an id"
        )
    else:
        at = node_in(view, op.index).id
    return replace(state, pointers=state.pointers.having({op.label: Pointer(view.view_id, at)}))


def _length(view: ArrayView | ListView | HashView) -> int:
    if isinstance(view, ArrayView):
        return len(view.elements)
    return len(view.items) if isinstance(view, ListView) else len(view.buckets)


def _place(op: ops.Pointer, length: int, view_id: str) -> int:
    if not isinstance(op.index, int):
        raise Refusal("V102", f"pointer '{op.label}' at {op.index!r}", f"view '{view_id}' takes an index")
    if not -1 <= op.index <= length:
        raise Refusal("V306", f"pointer '{op.label}' at {op.index} of view '{view_id}', which has {length}")
    return op.index


def _cell(op: ops.Pointer, height: int, width: int, view_id: str) -> tuple[int, int]:
    if not isinstance(op.index, tuple):
        raise Refusal(
            "V102", f"pointer '{op.label}' at {op.index!r}", f"view '{view_id}' takes [row, column]"
        )
    row, column = op.index
    if not (-1 <= row <= height and -1 <= column <= width):
        raise Refusal(
            "V306", f"pointer '{op.label}' at {list(op.index)} of view '{view_id}', {height} x {width} cells"
        )
    return row, column


def note(state: State, op: ops.Note, ctx: Context) -> State:
    return _remarked(state, Remark(op.text, op.severity))


def _remarked(state: State, remark: Remark) -> State:
    return replace(state, marks=replace(state.marks, remarks=(*state.marks.remarks, remark)))
