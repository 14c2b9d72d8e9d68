"""Recording in this process: functions of the caller, which trusts them; no sandbox."""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
import textwrap
from collections.abc import Callable
from types import CodeType, FunctionType, ModuleType
from typing import Any

from vidkit.algoviz.tracing.inside.recorder import Recorder
from vidkit.algoviz.tracing.inside.rewrite import only_in_comprehensions, with_hooks
from vidkit.algoviz.tracing.inside.script import install_hooks
from vidkit.algoviz.tracing.recording import Recording, from_records
from vidkit.errors import DataError

MOST_LINES = 50_000


def record_source(source: str, name: str = "<script>") -> Recording:
    """Run a trusted script as a module of its own and record it.

    Raises:
        Exception: what the script raises.
    """
    module = ModuleType("vidkit_traced")
    code = compile(with_hooks(source, name), name, "exec")
    records: list[dict[str, Any]] = []
    hidden = only_in_comprehensions(source)
    recorder = Recorder(
        records.append, lambda code: code.co_filename == name, "vidkit_traced", MOST_LINES, hidden
    )
    sys.modules["vidkit_traced"] = module  # dataclasses look their module up
    try:
        _watched(recorder, lambda: exec(code, module.__dict__))
    finally:
        del sys.modules["vidkit_traced"]
    return from_records(records, source)


def record_call(
    function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
) -> tuple[Recording, Any]:
    """Call a function and record what it does, with the functions of the same file that it calls.

    Args:
        function: written in Python, with its source at hand (a file, a notebook's cell).
        arguments: passed on as they are: what the function changes is changed.
        named: likewise, by name.

    Returns:
        The recording, and what the function returned.

    Raises:
        DataError: no Python function, or no source.
        Exception: what the function raises.
    """
    plain = inspect.unwrap(function)
    if isinstance(plain, type) or not isinstance(plain, FunctionType):
        raise DataError(
            f"{plain!r} is not a function written in Python", "give a function, or the path of a script"
        )
    file = plain.__code__.co_filename
    source = "".join(linecache.getlines(file))
    if not source:
        raise DataError(
            f"the source of {plain.__qualname__} is not available", "write it in a file or a cell"
        )
    hooked = _hooked(plain)
    records: list[dict[str, Any]] = []

    def is_own(code: CodeType) -> bool:
        return code.co_filename == file and code.co_name != "<module>"

    recorder = Recorder(records.append, is_own, plain.__module__, MOST_LINES, _hidden(source))
    result = _watched(recorder, lambda: hooked(*arguments, **named))
    return from_records(records, source), result


def _hidden(source: str) -> frozenset[str]:
    try:
        return only_in_comprehensions(source)
    except (SyntaxError, ValueError):  # a cell with magics
        return frozenset()


def _hooked(function: FunctionType) -> Callable[..., Any]:
    """The function with hooks for its reads; the function itself where it cannot be made anew."""
    code = function.__code__
    if function.__closure__ or "<locals>" in function.__qualname__ or "." in function.__qualname__:
        return function
    try:
        text = textwrap.dedent(inspect.getsource(function))
        tree = with_hooks(text, code.co_filename)
    except (OSError, SyntaxError, TypeError):
        return function
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        return function
    definition.decorator_list = []
    ast.increment_lineno(tree, code.co_firstlineno - 1)
    names = dict(function.__globals__)
    exec(compile(tree, code.co_filename, "exec"), names)
    made: Callable[..., Any] = names[function.__name__]
    return made


def _watched(recorder: Recorder, action: Callable[[], Any]) -> Any:
    undo = install_hooks(recorder)
    before = sys.gettrace()
    output = sys.stdout

    class Tee:
        def write(self, text: str) -> int:
            recorder.printed(text)
            return output.write(text)

        def __getattr__(self, name: str) -> Any:
            return getattr(output, name)

    sys.stdout = Tee()
    sys.settrace(recorder.trace)
    try:
        return action()
    finally:
        recorder.finish()
        sys.settrace(before)
        sys.stdout = output
        undo()
