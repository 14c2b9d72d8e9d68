"""Plots of a result as SVG text, drawn with matplotlib without any window."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from vidkit.evaluation.report.cells import is_interval
from vidkit.utils.figures import BLUE, GREY, ORANGE, RED, new_figure, styled, svg_of

Plot = tuple[str, str]
"""Caption and SVG."""


def plots_of(result: Mapping[str, Any]) -> list[Plot]:
    """All plots that a result allows, in reading order."""
    if result.get("answered") is False:
        return []
    if "metrics" in result and "disagreements" in result:
        return [("Differences A - B with 95 % intervals; 0 means no difference", _differences(result))]
    tables = {table["name"]: table for table in result["tables"]}
    if result["benchmark"] == "video-mme-v2":
        return _video_mme_v2(result, tables)
    if result["benchmark"] == "social-omni":
        return _social_omni(result)
    return [
        (
            f"Accuracy {table['title'].lower()}, 95 % intervals; the line is chance",
            _bars(table, 2, _chance_of(result)),
        )
        for name, table in tables.items()
        if name in result.get("by", {})
    ]


def _video_mme_v2(result: Mapping[str, Any], tables: Mapping[str, Any]) -> list[Plot]:
    plots = [
        ("Accuracy by place in the group, 95 % intervals", _positions(tables["positions"])),
        ("Non-Lin by level of the last question; ticks are chance", _levels(result)),
        ("Groups by number of correct answers or credited steps", _histogram(tables["histogram"])),
    ]
    if "second_head" in tables:
        plots.append(("Non-Lin by second-level head, 95 % intervals", _bars(tables["second_head"], 2, None)))
        if len(tables["second_head"]["rows"]) > 2:
            plots.append(("Non-Lin by second-level head", _radar(tables["second_head"])))
    return plots


def _social_omni(result: Mapping[str, Any]) -> list[Plot]:
    plots: list[Plot] = []
    if result["who"]:
        plots.append(
            ('"Who" by consistency, 95 % intervals; ticks are the best constant letter', _who(result))
        )
    if result["when"]:
        plots.append(('"When": early, on time, late and unread shares', _early_late(result)))
        plots.append(('"When": precision and recall, with lines of equal F1', _precision_recall(result)))
    return plots


def _figure(width: float, height: float, **axes: Any) -> tuple[Any, Any]:
    with styled(font__size=10):
        figure = new_figure(width, height)
        return figure, figure.add_subplot(**axes)


def _top(highs: Sequence[float]) -> float:
    """End of an axis of percent: the next ten above everything drawn."""
    drawn = [high for high in highs if not math.isnan(high)]
    return min(100.0, 10.0 * math.ceil(max([*drawn, 5.0]) / 10 + 0.05))


def _svg(figure: Any) -> str:
    # tight: names around a plot are part of it
    return svg_of(figure, transparent=True, bbox_inches="tight")


def _spread(cell: Sequence[float]) -> tuple[float, float]:
    value, low, high = cell
    if math.isnan(low):  # too few groups for an interval
        return 0.0, 0.0
    return max(value - low, 0.0), max(high - value, 0.0)


def _bounds(result: Mapping[str, Any], name: str, value: float) -> tuple[float, float]:
    low, high = result["intervals"][name]
    return (value, value) if low is None else (low, high)


def _high(cell: Sequence[float]) -> float:
    return cell[0] if math.isnan(cell[2]) else cell[2]


def _positions(table: Mapping[str, Any]) -> str:
    figure, axes = _figure(5.2, 3.2)
    for row, colour in zip(table["rows"], (BLUE, ORANGE), strict=False):
        points = [(q, cell) for q, cell in enumerate(row[2:-1], 1) if is_interval(cell)]
        spreads = [_spread(cell) for _, cell in points]
        axes.errorbar(
            [q for q, _ in points], [cell[0] for _, cell in points], yerr=list(zip(*spreads, strict=True)) or
            None, marker="o", capsize=3, color=colour, label=row[0],
        )  # fmt: skip
    axes.axhline(12.5, color=GREY, linewidth=1, linestyle=":", label="chance")
    axes.set(xticks=range(1, 5), xticklabels=[f"Q{q}" for q in range(1, 5)], ylabel="accuracy, %")
    axes.set_ylim(
        0, _top([_high(cell) for row in table["rows"] for cell in row[2:-1] if is_interval(cell)] + [20])
    )
    axes.legend(frameon=False)
    return _svg(figure)


def _levels(result: Mapping[str, Any]) -> str:
    figure, axes = _figure(4.2, 3.2)
    names = [name for name in ("level_1", "level_2", "level_3") if result[name] is not None]
    highs = [_bounds(result, name, result[name])[1] for name in names]
    for place, name in enumerate(names):
        value, (low, high) = result[name], _bounds(result, name, result[name])
        axes.bar(place, value, color=BLUE, width=0.6)
        axes.errorbar(
            place, value, yerr=[[max(value - low, 0)], [max(high - value, 0)]], color="black", capsize=3
        )
        chance = result["chance"][name]
        axes.hlines(chance, place - 0.35, place + 0.35, color=RED, linewidth=2)
    axes.set(
        xticks=range(len(names)),
        xticklabels=[n.replace("_", " ") for n in names],
        ylim=(0, _top(highs)),
        ylabel="Non-Lin",
    )
    return _svg(figure)


def _histogram(table: Mapping[str, Any]) -> str:
    figure, axes = _figure(5.2, 3.2)
    rows = table["rows"]
    width = 0.8 / max(len(rows), 1)
    for place, row in enumerate(rows):
        offset = (place - (len(rows) - 1) / 2) * width
        axes.bar([step + offset for step in range(5)], row[1:], width=width, label=row[0])
    axes.set(xlabel="steps", ylabel="groups", xticks=range(5))
    axes.legend(frameon=False, fontsize=8)
    return _svg(figure)


def _bars(table: Mapping[str, Any], column: int, chance: float | None) -> str:
    rows = sorted((row for row in table["rows"] if is_interval(row[column])), key=lambda row: -row[column][0])
    figure, axes = _figure(6.0, 0.9 + 0.28 * max(len(rows), 1))
    for place, row in enumerate(rows):
        value = row[column][0]
        low, high = _spread(row[column])
        axes.barh(place, value, color=BLUE, height=0.65)
        axes.errorbar(value, place, xerr=[[low], [high]], color="black", capsize=2)
    if chance is not None:
        axes.axvline(chance, color=RED, linewidth=1)
    labels = [f"{row[0]} ({row[1]})" for row in rows]
    axes.set(
        yticks=range(len(rows)),
        yticklabels=labels,
        xlim=(0, _top([_high(row[column]) for row in rows])),
        xlabel="%",
    )
    axes.invert_yaxis()
    return _svg(figure)


def _radar(table: Mapping[str, Any]) -> str:
    rows = [row for row in table["rows"] if is_interval(row[2])]
    figure, axes = _figure(5.2, 4.4, projection="polar")
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
    axes.set_ylim(0, _top(values))
    return _svg(figure)


def _chance_of(result: Mapping[str, Any]) -> float | None:
    return dict(result.get("baselines", {}).get("chance", {})).get("accuracy")


def _who(result: Mapping[str, Any]) -> str:
    figure, axes = _figure(4.6, 3.2)
    constant = max(share for name, share in result["baselines"]["who"].items() if name != "chance")
    for place, (name, key) in enumerate(
        (("all", "who"), ("consistent", "who_consistent"), ("inconsistent", "who_inconsistent"))
    ):
        value = result["who"]["accuracy" if key == "who" else name]
        if value is not None:
            low, high = _bounds(result, key, value)
            axes.bar(place, value, color=BLUE if place == 0 else ORANGE, width=0.6)
            axes.errorbar(
                place, value, yerr=[[max(value - low, 0)], [max(high - value, 0)]], color="black", capsize=3
            )
    axes.axhline(constant, color=RED, linewidth=1)
    axes.set(
        xticks=range(3),
        xticklabels=["all", "consistent", "inconsistent"],
        ylim=(0, 100),
        ylabel="accuracy, %",
    )
    return _svg(figure)


def _early_late(result: Mapping[str, Any]) -> str:
    cells = result["when"]["cells"]
    n = max(sum(cells.values()), 1)
    shares = (
        ("early", cells["fp"], ORANGE), ("on time", cells["tp"] + cells["tn"], BLUE),
        ("late", cells["fn"], RED), ("unread", cells["unread_yes"] + cells["unread_no"], GREY),
    )  # fmt: skip
    figure, axes = _figure(6.0, 1.5)
    left = 0.0
    for label, count, colour in shares:
        axes.barh(0, 100 * count / n, left=left, color=colour, label=f"{label} {100 * count / n:.1f} %")
        left += 100 * count / n
    axes.set(xlim=(0, 100), yticks=[], xlabel="% of items")
    axes.legend(frameon=False, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=8)
    return _svg(figure)


def _precision_recall(result: Mapping[str, Any]) -> str:
    figure, axes = _figure(4.2, 3.6)
    for f1 in (20, 40, 60, 80):
        recalls = [f1 / 2 + 0.5 + step for step in range(int(100 - f1 / 2))]
        axes.plot(recalls, [f1 * r / (2 * r - f1) for r in recalls], color=GREY, linewidth=0.7, linestyle=":")
    axes.plot(result["when"]["recall"], result["when"]["precision"], "o", color=BLUE, label=result["mode"])
    for name, marker in (("always YES", "s"), ("even coin (expected)", "x")):
        entry = result["baselines"]["when"][name]
        axes.plot(entry["recall"], entry["precision"], marker, color=ORANGE, label=name, linestyle="none")
    axes.set(xlim=(0, 103), ylim=(0, 103), xlabel="recall, %", ylabel="precision, %")
    axes.legend(frameon=False, fontsize=8, loc="lower left")
    return _svg(figure)


def _differences(result: Mapping[str, Any]) -> str:
    entries = [
        (n, e)
        for n, e in result["metrics"].items()
        if e["difference"] is not None and e["interval"][0] is not None
    ]
    figure, axes = _figure(6.0, 0.9 + 0.32 * max(len(entries), 1))
    for place, (_, entry) in enumerate(entries):
        value, (low, high) = entry["difference"], entry["interval"]
        colour = BLUE if low > 0 else RED if high < 0 else GREY
        axes.errorbar(
            value,
            place,
            xerr=[[max(value - low, 0)], [max(high - value, 0)]],
            fmt="o",
            color=colour,
            capsize=3,
        )
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set(yticks=range(len(entries)), yticklabels=[name for name, _ in entries], xlabel="A - B")
    axes.invert_yaxis()
    return _svg(figure)
