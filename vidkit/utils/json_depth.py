"""JSON of others that nests no deeper than the functions that walk over it can follow.

Python 3.11 reads about as many levels as it makes calls, 3.13 and later ten thousand and more: what then
calls itself once or twice a level would fail in the place of the reader.
"""

from __future__ import annotations

import json
from typing import Any

#: levels; documents that mean something have a dozen
DEEPEST = 200


def loads(text: str | bytes, deepest: int = DEEPEST) -> Any:
    """`json.loads` for texts of others.

    Raises:
        RecursionError: more than `deepest` levels.
        ValueError: not JSON.
    """
    value = json.loads(text)
    refuse_deep(value, text, deepest)
    return value


def refuse_deep(value: Any, text: str | bytes, deepest: int = DEEPEST) -> None:
    """Raise RecursionError where `value`, read from `text`, has more than `deepest` levels."""
    opened = (
        text.count("[") + text.count("{") if isinstance(text, str) else text.count(b"[") + text.count(b"{")
    )
    if opened > deepest and not is_within(value, deepest):
        raise RecursionError("nested too deep")


def is_within(value: Any, deepest: int) -> bool:
    """Whether what was read from JSON has at most so many levels; without recursion itself."""
    level = [value] if isinstance(value, list | dict) else []
    for _ in range(deepest):
        rows = [row.values() if type(row) is dict else row for row in level]
        level = [item for row in rows for item in row if type(item) is list or type(item) is dict]
        if not level:
            return True
    return False
