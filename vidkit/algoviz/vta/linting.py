"""What a trace says against itself: findings that replay alone does not make."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from typing import Any

from vidkit.algoviz.vta.document import Delta, Document, UnreadOp
from vidkit.algoviz.vta.notes import Notes
from vidkit.algoviz.vta.operations import Op
from vidkit.algoviz.vta.params import networks
from vidkit.algoviz.vta.params.arrays import UpdateValues
from vidkit.algoviz.vta.params.base import OnView
from vidkit.algoviz.vta.params.networks import UpdateNodeProperties
from vidkit.algoviz.vta.params.tables import UpdateTableCell
from vidkit.algoviz.vta.state import ArrayView, GraphView, ListView, State, TableView, TreeView
from vidkit.algoviz.vta.values import same_value
from vidkit.algoviz.vta.view_specs import ALIASES, MAIN, ViewSpec

_FEWEST = 3  # value writes from which on it is no accident that none changes anything
_CLAIM = re.compile(r"complet|finish|terminat|\bdone\b|完成|结束|完了|終了", re.IGNORECASE)
_WORK = re.compile(
    r"frontier|queue|stack|worklist|work_list|todo|to_do|open|pending|heap|candidates", re.IGNORECASE
)


class IdTypes:
    """Ids of nodes that a trace writes as number and as text: they are compared as text (V308)."""

    def __init__(self) -> None:
        self._known: dict[str, type] = {}

    def see(self, names: Iterable[Any], notes: Notes) -> None:
        """Ids as the file has them, in their order."""
        for name in names:
            if name is None:
                continue
            text, kind = str(name), type(name)
            if self._known.setdefault(text, kind) is not kind:
                said = f"node {text} is written as number and as text"
                notes.once("V308", text, said, "write an id the same way everywhere")


def _field(part: Any, name: str) -> Any:
    """A field of the format; what a file holds beyond it may have any name and value."""
    return getattr(part, name) if name in getattr(type(part), "model_fields", ()) else None


def ids_of_view(spec: ViewSpec) -> Iterator[Any]:
    """Ids that an initial view writes."""
    raw = _field(spec, "structure") or _field(spec, "data")
    for node in _field(raw, "nodes") or ():
        yield from (node.id, _field(node, "parent"), *(_field(node, "children") or ()))
    for edge in _field(raw, "edges") or ():
        yield from (edge.source, edge.target)
    yield from (_field(raw, "root"), _field(raw, "head"))


_ID_FIELDS = (
    "id", "source", "target", "parent_id", "child_id", "node_id", "new_parent_id", "a_id", "b_id", "from_id",
    "to_id",
)  # fmt: skip


@functools.cache
def _id_fields(kind: Any) -> tuple[str, ...]:
    """Those fields of a part of the format that hold ids."""
    return tuple(name for name in _ID_FIELDS if name in getattr(kind, "model_fields", ()))


@functools.cache
def _has_parts(kind: Any) -> bool:
    return bool({"node", "edge", "ref", "updates", "edges", "ids"} & set(getattr(kind, "model_fields", ())))


def ids_of_op(op: Op) -> Iterator[Any]:
    """Ids that an operation on a graph or tree writes."""
    params = op.params
    yield from (getattr(params, name) for name in _id_fields(params.__class__))
    if not _has_parts(params.__class__):
        return
    single = (_field(params, name) for name in ("node", "edge", "ref"))
    for part in (*single, *(_field(params, "updates") or ()), *(_field(params, "edges") or ())):
        yield from (getattr(part, name) for name in _id_fields(part.__class__))
    yield from _field(params, "ids") or ()


_NETWORK_OPS = {kind.op for kind in vars(networks).values() if getattr(kind, "op", "")} | {"showComment"}


class Lint:
    """Sees each step go by, and says at the end what it found.

    V201: no write of a value to the main view changes anything, so the trace began with its result (a program
    that kept a reference to its live data). V401: a comment claims completion while a list of work to do has
    entries and a node a property that is still null. V308: see `IdTypes`.
    """

    def __init__(self, document: Document, notes: Notes) -> None:
        self._ids = IdTypes()
        self._notes = notes
        frame = document.initial_frame
        told = any(found.code == "V308" for found in notes.found)  # two nodes of one view
        for spec in (frame.data_state, *frame.auxiliary_views):
            if spec is not None:
                self._ids.see(ids_of_view(spec), Notes() if told else notes)
        self._writes = 0
        self._changed = False
        self._claim: str | None = None

    def see(self, before: State, delta: Delta, after: State) -> None:
        """One step."""
        for self._notes.group, group in enumerate(delta.operations):
            for self._notes.op, op in enumerate(group):
                if not self._changed:
                    self._look_at_writes(before, op)
                if op.op in _NETWORK_OPS and not isinstance(op, UnreadOp):
                    self._ids.see(ids_of_op(op), self._notes)
        if after.marks.comments:
            self._claim = next((c.text for c in after.marks.comments if _CLAIM.search(c.text)), None)

    def _look_at_writes(self, before: State, op: Op) -> None:
        params = op.params
        if not isinstance(params, OnView) or params.view_id not in (None, MAIN, *ALIASES):
            return
        if params.view_id is not None and params.view_id in before.aux:
            return
        for is_same in writes_of(before, op):
            self._writes += 1
            self._changed = self._changed or not is_same

    def conclude(self, last: State, deltas: int) -> None:
        """Note what was found; `last` is the final state."""
        notes = self._notes
        notes.group = notes.op = None
        if self._writes >= _FEWEST and not self._changed:
            notes.delta = None
            notes.add(
                "V201",
                f"none of {self._writes} writes to the main view changes a value",
                "copy the data before the algorithm runs",
            )
        work = _work_left(last)
        if self._claim is not None and work:
            notes.delta = deltas - 1 if deltas else None
            notes.add("V401", f"'{self._claim:.60}', but {work}", "let the algorithm run to its end")


def writes_of(before: State, op: Op) -> list[bool]:
    """For each value that an operation writes to the main view: whether it is the one already there."""
    main, params = before.main, op.params
    if isinstance(params, UpdateValues) and isinstance(main, ArrayView):
        known = {element.index: element.value for element in main.elements}
        return [u.index in known and same_value(known[u.index], u.value) for u in params.updates]
    if isinstance(params, UpdateTableCell) and isinstance(main, TableView):
        height, width = len(main.rows), len(main.rows[0]) if main.rows else 0
        inside = [u for u in params.updates if 0 <= u.row < height and 0 <= u.col < width]
        return [same_value(main.rows[u.row][u.col], u.value) for u in inside]
    if isinstance(params, UpdateNodeProperties) and isinstance(main, GraphView | TreeView):
        nodes = [(main.nodes.get(str(u.id)), u.properties) for u in params.updates]
        return [
            name in node.properties and same_value(node.properties[name], value)
            for node, properties in nodes
            if node is not None
            for name, value in properties.items()
        ]
    return []


def _work_left(state: State) -> str:
    """What is still to be done, in words; empty: nothing that can be told."""
    if not isinstance(state.main, GraphView | TreeView):
        return ""
    open_nodes = [
        f"{name} of node '{node.id}' is null"
        for node in state.main.nodes.values()
        for name, value in node.properties.items()
        if value is None
    ]
    lists = [view for view in state.aux.values() if isinstance(view, ListView) and view.items]
    waiting = [view for view in lists if _WORK.search(view.view_id)]
    if not open_nodes or not waiting:
        return ""
    return f"{open_nodes[0]} and '{waiting[0].view_id}' has {len(waiting[0].items)} left"
