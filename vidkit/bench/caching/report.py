"""The caching table: rows with intervals, paired differences to the baselines, text, markdown and plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vidkit.bench.caching.measuring import UNCACHED, ClipRow
from vidkit.bench.tables import TextTable
from vidkit.utils.figures import BLUE, GREEN, GREY, INK, OCHRE, ORANGE, PLUM, PURPLE, RED, TEAL, drawn
from vidkit.utils.plain import counted
from vidkit.utils.statistics import MeanInterval, mean_interval, paired_mean_interval, share_interval

COLOURS = {
    "change": RED,
    "oracle": INK,
    "random": GREY,
    "fewer_steps": BLUE,
    "interval": GREEN,
    "motioncache": ORANGE,
    "flowcache": PURPLE,
    "teacache": TEAL,
    "magcache": OCHRE,
    "taylor": PLUM,
}
WHOLE = "bidirectional"
Place = tuple[str, int, str]  # set, N, attention
BASELINES = ("fewer_steps", "interval", "random", "oracle")
HEADINGS = (
    "Row",
    "FLOPs",
    "Seconds per clip",
    "PSNR, dB",
    "SSIM",
    "Mazes solved",
    "Free content",
    "dB over fewer steps",
    "dB over interval",
)


def rows_of(found: Sequence[ClipRow]) -> list[dict[str, Any]]:
    """Means over clips, one dict a set, N, method and target, with differences to the baselines."""
    groups: dict[tuple[str, int, str, float, str], list[ClipRow]] = {}
    for one in found:
        groups.setdefault((one.kind, one.steps, one.method, one.target, one.attention), []).append(one)
    made = []
    for (kind, steps, method, target, attention), mine in groups.items():
        areas = [row.area for row in mine if row.area is not None]
        won = [row.success for row in mine if row.success is not None]
        row: dict[str, Any] = {
            "set": kind,
            "steps": steps,
            "attention": attention,
            "method": method,
            "target": target,
            "clips": len(mine),
            "flops_share": sum(r.share for r in mine) / len(mine),
            "seconds": sum(r.seconds for r in mine) / len(mine),
            "state_bytes": max(r.state_bytes for r in mine),
            "success": asdict(share_interval(sum(won), len(won))) if won else None,
            "area": asdict(mean_interval(areas)) if areas else None,
        }
        for name in ("psnr", "ssim"):
            values = [v for v in (getattr(r, name) for r in mine) if v is not None]
            row[name] = asdict(mean_interval(values)) if values else None
        free = {r.clip: r.area for r in groups.get((kind, steps, UNCACHED, 1.0, attention), [])}
        pairs = [(r.area, free[r.clip]) for r in mine if r.area is not None and free.get(r.clip)]
        row["area_kept"] = sum(a for a, _ in pairs) / sum(b or 0.0 for _, b in pairs) if pairs else None
        row["over"] = {
            other: _over(mine, groups.get((kind, steps, other, target, attention), ()))
            for other in BASELINES
            if other != method and method != UNCACHED
        }
        made.append(row)
    return made


def _over(mine: Sequence[ClipRow], others: Sequence[ClipRow]) -> dict[str, Any] | None:
    """Paired difference of PSNR on the same clips."""
    known = {row.clip: row.psnr for row in others}
    pairs = [(row.psnr, known[row.clip]) for row in mine if known.get(row.clip) is not None]
    both = [(a, b) for a, b in pairs if a is not None and b is not None]
    return asdict(paired_mean_interval([a for a, _ in both], [b for _, b in both])) if both else None


def headroom_of(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What share of the way from random tokens to the true change our order of tokens goes."""
    known = {(*_place(r), r["target"], r["method"]): r["psnr"] for r in rows}
    made = []
    for kind, steps, attention, target, method in known:
        ends = [known.get((kind, steps, attention, target, name)) for name in ("random", "tokens", "oracle")]
        if method != "tokens" or any(end is None for end in ends):
            continue
        low, ours, high = (end["mean"] for end in ends if end is not None)
        closed = None if high - low < 0.05 else (ours - low) / (high - low)
        made.append({"set": kind, "steps": steps, "attention": attention, "target": target, "closed": closed})
    return made


def cells(row: dict[str, Any]) -> list[str]:
    """A row as text."""
    kept = row["area_kept"]
    area = "" if row["area"] is None else f"{row['area']['mean']:.3f}"
    return [
        row["method"] + ("" if row["method"] == UNCACHED else f" {row['target']:g}"),
        f"{row['flops_share']:.3f}",
        f"{row['seconds']:.3f}",
        _spread(row["psnr"], "{:.2f}"),
        _spread(row["ssim"], "{:.4f}"),
        _percent(row["success"]),
        area + ("" if kept is None else f" ({kept:.2f} of uncached)"),
        *(_spread(row["over"].get(name), "{:+.2f}") for name in ("fewer_steps", "interval")),
    ]


def _percent(found: dict[str, Any] | None) -> str:
    if found is None:
        return ""
    share = MeanInterval(**found)
    return f"{100 * share.mean:.0f} % ({100 * share.low:.0f}-{100 * share.high:.0f})"


def _spread(found: dict[str, Any] | None, form: str) -> str:
    if found is None:
        return ""
    text = form.format(found["mean"])
    return text + (
        f" ({form.format(found['low'])} to {form.format(found['high'])})" if found["count"] > 1 else ""
    )


def table_of(record: dict[str, Any], place: Place) -> TextTable:
    """Rows of one set, N and attention."""
    rows = [row for row in record["rows"] if _place(row) == place]
    clips = max(row["clips"] for row in rows)
    table = TextTable(HEADINGS, f"{title_of(place)}, {counted(clips, 'clip')}", left=1)
    for row in sorted(rows, key=lambda r: (-r["target"], -(r["psnr"] or {"mean": 1e9})["mean"])):
        table.add(*cells(row))
    return table


def _place(row: dict[str, Any]) -> Place:
    """Set, N and attention of a row."""
    return row["set"], row["steps"], row.get("attention", WHOLE)


def title_of(place: Place) -> str:
    """As over a table."""
    kind, steps, attention = place
    return f"{kind}, N = {steps}" + ("" if attention == WHOLE else f", {attention.replace('_', '-')}")


def tables(record: dict[str, Any]) -> list[Place]:
    """Sets, N and attention that there are rows of."""
    return list(dict.fromkeys(_place(row) for row in record["rows"]))


def print_tables(record: dict[str, Any]) -> None:
    """All tables on the terminal."""
    for place in tables(record):
        table_of(record, place).show()


def markdown(record: dict[str, Any]) -> str:
    """All tables for the docs."""
    parts = []
    for place in tables(record):
        table = table_of(record, place)
        parts.append(f"**{table.title}**\n\n{table.markdown()}")
    return "\n\n".join(parts)


def plot(record: dict[str, Any], path: Path) -> None:
    """PSNR against executed FLOPs and against seconds, a row of panels a table."""
    panels = tables(record)
    with drawn(path, 9.0, 3.0 * len(panels)) as figure:
        grid = figure.subplots(len(panels), 2, squeeze=False)
        for place, (left, right) in zip(panels, grid, strict=True):
            rows = [r for r in record["rows"] if _place(r) == place and r["psnr"]]
            for method in dict.fromkeys(r["method"] for r in rows):
                mine = sorted((r for r in rows if r["method"] == method), key=lambda r: r["flops_share"])
                look = {"color": COLOURS.get(method, GREY), "marker": "o", "markersize": 3}
                look["linestyle"] = "-" if method in COLOURS else ":"
                values = [r["psnr"]["mean"] for r in mine]
                left.plot([r["flops_share"] for r in mine], values, label=method, **look)
                right.plot([r["seconds"] for r in mine], values, **look)
            left.set_title(title_of(place))
            left.set_xlabel("executed share of the FLOPs")
            right.set_xlabel("seconds per clip")
            left.set_ylabel("PSNR to the uncached clip, dB")
        grid[0][0].legend(fontsize=6, ncols=2)
