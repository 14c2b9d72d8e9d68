"""What the operations on tables, comments and whole views do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pydantic import ValidationError

from vidkit.algoviz.vta.building import build_view
from vidkit.algoviz.vta.diagnostics import Refusal
from vidkit.algoviz.vta.document import first_cause
from vidkit.algoviz.vta.engine.context import Context, put, resolve, resolve_as, without_marks
from vidkit.algoviz.vta.params import tables as ops
from vidkit.algoviz.vta.params.base import Cell
from vidkit.algoviz.vta.state import CellMark, Comment, Dependency, GraphView, State, TableView, TreeView
from vidkit.algoviz.vta.view_specs import MAIN, SPECS, usual_type
from vidkit.utils.naming import did_you_mean


def check_cells(view: TableView, cells: Iterable[Cell]) -> None:
    """Refuse a cell that the table does not have.

    Raises:
        Refusal: the first one.
    """
    height, width = len(view.rows), len(view.rows[0]) if view.rows else 0
    for cell in cells:
        if not (0 <= cell.row < height and 0 <= cell.col < width):
            raise Refusal(
                "V306",
                f"cell ({cell.row}, {cell.col}) of view '{view.view_id}': it has {height} x {width} cells",
                "rows and columns count from 0, headers excluded",
            )


def update_table_cell(state: State, op: ops.UpdateTableCell, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, TableView)
    check_cells(view, op.updates)
    rows = list(view.rows)
    for update in op.updates:
        row = rows[update.row]
        rows[update.row] = (*row[: update.col], update.value, *row[update.col + 1 :])
    return put(state, replace(view, rows=tuple(rows)))


def highlight_table_cell(state: State, op: ops.HighlightTableCell, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, TableView)
    check_cells(view, op.cells)
    ctx.check_style(op.style_key, ctx.styles.of_element)
    made = (CellMark(view.view_id, cell.row, cell.col, op.style_key) for cell in op.cells)
    return replace(state, marks=replace(state.marks, cells=(*state.marks.cells, *made)))


def show_dependency(state: State, op: ops.ShowDependency, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, TableView)
    check_cells(view, (*op.from_cells, op.to_cell))
    ctx.check_style(op.style_key, ctx.styles.of_dependency)
    made = Dependency(
        view.view_id,
        tuple((cell.row, cell.col) for cell in op.from_cells),
        (op.to_cell.row, op.to_cell.col),
        op.style_key,
    )
    return replace(state, marks=replace(state.marks, dependencies=(*state.marks.dependencies, made)))


def show_comment(state: State, op: ops.ShowComment, ctx: Context) -> State:
    comment = _comment(state, op)
    kept = tuple(other for other in state.marks.comments if _place(other) != _place(comment))
    return replace(state, marks=replace(state.marks, comments=(*kept, comment)))


def _place(comment: Comment) -> tuple[object, ...]:
    return comment.anchor, comment.view_id, comment.node, comment.edge


def _comment(state: State, op: ops.ShowComment) -> Comment:
    if op.anchor not in ("node", "edge"):
        if op.anchor != "global":
            raise Refusal(
                "V102",
                f"anchor '{op.anchor}' of a comment",
                "anchors are global, node (ref id), edge (ref from, to)",
            )
        return Comment(op.text)
    view = resolve(state, op.view_id)
    if not isinstance(view, GraphView | TreeView):
        raise Refusal("V312", f"view '{view.view_id}' is of type {view.kind}: it has no {op.anchor}s")
    ref = op.ref or ops.AnchorRef.model_validate({})
    ends = [ref.id] if op.anchor == "node" else [ref.source, ref.target]
    names = [str(end) for end in ends]
    for end, name in zip(ends, names, strict=True):
        if end is None or name not in view.nodes:
            said = "no ref" if end is None else f"no node '{name}' in view '{view.view_id}'"
            raise Refusal("V304", f"comment at {op.anchor}: {said}")
    if op.anchor == "node":
        return Comment(op.text, "node", view.view_id, node=names[0])
    return Comment(op.text, "edge", view.view_id, edge=(names[0], names[1]))


def add_aux_view(state: State, op: ops.AddAuxView, ctx: Context) -> State:
    raw = dict(op.view)
    name, kind = raw.get("view_id"), usual_type(raw.get("type"))
    if not isinstance(name, str) or not name:
        raise Refusal("V102", "view/view_id: must be text", "each auxiliary view has a view_id of its own")
    if kind not in SPECS:
        hint = f"{did_you_mean(str(kind), SPECS)}types: {', '.join(SPECS)}"
        raise Refusal("V102", f"view/type: {kind!r} is not a type", hint)
    if name in state.aux or name == MAIN:
        raise Refusal("V303", f"view '{name}' already exists")
    try:
        spec = SPECS[kind].model_validate({**raw, "type": kind})
    except ValidationError as error:
        raise Refusal("V102", f"view/{first_cause(error)}") from error
    return put(state, build_view(spec, ctx.notes))


def remove_aux_view(state: State, op: ops.RemoveAuxView, ctx: Context) -> State:
    if op.view_id not in state.aux:
        resolve(state, op.view_id)  # tells what there is
        raise Refusal("V304", f"'{op.view_id}' is the main view; only auxiliary ones can be removed")
    kept = replace(state, aux=state.aux.without(op.view_id))
    return without_marks(kept, lambda mark: mark.view_id == op.view_id)
