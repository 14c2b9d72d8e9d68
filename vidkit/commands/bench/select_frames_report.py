"""The tables of `vidkit bench select-frames`, one a section."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from vidkit.utils.console import wide_console


def print_section(name: str, found: dict[str, Any], inputs: str) -> None:
    """The table of a section, what it was measured on below."""
    makers = {"planted": _planted, "tokens": _tokens, "selectors": _selectors, "manifest": _manifest}
    table = makers.get(name, _stages)(found)
    table.title_justify = table.caption_justify = "left"
    table.caption = inputs
    console = wide_console()
    console.print(table)
    for line in _facts(found):
        console.print(Text(line), soft_wrap=True)


def _planted(found: dict[str, Any]) -> Table:
    rows = found["rows"]
    budgets = sorted({row["k"] for row in rows})
    middle = budgets[len(budgets) // 2 - 1] if len(budgets) > 1 else budgets[0]
    at = {(row["method"], row["k"]): row for row in rows}
    table = Table(
        title=f"planted events, {found['videos']} videos: recall with 95 % intervals over videos;"
        f" coverage of shots and redundancy at K = {middle}"
    )
    table.add_column("method")
    for k in budgets:
        table.add_column(f"K = {k}", justify="right")
    for metric in ("coverage", "redundancy"):
        table.add_column(metric, justify="right")
    for method in sorted({row["method"] for row in rows}, key=lambda m: -at[m, middle]["recall"]["mean"]):
        recalls = [_interval(at[method, k]["recall"]) for k in budgets]
        rest = [f"{at[method, middle][metric]['mean']:.2f}" for metric in ("coverage", "redundancy")]
        table.add_row(method, *recalls, *rest)
    return table


def _tokens(found: dict[str, Any]) -> Table:
    rows = found["rows"]
    budgets = sorted({row["tokens"] for row in rows})
    at = {(row["method"], row["plan"], row["tokens"]): row for row in rows}
    table = Table(
        title=f"share of events read, {found['videos']} videos, 95 % intervals over videos;"
        f" large / small objects at {budgets[-1]} tokens"
    )
    table.add_column("method")
    table.add_column("pictures")
    for budget in budgets:
        table.add_column(f"{budget} tokens", justify="right")
    table.add_column("large / small", justify="right")
    for method, plan in dict.fromkeys((row["method"], row["plan"]) for row in rows):
        shares = [_interval(at[method, plan, budget]["read"]) for budget in budgets]
        last = at[method, plan, budgets[-1]]
        parts = f"{last['large']['mean']:.2f} / {last['small']['mean']:.2f}"
        table.add_row(method, plan, *shares, parts)
    return table


def _interval(cell: dict[str, float]) -> str:
    if cell["low"] is None:  # one video has no interval
        return f"{cell['mean']:.2f}"
    return f"{cell['mean']:.2f} ({cell['low']:.2f}-{cell['high']:.2f})"


def _selectors(found: dict[str, Any]) -> Table:
    table = Table(title=f"selection alone, N = {found['n']}, D = {found['dim']}, K = {found['k']}")
    table.add_column("method")
    for name in ("best", "median", "worst", "runs"):
        table.add_column(name, justify="right")
    for row in sorted(found["rows"], key=lambda row: float(row["median_s"])):
        times = [f"{1e3 * row[name]:.1f} ms" for name in ("best_s", "median_s", "worst_s")]
        table.add_row(row["method"], *times, str(row["runs"]))
    return table


def _stages(found: dict[str, Any]) -> Table:
    title = f"{found['video']}: {found['candidates']} candidates of {found['duration_s']:.0f} s"
    table = Table(title=f"{title}, {found['encoder'] or 'relevance ' + found['relevance']}")
    table.add_column("what")
    for name in ("median", "best", "worst", "runs", "peak"):
        table.add_column(name, justify="right")
    for row in found["rows"]:
        times = [f"{row[name]:.2f} s" for name in ("median_s", "best_s", "worst_s")]
        table.add_row(row["who"], *times, str(row["runs"]), f"{row['peak_gib']:.2f} GiB")
    return table


def _manifest(found: dict[str, Any]) -> Table:
    table = Table(title=f"a manifest of {found['clips']} clips of {found['clip_s']} s")
    for name in ("workers", "seconds", "clips per second"):
        table.add_column(name, justify="right")
    for row in found["rows"]:
        table.add_row(str(row["workers"]), f"{row['seconds']:.1f}", f"{row['clips_per_s']:.2f}")
    return table


def _facts(found: dict[str, Any]) -> list[str]:
    lines = [
        f"note    {row['method']} kept {row['kept']:.3g} of {row['k']} frames"
        for row in found["rows"]
        if "kept" in row and row["kept"] < 0.9 * row["k"]
    ]
    if "stages_s" in found:
        lines.append(f"reader  {found['reader']} ({found['reader_reason']})")
        told = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in found["stages_s"].items())
        lines.append(f"stages  {told}; embed.* run beside each other")
    ratios = [
        f"{found[f'ratio_to_{name}']:.2f} times {text}"
        for name, text in (
            ("reader", "the same reader's decoding alone"),
            ("decord", "decord's decoding alone"),
        )
        if f"ratio_to_{name}" in found
    ]
    if ratios:
        lines.append(f"ratio   selection takes {', '.join(ratios)}")
    if "speedup" in found:
        lines.append(
            f"gain    {found['speedup']:.2f} times as fast on {found['rows'][-1]['workers']} workers"
        )
    return lines
