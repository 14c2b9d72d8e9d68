"""The state that a trace begins with."""

from __future__ import annotations

from vidkit.algoviz.vta.building import build_view
from vidkit.algoviz.vta.document import Document, InitialFrame, extra_fields
from vidkit.algoviz.vta.engine.apply import highlighted
from vidkit.algoviz.vta.engine.context import Context
from vidkit.algoviz.vta.state import ArrayView, GraphView, ListView, State, TreeView, View
from vidkit.algoviz.vta.values import FrozenDict
from vidkit.algoviz.vta.view_specs import MAIN, ArraySpec


def initial_state(document: Document, ctx: Context) -> State:
    """The state before the first delta; faults are noted and mended.

    A frame without a main view has an empty array.
    """
    frame = document.initial_frame
    for part, name in ((document, "trace"), (document.algorithm, "algorithm"), (frame, "initial frame")):
        for field in extra_fields(part):
            ctx.notes.add("V104", f"field '{field}' of the {name}")
    main = build_view(frame.data_state or ArraySpec(type="array"), ctx.notes)
    state = State(main, _auxiliary(frame, ctx))
    for view in state.views:
        _check_styles(view, ctx)
    code = highlighted(frame.code_highlight, len(frame.pseudocode), (), ctx)
    return State(state.main, state.aux, code=code)


def _auxiliary(frame: InitialFrame, ctx: Context) -> FrozenDict[View]:
    made: dict[str, View] = {}
    for spec in frame.auxiliary_views:
        if spec.view_id in made or spec.view_id == MAIN:
            what = "is the name of the main view" if spec.view_id == MAIN else "already exists"
            ctx.notes.add(
                "V303", f"auxiliary view '{spec.view_id}' {what}", "give each view a name of its own"
            )
        else:
            made[spec.view_id] = build_view(spec, ctx.notes)
    return FrozenDict(made)


def _check_styles(view: View, ctx: Context) -> None:
    names: list[str | None] = []
    if isinstance(view, ArrayView):
        names = [element.style for element in view.elements]
    elif isinstance(view, ListView):
        names = [item.style for item in view.items]
    elif isinstance(view, GraphView | TreeView):
        names = [node.style for node in view.nodes.values()]
    for name in dict.fromkeys(names):
        ctx.check_style(name, ctx.styles.of_element)
    if isinstance(view, GraphView):
        for name in dict.fromkeys(edge.style for edge in view.edges):
            ctx.check_style(name, ctx.styles.of_edge)
