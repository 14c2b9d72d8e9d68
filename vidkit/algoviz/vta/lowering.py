"""vidkit's own types and operations in terms of the core ones, for readers that know no others.

Stacks, queues, heaps, sets and strings become arrays of their greatest length, empty places null; linked
lists graphs, matrices tables. Variables become rows of `vars_panel`, calls entries of the list `call_stack`,
remarks comments; a pointer into the main array a boundary `pointer:LABEL`, any other a variable. Operations
that cannot be applied are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from vidkit.algoviz.vta.document import Delta, op_dict
from vidkit.algoviz.vta.engine.apply import apply_delta, apply_op
from vidkit.algoviz.vta.engine.context import Context, resolve
from vidkit.algoviz.vta.engine.extensions import CALLS, VARIABLES, call_text, place_of
from vidkit.algoviz.vta.notes import Notes
from vidkit.algoviz.vta.operations import EXTENSIONS, Op
from vidkit.algoviz.vta.params.extensions import PushFrame, SetVariable
from vidkit.algoviz.vta.state import NO_MARKS, ArrayView, Pointer, State, TableView
from vidkit.algoviz.vta.trace import Trace, trace_of
from vidkit.algoviz.vta.values import thaw
from vidkit.algoviz.vta.view_specs import GROWING, MAIN
from vidkit.errors import DataError

_LIST_OPS = ("appendToList", "popFromList", "clearList")
_CORE_TYPES = {"x-linkedlist": "graph", "x-matrix": "table", **dict.fromkeys(GROWING, "array")}
Json = dict[str, Any]


def lower(trace: Trace) -> Trace:
    """The trace without extensions; the trace itself where it has none.

    Raises:
        DataError: `vars_panel` or `call_stack` is removed or made in the middle, which core operations
            cannot follow.
    """
    if not _needs_lowering(trace):
        return trace
    _check_panels(trace)
    return trace_of(_Lowering(trace).document(), trace.where)


def _needs_lowering(trace: Trace) -> bool:
    views = (trace.document.initial_frame.data_state, *trace.document.initial_frame.auxiliary_views)
    if any(view is not None and view.type in _CORE_TYPES for view in views):
        return True
    ops = [op for delta in trace.deltas for op in delta.ops]
    return any(delta.meta for delta in trace.deltas) or any(_is_extension(op) for op in ops)


def _is_extension(op: Op) -> bool:
    kind = getattr(op.params, "view", None)
    made = kind.get("type") if op.op == "addAuxView" and kind is not None else None
    return op.op.startswith("x-") or made in _CORE_TYPES


def _check_panels(trace: Trace) -> None:
    for place, delta in enumerate(trace.deltas):
        for op in delta.ops:
            named = getattr(op.params, "view_id", None) if op.op == "removeAuxView" else None
            if op.op == "addAuxView":
                named = getattr(op.params, "view", {}).get("view_id")
            if named in (VARIABLES, CALLS):
                raise DataError(
                    f"{trace.where}: /deltas/{place}: {op.op} of '{named}'",
                    "the view must exist from the first step to the last",
                )


class _Lowering:
    """One pass over a trace, with its states beside it."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._notes = Notes()
        self._ctx = Context(trace.styles, self._notes)
        self._states = trace.replay()
        self._widths = _greatest_lengths(self._states)
        self._pointed = _pointer_names(self._states)
        self._framed: set[str] = set()  # pointers that have a boundary now

    def document(self) -> Json:
        made = self._trace.as_dict()
        made["initial_frame"] = self._frame(made["initial_frame"])
        made["deltas"] = [
            self._delta(raw, delta, state)
            for raw, delta, state in zip(made["deltas"], self._trace.deltas, self._states, strict=False)
        ]
        return made

    def _frame(self, raw: Json) -> Json:
        first, last = self._states[0], self._states[-1]
        for view in [raw.get("data_state") or {}, *raw.get("auxiliary_views", ())]:
            self._view(view)
        aux = raw.setdefault("auxiliary_views", [])
        rows, headers = self._variables(last)
        if rows:
            panel = _panel(aux, first)
            panel["data"] = rows
            if headers is not None:
                panel["options"] = {**(panel.get("options") or {}), "row_headers": headers}
        if CALLS in last.aux and CALLS not in first.aux:
            aux.append({"view_id": CALLS, "type": "list", "title": "Call stack", "data": []})
        return raw

    def _view(self, raw: Json) -> None:
        """Write a view as a core reader knows it, in place."""
        kind = raw.get("type", "")
        if kind in GROWING:
            view_id = raw.get("view_id", MAIN)
            known = raw.get("structure") or raw.get("data") or []
            elements = [entry if isinstance(entry, dict) else {"value": entry} for entry in known]
            missing = self._widths.get(view_id, 0) - len(elements)
            elements += [{"value": None} for _ in range(missing)]
            elements = [{**entry, "index": place} for place, entry in enumerate(elements)]
            raw.pop("data", None)
            raw.pop("structure", None)
            raw["structure" if view_id == MAIN else "data"] = elements
        raw["type"] = _CORE_TYPES.get(kind, kind)

    def _variables(self, last: State) -> tuple[list[Any], list[Any] | None]:
        """Rows of `vars_panel` and their headers: of the last one, later ones still without a value.

        Pointers come behind.
        """
        first, panel = self._states[0].aux.get(VARIABLES), last.aux.get(VARIABLES)
        rows = list(first.rows) if isinstance(first, TableView) else []
        headers = first.row_headers if isinstance(first, TableView) else None
        if isinstance(panel, TableView):
            is_narrow = max(map(len, panel.rows), default=2) == 1
            later = panel.rows[len(rows) :]
            rows += [(None,) if is_narrow else (row[0], *(None,) * (len(row) - 1)) for row in later]
            headers = panel.row_headers
        width = max(map(len, rows), default=2)
        rows += [(name, *(None,) * (width - 1)) if width > 1 else (None,) for name in self._pointed]
        if headers is not None:
            headers = (*headers, *self._pointed)
        return [thaw(row) for row in rows], None if headers is None else thaw(headers)

    def _delta(self, raw: Json, delta: Delta, state: State) -> Json:
        """A delta with the operations that say the same; groups stay where they are."""
        before = replace(state, marks=NO_MARKS)
        variables: list[Any] = []
        if delta.meta:
            meta = Delta(meta=delta.meta)
            after = apply_delta(before, meta, len(self._trace.pseudocode), self._ctx)
            if after.aux is not before.aux:  # it was applied
                variables = [self._variable(after, name, value) for name, value in delta.meta.items()]
            before = after
        groups = []
        for group in delta.operations:
            made: list[Any] = []
            for op in group:
                after = apply_op(before, op, self._ctx)
                if after is not before:  # it was applied
                    made += [*self._op(op, before, after), *self._pointers(before, after)]
                before = after
            groups.append(_one_comment(made))
        if variables:
            groups = [[*variables, *groups[0]], *groups[1:]] if groups else [variables]
        raw.pop("meta", None)
        return {**raw, "operations": groups}

    def _op(self, op: Op, before: State, after: State) -> list[Any]:
        """The core operations that do the same, pointers aside."""
        if op.op == "addAuxView":
            made = op_dict(op)
            self._view(made["params"]["view"])
            return [made]
        if op.op in _LIST_OPS:
            return _grown(before, after, self._widths) if _is_array(after, op) else [op_dict(op)]
        if op.op not in EXTENSIONS:
            return [op_dict(op)]
        if isinstance(op.params, SetVariable):
            return [self._variable(after, op.params.name, op.params.value)]
        told = [
            _op("showComment", text=remark.text, anchor="global")
            for remark in after.marks.remarks[len(before.marks.remarks) :]
        ]
        if isinstance(op.params, PushFrame):
            return [_op("appendToList", view_id=CALLS, value=call_text(op.params)), *told]
        if op.op == "x-popFrame":
            return [_op("popFromList", view_id=CALLS, **{"from": "tail"}), *told]
        return told

    def _pointers(self, before: State, after: State) -> list[Json]:
        if before.pointers is after.pointers:
            return []
        made: list[Json] = []
        for label in dict.fromkeys((*before.pointers, *after.pointers)):
            old, new = before.pointers.get(label), after.pointers.get(label)
            if old == new:
                continue
            if label in self._framed:
                self._framed.remove(label)
                made.append(_op("removeBoundary", type=f"pointer:{label}"))
            if new is not None and _is_framed(new, after):
                boundary = {"type": f"pointer:{label}", "range": [new.at, new.at], "label": label}
                made.append(_op("updateBoundary", **boundary))
                self._framed.add(label)
            if label in self._pointed:
                made.append(self._variable(after, label, None if new is None else thaw(new.at), True))
        return made

    def _variable(self, state: State, name: str, value: Any, is_pointer: bool = False) -> Json:
        """The cell of a variable or pointer."""
        final = self._states[-1].aux.get(VARIABLES)
        count = len(final.rows) if isinstance(final, TableView) else 0
        width = max(map(len, final.rows), default=2) if isinstance(final, TableView) else 2
        if is_pointer:
            row, column = count + list(self._pointed).index(name), min(1, width - 1)
        else:
            panel = state.aux[VARIABLES]
            place = place_of(name, panel) if isinstance(panel, TableView) else None
            assert place is not None  # the operation was applied
            row, column = place
        update = {"row": row, "col": column, "value": thaw(value)}
        return _op("updateTableCell", view_id=VARIABLES, updates=[update])


def _op(name: str, **params: Any) -> Json:
    return {"op": name, "params": params}


def _panel(aux: list[Json], first: State) -> Json:
    """The raw view of variables, made where it is missing."""
    if VARIABLES not in first.aux:
        aux.append({"view_id": VARIABLES, "type": "table", "title": "Variables"})
    return next(view for view in aux if view.get("view_id") == VARIABLES)


def _is_array(state: State, op: Op) -> bool:
    return isinstance(resolve(state, getattr(op.params, "view_id", None)), ArrayView)


def _grown(before: State, after: State, widths: dict[str, int]) -> list[Json]:
    """What a list operation did to an array that grows, as values and styles of places of an array."""
    made: list[Json] = []
    for old, new in zip(before.views, after.views, strict=False):
        if old is not new and isinstance(old, ArrayView) and isinstance(new, ArrayView):
            made += _array_changes(old, new, widths[new.view_id])
    return made


def _array_changes(old: ArrayView, new: ArrayView, width: int) -> list[Json]:
    """Values and styles of the places that differ; those behind the end are null and without a style."""
    empty = ((None, None),) * width
    before = (*((e.value, e.style) for e in old.elements), *empty)[:width]
    after = (*((e.value, e.style) for e in new.elements), *empty)[:width]
    values = [
        {"index": i, "value": thaw(after[i][0])} for i in range(width) if before[i][0] is not after[i][0]
    ]
    styles: dict[str | None, list[int]] = {}
    for place in range(width):
        if before[place][1] != after[place][1]:
            styles.setdefault(after[place][1], []).append(place)
    made = [_op("updateValues", view_id=new.view_id, updates=values)] if values else []
    made += [
        _op("updateStyle", view_id=new.view_id, indices=places, styleKey=style)
        for style, places in styles.items()
    ]
    return made


def _one_comment(ops: list[Any]) -> list[Any]:
    """Of several global comments one of all their texts, since only the last would be seen."""
    is_global = [_is_global(op) for op in ops]
    if sum(is_global) < 2:
        return ops
    text = " | ".join(op["params"]["text"] for op, found in zip(ops, is_global, strict=True) if found)
    last = max(i for i, found in enumerate(is_global) if found)
    kept = [op for i, op in enumerate(ops) if not is_global[i] or i == last]
    place = kept.index(ops[last])
    kept[place] = _op("showComment", text=text, anchor="global")
    return kept


def _is_global(op: Any) -> bool:
    if not isinstance(op, dict) or op.get("op") != "showComment":
        return False
    params = op.get("params")
    return isinstance(params, dict) and params.get("anchor", "global") == "global"


def _is_framed(pointer: Pointer, state: State) -> bool:
    main = state.main
    is_array = isinstance(main, ArrayView) and pointer.view_id == MAIN and isinstance(pointer.at, int)
    return is_array and isinstance(main, ArrayView) and 0 <= int(pointer.at) < len(main.elements)  # type: ignore[arg-type]


def _pointer_names(states: Iterable[State]) -> tuple[str, ...]:
    """Labels of pointers that point elsewhere than into the main array at some step."""
    found: dict[str, None] = {}
    for state in states:
        for label, pointer in state.pointers.items():
            if pointer.view_id != MAIN or not isinstance(state.main, ArrayView):
                found[label] = None
    return tuple(found)


def _greatest_lengths(states: Iterable[State]) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in states:
        for view in state.views:
            if isinstance(view, ArrayView):
                found[view.view_id] = max(found.get(view.view_id, 0), len(view.elements))
    return found
