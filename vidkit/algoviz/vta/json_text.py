"""JSON text of a trace: what is wrong with it is told with line and column, and nothing is too deep."""

from __future__ import annotations

import json
import re
from typing import Any

from vidkit.algoviz.vta.values import NOT_FINITE, TOO_DEEP
from vidkit.errors import DataError
from vidkit.utils.strict_json import load_json

_DEPTH_SHOWN = 64  # brackets before the place that is told
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
        if error.msg == "nested too deep":  # as `load_json` calls it; here the limit is told
            raise too_deep(text, where) from error
        raise _fault(
            where, text.removeprefix("\ufeff"), error.pos, error.msg[:1].lower() + error.msg[1:]
        ) from error
    except RecursionError as error:
        raise too_deep(text, where) from error
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
            return _fault(where, text, match.start(), f"{token[:20]} {NOT_FINITE}")
    return DataError(f"{where}: a number that is not finite", "write null for what is not known")


def _fault(where: str, text: str, position: int, what: str) -> DataError:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    begin = max(0, position - _CONTEXT // 2)
    near = " ".join(text[begin : begin + _CONTEXT].split())
    hint = f"near: {near}" if near else "the file is empty"
    if not text[position:].strip() and near:
        hint = f"it ends early, after: {near}"  # the file, or a line of a file of lines
    return DataError(f"{where}:{line}:{column}: {what}", hint)


def too_deep(text: str, where: str) -> DataError:
    """What to tell of a text that is nested too deep, and where."""
    depth = 0
    for match in _BRACKETS.finditer(text):
        token = match.group()
        depth += (token in "[{") - (token in "]}")
        if depth > _DEPTH_SHOWN:
            return _fault(where, text, match.start(), TOO_DEEP)
    return DataError(f"{where}: {TOO_DEEP}", "a value is a list or table of texts and numbers")
