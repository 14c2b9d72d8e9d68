"""Whether an answer is the expected one: as JSON values, not as texts."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

_TOLERANCE = 1e-6
_LONGEST_LITERAL = 500_000  # characters; Python's parser takes more than a second for a million
UNKNOWN = object()
"""No answer is known; None is one."""


def same_answer(given: Any, expected: Any) -> bool:
    """Whether two answers are equal.

    Numbers are equal within 1e-6 of their size, tuples are lists, keys of objects are compared as text, as
    JSON has no others; true is not 1, and "1" is not 1.
    """
    if isinstance(given, bool) or isinstance(expected, bool):
        return given is expected
    if isinstance(given, int | float) and isinstance(expected, int | float):
        return given == expected or math.isclose(given, expected, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    if isinstance(given, list | tuple) and isinstance(expected, list | tuple):
        return len(given) == len(expected) and all(map(same_answer, given, expected))
    if isinstance(given, Mapping) and isinstance(expected, Mapping):
        ours = {str(key): value for key, value in given.items()}
        theirs = {str(key): value for key, value in expected.items()}
        return ours.keys() == theirs.keys() and all(same_answer(ours[key], theirs[key]) for key in ours)
    return bool(type(given) is type(expected) and given == expected)


def read_answer(text: str) -> Any:
    """The value that a line of output stands for: JSON, a literal of Python, else the text itself.

    Of a literal of Python no more than `_LONGEST_LITERAL` characters are read; a longer one stays text.
    """
    import ast

    text = text.strip()
    for read in (json.loads, ast.literal_eval):
        if read is ast.literal_eval and len(text) > _LONGEST_LITERAL:
            break
        try:
            return read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
    return text


def shown(value: Any, longest: int = 120) -> str:
    """An answer in a line."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        text = str(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"
