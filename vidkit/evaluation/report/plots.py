"""The plots of a result: differences of a comparison, else what the benchmark draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vidkit.evaluation.benchmark import Benchmark
from vidkit.evaluation.report.drawing import Plot, new_axes, svg_text
from vidkit.utils.figures import BLUE, GREY, RED


def plots_of(result: Mapping[str, Any], benchmark: Benchmark) -> list[Plot]:
    """All plots that a result allows, in reading order."""
    if result.get("answered") is False:
        return []
    if "metrics" in result and "disagreements" in result:
        return [("Differences A - B with 95 % intervals; 0 means no difference", _differences(result))]
    return benchmark.plots(result, {table["name"]: table for table in result["tables"]})


def _differences(result: Mapping[str, Any]) -> str:
    entries = [
        (n, e)
        for n, e in result["metrics"].items()
        if e["difference"] is not None and e["interval"][0] is not None
    ]
    figure, axes = new_axes(6.0, 0.9 + 0.32 * max(len(entries), 1))
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
    return svg_text(figure)
