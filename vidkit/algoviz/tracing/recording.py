"""What the recorder wrote down, read as untrusted: steps with variables, containers, reads, calls, output."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vidkit.utils import json_depth

MOST_STEPS = 200_000
MODULE = "<module>"

Encoded = Any
"""A value of the script as `inside.values` writes it."""


@dataclass(frozen=True)
class Record:
    """What one line did.

    Args:
        line: of the script, from 1; 0 before the first.
        variables: number of a frame -> name -> value; {"gone": True} for a variable that is no more.
        contents: number of a container -> its content.
        reads: [kind, container, key]; kinds r (read), c (compared), m (searched), i (gone over),
            s (in a slice).
        output: text printed.
        call: number, function, line and names of the arguments of a call that begins.
        back: number of the frame that returns, and its value.
    """

    line: int
    variables: dict[int, dict[str, Encoded]] = field(default_factory=dict)
    contents: dict[int, dict[str, Any]] = field(default_factory=dict)
    reads: tuple[tuple[str, Any, Encoded], ...] = ()
    output: str = ""
    call: tuple[int, str, int, tuple[str, ...]] | None = None
    back: tuple[int, Encoded] | None = None


@dataclass(frozen=True)
class Recording:
    """A whole run.

    Args:
        source: text of the script.
        records: in order.
        ending: how the script ended: {"kind": "end" | "exit" | "exception", ...}; empty: it was ended.
        stopped: why the recording ended before the script: "lines", "size", or "".
        damaged: lines of the log that are none of the recorder's.
    """

    source: str
    records: list[Record]
    ending: dict[str, Any]
    stopped: str = ""
    damaged: int = 0


def parse(log: bytes, source: str) -> Recording:
    """The recording from the recorder's file; what does not fit is left out and counted."""
    records: list[Record] = []
    ending: dict[str, Any] = {}
    stopped, damaged = "", 0
    for raw in _lines(log):
        if raw is None or len(records) >= MOST_STEPS:
            damaged += 1
        elif isinstance(raw.get("end"), dict):
            ending = raw["end"]
        elif "stopped" in raw:
            stopped = str(raw["stopped"])
        else:
            try:
                records.append(_record(raw))
            except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
                damaged += 1
    return Recording(source, records, ending, stopped, damaged)


def from_records(records: list[dict[str, Any]], source: str) -> Recording:
    """The recording of a run in this process that came to its end."""
    stopped = next((str(raw["stopped"]) for raw in records if "stopped" in raw), "")
    return Recording(
        source, [_record(raw) for raw in records if "stopped" not in raw], {"kind": "end"}, stopped
    )


def _lines(log: bytes) -> Iterator[dict[str, Any] | None]:
    for line in log.splitlines():
        try:  # a program may have written a million empty lines, each of which would cost an error
            made = json_depth.loads(line) if line.lstrip().startswith(b"{") else None
        except (ValueError, RecursionError):
            made = None
        yield made if isinstance(made, dict) else None


def _record(raw: dict[str, Any]) -> Record:
    call = back = None
    if "c" in raw:
        number, name, line, arguments = raw["c"]
        call = int(number), str(name), int(line), tuple(map(str, arguments))
    if "q" in raw:
        number, value = raw["q"]
        back = int(number), value
    return Record(
        line=int(raw.get("l", 0)),
        variables={int(frame): dict(found) for frame, found in raw.get("v", {}).items()},
        contents={int(number): _content(found) for number, found in raw.get("h", {}).items()},
        reads=tuple((str(kind), of, key) for kind, of, key in raw.get("r", ())),
        output=str(raw.get("o", "")),
        call=call,
        back=back,
    )


def _content(raw: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(raw["v"], list):
        raise TypeError("the content of a container is a list")
    if raw["k"] in ("dict", "odict", "object") and not all(len(pair) == 2 for pair in raw["v"]):
        raise TypeError("pairs of key and value")
    return raw
