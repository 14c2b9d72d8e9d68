"""Score tables as rich tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from rich.table import Table
from rich.text import Text

from vidkit.evaluation.report.cells import is_interval, is_number, transposed, written
from vidkit.utils.plain import visible

_WIDE = 6  # columns from which a table of few rows is turned over


def rich_table(table: Mapping[str, Any]) -> Table:
    """A score table for the terminal; wide tables of few rows have their metrics down the side."""
    columns, rows = table["columns"], [list(row) for row in table["rows"]]
    if len(columns) > _WIDE and 0 < len(rows) <= _WIDE:
        columns, rows = transposed(table)
    title = Text(visible(table["title"]), "table.title")
    note = Text(visible(table["note"] or ""), "table.caption")
    made = Table(
        title=title, caption=note if table["note"] else None, title_justify="left", caption_justify="left"
    )
    for place, heading in enumerate(columns):
        cells = [row[place] for row in rows]
        numeric = any(is_number(cell) or is_interval(cell) for cell in cells)
        side: Literal["left", "right"] = "right" if numeric else "left"
        made.add_column(Text(visible(str(heading))), justify=side, overflow="fold", no_wrap=numeric)
    for row in rows:
        made.add_row(*(Text(visible(written(cell), keep="\n")) for cell in row))
    return made
