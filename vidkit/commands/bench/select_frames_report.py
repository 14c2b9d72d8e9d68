"""The tables of `vidkit bench select-frames`, one a section."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vidkit.bench.tables import TextTable, say


def print_section(name: str, found: dict[str, Any], inputs: str, environment: dict[str, Any]) -> None:
    """The table of a section; below it what it was measured on, and at which commit."""
    if name == "qa":
        for one in _questions(found):
            _told(one, inputs, environment)
        return
    makers = {"planted": _planted, "tokens": _tokens, "selectors": _selectors, "manifest": _manifest}
    table = makers.get(name, _stages)(found)
    _told(table, inputs, environment)
    for line in _facts(found):
        say(line)


def _told(table: TextTable, inputs: str, environment: dict[str, Any]) -> None:
    commit = str(environment.get("commit") or "none")
    dirty = " with local changes" if commit.endswith("-dirty") else ""
    table.caption = f"{inputs}; commit {commit[:12]}{dirty}"
    table.show()


def _questions(found: dict[str, Any]) -> Iterator[TextTable]:
    """A table per kind of evidence: right answers, and the difference to uniform sampling."""
    rows = found["rows"]
    budgets = sorted({row["k"] for row in rows})
    at = {(row["method"], row["k"], row["evidence"]): row for row in rows}
    for evidence in dict.fromkeys(row["evidence"] for row in rows):
        heads = [f"{name}, K = {k}" for name in found["readers"] for k in budgets]
        table = TextTable(
            ["method", *heads],
            f"evidence in {evidence} moment{'' if evidence == 'one' else 's'}, {found['videos']} videos:"
            " share of right answers, and the difference to uniform with its paired 95 % interval",
        )
        for method in dict.fromkeys(row["method"] for row in rows):
            cells = []
            for name in found["readers"]:
                for k in budgets:
                    row = at[method, k, evidence]
                    gain = row[f"{name}_gain"]
                    known = "" if gain["low"] is None else f" [{gain['low']:+.2f}, {gain['high']:+.2f}]"
                    cells.append(f"{row[name]['mean']:.2f} ({gain['mean']:+.2f}{known})")
            table.add(method, *cells)
        yield table


def _planted(found: dict[str, Any]) -> TextTable:
    rows = found["rows"]
    budgets = sorted({row["k"] for row in rows})
    middle = budgets[len(budgets) // 2 - 1] if len(budgets) > 1 else budgets[0]
    at = {(row["method"], row["k"]): row for row in rows}
    table = TextTable(
        ["method", *(f"K = {k}" for k in budgets), "coverage", "redundancy"],
        f"planted events, {found['videos']} videos: recall with 95 % intervals over videos;"
        f" coverage of shots and redundancy at K = {middle}",
    )
    for method in sorted({row["method"] for row in rows}, key=lambda m: -at[m, middle]["recall"]["mean"]):
        recalls = [_interval(at[method, k]["recall"]) for k in budgets]
        rest = [f"{at[method, middle][metric]['mean']:.2f}" for metric in ("coverage", "redundancy")]
        table.add(method, *recalls, *rest)
    return table


def _tokens(found: dict[str, Any]) -> TextTable:
    rows = found["rows"]
    budgets = sorted({row["tokens"] for row in rows})
    at = {(row["method"], row["plan"], row["tokens"]): row for row in rows}
    table = TextTable(
        ["method", "pictures", *(f"{budget} tokens" for budget in budgets), "large / small"],
        f"share of events read, {found['videos']} videos, 95 % intervals over videos;"
        f" large / small objects at {budgets[-1]} tokens",
        left=2,
    )
    for method, plan in dict.fromkeys((row["method"], row["plan"]) for row in rows):
        shares = [_interval(at[method, plan, budget]["read"]) for budget in budgets]
        last = at[method, plan, budgets[-1]]
        parts = f"{last['large']['mean']:.2f} / {last['small']['mean']:.2f}"
        table.add(method, plan, *shares, parts)
    return table


def _interval(cell: dict[str, float]) -> str:
    if cell["low"] is None:  # one video has no interval
        return f"{cell['mean']:.2f}"
    return f"{cell['mean']:.2f} ({cell['low']:.2f}-{cell['high']:.2f})"


def _selectors(found: dict[str, Any]) -> TextTable:
    table = TextTable(
        ("method", "best", "median", "worst", "runs"),
        f"selection alone, N = {found['n']}, D = {found['dim']}, K = {found['k']}",
    )
    for row in sorted(found["rows"], key=lambda row: float(row["median_s"])):
        times = [f"{1e3 * row[name]:.1f} ms" for name in ("best_s", "median_s", "worst_s")]
        table.add(row["method"], *times, str(row["runs"]))
    return table


def _stages(found: dict[str, Any]) -> TextTable:
    title = f"{found['video']}: {found['candidates']} candidates of {found['duration_s']:.0f} s"
    table = TextTable(
        ("what", "median", "best", "worst", "runs", "peak"),
        f"{title}, {found['encoder'] or 'relevance ' + found['relevance']}",
    )
    for row in found["rows"]:
        times = [f"{row[name]:.2f} s" for name in ("median_s", "best_s", "worst_s")]
        table.add(row["who"], *times, str(row["runs"]), f"{row['peak_gib']:.2f} GiB")
    return table


def _manifest(found: dict[str, Any]) -> TextTable:
    table = TextTable(
        ("workers", "seconds", "clips per second"),
        f"a manifest of {found['clips']} clips of {found['clip_s']} s",
        left=0,
    )
    for row in found["rows"]:
        table.add(str(row["workers"]), f"{row['seconds']:.1f}", f"{row['clips_per_s']:.2f}")
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
        lines.append(f"stages  {told}; embed.* run in parallel")
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
