"""Operations on tables, comments, and on views as a whole."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from vidkit.algoviz.vta.params.base import Cell, NodeId, OnView, Params, Part
from vidkit.algoviz.vta.values import Properties, Value


class CellValue(Cell):
    value: Value


class UpdateTableCell(OnView):
    """Sets cells; rows and columns count from 0, headers excluded."""

    op: ClassVar[str] = "updateTableCell"
    updates: tuple[CellValue, ...]


class HighlightTableCell(OnView):
    """Marks cells for this step."""

    op: ClassVar[str] = "highlightTableCell"
    cells: tuple[Cell, ...]
    style_key: str | None = Field(None, alias="styleKey")


class ShowDependency(OnView):
    """Draws arrows from cells to a cell, for this step."""

    op: ClassVar[str] = "showDependency"
    from_cells: tuple[Cell, ...]
    to_cell: Cell
    style_key: str | None = Field(None, alias="styleKey")


class AnchorRef(Part):
    """What a comment stands at: a node by `id`, an edge by `from` and `to`."""

    id: NodeId | None = None
    source: NodeId | None = Field(None, alias="from")
    target: NodeId | None = Field(None, alias="to")


class ShowComment(Params):
    """A text until the next delta; the last one for an anchor wins."""

    op: ClassVar[str] = "showComment"
    text: str
    anchor: str = "global"
    ref: AnchorRef | None = None
    view_id: str | None = None


class AddAuxView(Params):
    """Adds an auxiliary view."""

    op: ClassVar[str] = "addAuxView"
    view: Properties


class RemoveAuxView(Params):
    """Takes an auxiliary view away."""

    op: ClassVar[str] = "removeAuxView"
    view_id: str
