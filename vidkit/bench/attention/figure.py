"""The rows of a run as one picture: rates, gain over dense, cost of prediction, denoising loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.attention.executors import AUTO_ORDER
from vidkit.bench.attention.breakdown import PARTS
from vidkit.bench.attention.report import BUSY, INPUTS, Row, peak_of, speed_words
from vidkit.utils.figures import GREY, INK, SERIES, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

_STYLE = {"axes__titlesize": 10, "axes__titleweight": "bold", "axes__titlelocation": "left"}
_TITLES = {
    "rates": "Rate of attention over kept blocks",
    "gain": "Gain over the fastest dense attention",
    "launch": "Launch configurations of the Triton kernel at density 0.25, fastest first",
    "prediction": "Cost of predicting masks, share of the fastest dense attention",
    "loop": "One forward of a denoising loop, everything included: median turn",
    "breakdown": "Where the GPU's time of a forward goes",
}
_WIDTH, _HEIGHT = 5.2, 3.6  # inches of a panel
_Panel = tuple[str, Callable[["Axes"], None], float]
"""Name of the shape, what draws, height in inches."""


def plot(path: str | Path, rows: Sequence[Row], env: dict[str, Any]) -> None:
    """Write the picture; nothing without a row that can be drawn.

    Args:
        path: .png or .svg.
        rows: of one run.
        env: what they were measured on.
    """
    bands = _bands([row for row in rows if row.ms is not None or row.section == "ceiling"])
    if not bands:
        return
    heights = [max(height for *_, height in panels) + 0.55 for _, panels in bands]
    columns = max(len(panels) for _, panels in bands)
    with drawn(Path(path), max(columns * _WIDTH, 8.0), sum(heights) + 0.9, **_STYLE) as figure:
        figure.suptitle(_headline(env), fontsize=10)
        parts = figure.subfigures(len(bands), 1, height_ratios=heights, squeeze=False)[:, 0]
        for part, (name, panels) in zip(parts, bands, strict=True):
            part.suptitle(f"{_TITLES[name]}\n", x=0.01, ha="left", fontsize=10, fontweight="bold", color=INK)
            inputs = INPUTS.get("rates" if name == "gain" else name, "")
            part.text(
                0.01,
                0.985 - 0.22 / (heights[bands.index((name, panels))]),
                inputs,
                ha="left",
                va="top",
                fontsize=8,
                color=GREY,
            )
            axes = part.subplots(1, columns, squeeze=False)[0]
            for axis in axes[len(panels) :]:
                axis.set_visible(False)
            for axis, (title, draw, _) in zip(axes, panels, strict=False):
                draw(axis)
                axis.set_title(title, fontsize=9)
            _legend(part, axes[: len(panels)])


def _legend(part: SubFigure, axes: Sequence[Axes]) -> None:
    """One legend for all panels of a band, below them, where it hides nothing."""
    found: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    if found:
        part.legend(
            found.values(), found.keys(), loc="outside lower left", ncols=9, fontsize=8, frameon=False
        )


def _headline(env: dict[str, Any]) -> str:
    commit = str(env.get("commit") or "no commit")[:12]
    load = f", load {env['load_before']} before" if "load_before" in env else ""
    return (
        f"{env['device']}, {env['dtype']}, torch {env['versions']['torch']}\n"
        f"{env['date'][:10]}, commit {commit}{load}\n"
        "medians, bars from the 20th to the 80th percentile"
    )


def _bands(rows: list[Row]) -> list[tuple[str, list[_Panel]]]:
    peak = peak_of(rows)
    found: list[tuple[str, list[_Panel]]] = []
    shapes = list(dict.fromkeys(row.shape for row in rows if row.part == "rates"))
    if shapes:
        of = {shape: [row for row in rows if row.part == "rates" and row.shape == shape] for shape in shapes}
        found.append(("rates", [(s, lambda a, s=s: _rates(a, of[s], peak), _HEIGHT) for s in shapes]))  # type: ignore[misc]
        found.append(("gain", [(s, lambda a, s=s: _gains(a, of[s]), _HEIGHT) for s in shapes]))  # type: ignore[misc]
    for section, draw in _BARS.items():
        names = list(dict.fromkeys(row.shape for row in rows if row.section == section))
        panels: list[_Panel] = []
        for name in names:
            mine = [row for row in rows if row.section == section and row.shape == name]
            lines = len(_by_policy(mine)) + 2 if section == "breakdown" else len(mine)
            panels.append((name, lambda a, d=draw, m=mine: d(a, m), 1.0 + 0.2 * lines))  # type: ignore[misc]
        if panels:
            found.append((section, panels))
    return found


def _executors(rows: Sequence[Row]) -> dict[str, list[Row]]:
    names = dict.fromkeys(r.provider for r in rows if r.section == "executor" and r.provider != "auto")
    return {
        name: sorted(
            (r for r in rows if r.section == "executor" and r.provider == name), key=lambda r: r.density or 0
        )
        for name in names
    }


def _density_axis(axis: Axes) -> None:
    axis.set_xscale("log")
    axis.set_xlim(1.15, 0.085)  # sparser to the right
    axis.set_xticks([1, 0.5, 0.25, 0.1], ["1", "0.5", "0.25", "0.1"])
    axis.minorticks_off()
    axis.set_xlabel("density (kept blocks over all)")
    axis.grid(axis="y", linewidth=0.4, alpha=0.6)


def _rates(axis: Axes, rows: list[Row], peak: float | None) -> None:
    """TFLOP/s of the kept pairs; the right axis is the share of the measured matrix product."""
    rates = [row.tflops for row in rows if row.tflops]
    scale, unit = (1.0, "TFLOP/s") if max(rates) >= 1 else (1e3, "GFLOP/s")
    top = 1.12 * scale * max([*rates, peak or 0.0])
    for name, line in _executors(rows).items():
        y = [scale * (row.tflops or 0.0) for row in line]
        _line(axis, line, y, name)
    for row, style in zip((r for r in rows if r.section == "dense"), ("--", "-.", ":"), strict=False):
        y_dense, label = scale * (row.tflops or 0), f"dense {row.provider}"
        axis.axhline(y_dense, color=GREY, linestyle=style, linewidth=1, label=label)
    axis.set_ylim(0, top)
    axis.set_ylabel(unit)
    _density_axis(axis)
    if peak:
        axis.axhline(scale * peak, color=INK, linewidth=1, label="matrix product")
        ceiling = scale * peak

        def to_share(rate: Any) -> Any:
            return 100 * rate / ceiling

        def to_rate(share: Any) -> Any:
            return share * ceiling / 100

        axis.secondary_yaxis("right", functions=(to_share, to_rate)).set_ylabel("% of matrix product")


def _executor_colour(name: str) -> str:
    """The same in every panel, whichever executors took the case."""
    return SERIES[AUTO_ORDER.index(name) % len(SERIES)] if name in AUTO_ORDER else INK


def _line(axis: Axes, rows: list[Row], y: list[float], name: str) -> None:
    """A line over density; a value goes as 1 / time, and so do its bars."""
    ms = [(row.ms or 1.0, row.ms_low or row.ms or 1.0, row.ms_high or row.ms or 1.0) for row in rows]
    down = [value * max(0.0, 1 - m / high) for value, (m, _, high) in zip(y, ms, strict=True)]
    up = [value * max(0.0, m / low - 1) for value, (m, low, _) in zip(y, ms, strict=True)]
    x = [row.density or 0.0 for row in rows]
    style: dict[str, Any] = {"marker": "o", "markersize": 4, "elinewidth": 0.8, "capsize": 1.5}
    axis.errorbar(x, y, yerr=[down, up], color=_executor_colour(name), label=name, **style)


def _gains(axis: Axes, rows: list[Row]) -> None:
    """Time of the fastest dense attention over that of each executor, and what the density allows."""
    dense = min((row.ms for row in rows if row.section == "dense" and row.ms), default=None)
    if dense is None:
        axis.text(0.5, 0.5, "no dense figure", ha="center", transform=axis.transAxes)
        return
    densities = sorted({row.density for row in rows if row.section == "executor" and row.density})
    axis.plot(densities, [1 / d for d in densities], color=GREY, linestyle=":", label="1 / density")
    axis.axhline(1, color=INK, linewidth=0.8)
    for name, line in _executors(rows).items():
        kept = [row for row in line if not row.busy]
        _line(axis, kept, [row.gain or dense / (row.ms or 1) for row in kept], name)
    axis.set_yscale("log")
    ticks = [t for t in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10) if axis.get_ylim()[0] <= t]
    axis.set_yticks(ticks, [f"{t:g}x" for t in ticks])
    _density_axis(axis)
    axis.set_ylabel("times as fast as dense")


def _bars(axis: Axes, rows: list[Row], text: Callable[[Row], str], colours: list[str]) -> None:
    places = range(len(rows))
    ms = [row.ms or 0.0 for row in rows]
    low = [max(0.0, (row.ms or 0) - (row.ms_low or 0)) for row in rows]
    high = [max(0.0, (row.ms_high or 0) - (row.ms or 0)) for row in rows]
    axis.barh(places, ms, color=colours, height=0.66)
    axis.errorbar(ms, places, xerr=[low, high], fmt="none", ecolor=INK, elinewidth=0.8, capsize=1.5)
    axis.set_yticks(places, [row.provider for row in rows], fontsize=8)
    axis.invert_yaxis()
    end = max(m + h for m, h in zip(ms, high, strict=True))
    for place, row, reach in zip(places, rows, (m + h for m, h in zip(ms, high, strict=True)), strict=True):
        axis.text(reach + 0.015 * end, place, text(row), va="center", fontsize=7, color=INK)
    axis.set_xlim(0, 1.6 * end)
    axis.set_xlabel("milliseconds")
    axis.grid(axis="x", linewidth=0.4, alpha=0.6)


def _short(row: Row) -> str:
    ms = row.ms or 0.0
    return f"{ms:.0f}" if ms >= 1000 else f"{ms:.3g}"


def _predictions(axis: Axes, rows: list[Row]) -> None:
    colours = [SERIES[1] if row.provider.startswith("svg2") else SERIES[0] for row in rows]
    _bars(axis, rows, lambda row: f"{_short(row)} ms, {row.note.removesuffix(' of dense')}", colours)


def _launches(axis: Axes, rows: list[Row]) -> None:
    fastest = sorted(rows, key=lambda row: row.ms or 0)
    _bars(axis, fastest, lambda row: f"{_short(row)} ms", [SERIES[0]] * len(rows))


def _loops(axis: Axes, rows: list[Row]) -> None:
    def text(row: Row) -> str:
        gain = ""
        if row.busy:
            gain = f", {BUSY}"
        elif row.gain is not None:
            gain = f", {speed_words(row.gain)} as the fastest dense"
        return f"{_short(row)} ms{gain}"

    colours = [SERIES[0] if row.density else GREY for row in rows]
    _bars(axis, rows, text, colours)


def _by_policy(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Milliseconds of each part, by policy; rows are called `policy: part`."""
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        policy, _, part = row.provider.partition(": ")
        found.setdefault(policy, {})[part] = row.ms or 0.0
    return found


def _part_colour(part: str) -> str:
    """The same in every panel; what `PARTS` does not know is grey."""
    names = [name for name, _ in PARTS]
    palette = SERIES
    return palette[names.index(part) % len(palette)] if part in names else GREY


def _breakdowns(axis: Axes, rows: list[Row]) -> None:
    policies = _by_policy(rows)
    left = [0.0] * len(policies)
    for name in dict.fromkeys(part for parts in policies.values() for part in parts):
        ms = [parts.get(name, 0.0) for parts in policies.values()]
        axis.barh(range(len(ms)), ms, left=left, height=0.66, color=_part_colour(name), label=name)
        left = [before + more for before, more in zip(left, ms, strict=True)]
    for place, whole in enumerate(left):
        axis.text(whole, place, f" {whole:.0f} ms", va="center", fontsize=7, color=INK)
    axis.set_yticks(range(len(policies)), list(policies), fontsize=8)
    axis.invert_yaxis()
    axis.set_xlim(0, 1.18 * max(left))
    axis.set_xlabel("milliseconds of GPU time")


_BARS = {"launch": _launches, "prediction": _predictions, "loop": _loops, "breakdown": _breakdowns}
