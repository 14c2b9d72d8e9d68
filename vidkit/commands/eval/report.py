"""Prints a result of `vidkit eval` on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.text import Text

from vidkit.evaluation.replies import UNREAD_HEADING
from vidkit.evaluation.report.text import rich_table
from vidkit.evaluation.types import ScoreTable
from vidkit.utils.console import terminal
from vidkit.utils.plain import visible

_MODES = ("robust", "official")
_NARROW = 100  # columns assumed where there is no terminal


def print_result(result: Mapping[str, Any]) -> None:
    """Tables, then warnings."""
    console = terminal(width=_NARROW)
    seen = [
        f"{name} {result[key]}"
        for key, name in (("model", "model"), ("budget", "frames"), ("subtitles", "subtitles"))
        if result.get(key)
    ]
    if seen:
        console.print(Text(visible(", ".join(seen))))
    for table in result["tables"]:
        console.print(rich_table(table))
        console.print()
    for line in result["warnings"]:
        # ids may hold half a surrogate pair, which no terminal takes, and what steers a terminal
        console.print(Text(f"warning: {visible(line)}", style="yellow"), soft_wrap=True)


def with_budget(table: Mapping[str, Any], seen: Mapping[str, Any]) -> dict[str, Any]:
    """The main table with columns of what the model saw; rows of chance and the like saw nothing."""
    columns = (table["columns"][0], "frames", "subtitles", *table["columns"][1:])
    rows = [
        (row[0], *((seen["budget"], seen["subtitles"]) if row[0] in _MODES else (None, None)), *row[1:])
        for row in table["rows"]
    ]
    return {**table, "columns": columns, "rows": tuple(rows)}


def run_table(runs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What is compared, with the budget of each run."""
    rows = tuple(
        (name, run["file"], run["model"], run["budget"], run["subtitles"], run["rows"], run["unread"])
        for name, run in runs.items()
    )
    columns = ("run", "file", "model", "frames", "subtitles", "rows", UNREAD_HEADING)
    note = "frames, subtitles and model as the run's manifest says; a dash where there is none"
    return asdict(ScoreTable("runs", "Runs", columns, rows, note))
