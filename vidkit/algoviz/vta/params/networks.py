"""Operations on graphs and trees."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from vidkit.algoviz.vta.params.base import EdgeRef, Index, NodeId, NodeSpec, OnView, Part
from vidkit.algoviz.vta.values import Properties, Value


class UpdateNodeStyle(OnView):
    """Gives nodes a style, until they get another."""

    op: ClassVar[str] = "updateNodeStyle"
    ids: tuple[NodeId, ...]
    style_key: str | None = Field(alias="styleKey")


class UpdateEdgeStyle(OnView):
    """Styles edges; an undirected one is found in either direction."""

    op: ClassVar[str] = "updateEdgeStyle"
    edges: tuple[EdgeRef, ...]
    style_key: str | None = Field(alias="styleKey")


class NodeProperties(Part):
    id: NodeId
    properties: Properties


class UpdateNodeProperties(OnView):
    """Sets some properties of nodes; null is a value."""

    op: ClassVar[str] = "updateNodeProperties"
    updates: tuple[NodeProperties, ...]


class EdgeProperties(EdgeRef):
    properties: Properties


class UpdateEdgeProperties(OnView):
    """Sets some properties of edges; `weight` is the label too where none is set."""

    op: ClassVar[str] = "updateEdgeProperties"
    updates: tuple[EdgeProperties, ...]


class AddNode(OnView):
    """Adds a node without edges."""

    op: ClassVar[str] = "addNode"
    node: NodeSpec


class RemoveNode(OnView):
    """Removes a node with its edges, in a tree with all below it."""

    op: ClassVar[str] = "removeNode"
    id: NodeId


class EdgeSpec(EdgeRef):
    directed: bool = False
    label: Value = None
    style_key: str | None = Field(None, alias="styleKey")
    properties: Properties = Field(default_factory=dict)


class AddEdge(OnView):
    """Adds an edge between two nodes."""

    op: ClassVar[str] = "addEdge"
    edge: EdgeSpec


class RemoveEdge(OnView):
    """Removes an edge; an undirected one in either direction."""

    op: ClassVar[str] = "removeEdge"
    source: NodeId = Field(alias="from")
    target: NodeId = Field(alias="to")


class AddChild(OnView):
    """Adds a node below another, last or at `index`; `"children": [null, null]` are empty places of it."""

    op: ClassVar[str] = "addChild"
    parent_id: NodeId
    node: NodeSpec
    index: Index | None = None


class RemoveChild(OnView):
    """Removes a child with all below it."""

    op: ClassVar[str] = "removeChild"
    parent_id: NodeId
    child_id: NodeId


class Reparent(OnView):
    """Hangs a node with all below it under another."""

    op: ClassVar[str] = "reparent"
    node_id: NodeId
    new_parent_id: NodeId
    index: Index | None = None


class SwapNodes(OnView):
    """Swaps labels and properties, with `swap_children` the children too."""

    op: ClassVar[str] = "swapNodes"
    a_id: NodeId
    b_id: NodeId
    swap_children: bool = False


class HighlightPath(OnView):
    """Marks the path between two nodes of a tree, through their lowest common ancestor."""

    op: ClassVar[str] = "highlightPath"
    from_id: NodeId
    to_id: NodeId
    style_key: str | None = Field(None, alias="styleKey")
