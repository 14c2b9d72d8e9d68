"""How one cell of a score table is written."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

DASH = "–"


def is_interval(cell: object) -> bool:
    """A value with its interval: three numbers."""
    return isinstance(cell, (list, tuple)) and len(cell) == 3


def is_number(cell: object) -> bool:
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def written(cell: object, *, separator: str = " ") -> str:
    """Text of a cell: `24.5 [22.1, 26.9]`, one decimal for scores, whole counts, a dash for nothing.

    A value whose interval is not defined stands alone.
    """
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return DASH
    if isinstance(cell, (list, tuple)) and is_interval(cell):
        value, low, high = (float(number) for number in cell)
        if math.isnan(low):
            return written(value)
        return f"{written(value)}{separator}[{low:.1f}, {high:.1f}]"
    if isinstance(cell, float):
        return f"{cell:.2g}" if 0 < abs(cell) < 0.05 else f"{cell:.1f}"
    return str(cell)


def transposed(table: Mapping[str, Any]) -> tuple[Sequence[str], list[list[Any]]]:
    """Columns and rows of a table turned over: metrics down, runs across."""
    columns = ["", *(str(row[0]) for row in table["rows"])]
    rows = [
        [heading, *(row[place] for row in table["rows"])]
        for place, heading in enumerate(table["columns"])
        if place > 0
    ]
    return columns, rows
