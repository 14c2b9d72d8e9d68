"""Containers and objects that the script holds: found from its variables, compared after every line."""

from __future__ import annotations

import contextlib
from collections import OrderedDict, deque
from operator import is_
from typing import Any

from .values import encode, is_data

MOST_ITEMS = 2000
MOST_OBJECTS = 4000


class _Entry:
    """One object, and what it held when it was last looked at (kept alive, so ids stay unique)."""

    __slots__ = ("kind", "number", "seen", "value")

    def __init__(self, value: Any, kind: str, number: int) -> None:
        self.value, self.kind, self.number = value, kind, number
        self.seen: Any = None


def _attributes(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind in reversed(type(value).__mro__):
        names = kind.__dict__.get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            try:
                found[name] = object.__getattribute__(value, name)
            except AttributeError:
                continue
    with contextlib.suppress(AttributeError):
        found.update(object.__getattribute__(value, "__dict__"))
    return {name: item for name, item in found.items() if not name.startswith("__") and is_data(item)}


class Heap:
    """All containers that were found, by identity.

    Args:
        module: name of the script's module: instances of its classes are objects with attributes.
    """

    def __init__(self, module: str) -> None:
        self.module = module
        self.full = False
        self._known: dict[int, _Entry] = {}
        self._new: list[_Entry] = []
        self._heaps: set[int] = set()
        self._next = 1

    def kind_of(self, value: Any) -> str | None:
        """list, deque, set, dict, odict, array or object; None for what is no container."""
        kind = type(value)
        if isinstance(value, list):
            return "list"
        if isinstance(value, deque):
            return "deque"
        if isinstance(value, OrderedDict):
            return "odict"
        if isinstance(value, dict):
            return "dict"
        if isinstance(value, set):
            return "set"
        if kind.__name__ in ("array", "bytearray") and kind.__module__ in ("array", "builtins"):
            return "array"
        if kind.__name__ == "ndarray" and kind.__module__ == "numpy" and value.ndim in (1, 2):
            return "ndarray"
        if kind.__module__ == self.module and is_data(value):
            return "object"
        return None

    def refer(self, value: Any) -> int | None:
        """Number of a container; a new one is written down at the next look."""
        entry = self._known.get(id(value))
        if entry is not None:
            return entry.number
        kind = self.kind_of(value)
        if kind is None:
            return None
        if len(self._known) >= MOST_OBJECTS:
            self.full = True
            return None
        entry = _Entry(value, kind, self._next)
        self._next += 1
        self._known[id(value)] = entry
        self._new.append(entry)
        return entry.number

    def number_of(self, value: Any) -> int | None:
        """Number of a container that is known already."""
        entry = self._known.get(id(value))
        return None if entry is None else entry.number

    def is_heap(self, value: Any) -> None:
        """Note that heapq works on a list."""
        number = self.refer(value)
        if number is not None and number not in self._heaps:
            self._heaps.add(number)
            self._known[id(value)].seen = None

    def changes(self) -> dict[str, Any]:
        """Content of all that changed since the last look, or is new."""
        changed: dict[str, Any] = {}
        for entry in list(self._known.values()):
            held = self._held(entry)
            if entry.seen is None or not _same(entry.seen, held):
                entry.seen = held
                if entry not in self._new:
                    changed[str(entry.number)] = self._written(entry)
        while self._new:
            entry = self._new.pop()
            entry.seen = self._held(entry)
            changed[str(entry.number)] = self._written(entry)
        return changed

    def forget_all_but(self, roots: list[Any]) -> None:
        """Drop what cannot be reached from these values any more."""
        reached: set[int] = set()
        waiting = list(roots)
        while waiting:
            value = waiting.pop()
            if isinstance(value, tuple):
                waiting += value
                continue
            entry = self._known.get(id(value))
            if entry is None or id(value) in reached:
                continue
            reached.add(id(value))
            for part in entry.seen or ():
                waiting += part
        self._known = {key: entry for key, entry in self._known.items() if key in reached}

    def _held(self, entry: _Entry) -> tuple[list[Any], ...]:
        """What it holds, as lists to be compared item by item."""
        value, kind = entry.value, entry.kind
        if kind in ("list", "deque"):
            return (list.__getitem__(value, slice(MOST_ITEMS)) if kind == "list" else list(value),)
        if kind == "odict":
            return list(OrderedDict.keys(value)), list(OrderedDict.values(value))
        if kind == "dict":
            return list(dict.keys(value)), list(dict.values(value))
        if kind == "set":
            return (sorted(value, key=_order),)
        if kind in ("array", "ndarray"):
            listed = value.tolist() if kind == "ndarray" else list(value)
            flat = [item for row in listed for item in (row if isinstance(row, list) else [row])]
            return (flat,)
        held = _attributes(value)
        return list(held), list(held.values())

    def _written(self, entry: _Entry) -> dict[str, Any]:
        kind = entry.kind
        made: dict[str, Any] = {"k": "list" if kind == "array" else kind}
        parts = entry.seen
        if kind in ("dict", "odict", "object"):
            pairs = zip(parts[0], parts[1], strict=True)
            made["v"] = [[encode(a, self.refer), encode(b, self.refer)] for a, b in pairs][:MOST_ITEMS]
        else:
            made["v"] = [encode(item, self.refer) for item in parts[0][:MOST_ITEMS]]
        if kind == "object":
            made["c"] = type(entry.value).__name__
        if kind == "ndarray":
            made["shape"] = list(entry.value.shape)
        if entry.number in self._heaps:
            made["heap"] = True
        return made


def _order(value: Any) -> tuple[str, Any]:
    """An order of set elements that does not depend on hashes; the script's own comparisons are not used."""
    if type(value) in (int, float, bool):
        return ("", value)
    if type(value) is str:
        return ("s", value)
    if type(value) is tuple:
        return ("t", tuple(_order(item) for item in value))
    return ("z", id(value))


def _same(one: tuple[list[Any], ...], other: tuple[list[Any], ...]) -> bool:
    return all(len(a) == len(b) and all(map(is_, a, b)) for a, b in zip(one, other, strict=True))
