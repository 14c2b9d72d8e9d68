"""What is to be drawn at one step, in the words of drawing: views with their content, and the marks on them.

`reading.py` makes these from a state of a trace; nothing else here knows how traces are written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Cell = tuple[int, int]
MAIN = "main"
OUTPUT = "aux.output"  # what a watched program prints


@dataclass(frozen=True)
class Item:
    """One element of a row; `key` stays with it while others come and go before it."""

    text: str
    style: str = ""
    key: str = ""


@dataclass(frozen=True)
class Row:
    """Array, list, stack, queue, set, string, linked list: elements in order.

    Attributes:
        names: of the parts of a list of named lists, each with its number of items; else empty.
    """

    items: tuple[Item, ...] = ()
    names: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Grid:
    """A table or matrix; rows have one length."""

    rows: tuple[tuple[str, ...], ...] = ()
    row_headers: tuple[str, ...] = ()
    col_headers: tuple[str, ...] = ()
    styles: dict[Cell, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Node:
    id: str
    label: str
    style: str = ""
    notes: tuple[str, ...] = ()
    children: tuple[str | None, ...] = ()
    rank: float | None = None


@dataclass(frozen=True)
class Edge:
    """`key` tells parallel edges apart and stays: `A->B#0`."""

    key: str
    source: str
    target: str
    directed: bool = False
    label: str = ""
    style: str = ""


@dataclass(frozen=True)
class Network:
    """A graph, or a tree where `roots` are given; the edges of a tree follow from its children."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    roots: tuple[str, ...] = ()


@dataclass(frozen=True)
class Buckets:
    """A hash table: the entries of each bucket."""

    buckets: tuple[tuple[Item, ...], ...] = ()
    styles: dict[int, str] = field(default_factory=dict)


Body = Row | Grid | Network | Buckets


@dataclass(frozen=True)
class View:
    """A data structure with its place in the page.

    Attributes:
        id: of the view; the main one is `MAIN`.
        kind: array, table, graph, tree, hashtable, list, linkedlist, heap, stack, queue, matrix, string, set.
    """

    id: str
    kind: str
    title: str
    body: Body


@dataclass(frozen=True)
class Range:
    """A marked stretch of elements, both ends included."""

    key: str
    first: int
    last: int
    label: str = ""
    style: str = ""


@dataclass(frozen=True)
class Marks:
    """What is marked on one view at one step.

    Attributes:
        cells: style by (row, column); of a row of elements, row 0.
        ranges: of a row of elements.
        pointers: index, cell or node id by label.
        arrows: from cells to a cell, each with a style.
        path: node ids and edge keys of a marked way, with its style.
        hashes: text and bucket of a shown hash.
        collisions: buckets.
    """

    cells: dict[Cell, str] = field(default_factory=dict)
    ranges: tuple[Range, ...] = ()
    pointers: dict[str, Any] = field(default_factory=dict)
    arrows: tuple[tuple[Cell, Cell, str], ...] = ()
    path: tuple[tuple[str, ...], str] = ((), "")
    hashes: tuple[tuple[str, int], ...] = ()
    collisions: tuple[int, ...] = ()
    buckets: dict[int, str] = field(default_factory=dict)


NO_MARKS = Marks()


@dataclass(frozen=True)
class Remark:
    """A comment; `severity` is info, warning or error."""

    text: str
    severity: str = "info"


@dataclass(frozen=True)
class Picture:
    """One step."""

    views: tuple[View, ...] = ()
    marks: dict[str, Marks] = field(default_factory=dict)
    variables: tuple[tuple[str, str], ...] = ()
    calls: tuple[str, ...] = ()
    code_lines: tuple[int, ...] = ()
    remarks: tuple[Remark, ...] = ()

    def view(self, name: str) -> View | None:
        return next((view for view in self.views if view.id == name), None)


@dataclass(frozen=True)
class Story:
    """All steps of a trace, with what stays the same."""

    title: str
    subtitle: str = ""
    code: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    styles: dict[str, dict[str, Any]] = field(default_factory=dict)
