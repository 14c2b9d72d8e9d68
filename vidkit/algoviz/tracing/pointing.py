"""Variables as pointers: indices into rows and tables, names and references of nodes."""

from __future__ import annotations

from typing import Any

from vidkit.algoviz.tracing.changes import Op, op
from vidkit.algoviz.tracing.cursors import Cursors
from vidkit.algoviz.tracing.memory import Call, Memory, key_text, reference
from vidkit.algoviz.tracing.planning import Plan
from vidkit.algoviz.tracing.recording import MODULE, Encoded
from vidkit.algoviz.tracing.slots import Slot
from vidkit.algoviz.tracing.structures import node_id
from vidkit.algoviz.vta.state import ArrayView, GraphView, ListView, State, TableView, TreeView, View

At = Any  # an index, (row, column), or an id
_MOST = 10


class Pointing:
    """Pointers of the innermost call.

    Args:
        found: index variables of the script.
        plans: views, the main one first.
    """

    def __init__(self, found: Cursors, plans: list[Plan]) -> None:
        self.found = found
        self.plans = plans
        self.plan_of: dict[Slot, Plan] = {slot: plan for plan in plans for slot in plan.slots}

    def ops(self, state: State, memory: Memory, holds: dict[str, Encoded]) -> list[Op]:
        """Operations from the pointers that a state has to those of now."""
        wanted = self._wanted(state, memory, holds)
        made = [op("x-pointer", label=label, index=None) for label in state.pointers if label not in wanted]
        for label, (view_id, at) in wanted.items():
            old = state.pointers.get(label)
            if old is None or (old.view_id, old.at) != (view_id, at):
                index = list(at) if isinstance(at, tuple) else at
                made.append(op("x-pointer", view_id=view_id, label=label, index=index))
        return made

    def _wanted(self, state: State, memory: Memory, holds: dict[str, Encoded]) -> dict[str, tuple[str, At]]:
        found: dict[str, tuple[str, At]] = {}
        if not memory.calls:
            return found
        call = memory.calls[-1]
        self._into_structures(call, state, memory, found)
        places = self.found.subscripts.get(call.function, {})
        for container, indices in places.items():
            plan = self._plan(container, call, memory)
            view = None if plan is None else _view(state, plan)
            if plan is None or view is None or plan.view_id not in holds:
                continue
            pairs = [names for names in indices if len(names) == 2]
            for names in (*pairs, *(names for names in indices if len(names) == 1)):
                values = [call.variables.get(name) for name in names]
                at = _place(plan, view, values, memory)
                if at is not None and len(found) < _MOST:
                    found.setdefault(", ".join(names), (plan.view_id, at))
        return found

    def _plan(self, container: str, call: Call, memory: Memory) -> Plan | None:
        owner, _, attribute = container.partition(".")
        value = call.variables.get(owner)
        where = call.function
        if value is None and memory.calls:
            value, where = memory.calls[0].variables.get(owner), MODULE
        if attribute:
            number = reference(value)
            return self.plan_of.get(Slot(f"#{number}", attribute))
        return self.plan_of.get(Slot(where, owner))

    def _into_structures(
        self, call: Call, state: State, memory: Memory, found: dict[str, tuple[str, At]]
    ) -> None:
        for plan in self.plans:
            view = _view(state, plan) if plan.node_class else None
            if not isinstance(view, GraphView | TreeView):
                continue
            for name, value in call.variables.items():
                number = reference(value)
                if (
                    name != "self"
                    and number is not None
                    and node_id(number) in view.nodes
                    and len(found) < _MOST
                ):
                    found.setdefault(name, (plan.view_id, node_id(number)))


def _view(state: State, plan: Plan) -> View | None:
    return state.main if plan.view_id == "data_state" else state.aux.get(plan.view_id)


def _place(plan: Plan, view: View, values: list[Encoded], memory: Memory) -> At | None:
    """Where values point in a view; None for nowhere."""
    if isinstance(view, GraphView | TreeView):
        name = None if values[0] is None or len(values) > 1 else key_text(values[0], memory)
        return name if name is not None and name in view.nodes else None
    if plan.kind == "pairs" or (plan.kind == "records" and plan.keys):
        name = None if values[0] is None else key_text(values[0], memory)
        return (plan.keys.index(name), 0) if name in plan.keys else None
    if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return None
    if isinstance(view, TableView) and plan.kind == "records":
        return (values[0], 0) if len(values) == 1 and 0 <= values[0] < len(view.rows) else None
    if isinstance(view, TableView):
        height, width = len(view.rows), len(view.rows[0]) if view.rows else 0
        inside = len(values) == 2 and -1 <= values[0] <= height and -1 <= values[1] <= width
        return (values[0], values[1]) if inside else None
    if isinstance(view, ArrayView | ListView) and len(values) == 1:
        length = len(view.elements) if isinstance(view, ArrayView) else len(view.items)
        return values[0] if -1 <= values[0] <= length else None
    return None
