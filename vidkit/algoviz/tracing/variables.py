"""Variables and calls that a trace lists beside its views."""

from __future__ import annotations

from collections import Counter

from vidkit.algoviz.tracing.changes import Op
from vidkit.algoviz.tracing.recording import Recording

MOST_VARIABLES = 12


def last_of_each(ops: list[Op]) -> list[Op]:
    """Without the values of variables that others follow."""
    last = {one["params"]["name"]: place for place, one in enumerate(ops) if one["op"] == "x-setVariable"}
    kept = set(last.values())
    return [one for place, one in enumerate(ops) if one["op"] != "x-setVariable" or place in kept]


def scalars(recording: Recording) -> list[str]:
    """Names of variables to list: scalars, those that change most, in order of appearance."""
    counted: Counter[str] = Counter()
    first: dict[str, int] = {}
    for place, record in enumerate(recording.records):
        for found in record.variables.values():
            for name, value in found.items():
                scalar = not isinstance(value, dict) or "t" in value or "s" in value
                if scalar and not name.startswith("_") and not (isinstance(value, str) and len(value) > 60):
                    counted[name] += 1
                    first.setdefault(name, place)
    chosen = [name for name, _ in counted.most_common(MOST_VARIABLES)]
    return sorted(chosen, key=lambda name: first[name])


def recursive_functions(recording: Recording) -> set[str]:
    """Functions that run while they run already, and those between: the calls that are worth a list."""
    running: list[str] = []
    found: set[str] = set()
    for record in recording.records:
        if record.call is not None:
            name = record.call[1]
            if name in running:
                found.update(running[len(running) - 1 - running[::-1].index(name) :])
            running.append(name)
        if record.back is not None and running:
            running.pop()
    return found
