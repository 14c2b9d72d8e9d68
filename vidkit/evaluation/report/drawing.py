"""How plots of results are drawn: axes, intervals, bars; as SVG text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from vidkit.evaluation.report.cells import is_interval
from vidkit.utils.figures import BLUE, RED, new_figure, styled, svg_of

Plot = tuple[str, str]
"""Caption and SVG."""


def new_axes(width: float, height: float, **axes: Any) -> tuple[Any, Any]:
    """A figure with one pair of axes."""
    with styled(font__size=10):
        figure = new_figure(width, height)
        return figure, figure.add_subplot(**axes)


def axis_end(highs: Sequence[float]) -> float:
    """End of an axis of percent: the next ten above everything drawn."""
    drawn = [high for high in highs if not math.isnan(high)]
    return min(100.0, 10.0 * math.ceil(max([*drawn, 5.0]) / 10 + 0.05))


def svg_text(figure: Any) -> str:
    """A figure as the text of an SVG element."""
    # tight: names around a plot are part of it
    return svg_of(figure, transparent=True, bbox_inches="tight")


def spread(cell: Sequence[float]) -> tuple[float, float]:
    """How far a cell's interval reaches below and above its value."""
    value, low, high = cell
    if math.isnan(low):  # too few groups for an interval
        return 0.0, 0.0
    return max(value - low, 0.0), max(high - value, 0.0)


def bounds_of(result: Mapping[str, Any], name: str, value: float) -> tuple[float, float]:
    """The interval of a metric; the value itself where there is none."""
    low, high = result["intervals"][name]
    return (value, value) if low is None else (low, high)


def high_end(cell: Sequence[float]) -> float:
    """The upper end of what a cell draws."""
    return cell[0] if math.isnan(cell[2]) else cell[2]


def bars(table: Mapping[str, Any], column: int, chance: float | None) -> str:
    """Bars of a table's column with intervals, the highest on top; a line at chance."""
    rows = sorted((row for row in table["rows"] if is_interval(row[column])), key=lambda row: -row[column][0])
    figure, axes = new_axes(6.0, 0.9 + 0.28 * max(len(rows), 1))
    for place, row in enumerate(rows):
        value = row[column][0]
        low, high = spread(row[column])
        axes.barh(place, value, color=BLUE, height=0.65)
        axes.errorbar(value, place, xerr=[[low], [high]], color="black", capsize=2)
    if chance is not None:
        axes.axvline(chance, color=RED, linewidth=1)
    labels = [f"{row[0]} ({row[1]})" for row in rows]
    axes.set(
        yticks=range(len(rows)),
        yticklabels=labels,
        xlim=(0, axis_end([high_end(row[column]) for row in rows])),
        xlabel="%",
    )
    axes.invert_yaxis()
    return svg_text(figure)


def accuracies(result: Mapping[str, Any], tables: Mapping[str, Any]) -> list[Plot]:
    """Accuracy by the values of each column that scores are broken down by."""
    return [
        (
            f"Accuracy {table['title'].lower()}, 95 % intervals; the line is chance",
            bars(table, 2, _chance_of(result)),
        )
        for name, table in tables.items()
        if name in result.get("by", {})
    ]


def _chance_of(result: Mapping[str, Any]) -> float | None:
    return dict(result.get("baselines", {}).get("chance", {})).get("accuracy")
