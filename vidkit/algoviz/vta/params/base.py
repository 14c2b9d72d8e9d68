"""What the parameters of all operations have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from vidkit.algoviz.vta.values import Id, Properties, Value


def _whole(value: Any) -> Any:
    # 3.0 is 3 in JSON; true is no number, and text none either
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a whole number")
    return value


Index = Annotated[int, BeforeValidator(_whole)]


def _id(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("an id must be text or a whole number")
    return value


NodeId = Annotated[Id, BeforeValidator(_id)]


class Part(BaseModel):
    """An object of a trace: fields that are not known are kept."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)
    if not TYPE_CHECKING:  # a type checker would take it for an argument
        # the type itself: pydantic 2.10 and 2.11 look a name up in the module of each subclass
        __annotations__ = {"__pydantic_extra__": dict[str, Value]}


class Params(Part):
    """Parameters of an operation; `op` is its name."""

    op: ClassVar[str] = ""


class OnView(Params):
    view_id: str | None = None  # None: the main view


class Cell(Part):
    row: Index
    col: Index


class NodeSpec(Part):
    id: NodeId
    label: Value = None
    properties: Properties = Field(default_factory=dict)
    style_key: str | None = Field(None, alias="styleKey")


class EdgeRef(Part):
    source: NodeId = Field(alias="from")
    target: NodeId = Field(alias="to")
