"""Which places become views, and of which kind: decided with the whole recording in sight."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from vidkit.algoviz.tracing.cursors import EDGES, Cursors
from vidkit.algoviz.tracing.displays import is_symmetric, neighbours, rows_of
from vidkit.algoviz.tracing.memory import Memory, key_text, reference
from vidkit.algoviz.tracing.recording import MODULE, Encoded, Recording
from vidkit.algoviz.tracing.records import record_columns
from vidkit.algoviz.tracing.slots import Slot, Use, node_classes, shown_twice, slots_now, uses
from vidkit.algoviz.tracing.structures import is_mutual, shape_of

MOST_VIEWS = 7
_MOST_COLUMNS = 8
_GRAPHS = re.compile(
    r"graph|adj|neighbo|edges_of|network|successors|tree$|^g$|children|deps|roads|^tree", re.I
)
_GRIDS = re.compile(r"grid|maze|board|matrix|map$|field|canvas|lines", re.I)
_STACKS = re.compile(r"stack|stk|^st$|path$|^ops$", re.I)
_HEAPS = re.compile(r"heap|^pq$|priority", re.I)
_QUEUES = re.compile(r"queue|^q$|frontier|fifo|buffer", re.I)
_BUCKETS = re.compile(r"bucket|table|slots|hash", re.I)
_WEIGHT: dict[str, float] = {
    "tree": 6,
    "x-linkedlist": 6,
    "graph": 5,
    "hashtable": 5,
    "table": 4,
    "array": 3,
    "records": 3,
    "x-heap": 2,
    "x-string": 1.5,
    "x-stack": 1.5,
    "x-queue": 1.5,
    "pairs": 1,
    "list": 1.5,
    "x-set": 0.5,
}
_HELPERS = ("array", "list", "pairs", "x-heap", "x-queue", "x-set", "x-stack")


@dataclass(frozen=True)
class Plan:
    """One view.

    Args:
        view_id: in the trace.
        title: as people would call it.
        kind: type of the view; "pairs" is a table of keys and values, "records" one of fields of objects.
        slots: places that it shows: several where one is another's argument.
        node_class: for linked structures; then there are no slots.
        rows: greatest number of rows and columns of a table.
        keys: all keys that a dict ever has, in order, of "pairs" and "records".
        columns: names of the fields of "records".
        source: "adjacency", "edges", "nested" or "" for what a network is made of.
        weight: place of the weight in a list of edges.
        directed: whether edges of a graph have a direction.
    """

    view_id: str
    title: str
    kind: str
    slots: tuple[Slot, ...] = ()
    node_class: str = ""
    rows: tuple[int, int] = (0, 0)
    keys: tuple[str, ...] = ()
    source: str = ""
    directed: bool = True
    weight: int = 2
    columns: tuple[str, ...] = ()


@dataclass
class Evidence:
    """What the containers of a slot looked like, over all records."""

    grids: int = 0
    others: int = 0
    scalars: bool = True
    ragged: bool = False
    square_texts: bool = False
    texts: bool = False
    rows: tuple[int, int] = (0, 0)
    row_lengths: set[int] = field(default_factory=set)
    keys: dict[str, None] = field(default_factory=dict)
    graph_like: int = 0
    nested_like: int = 0
    only_tail: bool = True
    from_head: bool = False
    last: list[Encoded] | None = None
    symmetric: bool = False
    shrank_at_tail: bool = False
    inside: set[int] = field(default_factory=set)
    grid_in_text: bool = False
    gone_over: bool = False
    edge_like: int = 0
    weight: int = 2
    one_way: bool = False
    records: int = 0
    columns: dict[str, None] = field(default_factory=dict)


def plan(recording: Recording, watch: Iterable[str], hints: Cursors) -> list[Plan]:
    """Views, the main one first.

    Args:
        recording: of a run.
        watch: names of variables to show, no others; empty: what happens most.
        hints: how the script's text uses its containers.
    """
    texts = hints.texts
    nodes = node_classes(recording)
    found = uses(recording, nodes, texts)
    same = shown_twice(found)
    handed = _handed_round(found)
    evidence = _evidence(recording, nodes, texts, found)
    for slot, seen in evidence.items():
        seen.grid_in_text = hints.is_grid(slot.name) or bool(_GRIDS.search(slot.name))
        seen.gone_over = slot.name in hints.neighbours
        seen.one_way = hints.one_way
        seen.weight = hints.weights.get(slot.name, 2)
    wanted = list(watch)
    scored: list[tuple[float, Plan]] = []
    for slot, use in found.items():
        if (
            slot in same
            or (slot in handed and not wanted)
            or (not wanted and _is_inside_another(slot, found, evidence))
        ):
            continue
        group = (slot, *(other for other, target in same.items() if _end(target, same) == slot))
        if wanted and not any(name in wanted for s in group for name in (s.name, found[s].title)):
            continue
        total = sum(found[s].reads for s in group)
        made = _plan(slot, group, use, evidence[slot])
        score = (use.changes * 2 + total + 1) * _WEIGHT.get(made.kind, 1)
        score *= 0.2 if max(use.lengths, default=0) <= 1 else 1.0  # a single value is hardly a structure
        if wanted or _worth(use, total, made.kind, evidence[slot]):
            scored.append((score, made))
    for name in sorted(nodes):
        if not wanted or name in wanted:
            kind = shape_of(recording, name)
            touched = sum(c.get("c") == name for r in recording.records for c in r.contents.values())
            directed = kind != "graph" or not is_mutual(recording, name)
            scored.append(
                (touched * 4.0 * _WEIGHT[kind], Plan("", name, kind, node_class=name, directed=directed))
            )
    scored.sort(key=lambda pair: -pair[0])
    plans = _main_first([made for _, made in scored], wanted)
    return _named(_without_repeats(plans)[:MOST_VIEWS])


def _main_first(plans: list[Plan], wanted: list[str]) -> list[Plan]:
    """An algorithm on a graph is about the graph, however busy its lists are; a table goes before a text."""
    graph = next((one for one in plans if one.kind == "graph" and one.source), None)
    table = next((one for one in plans if one.kind == "table"), None)
    first = graph if plans and plans[0].kind in _HELPERS else None
    if plans and plans[0].kind == "x-string":  # which is only read, where a table is filled
        first = table
    if wanted or first is None:
        return plans
    return [first, *(one for one in plans if one is not first)]


def _handed_round(found: dict[Slot, Use]) -> set[Slot]:
    """Variables that hold now one, now another of the containers that have places of their own."""
    of_their_own = {
        n
        for slot, use in found.items()
        if slot.owner == MODULE and len(use.objects) == 1
        for n in use.objects
    }
    return {
        slot
        for slot, use in found.items()
        if slot.owner != MODULE
        and not slot.owner.startswith("#")
        and len(use.objects) > 1
        and use.objects.keys() <= of_their_own
    }


def _end(slot: Slot, same: dict[Slot, Slot]) -> Slot:
    while slot in same:
        slot = same[slot]
    return slot


def _worth(use: Use, reads: int, kind: str, evidence: Evidence) -> bool:
    """Whether a place is worth a view: something happens to it, or it says what the work is done on."""
    return use.changes > 1 or reads > 0 or kind in ("graph", "tree")


def _without_repeats(plans: list[Plan]) -> list[Plan]:
    """Of attributes of several objects with the same name, the few that matter most."""
    counted: dict[tuple[bool, str], int] = {}
    kept = []
    for made in plans:
        key = (
            bool(made.slots) and made.slots[0].owner.startswith("#"),
            made.slots[0].name if made.slots else "",
        )
        counted[key] = counted.get(key, 0) + 1
        if not key[0] or counted[key] <= 2:
            kept.append(made)
    return kept


def _named(plans: list[Plan]) -> list[Plan]:
    """With ids: the first is the main view."""
    used = {"vars_panel", "call_stack", "output", "data_state"}
    made = []
    for place, one in enumerate(plans):
        base = re.sub(r"\W+", "_", one.title).strip("_") or "view"
        name = base
        number = 2
        while name in used:
            name, number = f"{base}_{number}", number + 1
        used.add(name)
        view_id = "data_state" if place == 0 else name
        made.append(replace(one, view_id=view_id))
    return made


def _evidence(
    recording: Recording, nodes: set[str], texts: set[tuple[str, str]], found: dict[Slot, Use]
) -> dict[Slot, Evidence]:
    made = {slot: Evidence() for slot in found}
    memory = Memory()
    last_seen: dict[Slot, int | None] = {}
    for record in recording.records:
        memory.take(record)
        for slot, (_, value) in slots_now(memory, nodes, texts).items():
            number = reference(value)
            rows = rows_of(value, memory)
            inner = {
                n for item in (memory.heap[number]["v"] if number else ()) if (n := _inner(item)) is not None
            }
            if last_seen.get(slot) != number or number in record.contents or inner & record.contents.keys():
                if not _look_at_records(made[slot], value, memory, nodes):
                    _look(made[slot], slot, value, rows, memory, last_seen.get(slot) == number)
                last_seen[slot] = number
    return made


def _look_at_records(seen: Evidence, value: Encoded, memory: Memory, nodes: set[str]) -> bool:
    """Whether a list or dict holds objects or dicts of the same fields, which make a table."""
    content = memory.content(value)
    if content is None or content["k"] not in ("list", "dict") or seen.gone_over or seen.edge_like:
        return False
    named = content["k"] == "dict"
    columns = record_columns([item[1] if named else item for item in content["v"]], memory, nodes)
    keys = [key_text(key, memory) for key, _ in content["v"]] if named else []
    if not columns or len(seen.columns | columns) > _MOST_COLUMNS or columns.keys() & set(keys):
        return False
    seen.inside |= _all_inside(value, memory)
    seen.keys.update(dict.fromkeys(keys))
    seen.columns.update(columns)
    seen.records += 1
    seen.rows = max(seen.rows[0], len(content["v"])), len(seen.columns)
    return True


def _inner(item: Encoded) -> int | None:
    return reference(item[1]) if isinstance(item, list) and len(item) == 2 else reference(item)


def _look(
    seen: Evidence, slot: Slot, value: Encoded, rows: list[list[Encoded]] | None, memory: Memory, same: bool
) -> None:
    content = memory.content(value)
    if content is None:
        return
    seen.inside |= _all_inside(value, memory)
    if _GRAPHS.search(slot.name) or content["k"] == "dict":
        seen.symmetric = is_symmetric(value, memory)
    if content["k"] in ("dict", "odict"):
        _look_at_dict(seen, slot, content["v"], memory)
        return
    listed = content["v"]
    if same and seen.last is not None and len(listed) != len(seen.last):
        shorter, longer = sorted((listed, seen.last), key=len)
        seen.only_tail = seen.only_tail and longer[: len(shorter)] == shorter
        seen.shrank_at_tail = seen.shrank_at_tail or len(listed) < len(seen.last)
        gone_first = bool(listed) and seen.last[1:] == listed and seen.last[:-1] != listed
        seen.from_head = seen.from_head or gone_first
    elif same and seen.last is not None and listed != seen.last:
        seen.only_tail = False
    seen.last = list(listed)
    if rows is None or not rows:
        seen.others += bool(listed)
        return
    if EDGES.search(slot.name):
        seen.edge_like += len(listed) > 1 and all(_is_edge(row) for row in rows)
    kinds = {_row_kind(item) for item in listed}
    lengths = {len(row) for row in rows}
    seen.ragged = seen.ragged or len(lengths) > 1
    seen.row_lengths |= lengths
    if kinds == {"text"}:
        seen.square_texts = len(lengths) == 1 and max(lengths) > 1 and len(rows) > 1
        seen.texts = True
        seen.grids += seen.square_texts
        seen.others += not seen.square_texts
    elif kinds == {"tuple"}:
        seen.others += 1
    else:
        seen.grids += 1
        inner = [cell for row in rows for cell in row]
        near = [cell["t"][0] if isinstance(cell, dict) and cell.get("t") else cell for cell in inner]
        fits = all(
            isinstance(cell, int) and not isinstance(cell, bool) and 0 <= cell < len(rows) for cell in near
        )
        once = all(len(row) == len({repr(cell) for cell in row}) for row in rows)
        seen.graph_like += fits and once and len(lengths) > 1
    seen.rows = max(seen.rows[0], len(rows)), max(seen.rows[1], max(lengths, default=0))


def _is_edge(row: list[Encoded]) -> bool:
    """Two or three texts or whole numbers; a weight may have a fraction."""
    plain = [isinstance(item, str | int | float) and not isinstance(item, bool) for item in row]
    return len(row) in (2, 3) and all(plain) and row[0] != row[1]


def _row_kind(item: Encoded) -> str:
    if isinstance(item, str):
        return "text"
    return "tuple" if isinstance(item, dict) and "t" in item else "list"


def _all_inside(value: Encoded, memory: Memory) -> set[int]:
    """Containers inside a container, at any depth."""
    found: set[int] = set()
    waiting = [value]
    while waiting and len(found) < 500:
        content = memory.content(waiting.pop())
        for item in content["v"] if content is not None and content["k"] != "object" else ():
            inner = _inner(item)
            if inner is not None and inner not in found:
                found.add(inner)
                waiting.append({"r": inner})
    return found


def _is_inside_another(slot: Slot, found: dict[Slot, Use], evidence: dict[Slot, Evidence]) -> bool:
    """Whether all that a place holds is part of what another shows: a row of a grid, a node of a trie."""
    held = found[slot].objects.keys()
    for other, seen in evidence.items():
        roots = found[other].objects.keys()
        apart = not held & roots or len(roots) < len(held)
        if other != slot and held and apart and held - roots and held <= seen.inside | roots:
            return True
    return False


def _look_at_dict(seen: Evidence, slot: Slot, listed: list[list[Encoded]], memory: Memory) -> None:
    names = {key_text(key, memory) for key, _ in listed}
    for name in (key_text(key, memory) for key, _ in listed):
        seen.keys.setdefault(name)
    contents = [memory.content(value) for _, value in listed]
    if listed and all(
        (c is not None and c["k"] in ("list", "set", "dict", "odict")) or _is_tuple(v)
        for c, (_, v) in zip(contents, listed, strict=True)
    ):
        near = [name for _, value in listed for name, _ in neighbours(value, memory)]
        deep = any(
            c is not None
            and c["k"] in ("dict", "odict")
            and any(memory.content(v) is not None for _, v in c["v"])
            for c in contents
        )
        inside = sum(name in names for name in near)
        if near and (inside >= 0.5 * len(near) or seen.gone_over) and not deep:
            seen.graph_like += 1
        elif deep and all(c is None or c["k"] in ("dict", "odict") for c in contents):
            seen.nested_like += 1
        elif near or not _GRAPHS.search(slot.name):
            seen.others += 1


def _is_tuple(value: Encoded) -> bool:
    return isinstance(value, dict) and "t" in value


def _plan(slot: Slot, group: tuple[Slot, ...], use: Use, seen: Evidence) -> Plan:
    kind, source = _kind(slot, use, seen)
    directed = seen.one_way if source == "edges" else not seen.symmetric
    keys = tuple(seen.keys)
    rows = (max(seen.rows[0], len(keys)), len(seen.columns)) if kind == "records" else seen.rows
    columns = tuple(seen.columns)
    return Plan("", use.title, kind, group, "", rows, keys, source, directed, seen.weight, columns)


def _kind(slot: Slot, use: Use, seen: Evidence) -> tuple[str, str]:
    named = bool(_GRAPHS.search(slot.name))
    if seen.records and not (seen.grids or seen.others or use.heap or seen.graph_like or seen.nested_like):
        return "records", ""
    if use.kinds & {"dict", "odict"}:
        if seen.nested_like and seen.nested_like >= seen.graph_like:
            return "tree", "nested"
        if seen.graph_like and (named or seen.gone_over or seen.graph_like > seen.others):
            return "graph", "adjacency"
        if "odict" in use.kinds or len(seen.keys) > 60:
            return "list", ""
        return "pairs", ""
    if seen.edge_like and seen.edge_like >= max(seen.grids, seen.others):
        return "graph", "edges"
    if "set" in use.kinds:
        return "x-set", ""
    if "str" in use.kinds:
        return ("x-string", "")
    if "deque" in use.kinds:
        return "x-queue", ""
    if use.heap or (len(use.lengths) > 1 and not seen.grids and _HEAPS.search(use.title)):
        return "x-heap", ""
    grid = seen.grids > seen.others and (seen.grid_in_text or not seen.texts)
    if grid or ("ndarray" in use.kinds and seen.rows[0]):
        like = seen.graph_like > seen.grids / 2 and seen.gone_over
        if seen.graph_like and (named or like) and not _BUCKETS.search(slot.name):
            return "graph", "adjacency"
        if seen.ragged and _BUCKETS.search(slot.name):
            return "hashtable", ""
        if seen.ragged and len(use.lengths) > 3 and seen.rows[1] > 12:
            return "list", ""
        return "table", ""
    if len(use.lengths) <= 1:
        return "array", ""
    if _STACKS.search(slot.name) or (seen.only_tail and seen.shrank_at_tail and not seen.from_head):
        return "x-stack", ""
    if seen.from_head or _QUEUES.search(slot.name):
        return "x-queue", ""
    return "list", ""
