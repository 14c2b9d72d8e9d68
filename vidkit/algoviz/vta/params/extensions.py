"""vidkit's own operations: names that begin with `x-`; other readers skip them."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from vidkit.algoviz.vta.params.base import Index, NodeId, OnView, Params
from vidkit.algoviz.vta.values import Properties, Value


class SetVariable(Params):
    """Sets a row of the view `vars_panel`, which is made where it is missing."""

    op: ClassVar[str] = "x-setVariable"
    name: str
    value: Value


class PushFrame(Params):
    """A call begins: a line on the list `call_stack`, which is made where it is missing."""

    op: ClassVar[str] = "x-pushFrame"
    name: str
    arguments: Properties = Field(default_factory=dict)


class PopFrame(Params):
    """The innermost call returns."""

    op: ClassVar[str] = "x-popFrame"
    value: Value = None


class Pointer(OnView):
    """A named cursor: at an index, at a cell `[row, col]`, at a node `id`; `index` null takes it away."""

    op: ClassVar[str] = "x-pointer"
    label: str
    index: Index | tuple[Index, Index] | NodeId | None = None


class Note(Params):
    """A remark until the next delta."""

    op: ClassVar[str] = "x-note"
    text: str
    severity: Literal["info", "warning", "error"] = "info"
