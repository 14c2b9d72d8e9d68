"""Rows as reported by a benchmark's authors, for orientation. Frames and input differ from row to row."""

from __future__ import annotations

from vidkit.evaluation.types import ScoreTable


def published_table(columns: tuple[str, ...], rows: str, note: str) -> ScoreTable:
    """The table of reported rows.

    Args:
        columns: headings.
        rows: one a line, cells between bars.
        note: where they come from, and what differs.
    """
    cells = tuple(tuple(line.split("|")) for line in rows.strip().splitlines())
    return ScoreTable("published", "As reported by the authors", columns, cells, note)
