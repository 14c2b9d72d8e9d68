"""Runs a tracker as `__main__` and puts what it made into a file: its trace, or its answer.

A tracker that fails, or takes too long, leaves what it had told until then.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import signal
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

TRACE = "trace.json"
LINES = "trace.jsonl"
MOST_KEPT = 20_000  # deltas of a tracker that did not come to its end


class TooLong(BaseException):
    """The tracker's time is nearly over; no `except Exception` of it catches this."""


def _too_long(*_: Any) -> None:
    raise TooLong


class NoTrace(Exception):  # noqa: N818 - told to a model by this name
    """The tracker ended without a trace."""


def main() -> None:
    """Arguments: tracker, `trace` or `solve`, file for what it made, seconds of processor, of the clock."""
    path, what, made_path = sys.argv[1:4]
    cpu_s, wall_s = float(sys.argv[4]), float(sys.argv[5])
    sys.argv = [path, "--input", "input.json"]
    module = types.ModuleType("__main__")
    module.__dict__["__file__"] = path
    ending: dict[str, Any] = {"kind": "end"}
    made: Any = None
    try:
        for timer, sign, seconds in (
            (signal.ITIMER_PROF, signal.SIGPROF, cpu_s),
            (signal.ITIMER_REAL, signal.SIGALRM, wall_s),
        ):
            signal.signal(sign, _too_long)
            signal.setitimer(timer, seconds, 0.5)
        try:
            made = _run(path, what, module)
        finally:
            for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL):
                signal.setitimer(timer, 0)
    except BaseException as error:
        ending = _ending(error, path)
        made = _told_so_far(error, module) if what == "trace" else None
    _write(made_path, made, ending)
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    os._exit(0)  # no thread or exit hook of the tracker goes on


def _run(path: str, what: str, module: types.ModuleType) -> Any:
    with open(path, encoding="utf-8-sig") as file:
        code = compile(file.read(), path, "exec")
    sys.modules["__main__"] = module
    with contextlib.suppress(SystemExit) if what == "trace" else contextlib.nullcontext():
        if what == "solve":
            module.__dict__["__name__"] = "tracker"  # its last lines, which make the trace, stay out of this
        exec(code, module.__dict__)
    if what == "solve":
        return _called(module.__dict__["solve"])
    if os.path.exists(TRACE) or os.path.exists(LINES):
        return None
    tracers = [value for value in module.__dict__.values() if type(value).__name__ == "Tracer"]
    if tracers:
        return _plain(tracers[-1])
    for name in ("trace", "main"):
        if callable(function := module.__dict__.get(name)):
            made = _called(function)
            if os.path.exists(TRACE) or os.path.exists(LINES):
                return None
            if made is not None:
                return _plain(made)
    raise NoTrace("the program made no trace: define trace(data) that returns it")


def _called(function: Callable[..., Any]) -> Any:
    """Call with the input: as one argument, or by name where the function has those names."""
    with open("input.json", encoding="utf-8") as file:
        data = json.load(file)
    named = inspect.signature(function).parameters
    if not named:
        return function()
    must = [name for name, one in named.items() if one.default is one.empty and one.kind < one.VAR_POSITIONAL]
    if isinstance(data, dict) and must and set(must) <= set(data) and len(must) == len(data):
        return function(**data)
    return function(data)


def _plain(made: Any) -> Any:
    made = getattr(made, "trace", made)
    as_dict = getattr(made, "as_dict", None)
    return as_dict() if callable(as_dict) else made


def _ending(error: BaseException, path: str) -> dict[str, Any]:
    if isinstance(error, TooLong):
        return {"kind": "time", "line": _line_of(error, path)}
    line = (
        error.lineno if isinstance(error, SyntaxError) and error.filename == path else _line_of(error, path)
    )
    ending = {"kind": "exception", "type": type(error).__name__, "message": str(error)[:500], "line": line}
    if isinstance(error, ModuleNotFoundError):
        ending["module"] = error.name
    return ending


def _line_of(error: BaseException, path: str) -> int | None:
    found, where = None, error.__traceback__
    while where is not None:
        if where.tb_frame.f_code.co_filename == path:
            found = where.tb_lineno
        where = where.tb_next
    return found


def _told_so_far(error: BaseException, module: types.ModuleType) -> Any:
    """The trace as it was: among the variables of the innermost functions first, then of the module."""
    frames: list[dict[str, Any]] = [module.__dict__]
    where = error.__traceback__
    while where is not None:
        frames.insert(0, where.tb_frame.f_locals)
        where = where.tb_next
    for found in _candidates(frames):
        with contextlib.suppress(Exception):
            found = _plain(found)
            if found.get("deltas"):
                return {**found, "deltas": list(found["deltas"])[:MOST_KEPT]}
    return None


def _candidates(frames: list[dict[str, Any]]) -> Iterator[Any]:
    """Whole traces, tracers, then an initial frame and deltas that lie in variables of their own."""
    values = [value for names in frames for value in list(names.values())]
    for value in values:
        whole = isinstance(value, dict) and "initial_frame" in value and "deltas" in value
        if whole or type(value).__name__ == "Tracer":
            yield value
    firsts = [value for value in values if isinstance(value, dict) and "data_state" in value]
    deltas = [
        value
        for value in values
        if isinstance(value, list) and value and isinstance(value[0], dict) and "operations" in value[0]
    ]
    if firsts and deltas:
        yield {"svl_version": "5.0", "initial_frame": firsts[0], "deltas": max(deltas, key=len)}


def _odd(value: Any) -> Any:
    """What JSON lacks: sets in order, numbers of other libraries, the rest as text."""
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "__iter__"):
        return list(value)
    return str(value)


def _write(path: str, made: Any, ending: dict[str, Any]) -> None:
    text = ""
    if made is not None:
        try:
            text = json.dumps(made, default=_odd, ensure_ascii=True)
        except (ValueError, TypeError, RecursionError) as error:
            ending = {"kind": "exception", "type": type(error).__name__, "message": f"not JSON: {error}"}
    with open(path, "w", encoding="ascii") as file:
        file.write(json.dumps(ending) + "\n" + text)
