"""The script's memory at one moment: containers by number, calls that run, variables by call."""

from __future__ import annotations

import bisect
import json
from dataclasses import dataclass, field
from typing import Any

from vidkit.algoviz.tracing.recording import Encoded, Record

Content = dict[str, Any]
"""{"k": kind, "v": items or pairs, "c": class, "heap": True, "shape": of an array of numpy}."""


_MISSING = object()
_MOST_TOLD = 12  # items of a container among the arguments of a call


@dataclass
class Call:
    """A function that runs: how deep, with its variables, and when each of them came to be."""

    number: int
    function: str
    depth: int = 0
    variables: dict[str, Encoded] = field(default_factory=dict)
    order: dict[str, int] = field(default_factory=dict)


@dataclass
class Memory:
    """What there is after some records."""

    heap: dict[int, Content] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    _holders: dict[tuple[str, str], list[Call]] = field(default_factory=dict)  # of each name, outermost first
    _running: dict[int, int] = field(default_factory=dict)  # how many calls have a number
    _set: int = 0  # variables that came to be so far

    def take(self, record: Record) -> None:
        """Go on by one record; the time that it takes does not depend on how deep the calls are."""
        self.heap.update(record.contents)
        if record.call is not None:
            self.calls.append(Call(record.call[0], record.call[1], len(self.calls)))
            self._running[record.call[0]] = self._running.get(record.call[0], 0) + 1
        for number, found in record.variables.items():
            call = next((call for call in reversed(self.calls) if call.number == number), None)
            if call is None:
                continue
            for name, value in found.items():
                if isinstance(value, dict) and value.get("gone"):
                    self._forget(call, name)
                else:
                    self._hold(call, name, value)
        if record.back is not None:
            self._return(record.back[0])

    def _return(self, number: int) -> None:
        """End a call and those in it; the outermost stays: what it holds is what the run ended with."""
        running = self._running.get(number, 0)
        if running > 1 or (running == 1 and self.calls[0].number != number):
            while self._end_call() != number:
                continue

    def _hold(self, call: Call, name: str, value: Encoded) -> None:
        if name not in call.variables:
            self._set += 1
            call.order[name] = self._set
            bisect.insort(
                self._holders.setdefault((call.function, name), []), call, key=lambda one: one.depth
            )
        call.variables[name] = value

    def _forget(self, call: Call, name: str) -> None:
        if call.variables.pop(name, _MISSING) is not _MISSING:
            holders = self._holders[call.function, name]
            del holders[next(at for at in range(len(holders) - 1, -1, -1) if holders[at] is call)]
            if not holders:
                del self._holders[call.function, name]

    def _end_call(self) -> int:
        call = self.calls.pop()
        for name in list(call.variables):
            self._forget(call, name)
        self._running[call.number] -= 1
        return call.number

    def visible(self) -> dict[tuple[str, str], Encoded]:
        """Variables by function and name; of a function that runs several times, the innermost."""

        def age(key: tuple[str, str]) -> tuple[int, int]:
            outermost = self._holders[key][0]
            return outermost.depth, outermost.order[key[1]]

        return {key: self._holders[key][-1].variables[key[1]] for key in sorted(self._holders, key=age)}

    def content(self, value: Encoded) -> Content | None:
        """What a reference refers to; None for other values."""
        number = reference(value)
        return None if number is None else self.heap.get(number)


def reference(value: Encoded) -> int | None:
    """Number of the container that a value refers to."""
    return value["r"] if isinstance(value, dict) and isinstance(value.get("r"), int) else None


def items(content: Content) -> list[Encoded]:
    """Items of a sequence or set, values of a dict or object."""
    if content["k"] in ("dict", "odict", "object"):
        return [value for _, value in content["v"]]
    return list(content["v"])


def shown(value: Encoded, memory: Memory, depth: int = 0, longest: int = 40) -> Any:
    """A value as a cell shows it: scalars as they are, the rest as short text.

    Of an object its value, label or name; None stays None.
    """
    if not isinstance(value, dict):
        return value
    if "s" in value:
        return str(value["s"])
    if "t" in value:
        inner = ", ".join(text(item, memory, depth + 1) for item in value["t"])
        return _cut(f"({inner},)" if len(value["t"]) == 1 else f"({inner})", longest)
    content = memory.content(value)
    if content is None or depth > 2:
        return "…"
    if content["k"] == "object":
        return label(content, memory, depth)
    if content["k"] in ("dict", "odict"):
        pairs = (f"{text(k, memory, depth + 1)}: {text(v, memory, depth + 1)}" for k, v in content["v"][:20])
        return _cut("{" + ", ".join(pairs) + "}", longest)
    inner = ", ".join(text(item, memory, depth + 1) for item in content["v"][:20])
    opening, closing = ("{", "}") if content["k"] == "set" else ("[", "]")
    return _cut(f"{opening}{inner}{closing}", longest)


def as_json(value: Encoded, memory: Memory, depth: int = 0) -> Any:
    """A value for the list of calls: containers as JSON, the first items of long ones, the rest as shown."""
    content = memory.content(value)
    inner = value["t"] if isinstance(value, dict) and "t" in value else None
    if depth < 3 and content is not None and content["k"] in ("dict", "odict"):
        pairs = content["v"][:_MOST_TOLD]
        return {key_text(k, memory): as_json(v, memory, depth + 1) for k, v in pairs}
    if inner is None and content is not None and content["k"] not in ("object", "dict", "odict"):
        inner = content["v"]
    if inner is None or depth >= 3:
        return shown(value, memory, depth)
    made = [as_json(item, memory, depth + 1) for item in inner[:_MOST_TOLD]]
    return made if len(inner) <= _MOST_TOLD else [*made, "…"]


def text(value: Encoded, memory: Memory, depth: int = 0) -> str:
    """A value inside a text, as Python writes it."""
    made = shown(value, memory, depth)
    if made is None or isinstance(made, bool):
        return str(made)
    if isinstance(value, str):
        return repr(value)
    return json.dumps(made) if isinstance(made, int | float) else str(made)


def key_text(value: Encoded, memory: Memory) -> str:
    """A key of a dict as text, without quotes."""
    if type(value) is int:  # most keys of long containers; the same text, sooner
        return str(value)
    return value if isinstance(value, str) else text(value, memory)


_LABELS = (
    "val", "value", "data", "key", "label", "name", "char", "id", "item", "element",
    "word", "letter", "symbol", "pos", "position", "point", "cell", "state", "city", "vertex", "num",
)  # fmt: skip
_HOUSEKEEPING = frozenset(
    ("lo", "hi", "low", "high", "l", "r", "left", "right", "start", "end", "begin", "first", "last",
     "lower", "upper", "depth", "level", "height", "size", "rank", "color", "colour", "balance", "bf",
     "index", "priority")
)  # fmt: skip


def label(content: Content, memory: Memory, depth: int = 0) -> Any:
    """What is written on an object: its value by a usual name, else its first scalar, else its class.

    The range of a node and what keeps a tree in balance say less than what it holds.
    """
    attributes = dict((str(name), value) for name, value in content["v"])
    usual = [name for name in _LABELS if name in attributes and reference(attributes[name]) is None]
    for name in usual:
        if attributes[name] is None:
            continue
        made = shown(attributes[name], memory, depth + 1)
        key = attributes.get("key") if name in ("val", "value") else None
        return made if key is None or isinstance(key, dict) else f"{key}: {made}"
    plain = {n: v for n, v in attributes.items() if v is not None and not isinstance(v, dict | bool)}
    for name in sorted(plain, key=lambda name: name.strip("_").casefold() in _HOUSEKEEPING):  # stable
        return plain[name]
    return None if usual else str(content.get("c", "object"))


def _cut(told: str, longest: int) -> str:
    return told if len(told) <= longest else told[: longest - 1] + "…"
