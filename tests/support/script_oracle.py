"""The states of a script's data, found without vidkit: by `sys.settrace` and copies after every line."""

import contextlib
import io
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any


def cell(value: Any) -> Any:
    """A value as a cell of a view shows it."""
    if isinstance(value, float) and math.isinf(value):
        return "∞"
    if type(value) is int and abs(value) >= 10**15:
        return str(value)
    if isinstance(value, tuple):
        return "(" + ", ".join(map(inner, value)) + ")"
    if isinstance(value, list):
        return "[" + ", ".join(map(inner, value)) + "]"
    if isinstance(value, int | float | str | bool) or value is None:
        return value
    if hasattr(value, "key") and hasattr(value, "val"):
        return f"{value.key}: {value.val}"
    for name in ("val", "value", "data", "key", "name"):
        if hasattr(value, name):
            return cell(getattr(value, name))
    return type(value).__name__


def inner(value: Any) -> str:
    made = cell(value)
    return repr(made) if isinstance(value, str) else str(made)


def row(value: Any) -> Any:
    return tuple(cell(item) for item in value)


def entries(value: Any) -> Any:
    return tuple(f"{key}: {cell(item)}" for key, item in value.items())


def elements(value: Any) -> Any:
    return frozenset(cell(item) for item in value)


def grid(value: Any) -> Any:
    return trimmed([[cell(item) for item in line] for line in value])


def trimmed(rows: Any) -> Any:
    """Rows without empty cells at their ends, and without empty rows at the end."""
    made = []
    for line in rows:
        line = list(line)
        while line and line[-1] is None:
            line.pop()
        made.append(tuple(line))
    while made and not made[-1]:
        made.pop()
    return tuple(made)


def pairs(value: Any) -> Any:
    return frozenset((str(key), "None" if item is None else cell(item)) for key, item in value.items())


def links(value: Any) -> Any:
    """Edges of a graph given by neighbours; those there and back once."""
    rows = value.items() if isinstance(value, dict) else enumerate(value)
    found = set()
    for source, near in rows:
        for target in near:
            found.add((str(source), str(target[0] if isinstance(target, tuple | list) else target)))
    return frozenset(found)


def ways(value: Any) -> Any:
    """Edges of a graph without directions."""
    found = links(value)
    return frozenset(found | {(target, source) for source, target in found})


def edge_list(edges: Any) -> Any:
    """Edges of a list, whose nodes are its two texts or else its first two numbers."""
    ends = [[item for item in edge if isinstance(item, str)] or list(edge[:2]) for edge in edges]
    return frozenset((str(a), str(b)) for a, b in ends)


def edge_list_both_ways(edges: Any) -> Any:
    found = edge_list(edges)
    return frozenset(found | {(b, a) for a, b in found})


def buckets(value: Any) -> Any:
    return tuple(tuple((key, cell(item)) for key, item in bucket) for bucket in value)


def bins(value: Any) -> Any:
    return tuple(tuple((cell(item), None) for item in bucket) for bucket in value)


def nested(value: Any, label: str = "root") -> Any:
    """Edges of a tree of dicts in dicts, by label."""
    found = []
    for key, below in value.items():
        found.append((label, str(key) if isinstance(below, dict) else f"{key}"))
        if isinstance(below, dict):
            found += nested(below, str(key))
    return tuple(sorted(found))


def structure(*names: str) -> Callable[[dict[str, Any]], Any]:
    """Edges between objects that refer to each other by attributes (or containers in them), by label."""

    def look(spaces: dict[str, Any]) -> Any:
        seen: dict[int, Any] = {}
        edges = []
        waiting = list(spaces.values())
        while waiting:
            value = waiting.pop()
            if isinstance(value, list | tuple | dict) or type(value).__name__ == "deque":
                waiting += list(value.values() if isinstance(value, dict) else value)
            elif (
                type(value).__module__ == "scripted" and not isinstance(value, type) and id(value) not in seen
            ):
                seen[id(value)] = value
                waiting += list(vars(value).values())
        written = {number: str(cell(value)) for number, value in seen.items()}
        # an object with nothing to be written on it has a dot
        label = {n: "•" if text == type(seen[n]).__name__ else text for n, text in written.items()}
        for value in seen.values():
            for name in names:
                below = getattr(value, name, None)
                if isinstance(below, dict):
                    label |= {id(target): key for key, target in below.items()}
        for value in seen.values():
            for name in names:
                below = getattr(value, name, None)
                if isinstance(below, dict):
                    below = list(below.values())
                for target in below if isinstance(below, list) else [below]:
                    if target is not None and id(target) in seen:
                        edges.append((label[id(value)], label[id(target)]))
        return tuple(sorted(edges))

    return look


def states(path: Path, what: str | Callable[[dict[str, Any]], Any], form: Callable[[Any], Any]) -> list[Any]:
    """Distinct states one after the other of a variable, an expression, or all variables.

    Args:
        path: of the script.
        what: an expression, looked up from the innermost call outwards; or a function of all variables.
        form: what to compare.
    """
    found: list[Any] = []
    module = ModuleType("scripted")

    def own(frame: FrameType | None) -> Iterator[FrameType]:
        while frame is not None:
            if frame.f_code.co_filename == str(path):
                yield frame
            frame = frame.f_back

    def look(frame: FrameType) -> None:
        if callable(what):
            spaces: dict[str, Any] = {}
            for place, at in enumerate(own(frame)):
                spaces |= {f"{place} {name}": value for name, value in at.f_locals.items()}
            made = form(what(spaces))
        else:
            for at in own(frame):
                try:
                    made = form(eval(what, at.f_globals, at.f_locals))
                except (NameError, AttributeError, TypeError):
                    continue
                break
            else:
                return
        if not found or found[-1] != made:
            found.append(made)

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != str(path) or (
            frame.f_code.co_name.startswith("<") and event == "call" and frame.f_code.co_name != "<module>"
        ):
            return None
        sys.settrace(None)
        look(frame)
        sys.settrace(trace)
        return trace

    code = compile(path.read_text(), str(path), "exec")
    sys.modules["scripted"] = module
    module.__dict__["__name__"] = "scripted" if "__main__" not in path.read_text() else "__main__"
    with contextlib.redirect_stdout(io.StringIO()):
        sys.settrace(trace)
        try:
            exec(code, module.__dict__)
        finally:
            sys.settrace(None)
            del sys.modules["scripted"]
    return found
