"""Places that hold data, by name: variables and attributes of objects; and what they hold over time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from vidkit.algoviz.tracing.memory import Content, Memory, items, reference
from vidkit.algoviz.tracing.recording import MODULE, Encoded, Recording

CONTAINERS = ("list", "deque", "set", "dict", "odict", "ndarray")


class Slot(NamedTuple):
    """A place.

    Args:
        owner: function of a variable, or "#7" for an attribute of object 7.
        name: of the variable or attribute.
    """

    owner: str
    name: str


@dataclass
class Use:
    """What happened to a slot over the whole recording.

    Args:
        title: as people would call it.
        steps: in how many records it is there.
        kinds: of containers that it held.
        lengths: of these.
        changes: how often its content changed, or another container came.
        reads: of its elements.
        objects: numbers of the containers, in order of appearance.
        first: record in which it appears first.
        same_as: another slot that holds the same container whenever both are there, Counter of records.
    """

    title: str
    steps: int = 0
    kinds: set[str] = field(default_factory=set)
    lengths: set[int] = field(default_factory=set)
    changes: int = 0
    reads: int = 0
    objects: dict[int, None] = field(default_factory=dict)
    first: int = 0
    same_as: Counter[Slot] = field(default_factory=Counter)
    heap: bool = False


def node_classes(recording: Recording) -> set[str]:
    """Classes whose objects refer to others of the same class, directly or in a container: nodes."""
    memory = Memory()
    found: set[str] = set()
    owners: dict[int, set[int]] = {}
    for record in recording.records:
        memory.take(record)
        looked_at: set[int] = set()
        for number, content in record.contents.items():
            if content["k"] == "object":
                looked_at.add(number)
                for value in items(content):
                    inner = reference(value)
                    if inner is not None:
                        owners.setdefault(inner, set()).add(number)
            looked_at |= owners.get(number, set())
        for content in (memory.heap[number] for number in looked_at):
            if content["k"] != "object" or content.get("c") in found:
                continue
            if any(content["c"] in _classes_in(value, memory, 2) for value in items(content)):
                found.add(str(content["c"]))
    return found


def _classes_in(value: Encoded, memory: Memory, depth: int) -> set[str]:
    content = memory.content(value)
    if content is None:
        inner = value["t"] if isinstance(value, dict) and "t" in value else []
    elif content["k"] == "object":
        return {str(content.get("c"))}
    else:
        inner = items(content)
    found: set[str] = set()
    for item in inner if depth else []:
        found |= _classes_in(item, memory, depth - 1)
    return found


def slots_now(
    memory: Memory, nodes: set[str], texts: set[tuple[str, str]]
) -> dict[Slot, tuple[str, Encoded]]:
    """Places that hold containers now, with a title and the value: variables first, then attributes.

    Args:
        memory: of the script now.
        nodes: classes of nodes: their attributes are edges, not places.
        texts: function and name of text variables that are used like arrays.
    """
    found: dict[Slot, tuple[str, Encoded]] = {}
    owners: dict[int, str] = {}
    for (function, name), value in memory.visible().items():
        content = memory.content(value)
        if content is None:
            if isinstance(value, str) and (function, name) in texts:
                found[Slot(function, name)] = (name, value)
        elif content["k"] in CONTAINERS:
            found[Slot(function, name)] = (name, value)
        elif content["k"] == "object" and content.get("c") not in nodes:
            number = reference(value)
            assert number is not None
            if number not in owners or owners[number] == "self":
                owners[number] = name
    waiting = [(number, name, 0) for number, name in owners.items()]
    for number, name, depth in waiting:  # grows by the objects that are attributes of objects
        for attribute, value in memory.heap[number]["v"]:
            content = memory.content(value)
            title = str(attribute) if name == "self" else f"{name}.{attribute}"
            if content is None:
                continue
            if content["k"] in CONTAINERS:
                _take(found, Slot(f"#{number}", str(attribute)), title, value)
            inner = reference(value) or 0
            is_new = inner not in owners or owners[inner] == "self"
            if is_new and depth < 3 and content["k"] == "object" and content.get("c") not in nodes:
                waiting.append((inner, title, depth + 1))
                owners[inner] = title
    return found


def _take(found: dict[Slot, tuple[str, Encoded]], slot: Slot, title: str, value: Encoded) -> None:
    """A place with the longest of its titles: `q.inbox.items` says more than `items` or `inbox.items`."""
    if slot not in found or found[slot][0].count(".") < title.count("."):
        found[slot] = (title, value)


def uses(recording: Recording, nodes: set[str], texts: set[tuple[str, str]]) -> dict[Slot, Use]:
    """All slots of a recording with what happened to them."""
    memory = Memory()
    made: dict[Slot, Use] = {}
    inner_of: dict[int, set[int]] = {}
    for place, record in enumerate(recording.records):
        memory.take(record)
        now = slots_now(memory, nodes, texts)
        by_object: dict[object, list[Slot]] = {}
        for slot, (title, value) in now.items():
            by_object.setdefault(_identity(value), []).append(slot)
            use = made.get(slot)
            if use is None:
                use = made[slot] = Use(title, first=place)
            elif use.title.count(".") < title.count("."):
                use.title = title
            use.steps += 1
            _look(use, value, memory, record.contents, inner_of)
        for slots in by_object.values():
            for slot in slots:
                made[slot].same_as.update(other for other in slots if other != slot)
        _count_reads(record.reads, now, made, inner_of)
    return made


def _identity(value: Encoded) -> object:
    return value if isinstance(value, str) else reference(value)


def _look(
    use: Use, value: Encoded, memory: Memory, changed: dict[int, Content], inner_of: dict[int, set[int]]
) -> None:
    if isinstance(value, str):
        use.kinds.add("str")
        use.lengths.add(len(value))
        return
    number = reference(value)
    assert number is not None
    content = memory.heap[number]
    new = number not in use.objects
    if new or number in changed:
        use.objects[number] = None
        use.kinds.add(content["k"])
        use.lengths.add(len(content["v"]))
        use.heap = use.heap or bool(content.get("heap"))
        use.changes += 1
        inner_of[number] = {inner for item in items(content) if (inner := reference(item)) is not None}
    use.changes += any(inner in changed for inner in inner_of.get(number, ())) if not new else 0


def _count_reads(
    reads: tuple[tuple[str, object, Encoded], ...],
    now: dict[Slot, tuple[str, Encoded]],
    made: dict[Slot, Use],
    inner_of: dict[int, set[int]],
) -> None:
    # a slice is one look, however many elements it has
    parts = {str(of): of for kind, of, _ in reads if kind == "s"}
    for of in [*parts.values(), *(of for kind, of, _ in reads if kind != "s")]:
        for slot, (_, value) in now.items():
            number = reference(value)
            if isinstance(of, dict):
                made[slot].reads += of.get("text") == value
            elif number == of or of in inner_of.get(number or -1, ()):
                made[slot].reads += 1


def shown_twice(made: dict[Slot, Use]) -> dict[Slot, Slot]:
    """Slots that hold what another one holds all the time, and that other one: mostly arguments."""
    same: dict[Slot, Slot] = {}
    for slot, use in sorted(made.items(), key=lambda pair: _outermost(pair[0], pair[1])):
        for other, count in use.same_as.items():
            if (
                other not in same
                and count == use.steps
                and _outermost(other, made[other]) < _outermost(slot, use)
            ):
                same[slot] = other
                break
    for slot, use in made.items():
        for other, earlier in made.items():
            handed_on = (
                slot.name == other.name and use.objects and use.objects.keys() <= earlier.objects.keys()
            )
            if (
                handed_on
                and slot not in same
                and other not in same
                and other != slot
                and use.first > earlier.first
            ):
                same[slot] = other
    return same


def _outermost(slot: Slot, use: Use) -> tuple[int, int, int]:
    return (slot.owner != MODULE, -use.steps, use.first)
