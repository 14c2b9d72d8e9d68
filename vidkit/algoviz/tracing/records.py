"""Objects and dicts of the same fields in a list or dict: rows of a table with a column for each field."""

from __future__ import annotations

from collections.abc import Sequence

from vidkit.algoviz.tracing.displays import Cell, Table
from vidkit.algoviz.tracing.memory import Memory, key_text, shown
from vidkit.algoviz.tracing.recording import Encoded

_MOST_ROWS = 60


def fields_of(value: Encoded, memory: Memory, nodes: set[str] | None = None) -> dict[str, Encoded] | None:
    """Values by field of an object or of a dict with texts as keys; None for others, and for nodes."""
    content = memory.content(value)
    if content is None or content["k"] not in ("object", "dict"):
        return None
    if content["k"] == "object" and nodes and content.get("c") in nodes:
        return None
    if not all(isinstance(name, str) for name, _ in content["v"]):
        return None
    return dict(content["v"])


def record_columns(values: Sequence[Encoded], memory: Memory, nodes: set[str]) -> dict[str, None]:
    """Fields of all values, at least two that all have; none where these are no records."""
    found = [fields_of(value, memory, nodes) for value in values]
    known = [one for one in found if one is not None]
    if not known or len(known) < len(found) or len(found) > _MOST_ROWS:
        return {}
    common = set(known[0]).intersection(*known)
    columns = dict.fromkeys(name for one in known for name in one)
    return columns if len(common) >= 2 and 2 * len(common) >= len(columns) else {}


def records(value: Encoded, memory: Memory, keys: tuple[str, ...], columns: tuple[str, ...]) -> Table:
    """The table now: rows in the order of the list, or of `keys` for a dict."""
    content = memory.content(value)
    if content is None or content["k"] not in ("list", "dict"):
        return Table(())
    if content["k"] == "list":
        return Table(tuple(_row(item, memory, columns) for item in content["v"]))
    by_key = {key_text(key, memory): item for key, item in content["v"]}
    return Table(tuple(_row(by_key[key], memory, columns) if key in by_key else () for key in keys))


def _row(value: Encoded, memory: Memory, columns: tuple[str, ...]) -> tuple[Cell, ...]:
    fields = fields_of(value, memory) or {}
    return tuple(_cell(fields[name], memory) if name in fields else None for name in columns)


def _cell(value: Encoded, memory: Memory) -> Cell:
    made = shown(value, memory)
    return "None" if made is None else made
