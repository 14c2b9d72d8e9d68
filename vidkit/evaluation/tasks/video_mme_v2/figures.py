"""The plots of Video-MME-v2: places in the group, levels, steps, heads."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import Any

from vidkit.evaluation.report.cells import is_interval
from vidkit.evaluation.report.drawing import (
    Plot,
    axis_end,
    bars,
    bounds_of,
    high_end,
    new_axes,
    spread,
    svg_text,
)
from vidkit.utils.figures import BLUE, GREY, ORANGE, RED


def plots(result: Mapping[str, Any], tables: Mapping[str, Any]) -> list[Plot]:
    """All plots of a result, in reading order."""
    made = [
        ("Accuracy by place in the group, 95 % intervals", _positions(tables["positions"])),
        ("Non-Lin by level of the last question; ticks are chance", _levels(result)),
        ("Groups by number of correct answers or credited steps", _histogram(tables["histogram"])),
    ]
    if "second_head" in tables:
        made.append(("Non-Lin by second-level head, 95 % intervals", bars(tables["second_head"], 2, None)))
        if len(tables["second_head"]["rows"]) > 2:
            made.append(("Non-Lin by second-level head", _radar(tables["second_head"])))
    return made


def _positions(table: Mapping[str, Any]) -> str:
    figure, axes = new_axes(5.2, 3.2)
    for row, colour in zip(table["rows"], (BLUE, ORANGE), strict=False):
        points = [(q, cell) for q, cell in enumerate(row[2:-1], 1) if is_interval(cell)]
        spreads = [spread(cell) for _, cell in points]
        axes.errorbar(
            [q for q, _ in points],
            [cell[0] for _, cell in points],
            yerr=list(zip(*spreads, strict=True)) or None,
            marker="o",
            capsize=3,
            color=colour,
            label=row[0],
        )
    axes.axhline(12.5, color=GREY, linewidth=1, linestyle=":", label="chance")
    axes.set(xticks=range(1, 5), xticklabels=[f"Q{q}" for q in range(1, 5)], ylabel="accuracy, %")
    highs = [high_end(cell) for row in table["rows"] for cell in row[2:-1] if is_interval(cell)]
    axes.set_ylim(0, axis_end([*highs, 20]))
    axes.legend(frameon=False)
    return svg_text(figure)


def _levels(result: Mapping[str, Any]) -> str:
    figure, axes = new_axes(4.2, 3.2)
    names = [name for name in ("level_1", "level_2", "level_3") if result[name] is not None]
    highs = [bounds_of(result, name, result[name])[1] for name in names]
    for place, name in enumerate(names):
        value, (low, high) = result[name], bounds_of(result, name, result[name])
        axes.bar(place, value, color=BLUE, width=0.6)
        axes.errorbar(
            place, value, yerr=[[max(value - low, 0)], [max(high - value, 0)]], color="black", capsize=3
        )
        chance = result["chance"][name]
        axes.hlines(chance, place - 0.35, place + 0.35, color=RED, linewidth=2)
    axes.set(
        xticks=range(len(names)),
        xticklabels=[n.replace("_", " ") for n in names],
        ylim=(0, axis_end(highs)),
        ylabel="Non-Lin",
    )
    return svg_text(figure)


def _histogram(table: Mapping[str, Any]) -> str:
    figure, axes = new_axes(5.2, 3.2)
    rows = table["rows"]
    width = 0.8 / max(len(rows), 1)
    for place, row in enumerate(rows):
        offset = (place - (len(rows) - 1) / 2) * width
        axes.bar([step + offset for step in range(5)], row[1:], width=width, label=row[0])
    axes.set(xlabel="steps", ylabel="groups", xticks=range(5))
    axes.legend(frameon=False, fontsize=8)
    return svg_text(figure)


def _radar(table: Mapping[str, Any]) -> str:
    rows = [row for row in table["rows"] if is_interval(row[2])]
    figure, axes = new_axes(5.2, 4.4, projection="polar")
    angles = [2 * math.pi * place / len(rows) for place in range(len(rows))]
    values = [row[2][0] for row in rows]
    axes.plot([*angles, angles[0]], [*values, values[0]], color=BLUE)
    axes.fill(angles, values, color=BLUE, alpha=0.2)
    names = [textwrap.fill(str(row[0]), 18, break_long_words=False) for row in rows]
    axes.set_xticks(angles, names, fontsize=8)
    for angle, label in zip(angles, axes.get_xticklabels(), strict=True):
        # each name begins or ends at the circle, so that none lies on it
        side = math.cos(angle)
        label.set_horizontalalignment("left" if side > 0.2 else "right" if side < -0.2 else "center")
    axes.set_ylim(0, axis_end(values))
    return svg_text(figure)
