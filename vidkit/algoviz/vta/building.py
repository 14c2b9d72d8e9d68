"""From views as a file writes them to views of a state: arrays, tables, lists, hash tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vidkit.algoviz.vta import view_specs as specs
from vidkit.algoviz.vta.networks import build_graph, build_tree
from vidkit.algoviz.vta.notes import Notes
from vidkit.algoviz.vta.state import (
    ArrayView,
    Bucket,
    Element,
    Entry,
    HashView,
    Item,
    ListView,
    TableView,
    View,
)
from vidkit.algoviz.vta.values import FrozenDict

MOST_BUCKETS = 1_000_000  # a size beyond it is a slip; nobody could see the buckets


def build_view(spec: specs.ViewSpec, notes: Notes) -> View:
    """The view that a file describes, its faults noted."""
    return _BUILDERS[type(spec)](spec, notes)


def build_array(spec: specs.ArraySpec, notes: Notes) -> ArrayView:
    raw = spec.structure if spec.structure is not None else spec.data or ()
    elements = []
    seen: set[int] = set()
    for position, element in enumerate(raw):
        index = position if element.index is None else element.index
        if index in seen:
            notes.add(
                "V303", f"view '{spec.view_id}' has two elements of index {index}", "number them 0, 1, 2"
            )
            continue
        seen.add(index)
        style = element.style_key if element.style_key is not None else element.state
        elements.append(Element(index, element.value, style))
    elements.sort(key=lambda element: element.index)
    return ArrayView(spec.view_id, spec.heading, spec.type, tuple(elements))


def build_table(spec: specs.TableSpec, notes: Notes) -> TableView:
    raw = spec.data if spec.data is not None else spec.structure or ()
    rows = filled_up(raw)
    if rows != raw:
        lengths = sorted({len(row) for row in raw})
        notes.add("V309", f"view '{spec.view_id}' has rows of {_listed(lengths)} cells")
    options = spec.options or specs.TableOptions()
    columns = options.col_headers
    if columns and rows and len(rows[0]) == len(columns) and _texts(rows[0]) == _texts(columns):
        notes.add(
            "V202",
            f"the first row of view '{spec.view_id}' repeats its column headers",
            "leave it out of the data",
        )
    return TableView(spec.view_id, spec.heading, spec.type, rows, options.row_headers, columns)


def filled_up(rows: tuple[tuple[Any, ...], ...]) -> tuple[tuple[Any, ...], ...]:
    """Rows of the length of the longest one, with None for what is missing."""
    width = max(map(len, rows), default=0)
    if all(len(row) == width for row in rows):
        return rows
    return tuple(row + (None,) * (width - len(row)) for row in rows)


def _texts(row: Sequence[Any]) -> list[str]:
    return [str(cell) for cell in row]


def _listed(lengths: list[int]) -> str:
    return " and ".join(map(str, lengths)) if len(lengths) < 4 else f"{lengths[0]} to {lengths[-1]}"


def build_hash(spec: specs.HashSpec, notes: Notes) -> HashView:
    raw = spec.structure or spec.data or specs.HashStructure()
    buckets: dict[int, Bucket] = {}
    for position, bucket in enumerate(raw.buckets):
        index = position if bucket.index is None else bucket.index
        if index in buckets:
            notes.add(
                "V303", f"view '{spec.view_id}' has two buckets of index {index}", "number them 0, 1, 2"
            )
            continue
        buckets[index] = Bucket(index, tuple(Entry(item.key, item.value) for item in bucket.items))
    size = raw.size if raw.size is not None else len(buckets)
    if not 0 <= size <= MOST_BUCKETS:
        notes.add("V306", f"view '{spec.view_id}' has size {size}", f"the size is 0 to {MOST_BUCKETS}")
        size = 0
    for index in range(size):
        buckets.setdefault(index, Bucket(index))
    return HashView(spec.view_id, spec.heading, spec.type, tuple(buckets[index] for index in sorted(buckets)))


def build_list(spec: specs.ListSpec, notes: Notes) -> ListView:
    raw = spec.data if spec.data is not None else spec.structure
    named: Mapping[str, Sequence[Any]] = raw if isinstance(raw, Mapping) else {"": raw or ()}
    lists = {name: tuple(item_of(entry) for entry in entries) for name, entries in named.items()}
    return ListView(spec.view_id, spec.heading, spec.type, FrozenDict(lists))


_ITEM_FIELDS = {"value", "styleKey", "state", "index"}


def item_of(raw: Any) -> Item:
    """An entry of a list: a value, or an object of value and style as arrays have them."""
    if isinstance(raw, Mapping) and "value" in raw and raw.keys() <= _ITEM_FIELDS:
        style = raw.get("styleKey", raw.get("state"))
        return Item(raw["value"], style if isinstance(style, str) else None)
    return Item(raw)


_BUILDERS: dict[type[specs.ViewSpec], Callable[[Any, Notes], View]] = {
    specs.ArraySpec: build_array,
    specs.TableSpec: build_table,
    specs.GraphSpec: build_graph,
    specs.TreeSpec: build_tree,
    specs.HashSpec: build_hash,
    specs.ListSpec: build_list,
}
