"""Traces told by the program itself: containers that note what happens to them, pointers, notes, steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from vidkit.algoviz.tracing import displays, marks
from vidkit.algoviz.tracing.changes import Op, changes, op
from vidkit.algoviz.tracing.containers import TracedDict, TracedList, TracedRow
from vidkit.algoviz.tracing.displays import Display, Network, Node, Pairs, Table
from vidkit.algoviz.tracing.memory import Memory, shown
from vidkit.algoviz.tracing.planning import Plan
from vidkit.algoviz.tracing.views import spec
from vidkit.algoviz.vta.document import Document
from vidkit.algoviz.vta.engine.apply import apply_op
from vidkit.algoviz.vta.engine.context import Context
from vidkit.algoviz.vta.initial import initial_state
from vidkit.algoviz.vta.notes import Notes
from vidkit.algoviz.vta.operations import MODELS
from vidkit.algoviz.vta.state import ArrayView, ListView, State, TableView
from vidkit.algoviz.vta.styles import read_styles
from vidkit.algoviz.vta.view_specs import GROWING, MAIN
from vidkit.errors import DataError

if TYPE_CHECKING:
    from vidkit.algoviz.vta.trace import Trace

_NOWHERE = Memory()
_KINDS = ("list", *GROWING)


def cell(value: Any) -> Any:
    """A value as a cell shows it."""
    from vidkit.algoviz.tracing.inside.values import encode

    return shown(encode(value, lambda _: None), _NOWHERE)


class Tracer:
    """Tells a trace step by step.

    ```python
    with Tracer("Bubble sort") as t:
        a = t.array([5, 2, 8], "a")
        for i in range(len(a) - 1):
            t.pointer("i", a, i)
            if a[i] > a[i + 1]:
                a.swap(i, i + 1)
    trace = t.trace
    ```

    Containers are lists and dicts in all they do; each change of one is a step, with what was read since.
    The first container is the main view.

    Args:
        name: of the algorithm.
        family: free text, "sorting".
        code: text shown beside it; `line` says where it is.
    """

    def __init__(self, name: str = "", family: str = "", code: str = "") -> None:
        self._head = {"name": name, "family": family}
        self._frame: dict[str, Any] = {
            "data_state": None,
            "auxiliary_views": [],
            "pseudocode": code.splitlines(),
            "styles": marks.STYLES,
        }
        self._plans: dict[int, tuple[Plan, Any, Callable[[], Display]]] = {}
        self._state: State | None = None
        self._deltas: list[dict[str, Any]] = []
        self._waiting: list[Op] = []
        self._reads: dict[str, dict[Any, str]] = {}
        self._context = Context(read_styles(marks.STYLES), Notes())
        self._line: int | None = None
        self._held = 0
        self._result: dict[str, Any] = {}

    def __enter__(self) -> Tracer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if error is not None:
            self.note(f"{type(error).__name__}: {error}", "error")
        if self._waiting or self._reads:
            self.step()

    # containers

    def array(self, values: Iterable[Any], title: str = "") -> TracedList:
        """A list of constant length."""
        return self._row(values, title, "array")

    def sequence(self, values: Iterable[Any] = (), title: str = "", kind: str = "list") -> TracedList:
        """A list that grows and shrinks.

        Args:
            values: at the start.
            title: of the view.
            kind: list, x-stack, x-queue, x-heap, x-string or x-set.

        Raises:
            DataError: no such kind.
        """
        if kind not in _KINDS:
            raise DataError(f"no kind of list '{kind}'", f"one of: {', '.join(_KINDS)}")
        return self._row(values, title, kind)

    def table(self, rows: Iterable[Iterable[Any]], title: str = "") -> list[TracedRow]:
        """Rows of constant length: `table[r][c] = value`."""
        made: Any = []
        for number, row in enumerate(rows):
            made.append(TracedRow(row, self, made, number))
        size = (len(made), max((len(row) for row in made), default=0))
        plan = Plan(self._name(title), title, "table", rows=size)
        self._add(made, plan, lambda: Table(tuple(tuple(map(cell, row)) for row in made)))
        return made  # type: ignore[no-any-return]

    def mapping(self, values: Mapping[Any, Any], keys: Iterable[Any] = (), title: str = "") -> TracedDict:
        """A dict; `keys` names those that come later (they have rows from the start)."""
        made = TracedDict(values, self)
        names = tuple(dict.fromkeys(str(key) for key in (*values, *keys)))
        plan = Plan(self._name(title), title, "pairs", keys=names)
        self._add(made, plan, lambda: Pairs({str(key): _told(value) for key, value in made.items()}))
        return made

    def graph(
        self, neighbours: Mapping[Any, Iterable[Any]], title: str = "", directed: bool = True
    ) -> GraphHandle:
        """A graph from neighbours by node; marked by the handle that is returned."""
        nodes = {str(node): Node(str(node)) for node in neighbours}
        edges: Any = {}
        for node, near in neighbours.items():
            for other in near:
                nodes.setdefault(str(other), Node(str(other)))
                weight = near[other] if isinstance(near, Mapping) else None
                if directed or (str(other), str(node)) not in edges:
                    edges[str(node), str(other)] = weight
        network = Network(nodes, edges, directed)
        handle = GraphHandle(self, self._name(title))
        self._add(handle, Plan(handle.view_id, title, "graph", directed=directed), lambda: network)
        return handle

    def _row(self, values: Iterable[Any], title: str, kind: str) -> TracedList:
        made = TracedList(values, self)
        plan = Plan(self._name(title), title, kind)
        self._add(made, plan, lambda: displays.Sequence(tuple(map(cell, made))))
        return made

    def _name(self, title: str) -> str:
        if self._state is None:
            return MAIN
        base = "".join(sign if sign.isalnum() else "_" for sign in title) or "view"
        used = {plan.view_id for plan, _, _ in self._plans.values()}
        return next(name for n in range(1, 10_000) if (name := base if n == 1 else f"{base}_{n}") not in used)

    def _add(self, container: Any, plan: Plan, look: Callable[[], Display]) -> None:
        self._plans[id(container)] = plan, container, look
        described = spec(plan, look())
        if self._state is None:
            self._frame["data_state"] = described
            raw = {"svl_version": "5.0", "initial_frame": self._frame, "deltas": []}
            self._state = initial_state(Document.model_validate(raw), self._context)
        else:
            self._wait(op("addAuxView", view=described))

    # what the program says

    def pointer(self, label: str, container: Any, at: Any) -> None:
        """Put a named pointer at an index, a (row, column) or a node; None takes it away."""
        index = list(at) if isinstance(at, tuple) else at
        self._wait(op("x-pointer", view_id=self._plan_of(container).view_id, label=label, index=index))

    def variable(self, name: str, value: Any) -> None:
        """Show a variable."""
        plain = isinstance(value, list | tuple | dict | set | frozenset)
        self._wait(op("x-setVariable", name=name, value=repr(value) if plain else cell(value)))

    def answer(self, value: Any) -> None:
        """Say what the algorithm comes to, a JSON value; checks compare it with what is expected."""
        self._result = {"x-result": value}

    def note(self, text: str, severity: str = "info") -> None:
        """A remark that is shown with the next step."""
        self._wait(op("x-note", text=text, severity=severity))

    def line(self, number: int) -> None:
        """Highlight a line of the code from now on, counted from 1."""
        self._line = number

    def step(self) -> None:
        """End a step here: all that was said and read since the last is shown together."""
        self._emit([], {})

    @contextmanager
    def together(self) -> Iterator[None]:
        """Changes inside are one step."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
        if not self._held:
            for plan, container, _ in list(self._plans.values()):
                self.changed(container, plan)

    @property
    def trace(self) -> Trace:
        """What was told so far."""
        from vidkit.algoviz.vta.trace import trace_of

        frame = self._frame
        if frame["data_state"] is None:
            frame = {**frame, "data_state": {"type": "array", "view_id": MAIN, "data": []}}
        raw = {"svl_version": "5.0", "algorithm": self._head, "initial_frame": frame, "deltas": self._deltas}
        return trace_of({**raw, **self._result}, self._head["name"] or "trace")

    # what containers say

    def read(self, container: Any, key: Any) -> None:
        """Note that an element was read."""
        if id(container) in self._plans:
            self._reads.setdefault(self._plan_of(container).view_id, {})[key] = "read"

    def changed(self, container: Any, plan: Plan | None = None) -> None:
        """Make a step of a container's change, unless `together` holds it."""
        if self._held or id(container) not in self._plans or self._state is None:
            return
        found, _, look = self._plans[id(container)]
        view = self._state.main if found.view_id == MAIN else self._state.aux[found.view_id]
        target = look()
        length = len(view.elements) if isinstance(view, ArrayView) else 0
        if isinstance(target, displays.Sequence) and found.kind == "array" and len(target.values) != length:
            raise DataError(
                f"array '{found.title}' changed its length", "use Tracer.sequence for one that grows"
            )
        ops = changes(view, target, found)
        if ops or plan is None:
            self._emit(ops, {found.view_id: ops})

    def _plan_of(self, container: Any) -> Plan:
        try:
            return self._plans[id(container)][0]
        except KeyError:
            raise DataError(
                "this container does not belong to the tracer", "use what Tracer.array returns"
            ) from None

    def _wait(self, *ops: Op) -> None:
        self._waiting += ops
        self._apply(ops)

    def _apply(self, ops: Sequence[Op]) -> None:
        for one in ops:
            if self._state is not None:
                self._state = apply_op(self._state, MODELS[one["op"]].model_validate(one), self._context)

    def _emit(self, ops: list[Op], written: dict[str, list[Op]]) -> None:
        assert self._state is not None, "a step needs a container"
        before = {view.view_id: view for view in self._state.views}
        self._apply(ops)
        looks = []
        for plan, _, _ in self._plans.values():
            view = next(view for view in self._state.views if view.view_id == plan.view_id)
            read, made = self._reads.get(plan.view_id, {}), written.get(plan.view_id, [])
            if isinstance(view, ArrayView | ListView):
                old = before[plan.view_id]
                assert isinstance(old, ArrayView | ListView)
                looks += marks.row_ops(plan, view, marks.row_styles(old, read, made) if len(made) < 2 else {})
            elif isinstance(view, TableView):
                looks += marks.table_ops(plan, view, read, made)
        self._apply(looks)
        all_ops = [*self._waiting, *ops, *looks]
        self._deltas.append({"code_highlight": self._line, "operations": [all_ops] if all_ops else []})
        self._waiting, self._reads = [], {}


class GraphHandle:
    """Marks nodes and edges of a graph of a `Tracer`."""

    def __init__(self, tracer: Tracer, view_id: str) -> None:
        self._tracer = tracer
        self.view_id = view_id

    def mark(self, *nodes: Any, style: str | None = "visited") -> None:
        """Give nodes a style from the next step on; None takes it away."""
        names = [str(node) for node in nodes]
        self._tracer._wait(op("updateNodeStyle", view_id=self.view_id, ids=names, styleKey=style))

    def mark_edge(self, source: Any, target: Any, style: str | None = "read") -> None:
        """Give an edge a style from the next step on; None takes it away."""
        ends = [{"from": str(source), "to": str(target)}]
        self._tracer._wait(op("updateEdgeStyle", view_id=self.view_id, edges=ends, styleKey=style))


def _told(value: Any) -> Any:
    return "None" if value is None else cell(value)
