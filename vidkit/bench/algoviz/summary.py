"""Success by level with intervals, overall and by area."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from vidkit.algoviz.asking.judging import LEVELS
from vidkit.bench.algoviz.task_set import AREAS
from vidkit.bench.tables import TextTable
from vidkit.utils.statistics import wilson_interval

Row = dict[str, Any]


def summary(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """A line for all rows of a form and one for each area in it."""
    lines = []
    for form in dict.fromkeys(row["form"] for row in rows):
        of_form = [row for row in rows if row["form"] == form]
        lines.append(_line(form, "all", of_form))
        for area in AREAS:
            of_area = [row for row in of_form if row["area"] == area]
            if of_area and len(of_area) < len(of_form):
                lines.append(_line(form, area, of_area))
    return lines


def _line(form: str, area: str, rows: Sequence[Row]) -> dict[str, Any]:
    laid_out = sum(row["laid_out"] for row in rows)
    line: dict[str, Any] = {"form": form, "area": area, "tasks": len(rows)}
    for number, name in enumerate(LEVELS):
        count = sum(row["level"] >= number for row in rows)
        interval = wilson_interval(count, len(rows))
        line[name] = {"count": count, "share": count / len(rows), "interval": interval.rounded()}
    line |= {
        "overlaps_per_100_steps": 100 * sum(row["overlaps"] or 0 for row in rows) / laid_out
        if laid_out
        else None,
        "steps": _median(row["steps"] for row in rows),
        "run_s": _median(row["run_s"] for row in rows),
        "reply_s": _median(row.get("reply_s") for row in rows),
        "tokens": _median(row.get("tokens") for row in rows),
        "attempts": _median(row.get("attempts") for row in rows),
        "first_attempt_S4": _first(rows),
        "stages": {stage: sum(row["stage"] == stage for row in rows) for stage in _stages(rows)},
    }
    return line


def _stages(rows: Sequence[Row]) -> list[str]:
    return sorted({row["stage"] for row in rows if row["stage"]})


def _first(rows: Sequence[Row]) -> float | None:
    known = [row["first_level"] >= 4 for row in rows if "first_level" in row]
    return sum(known) / len(known) if known else None


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def level_table(lines: Sequence[dict[str, Any]], caption: str) -> TextTable:
    """Success by level in percent, S4 and S5 with their 95 % intervals."""
    table = TextTable(
        ("form", "area", "tasks", *LEVELS, "S4, 95 %", "S5, 95 %"),
        "share of tasks that reach a level, including all levels below it, in per cent",
        caption,
        left=2,
    )
    for line in lines:
        shares = [f"{100 * line[name]['share']:.1f}" for name in LEVELS]
        ends = [
            "{:.1f} to {:.1f}".format(*(100 * x for x in line[name]["interval"])) for name in ("S4", "S5")
        ]
        table.add(line["form"], line["area"], str(line["tasks"]), *shares, *ends)
    return table


def cost_table(lines: Sequence[dict[str, Any]]) -> TextTable:
    """Medians a task: steps, seconds, tokens, attempts; overlaps per 100 steps laid out."""
    headings = (
        "form",
        "area",
        "steps",
        "run s",
        "reply s",
        "tokens",
        "attempts",
        "S4 at once",
        "overlaps/100",
    )
    table = TextTable(headings, "medians per task; overlaps of every 100 steps that were laid out", left=2)
    for line in lines:
        at_once = line["first_attempt_S4"]
        table.add(
            line["form"],
            line["area"],
            _said(line["steps"], "{:.0f}"),
            _said(line["run_s"], "{:.2f}"),
            _said(line["reply_s"], "{:.1f}"),
            _said(line["tokens"], "{:,.0f}"),
            _said(line["attempts"], "{:.1f}"),
            _said(None if at_once is None else 100 * at_once, "{:.1f} %"),
            _said(line["overlaps_per_100_steps"], "{:.2f}"),
        )
    return table


def _said(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
