"""Views as a file writes them: pydantic models, one for each kind of payload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from vidkit.algoviz.vta.params.base import Index, NodeId, NodeSpec, Part
from vidkit.algoviz.vta.params.hashtables import Entry
from vidkit.algoviz.vta.params.networks import EdgeSpec
from vidkit.algoviz.vta.values import Value

MAIN = "data_state"
ALIASES = ("dp_table", "main_table", "dp", "dp_edit_distance")  # other names of the main view
TABLE_ALIASES = ("dp", "dp_table", "dp_edit_distance")  # other names of the type table


class ElementSpec(Part):
    index: Index | None = None
    value: Value = None
    state: str | None = None
    style_key: str | None = Field(None, alias="styleKey")


def _element(raw: Any) -> Any:
    return raw if isinstance(raw, Mapping | ElementSpec) else {"value": raw}


Elements = tuple[Annotated[ElementSpec, BeforeValidator(_element)], ...]


class ViewSpec(Part):
    """What all views have."""

    view_id: str = MAIN
    type: str
    title: str | None = None

    @property
    def heading(self) -> str:
        """Its title; for want of one the id, of the main view nothing."""
        return self.title if self.title is not None else "" if self.view_id == MAIN else self.view_id


class ArraySpec(ViewSpec):
    type: Literal["array", "x-heap", "x-stack", "x-queue", "x-string", "x-set"]
    structure: Elements | None = None
    data: Elements | None = None


class TableOptions(Part):
    row_headers: tuple[Value, ...] | None = None
    col_headers: tuple[Value, ...] | None = None


class TableSpec(ViewSpec):
    type: Literal["table", "x-matrix"]
    data: tuple[tuple[Value, ...], ...] | None = None
    structure: tuple[tuple[Value, ...], ...] | None = None
    options: TableOptions | None = None


class GraphNodeSpec(NodeSpec):
    stage: Index | None = None
    layer: Index | None = None
    level: Index | None = None


class GraphStructure(Part):
    nodes: tuple[GraphNodeSpec, ...] = ()
    edges: tuple[EdgeSpec, ...] = ()
    head: NodeId | None = None  # of a linked list


class GraphSpec(ViewSpec):
    type: Literal["graph", "x-linkedlist"]
    structure: GraphStructure | None = None
    data: GraphStructure | None = None


class TreeNodeSpec(NodeSpec):
    parent: NodeId | None = None
    children: tuple[NodeId | None, ...] | None = None


class TreeStructure(Part):
    root: NodeId | None = None
    nodes: tuple[TreeNodeSpec, ...] = ()


class TreeSpec(ViewSpec):
    type: Literal["tree"]
    structure: TreeStructure | None = None
    data: TreeStructure | None = None


class BucketSpec(Part):
    index: Index | None = None
    items: tuple[Entry, ...] = ()


class HashStructure(Part):
    size: Index | None = None
    buckets: tuple[BucketSpec, ...] = ()


class HashSpec(ViewSpec):
    type: Literal["hashtable"]
    structure: HashStructure | None = None
    data: HashStructure | None = None


class ListSpec(ViewSpec):
    """Entries, or named lists that `list_key` tells apart."""

    type: Literal["list"]
    data: tuple[Value, ...] | dict[str, tuple[Value, ...]] | None = None
    structure: tuple[Value, ...] | dict[str, tuple[Value, ...]] | None = None


AnyView = Annotated[
    ArraySpec | TableSpec | GraphSpec | TreeSpec | HashSpec | ListSpec, Field(discriminator="type")
]
SPECS: dict[str, type[ViewSpec]] = {
    **dict.fromkeys(("array", "x-heap", "x-stack", "x-queue", "x-string", "x-set"), ArraySpec),
    **dict.fromkeys(("table", "x-matrix"), TableSpec),
    **dict.fromkeys(("graph", "x-linkedlist"), GraphSpec),
    "tree": TreeSpec,
    "hashtable": HashSpec,
    "list": ListSpec,
}
GROWING = ("x-heap", "x-stack", "x-queue", "x-string", "x-set")  # arrays that list operations work on


def usual_type(kind: object) -> object:
    """The type that another name of it means."""
    return "table" if kind in TABLE_ALIASES else kind
