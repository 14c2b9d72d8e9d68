"""Small tables and JSON of the commands that only look things up."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence

import typer


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Columns side by side; the last one is wrapped at the width of the terminal."""
    if not rows:
        typer.echo("  none")
        return
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    indent = 2 + sum(width + 2 for width in widths)
    width = max(shutil.get_terminal_size((100, 24)).columns, indent + 30)
    for row in rows:
        head = "  " + "".join(f"{cell:<{width}}  " for cell, width in zip(row, widths, strict=False))
        wrapped = textwrap.wrap(row[-1], width - indent, break_long_words=False) or [""]
        typer.echo((head + wrapped[0]).rstrip())
        for line in wrapped[1:]:
            typer.echo(" " * indent + line)


def write_json(target: str, result: object) -> None:
    """Write a result where `--json` says: a file, or `-` for standard output."""
    from vidkit.cli.result_file import put_json, result_file

    put_json(result_file(target), result)
