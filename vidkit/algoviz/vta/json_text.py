"""JSON text of a trace: what is wrong with it is told with line and column, and nothing is too deep."""

from __future__ import annotations

import json
import re
from typing import Any

from vidkit.errors import DataError
from vidkit.utils.strict_json import load_json

DEEPEST = 64  # levels of lists and objects; the published traces have 9
_CONTEXT = 40  # characters shown round a fault
_OUTSIDE = re.compile(r'"(?:[^"\\]|\\.)*"|-?Infinity|NaN|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?')
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def parse_json(text: str, where: str) -> Any:
    """The value of a JSON text.

    Args:
        text: of the file.
        where: its name, for messages.

    Raises:
        DataError: not JSON, a duplicate key, a number that JSON does not have or that is too large, too deep.
    """
    try:
        value = load_json(text.removeprefix("\ufeff"), where)
    except json.JSONDecodeError as error:
        raise _fault(
            where, text.removeprefix("\ufeff"), error.pos, error.msg[:1].lower() + error.msg[1:]
        ) from error
    except RecursionError as error:
        raise _too_deep(text, where) from error
    except DataError as error:
        raise DataError(f"V110: {error.message}", error.hint) from error
    except ValueError as error:  # Python reads no whole number of more than 4300 digits
        raise DataError(f"{where}: a number of thousands of digits", "write it as text") from error
    return value


def not_a_number(text: str, where: str) -> DataError:
    """What to tell of a text with a number that is not finite, and where the first one is."""
    for match in _OUTSIDE.finditer(text):
        token = match.group()
        if token[0] != '"' and (token[-1] in "Ny" or abs(float(token)) == float("inf")):
            return _fault(where, text, match.start(), f"{token[:20]} is not a number that JSON has")
    return DataError(f"{where}: a number that is not finite", "write null for what is not known")


def _fault(where: str, text: str, position: int, what: str) -> DataError:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    begin = max(0, position - _CONTEXT // 2)
    near = " ".join(text[begin : begin + _CONTEXT].split())
    hint = f"near: {near}" if near else "the file is empty"
    if not text[position:].strip() and near:
        hint = f"the file ends early, after: {near}"
    return DataError(f"{where}:{line}:{column}: {what}", hint)


def _too_deep(text: str, where: str) -> DataError:
    depth = 0
    for match in _BRACKETS.finditer(text):
        token = match.group()
        depth += (token in "[{") - (token in "]}")
        if depth > DEEPEST:
            return _fault(where, text, match.start(), f"nested deeper than {DEEPEST} levels")
    return DataError(f"{where}: nested too deep", f"at most {DEEPEST} levels")


def check_depth(value: Any, text: str, where: str) -> None:
    """Refuse a value nested deeper than 64 levels.

    Raises:
        DataError: with the place in the text.
    """
    level = [value]
    for _ in range(DEEPEST + 1):
        below: list[Any] = []
        for entry in level:
            if isinstance(entry, dict):
                below += (inner for inner in entry.values() if isinstance(inner, dict | list))
            elif isinstance(entry, list):
                below += (inner for inner in entry if isinstance(inner, dict | list))
        if not below:
            return
        level = below
    raise _too_deep(text, where)
