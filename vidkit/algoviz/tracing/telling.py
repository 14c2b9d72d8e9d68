"""A recording told as a trace: views, and for every step that matters its operations."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from vidkit.algoviz.tracing import marks
from vidkit.algoviz.tracing.changes import Op, changes, op, shows
from vidkit.algoviz.tracing.cursors import cursors
from vidkit.algoviz.tracing.displays import Display, Network, Pairs, blank
from vidkit.algoviz.tracing.endings import ending_text
from vidkit.algoviz.tracing.memory import Memory, as_json, reference, shown
from vidkit.algoviz.tracing.particulars import particulars_ops
from vidkit.algoviz.tracing.planning import Plan, plan
from vidkit.algoviz.tracing.pointing import Pointing
from vidkit.algoviz.tracing.recording import Encoded, Record, Recording
from vidkit.algoviz.tracing.slots import node_classes, slots_now
from vidkit.algoviz.tracing.variables import last_of_each, recursive_functions, scalars
from vidkit.algoviz.tracing.views import display, spec, value_now
from vidkit.algoviz.vta.document import Document
from vidkit.algoviz.vta.engine.apply import apply_op
from vidkit.algoviz.vta.engine.context import Context
from vidkit.algoviz.vta.engine.extensions import call_text
from vidkit.algoviz.vta.initial import initial_state
from vidkit.algoviz.vta.notes import Notes
from vidkit.algoviz.vta.operations import MODELS
from vidkit.algoviz.vta.params.extensions import PushFrame
from vidkit.algoviz.vta.state import ArrayView, GraphView, ListView, State, TableView, TreeView, View
from vidkit.algoviz.vta.styles import read_styles
from vidkit.algoviz.vta.view_specs import MAIN

MOST_OUTPUT = 200
_FAMILIES = {
    "graph": "graph", "tree": "tree", "table": "table", "x-linkedlist": "linked list",
    "x-heap": "heap", "hashtable": "hash table", "x-string": "string", "pairs": "hash table",
    "records": "table",
}  # fmt: skip
_WORTH_SHOWING = 5  # records in which something happens before the main view is there
VARIABLES = "variables"  # source of a table of scalars, where a script has nothing else


class Telling:
    """Goes through a recording once, keeping the state that a reader of the trace has.

    Args:
        recording: of a run.
        watch: names of variables to show; empty: what matters most.
        most: steps of the trace at most.
    """

    def __init__(self, recording: Recording, watch: Iterable[str] = (), most: int = 2000) -> None:
        self.recording = recording
        self.most = most
        found = cursors(recording.source)
        self.texts = found.texts
        self.plans = plan(recording, watch, found)
        self.nodes = node_classes(recording)
        self.pointing = Pointing(found, self.plans)
        self.memory = Memory()
        texts = {slot.name for one in self.plans if one.kind == "x-string" for slot in one.slots}
        self.names = [name for name in scalars(recording) if name not in texts]
        if not self.plans and self.names:
            self.plans = [Plan(MAIN, "Variables", "pairs", keys=tuple(self.names), source=VARIABLES)]
            self.pointing = Pointing(found, self.plans)
        self.recursive = recursive_functions(recording)
        self.displays: dict[str, Display] = {}
        self.holds: dict[str, Encoded] = {}
        self.deltas: list[dict[str, Any]] = []
        self.dropped = 0
        self._context = Context(read_styles(marks.STYLES), Notes())
        self._waiting: list[Op] = []
        self._lines_printed = 0
        self._pushed: list[int] = []
        self._calls_before: list[str] = []
        self._later: Display | None = None  # the main view before it is there
        self._dirty: set[int] = set()
        self._moved = False
        self._line = 1

    def trace(self, name: str) -> dict[str, Any]:
        """The trace as JSON."""
        start = self._start()
        for record in self.recording.records[:start]:
            self.memory.take(record)
            self._running(record)
        self.frame = self._initial()
        document = Document.model_validate({"svl_version": "5.0", "initial_frame": self.frame, "deltas": []})
        self.state: State = initial_state(document, self._context)
        for record in self.recording.records[start:]:
            if len(self.deltas) >= self.most:
                self.dropped += bool(record.contents or record.reads)
                continue
            self.memory.take(record)
            self._tell(record)
        self._end()
        return {
            "svl_version": "5.0",
            "algorithm": {"name": name, "family": self._family()},
            "required_extensions": [],
            "initial_frame": self.frame,
            "deltas": self.deltas,
        }

    def _family(self) -> str:
        """By the type of the main view; a table that is filled from its own cells is dynamic programming."""
        if self.plans and self.plans[0].source == VARIABLES:
            return ""
        kind = self.plans[0].kind if self.plans else "array"
        filled = any(
            one["op"] == "showDependency" and one["params"]["view_id"] == MAIN
            for delta in self.deltas
            for group in delta["operations"]
            for one in group
        )
        return "dynamic programming" if filled else _FAMILIES.get(kind, "array")

    def _start(self) -> int:
        """How many records pass before the main view is there, or another one where much happens to it."""
        memory = Memory()
        early, missed = 0, 0
        for place, record in enumerate(self.recording.records):
            known = record.contents.keys() & memory.heap.keys()
            memory.take(record)
            if not self.plans:
                break
            now = slots_now(memory, self.nodes, self.texts)
            alive, value = self._alive(self.plans[0], memory, now)
            if alive:
                if missed < _WORTH_SHOWING:
                    return place + 1
                one = self.plans[0]
                self._later = blank(display(one, value, memory, None), one.kind)
                return early
            if early:
                missed += bool(known or record.reads)
            elif any(self._alive(one, memory, now)[0] for one in self.plans[1:]):
                early = place + 1
        return 0

    def _alive(self, one: Plan, memory: Memory, now: Any = None) -> tuple[bool, Encoded]:
        if one.source == VARIABLES:
            return True, None
        if one.node_class:
            shows_nodes = any(
                content.get("c") == one.node_class and content["k"] == "object" and content["v"]
                for content in memory.heap.values()
            )
            return shows_nodes, None
        return value_now(one, slots_now(memory, self.nodes, self.texts) if now is None else now)

    def _initial(self) -> dict[str, Any]:
        now = slots_now(self.memory, self.nodes, self.texts)
        made: list[dict[str, Any]] = []
        for one in self.plans:
            alive, value = self._alive(one, self.memory, now)
            if alive:
                self.holds[one.view_id] = value
                self.displays[one.view_id] = self._display(one, value)
                made.append(spec(one, self.displays[one.view_id]))
            elif one.view_id == MAIN and self._later is not None:
                self.displays[MAIN] = self._later
                made.append(spec(one, self._later))
        frame: dict[str, Any] = {
            "data_state": None,
            "auxiliary_views": [],
            "pseudocode": self.recording.source.splitlines() or [""],
            "code_highlight": 1,
            "styles": marks.STYLES,
        }
        if made and made[0]["view_id"] == MAIN:
            frame["data_state"] = made[0]
            made = made[1:]
        else:
            frame["data_state"] = {"type": "array", "view_id": MAIN, "data": []}
        if self.names and self.plans[0].source != VARIABLES:
            rows = [[name, self._variables().get(name)] for name in self.names]
            panel = {"view_id": "vars_panel", "type": "table", "title": "Variables", "data": rows}
            frame["auxiliary_views"].append(panel)
        if self.recursive:
            frame["auxiliary_views"].append(
                {"view_id": "call_stack", "type": "list", "title": "Call stack", "data": self._calls_before}
            )
        if any(record.output for record in self.recording.records):
            frame["auxiliary_views"].append(
                {"view_id": "output", "type": "list", "title": "Output", "data": []}
            )
        frame["auxiliary_views"] += made
        return frame

    def _tell(self, record: Record) -> None:
        """Operations of one record; those of variables alone wait for the next step that matters."""
        data, written, before = self._data(record)
        calls = self._calls(record)
        printed = self._output(record)
        looks = self._looks(record, written, before, bool(calls or printed))
        self._waiting += [*data, *self._variable_ops()]
        self._waiting = last_of_each(self._waiting)
        if data or calls or printed or looks:
            pointers = self.pointing.ops(self.state, self.memory, self.holds)
            self._apply(pointers)
            self._delta(record.line, [*self._waiting, *calls, *printed, *looks, *pointers])
            self._waiting = []

    def _delta(self, line: int, ops: list[Op]) -> None:
        self._line = line or self._line
        self.deltas.append({"code_highlight": self._line, "operations": [ops] if ops else []})

    def _data(self, record: Record) -> tuple[list[Op], dict[str, list[Op]], dict[str, View]]:
        """Changes of views, and which they were, with the views before."""
        made: list[Op] = []
        written: dict[str, list[Op]] = {}
        before: dict[str, View] = {}
        self._dirty |= record.contents.keys()
        if record.back is not None:
            self._moved = True  # what was returned is nowhere until the caller goes on
            return made, written, before
        if not (self._dirty or record.variables or record.call or self._moved):
            return made, written, before
        self._moved = False
        now = slots_now(self.memory, self.nodes, self.texts)
        for one in self.plans:
            alive, value = self._alive(one, self.memory, now)
            if not alive:
                made += self._gone(one)
                continue
            if not self._touched(one, value):
                continue
            self.holds[one.view_id] = value
            shown_before = self.displays.get(one.view_id)
            target = self._display(one, value)
            if target == shown_before:
                continue
            self.displays[one.view_id] = target
            view = self._view(one)
            if view is None:
                ops = [op("addAuxView", view=spec(one, target))]
                self._apply(ops)
            else:
                ops = self._turned(one, view, target)
                written[one.view_id], before[one.view_id] = ops, view
            made += ops
        self._dirty = set()
        return made, written, before

    def _display(self, one: Plan, value: Encoded) -> Display:
        if one.source == VARIABLES:
            return Pairs({name: "None" if v is None else v for name, v in self._variables().items()})
        return display(one, value, self.memory, self.displays.get(one.view_id))

    def _touched(self, one: Plan, value: Encoded) -> bool:
        if (
            one.view_id not in self.displays
            or one.node_class
            or one.source == VARIABLES
            or self.holds.get(one.view_id) != value
        ):
            return True
        if isinstance(value, str):
            return False
        waiting, seen = [value], set()
        while waiting:
            number = reference(waiting.pop())
            if number is None or number in seen:
                continue
            if number in self._dirty:
                return True
            seen.add(number)
            for item in self.memory.heap[number]["v"] if len(seen) < 500 else ():
                waiting += item if isinstance(item, list) else [item]
                if isinstance(item, dict) and "t" in item:
                    waiting += item["t"]
        return False

    def _view(self, one: Plan) -> View | None:
        return self.state.main if one.view_id == MAIN else self.state.aux.get(one.view_id)

    def _gone(self, one: Plan) -> list[Op]:
        """A view whose place is no more; the main view keeps what it showed last."""
        if one.view_id == MAIN or one.view_id not in self.displays:
            return []
        del self.displays[one.view_id]
        self.holds.pop(one.view_id, None)
        made = [op("removeAuxView", view_id=one.view_id)]
        self._apply(made)
        return made

    def _turned(self, one: Plan, view: View, target: Display) -> list[Op]:
        """Operations that bring a view to the target; a view that will not go there is set up anew."""
        before = self.state
        ops = changes(view, target, one)
        self._apply(ops)
        now = self._view(one)
        if now is not None and shows(now, target, one):
            return ops
        self.state = before
        if one.view_id == MAIN:
            if not isinstance(target, Network):
                self._apply(ops)  # a main view cannot be set up anew: as near as its operations come
                return ops
            ops = [op("removeNode", view_id=MAIN, id=name) for name in getattr(view, "roots", ())]
            empty = Network({}, {}, target.directed)
            self._apply(ops)
            again = changes(self.state.main, target, one) if empty != target else []
            self._apply(again)
            return [*ops, *again]
        ops = [op("removeAuxView", view_id=one.view_id), op("addAuxView", view=spec(one, target))]
        self._apply(ops)
        return ops

    def _apply(self, ops: list[Op]) -> None:
        for one in ops:
            self.state = apply_op(self.state, MODELS[one["op"]].model_validate(one), self._context)

    def _running(self, record: Record) -> None:
        """Calls that have begun when the main view comes to be are on the list from the start."""
        if record.call is not None and record.call[1] in self.recursive:
            self._calls_before.append(call_text(PushFrame.model_validate(self._push(record)["params"])))
        if record.back is not None and record.back[0] in self._pushed:
            self._pushed.remove(record.back[0])
            self._calls_before.pop()

    def _push(self, record: Record) -> Op:
        assert record.call is not None
        number, name, _, arguments = record.call
        self._pushed.append(number)
        given = record.variables.get(number, {})
        told = {a: as_json(given[a], self.memory) for a in arguments if a in given and a != "self"}
        return op("x-pushFrame", name=name, arguments=told)

    def _calls(self, record: Record) -> list[Op]:
        made: list[Op] = []
        if record.call is not None and record.call[1] in self.recursive:
            made.append(self._push(record))
        if record.back is not None and record.back[0] in self._pushed:
            self._pushed.remove(record.back[0])
            value = as_json(record.back[1], self.memory)
            made.append(op("x-popFrame") if value is None else op("x-popFrame", value=value))
        self._apply(made)
        return made

    def _variables(self) -> dict[str, Any]:
        """Scalars that the innermost call sees, and those of the module."""
        found: dict[str, Any] = {}
        for call in (self.memory.calls[:1] + self.memory.calls[-1:]) if self.memory.calls else []:
            for name, value in call.variables.items():
                if name in self.names:
                    found[name] = shown(value, self.memory)
        return found

    def _variable_ops(self) -> list[Op]:
        if self.plans and self.plans[0].source == VARIABLES:
            return []
        now = self._variables()
        panel = self.state.variables
        made = [
            op("x-setVariable", name=name, value=now.get(name))
            for name in self.names
            if panel.get(name) != now.get(name) or type(panel.get(name)) is not type(now.get(name))
        ]
        self._apply(made)
        return made

    def _output(self, record: Record) -> list[Op]:
        made = []
        for line in record.output.splitlines():
            if self._lines_printed < MOST_OUTPUT:
                made.append(op("appendToList", view_id="output", value=line[:200]))
            self._lines_printed += 1
        self._apply(made)
        return made

    def _looks(
        self, record: Record, written: dict[str, list[Op]], before: dict[str, View], is_step: bool
    ) -> list[Op]:
        """Marks of this step, if it is one; what the last step marked for good is taken off."""
        look = marks.Look(record, self.holds, self.memory)
        seen = marks.visited(self.plans, self.holds, self.memory)
        made: list[Op] = []
        fresh = bool(look.cells) or bool(written) or is_step
        for one in self.plans:
            view, read = self._view(one), look.cells.get(one.view_id, {})
            ops: list[Op] = []
            changed = written.get(one.view_id, [])
            if view is None or not (fresh or (one.node_class and record.contents)):
                continue
            if isinstance(view, ArrayView | ListView):
                old = before.get(one.view_id, view)
                assert isinstance(old, ArrayView | ListView)
                wanted = marks.row_styles(old, read, changed) if len(changed) < 2 else dict(read)
                ops = marks.row_ops(one, view, {k: v for k, v in wanted.items() if type(k) is int})
            elif isinstance(view, TableView):
                ops = marks.table_ops(one, view, read, changed)
            elif isinstance(view, GraphView | TreeView) and one.node_class:
                ops = particulars_ops(one, view, self.memory)
            elif isinstance(view, GraphView) and one.source == "adjacency":
                ops = marks.graph_ops(one, view, read, seen, self.memory, self.holds.get(one.view_id))
            elif isinstance(view, GraphView) and one.source == "edges":
                at = {str(p.at) for p in self.state.pointers.values() if p.view_id == one.view_id}
                chosen = marks.chosen_edges(self.plans, self.holds, self.memory)
                ops = marks.edge_ops(one, view, at, chosen, seen)
            self._apply(ops)
            made += ops
        return made

    def _end(self) -> None:
        """What is left, and how the script ended."""
        if self._waiting and not self.dropped:
            self._delta(self._line, self._waiting)
        told = ending_text(self.recording)
        if self.dropped:
            told.append((f"{self.dropped} more steps are not shown (at most {self.most})", "warning"))
        if told:
            ops = [op("x-note", text=text, severity=severity) for text, severity in told]
            line = self.recording.ending.get("line")
            length = len(self.frame["pseudocode"])
            at = line if isinstance(line, int) and 1 <= line <= length else self._line
            self.deltas.append({"code_highlight": at, "operations": [ops]})


def tell(recording: Recording, name: str = "", watch: Iterable[str] = (), most: int = 2000) -> dict[str, Any]:
    """A recording as a trace in JSON.

    Args:
        recording: of a run.
        name: of the algorithm.
        watch: names of variables to show, the first as the main view; empty: what matters most.
        most: steps at most; more are counted, not shown.
    """
    return Telling(recording, watch, most).trace(PurePath(name).stem.replace("_", " ") if name else "")
