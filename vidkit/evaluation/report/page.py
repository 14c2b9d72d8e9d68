"""One self-contained HTML page: tables, plots as inline SVG, where everything came from. Opens offline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib import resources
from typing import Any

from vidkit.evaluation.benchmark import Benchmark
from vidkit.evaluation.report.cells import is_interval, is_number, transposed, written
from vidkit.evaluation.report.plots import plots_of
from vidkit.utils.pages import page_environment

_WIDE = 9  # columns from which a table of fewer rows is turned over: what 1200 pixels hold


def page(result: Mapping[str, Any], title: str, benchmark: Benchmark, more: str = "") -> str:
    """The report of a result (of `score` or `compare`) as HTML text.

    `more` is HTML to stand below the tables, escaped by who made it.

    Raises:
        MissingDependency: jinja2 or matplotlib is not installed.
    """
    template = (
        resources.files("vidkit.evaluation.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    )
    environment = page_environment()
    environment.filters["cell"] = lambda cell: written(cell, separator="\n")
    tables = [*result["tables"], *(asdict(table) for table in benchmark.published())]
    html: str = environment.from_string(template).render(
        title=title,
        result=result,
        cards=_cards(result, benchmark),
        tables=[{**table, "numeric": _numeric(table)} for table in map(_turned, tables)],
        plots=plots_of(result, benchmark),
        provenance=_provenance(result),
        more=more,
    )
    return html


def _turned(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """A table of many columns and few rows with its metrics down the side, so that all of it is in view."""
    if len(table["columns"]) <= _WIDE or not 0 < len(table["rows"]) < _WIDE:
        return table
    columns, rows = transposed(table)
    return {**table, "columns": columns, "rows": rows}


def _numeric(table: Mapping[str, Any]) -> list[bool]:
    """Which columns hold numbers and stand right."""
    return [
        any(is_number(row[place]) or is_interval(row[place]) for row in table["rows"])
        for place in range(len(table["columns"]))
    ]


def _cards(result: Mapping[str, Any], benchmark: Benchmark) -> list[tuple[str, str, str]]:
    """Headline numbers as (name, value, interval)."""
    bounds = result.get("intervals", {})
    found = ((label, _at(result, key), bounds.get(bound)) for key, label, bound in benchmark.HEADLINES)
    return [
        (label, written(float(value)), _bound(bound)) for label, value, bound in found if is_number(value)
    ]


def _at(result: Mapping[str, Any], dotted: str) -> Any:
    """What stands under a dotted key; None where a part is missing."""
    value: Any = result
    for name in dotted.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _bound(bound: object) -> str:
    if not isinstance(bound, (list, tuple)) or None in bound:
        return ""
    return f"[{bound[0]:.1f}, {bound[1]:.1f}]"


def _provenance(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    out = []
    for key in (
        "vidkit",
        "mode",
        "data",
        "predictions",
        "run",
        "runs",
        "bootstrap",
        "counts",
        "differing_items",
    ):
        value = result.get(key)
        if value not in (None, {}, [], ""):
            out.append(
                (key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))
            )
    return out
