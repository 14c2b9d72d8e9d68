"""The plots of SocialOmni: who by consistency, early and late turns, precision and recall."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vidkit.evaluation.report.drawing import Plot, bounds_of, new_axes, svg_text
from vidkit.utils.figures import BLUE, GREY, ORANGE, RED


def plots(result: Mapping[str, Any]) -> list[Plot]:
    """All plots of a result, in reading order."""
    made: list[Plot] = []
    if result["who"]:
        made.append(
            ('"Who" by consistency, 95 % intervals; ticks are the best constant letter', _who(result))
        )
    if result["when"]:
        made.append(('"When": early, on time, late and unread shares', _early_late(result)))
        made.append(('"When": precision and recall, with lines of equal F1', _precision_recall(result)))
    return made


def _who(result: Mapping[str, Any]) -> str:
    figure, axes = new_axes(4.6, 3.2)
    constant = max(share for name, share in result["baselines"]["who"].items() if name != "chance")
    for place, (name, key) in enumerate(
        (("all", "who"), ("consistent", "who_consistent"), ("inconsistent", "who_inconsistent"))
    ):
        value = result["who"]["accuracy" if key == "who" else name]
        if value is not None:
            low, high = bounds_of(result, key, value)
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
    return svg_text(figure)


def _early_late(result: Mapping[str, Any]) -> str:
    cells = result["when"]["cells"]
    n = max(sum(cells.values()), 1)
    shares = (
        ("early", cells["fp"], ORANGE),
        ("on time", cells["tp"] + cells["tn"], BLUE),
        ("late", cells["fn"], RED),
        ("unread", cells["unread_yes"] + cells["unread_no"], GREY),
    )
    figure, axes = new_axes(6.0, 1.5)
    left = 0.0
    for label, count, colour in shares:
        axes.barh(0, 100 * count / n, left=left, color=colour, label=f"{label} {100 * count / n:.1f} %")
        left += 100 * count / n
    axes.set(xlim=(0, 100), yticks=[], xlabel="% of items")
    axes.legend(frameon=False, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=8)
    return svg_text(figure)


def _precision_recall(result: Mapping[str, Any]) -> str:
    figure, axes = new_axes(4.2, 3.6)
    for f1 in (20, 40, 60, 80):
        recalls = [f1 / 2 + 0.5 + step for step in range(int(100 - f1 / 2))]
        axes.plot(recalls, [f1 * r / (2 * r - f1) for r in recalls], color=GREY, linewidth=0.7, linestyle=":")
    axes.plot(result["when"]["recall"], result["when"]["precision"], "o", color=BLUE, label=result["mode"])
    for name, marker in (("always YES", "s"), ("even coin (expected)", "x")):
        entry = result["baselines"]["when"][name]
        axes.plot(entry["recall"], entry["precision"], marker, color=ORANGE, label=name, linestyle="none")
    axes.set(xlim=(0, 103), ylim=(0, 103), xlabel="recall, %", ylabel="precision, %")
    axes.legend(frameon=False, fontsize=8, loc="lower left")
    return svg_text(figure)
