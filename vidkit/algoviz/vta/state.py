"""What is seen at one step of a trace (VTA): immutable, so that states share what they have in common.

A `State` holds data (`main` and `aux` views), marks that stay (`boundaries`, `pointers`, and the styles
inside the views), marks of this step alone (`marks`), and the highlighted lines of code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vidkit.algoviz.vta.values import EMPTY, FrozenDict

Json = Any  # text, number, true, false, None, tuple or FrozenDict of these


@dataclass(frozen=True, slots=True)
class Element:
    """One place of an array. `index` is how operations name it, mostly its position."""

    index: int
    value: Json
    style: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list."""

    value: Json
    style: str | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a graph or tree.

    Args:
        id: text, also where the file has a number.
        label: what is written on it; the id where the file has none.
        properties: e.g. `distance`; None is a value (not yet known).
        style: name of an element style.
        rank: column or row that the file suggests (`stage`, `layer`, `level`), graphs only.
        parent: id of the parent, trees only; None for a root.
        children: ids in order, trees only; None is a gap (no left child).
    """

    id: str
    label: Json
    properties: FrozenDict[Json] = EMPTY
    style: str | None = None
    rank: int | None = None
    parent: str | None = None
    children: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge; equal ends may occur more than once (parallel edges), also the same end twice (a loop)."""

    source: str
    target: str
    directed: bool = False
    label: Json = None
    style: str | None = None
    properties: FrozenDict[Json] = EMPTY


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value in a bucket."""

    key: Json
    value: Json = None


@dataclass(frozen=True, slots=True)
class Bucket:
    index: int
    items: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class ArrayView:
    """kind: array, x-heap, x-stack, x-queue, x-string or x-set; the last five may grow and shrink."""

    view_id: str
    title: str
    kind: str
    elements: tuple[Element, ...] = ()

    @property
    def values(self) -> tuple[Json, ...]:
        return tuple(element.value for element in self.elements)


@dataclass(frozen=True, slots=True)
class TableView:
    """kind: table or x-matrix. Rows are of one length; a header is None where the file gives none."""

    view_id: str
    title: str
    kind: str
    rows: tuple[tuple[Json, ...], ...] = ()
    row_headers: tuple[Json, ...] | None = None
    col_headers: tuple[Json, ...] | None = None


@dataclass(frozen=True, slots=True)
class GraphView:
    """kind: graph or x-linkedlist (then `head` may be the first node). Nodes by id, in the file's order."""

    view_id: str
    title: str
    kind: str
    nodes: FrozenDict[Node] = EMPTY
    edges: tuple[Edge, ...] = ()
    head: str | None = None


@dataclass(frozen=True, slots=True)
class TreeView:
    """kind: tree. Nodes by id; every child named is there, parents and children agree, no cycles.

    `root` is the first root; there may be more (a forest), see `roots`. None: the tree is empty.
    """

    view_id: str
    title: str
    kind: str
    nodes: FrozenDict[Node] = EMPTY
    root: str | None = None

    @property
    def roots(self) -> tuple[str, ...]:
        """Ids of nodes without a parent, `root` first."""
        found = [node.id for node in self.nodes.values() if node.parent is None and node.id != self.root]
        return (() if self.root is None else (self.root,)) + tuple(found)


@dataclass(frozen=True, slots=True)
class HashView:
    """kind: hashtable."""

    view_id: str
    title: str
    kind: str
    buckets: tuple[Bucket, ...] = ()


@dataclass(frozen=True, slots=True)
class ListView:
    """kind: list. One list is under the key ""; named lists are under their names."""

    view_id: str
    title: str
    kind: str
    lists: FrozenDict[tuple[Item, ...]] = field(default_factory=lambda: FrozenDict({"": ()}))

    @property
    def items(self) -> tuple[Item, ...]:
        """All entries, of named lists one list after the other."""
        return tuple(item for entries in self.lists.values() for item in entries)


View = ArrayView | TableView | GraphView | TreeView | HashView | ListView


@dataclass(frozen=True, slots=True)
class Boundary:
    """A frame round elements `first..last` (both belong to it) of the main view; `type` names its stack."""

    type: str
    first: int
    last: int
    style: str | None = None
    label: Json = None


@dataclass(frozen=True, slots=True)
class Pointer:
    """A named cursor.

    `at`: an index of an array or list, from -1 to its length (one before the first, one behind the last);
    (row, column) of a table, likewise; an id of a node.
    """

    view_id: str
    at: int | tuple[int, int] | str


@dataclass(frozen=True, slots=True)
class CellMark:
    view_id: str
    row: int
    col: int
    style: str | None


@dataclass(frozen=True, slots=True)
class Dependency:
    """Arrows from cells (row, column) to a cell of the same table."""

    view_id: str
    from_cells: tuple[tuple[int, int], ...]
    to_cell: tuple[int, int]
    style: str | None


@dataclass(frozen=True, slots=True)
class Comment:
    """A text. `anchor`: "global", "node" (then `node` is its id) or "edge" (`edge` is its two ends)."""

    text: str
    anchor: str = "global"
    view_id: str = ""
    node: str | None = None
    edge: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class BucketMark:
    view_id: str
    bucket: int
    style: str | None


@dataclass(frozen=True, slots=True)
class HashMark:
    """A key, its hash, and the bucket that an arrow goes to."""

    view_id: str
    key: Json
    hash: Json
    bucket: int


@dataclass(frozen=True, slots=True)
class CollisionMark:
    view_id: str
    bucket: int
    key: Json


@dataclass(frozen=True, slots=True)
class PathMark:
    """Nodes of a tree from one end to the other, through their lowest common ancestor."""

    view_id: str
    nodes: tuple[str, ...]
    style: str | None


@dataclass(frozen=True, slots=True)
class Remark:
    text: str
    severity: str


@dataclass(frozen=True, slots=True)
class Marks:
    """What is marked in this step alone, each kind in the order of the operations."""

    cells: tuple[CellMark, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    comments: tuple[Comment, ...] = ()  # one for each anchor
    buckets: tuple[BucketMark, ...] = ()
    hashes: tuple[HashMark, ...] = ()
    collisions: tuple[CollisionMark, ...] = ()
    paths: tuple[PathMark, ...] = ()
    remarks: tuple[Remark, ...] = ()


NO_MARKS = Marks()


@dataclass(frozen=True, slots=True)
class State:
    """One step.

    Args:
        main: the main view.
        aux: auxiliary views by id, in order; `vars_panel` has the variables, `call_stack` the calls.
        boundaries: those set and not removed, in the order in which they were set.
        pointers: named cursors by their label.
        marks: what this step alone shows.
        code: highlighted lines of the pseudocode, from 1; may be empty.
    """

    main: View
    aux: FrozenDict[View] = EMPTY
    boundaries: tuple[Boundary, ...] = ()
    pointers: FrozenDict[Pointer] = EMPTY
    marks: Marks = NO_MARKS
    code: tuple[int, ...] = ()

    @property
    def views(self) -> tuple[View, ...]:
        """The main view, then the others."""
        return (self.main, *self.aux.values())

    @property
    def variables(self) -> dict[str, Json]:
        """Name and value of each row of the view `vars_panel`."""
        panel = self.aux.get("vars_panel")
        if not isinstance(panel, TableView):
            return {}
        names = panel.row_headers or ()
        found: dict[str, Json] = {}
        for i, row in enumerate(panel.rows):
            if len(row) == 1 and i < len(names):
                found[str(names[i])] = row[0]
            elif len(row) > 1:
                found[str(row[0])] = row[1]
        return found
