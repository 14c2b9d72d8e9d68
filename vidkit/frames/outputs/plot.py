"""A picture of the decision: relevance, the signal that cuts it, boundaries, budget and picks."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidkit.frames.outputs.images import clock
from vidkit.frames.outputs.record import relevance_words
from vidkit.frames.pipeline import VideoSelection
from vidkit.utils.figures import BLUE, GREEN, GREY, RED, SHADE, new_figure, save, styled, svg_of
from vidkit.utils.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TICKS_S = (15, 30, 60, 120, 300, 600, 900, 1200, 1800)


def draw_selection(result: VideoSelection) -> Figure:
    """Two or three panels on one time axis; see the legend of each."""
    change = _change_curve(result)
    budget = result.selection.detail.get("budget")
    has_budget = isinstance(budget, np.ndarray) and budget.size == len(result.selection.segments)
    ratios = [3.0] + ([2.0] if change else []) + ([1.2] if has_budget else [])
    figure = new_figure(11, 1.3 + 1.15 * sum(ratios))
    panels = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios, squeeze=False)[:, 0]
    _draw_relevance(panels[0], result)
    if change:
        _draw_change(panels[1], result, *change)
    if has_budget:
        _draw_budget(panels[-1], result)
    _time_axis(panels[-1], *result.span_s)
    figure.align_ylabels(panels)
    query = result.query if len(result.query) <= 90 else result.query[:89] + "…"
    asked = f'"{query}"' if query else "no query"
    figure.suptitle(
        f"{result.name}: {result.selection.indices.size} frames by {result.selection.headline}, {asked}",
        fontsize=11,
        # file names and queries are not formulas
        parse_math=False,
    )
    return figure


def write_plot(path: Path, result: VideoSelection) -> None:
    """Write the plot as PNG or SVG, by the suffix; the file appears whole or not at all."""
    with styled(), atomic_path(path) as temporary:
        save(draw_selection(result), temporary, path.suffix)


def svg_text(result: VideoSelection) -> str:
    """The plot as an SVG element, for a page."""
    with styled():
        return svg_of(draw_selection(result))


def _change_curve(result: VideoSelection) -> tuple[str, np.ndarray, float | None] | None:
    detail = result.selection.detail
    if "change" in detail:
        label = f"|detail band {detail['level']}| of relevance"
        return label, detail["change"], float(detail["height_threshold"])
    if "similarity" in detail:
        return "similarity to neighbours", detail["similarity"], None
    return None


def _draw_relevance(axes: Axes, result: VideoSelection) -> None:
    candidates, picks = result.candidates, result.selection.indices
    times = candidates.times
    curve = candidates.relevance if candidates.relevance is not None else np.zeros(times.size)
    for number, (start, stop) in enumerate(result.selection.segments):
        end = times[stop] if stop < times.size else result.span_s[1]
        if number % 2:
            axes.axvspan(times[start], end, color=SHADE, zorder=0)
    # a long video has several candidates a pixel: a thin pale line keeps the picks visible on it
    width, alpha = (1.0, 1.0) if times.size <= 2000 else (0.5, 0.6)
    label = f"relevance ({relevance_words(result)})"
    axes.plot(times, curve, color=BLUE, linewidth=width, alpha=alpha, label=label)
    axes.vlines(times[picks], 0, curve[picks], color=RED, linewidth=0.8, alpha=0.6)
    axes.plot(times[picks], curve[picks], "o", color=RED, markersize=4.5, label="kept frames")
    uniform = result.compared.get("uniform")
    if uniform is not None:
        low = float(min(curve.min(), 0.0))
        axes.plot(
            times[uniform.indices], np.full(uniform.indices.size, low), "|", color=GREY, label="uniform"
        )
    axes.set_ylabel("relevance")
    if candidates.relevance is None:
        axes.text(
            0.5,
            0.5,
            "no relevance: the query was not used" if result.query else "no query, no relevance",
            transform=axes.transAxes,
            ha="center",
            color=GREY,
        )
    _legend(axes)


def _draw_change(
    axes: Axes, result: VideoSelection, label: str, curve: np.ndarray, threshold: float | None
) -> None:
    times = result.candidates.times
    axes.plot(times, curve, color=GREEN, linewidth=1.0, label=label)
    axes.set_ylabel("change" if threshold is not None else "similarity")
    if threshold is not None:
        axes.axhline(threshold, color=GREY, linewidth=0.8, linestyle="--", label="height threshold")
    starts = [segment.start for segment in result.selection.segments[1:]]
    if starts:
        axes.vlines(times[starts], curve.min(), curve.max(), color=RED, linewidth=0.8, label="boundaries")
    _legend(axes)


def _time_axis(axes: Axes, start_s: float, end_s: float) -> None:
    """Seconds below two minutes, then the clock: `2:30`, `1:05:00`."""
    duration_s = max(end_s - start_s, 1e-3)
    axes.set_xlim(start_s, start_s + duration_s)
    if end_s < 120:
        axes.set_xlabel("time [s]")
        return
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    step = next((s for s in _TICKS_S if duration_s / s <= 12), 3600 * math.ceil(duration_s / 43200))
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: clock(value).removesuffix(".0")))
    axes.set_xlabel("time")


def _draw_budget(axes: Axes, result: VideoSelection) -> None:
    times, segments = result.candidates.times, result.selection.segments
    edges = np.array([times[start] for start, _ in segments] + [result.span_s[1]])
    budget: Any = result.selection.detail["budget"]
    axes.bar(edges[:-1], budget, np.diff(edges), align="edge", color="#bfdbfe", edgecolor=BLUE, linewidth=0.6)
    for start, end, count in zip(edges[:-1], edges[1:], budget, strict=True):
        axes.text((start + end) / 2, count, str(int(count)), ha="center", va="bottom", fontsize=7)
    axes.set_ylim(0, float(budget.max()) * 1.35 + 0.5)
    axes.set_ylabel("frames")


def _legend(axes: Axes) -> None:
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, frameon=False)
