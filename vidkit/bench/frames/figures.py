"""Pictures of what was measured: planted events, time of the selectors, time by stage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.bench.frames.planted_events import METRICS
from vidkit.bench.frames.stages import VIDKIT
from vidkit.utils.figures import BLUE, BLUES, GREEN, GREY, INK, ORANGE, RED, SHADE, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STAGES = {
    "embed.decode": ("waiting for decode", BLUE),
    "embed.relevance": ("relevance", ORANGE),
    "embed.features": ("features", GREEN),
    "select": ("select", RED),
    "other": ("open, score, rest", GREY),
}
_MEANINGS = {
    "recall": "recall of the query's events\n(right is better)",
    "coverage": "coverage of shots\n(right is better)",
    "redundancy": "redundancy: cosine to the nearest\nkept frame (left is better)",
}


def _where(environment: dict[str, Any]) -> str:
    commit = str(environment.get("commit") or "no commit")[:12]
    load = environment["load_before"]
    return f"{environment['device']}, load {load} before, {environment['date'][:10]}, commit {commit}"


def plot_planted(path: Path, found: dict[str, Any], environment: dict[str, Any]) -> None:
    """Recall, coverage and redundancy of every method and budget, with intervals; best recall on top."""
    rows = found["rows"]
    budgets = sorted({row["k"] for row in rows})
    middle = budgets[len(budgets) // 2 - 1] if len(budgets) > 1 else budgets[0]
    at = {(row["method"], row["k"]): row for row in rows}
    methods = sorted({row["method"] for row in rows}, key=lambda m: -at[m, middle]["recall"]["mean"])
    with drawn(path, 11, 1.9 + 0.42 * len(methods)) as figure:
        figure.suptitle(
            f"Frame selection on {found['videos']} drawn videos of {found['duration_s']} s with"
            f" {found['events']} planted events each; sorted by recall at K = {middle}\n"
            "one simple sensor (share of the query's colour) in a drawn world: compares rules, not models;"
            " lines: 95 % intervals over videos\n" + _where(environment),
            fontsize=9,
        )
        panels = figure.subplots(1, len(METRICS), sharey=True, squeeze=False)[0]
        for axis, metric in zip(panels, METRICS, strict=True):
            _dots(axis, metric, methods, budgets, at)
        panels[0].set_yticks(range(len(methods)), methods)
        panels[0].invert_yaxis()
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(budgets), frameon=False)


def _or_mean(cell: dict[str, Any], bound: str) -> float:
    """A bound to draw; the mean itself where one video has none."""
    return float(cell["mean"] if cell[bound] is None else cell[bound])


def _dots(
    axis: Axes, metric: str, methods: list[str], budgets: list[int], at: dict[tuple[str, int], dict[str, Any]]
) -> None:
    step = 0.68 / max(1, len(budgets) - 1)
    for number, k in enumerate(budgets):
        colour = BLUES[min(number, len(BLUES) - 1)]
        cells = [at[method, k][metric] for method in methods]
        means = [cell["mean"] for cell in cells]
        around = [
            [max(0.0, c["mean"] - _or_mean(c, "low")) for c in cells],
            [max(0.0, _or_mean(c, "high") - c["mean"]) for c in cells],
        ]
        places = [place - 0.34 + step * number for place in range(len(methods))]
        axis.errorbar(
            means,
            places,
            xerr=around,
            fmt="o",
            markersize=4,
            color=colour,
            elinewidth=1.4,
            label=f"{k} frames kept",
        )
    for place in range(1, len(methods), 2):
        axis.axhspan(place - 0.5, place + 0.5, color=SHADE, zorder=0)
    axis.set_xlabel(_MEANINGS[metric])
    if metric != "redundancy":
        axis.set_xlim(-0.03, 1.03)
    axis.set_ylim(-0.55, len(methods) - 0.45)
    axis.grid(axis="x", linewidth=0.4, alpha=0.6)


def plot_selectors(path: Path, found: dict[str, Any], environment: dict[str, Any]) -> None:
    """Median time of each selector, fastest on top."""
    rows = sorted(found["rows"], key=lambda row: row["median_s"])
    places = range(len(rows))
    with drawn(path, 8, 1.4 + 0.27 * len(rows)) as figure:
        axis = figure.subplots()
        ms = [1e3 * row["median_s"] for row in rows]
        around = [
            [1e3 * (row["median_s"] - row["best_s"]) for row in rows],
            [1e3 * (row["worst_s"] - row["median_s"]) for row in rows],
        ]
        axis.barh(places, ms, color=BLUES[2], height=0.66)
        axis.errorbar(ms, places, xerr=around, fmt="none", ecolor=INK, elinewidth=0.8, capsize=1.5)
        for place, row in zip(places, rows, strict=True):
            axis.text(
                1e3 * row["worst_s"] * 1.08, place, f"{1e3 * row['median_s']:.3g} ms", va="center", fontsize=8
            )
        axis.set_yticks(places, [row["method"] for row in rows])
        axis.invert_yaxis()
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter("")
        axis.set_xlim(right=2.6e3 * max(row["worst_s"] for row in rows))
        axis.set_xlabel("milliseconds, selection alone (log); bar: median, line: best to worst")
        axis.grid(axis="x", linewidth=0.4, alpha=0.6)
        axis.set_title(
            f"{found['n']} made candidates of {found['dim']} features, {found['k']} kept\n"
            + _where(environment),
            fontsize=9,
            loc="left",
        )


def plot_stages(path: Path, found: dict[str, Any], environment: dict[str, Any]) -> None:
    """Selection by stage on top of two ways of decoding the same frames and nothing else."""
    rows = found["rows"]
    with drawn(path, 9, 2.9) as figure:
        axis = figure.subplots()
        places = range(len(rows))
        for place, row in zip(places, rows, strict=True):
            if row["who"] == VIDKIT:
                _stack(axis, place, row["median_s"], found["stages_s"])
            else:
                axis.barh(place, row["median_s"], color=BLUES[1], height=0.6)
            low, high = row["median_s"] - row["best_s"], row["worst_s"] - row["median_s"]
            axis.errorbar([row["median_s"]], [place], xerr=[[low], [high]], fmt="none", ecolor=INK, capsize=2)
            text = f" {row['median_s']:.2f} s, peak {row['peak_gib']:.2f} GiB"
            axis.text(row["worst_s"], place, text, va="center", fontsize=8)
        axis.set_yticks(places, [row["who"] for row in rows])
        axis.invert_yaxis()
        axis.set_xlim(0, 1.45 * max(row["worst_s"] for row in rows))
        axis.set_xlabel(
            f"seconds, median of {min(row['runs'] for row in rows)} processes; line: best to worst"
        )
        handles, labels = axis.get_legend_handles_labels()
        figure.legend(handles, labels, fontsize=8, frameon=False, loc="outside lower center", ncols=5)
        scorer = found["encoder"] or f"relevance {found['relevance']}"
        axis.set_title(
            f"{found['video']}, {found['duration_s']:.0f} s, {found['candidates']} candidates,"
            f" {scorer}, read by {found['reader']}\n{_where(environment)}",
            fontsize=9,
            loc="left",
        )


def _stack(axis: Axes, place: int, whole: float, stages: dict[str, float]) -> None:
    """Stages from left to right; decoding runs beside the encoders, so only what it makes wait is shown."""
    # decoding overlaps with embedding: its bar is what embedding took beyond the encoders
    embed = stages.get("embed", 0.0)
    encoders = {name: stages.get(name, 0.0) for name in ("embed.relevance", "embed.features")}
    scale = min(1.0, embed / total) if (total := sum(encoders.values())) else 1.0
    parts = {"embed.decode": max(0.0, embed - sum(encoders.values()))}
    parts |= {name: seconds * scale for name, seconds in encoders.items()}
    parts["select"] = stages.get("select", 0.0)
    parts["other"] = max(0.0, whole - sum(parts.values()))
    left = 0.0
    for name, seconds in parts.items():
        label, colour = _STAGES[name]
        axis.barh(place, seconds, left=left, color=colour, height=0.6, label=f"{label} {seconds:.2f} s")
        left += seconds
