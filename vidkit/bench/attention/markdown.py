"""Tables of a benchmark record for the docs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vidkit.bench.attention.report import BUSY, speed_words
from vidkit.bench.tables import TextTable

Rows = list[dict[str, Any]]


def executor_table(rows: Rows) -> str:
    """TFLOP/s of the kept pairs: a line for each shape and density, a column for each provider."""
    names = list(dict.fromkeys(r["provider"] for r in rows if r["section"] == "executor"))
    table = TextTable(["Shape", "density", *names, "auto over fa4", "triton over flex"])
    for shape in dict.fromkeys(r["shape"] for r in rows if r["section"] == "executor"):
        mine = [r for r in rows if r["section"] == "executor" and r["shape"] == shape]
        for density in dict.fromkeys(r["density"] for r in mine):
            found = {r["provider"]: r["tflops"] for r in mine if r["density"] == density}
            rates = [_number(found.get(name)) for name in names]
            ratios = [_ratio(found, "auto", "fa4"), _ratio(found, "triton", "flex")]
            table.add(shape, f"{density:.2f}", *rates, *ratios)
    return table.markdown()


def dense_table(rows: Rows) -> str:
    """Dense attention by library: milliseconds and TFLOP/s."""
    names = list(dict.fromkeys(r["provider"] for r in rows if r["section"] == "dense"))
    table = TextTable(["Shape", *names])
    for shape in dict.fromkeys(r["shape"] for r in rows if r["section"] == "dense"):
        mine = {r["provider"]: r for r in rows if r["section"] == "dense" and r["shape"] == shape}
        cells = [f"{mine[n]['ms']:.2f} ms, {mine[n]['tflops']:.0f} TFLOP/s" for n in names]
        table.add(shape, *cells)
    return table.markdown()


def prediction_table(rows: Rows) -> str:
    """Milliseconds of each step of a prediction, with its share of the fastest dense attention."""
    mine = [r for r in rows if r["section"] == "prediction"]
    shapes = list(dict.fromkeys(r["shape"] for r in mine))
    table = TextTable(["Step", *shapes])
    for step in dict.fromkeys(r["provider"] for r in mine):
        cells = []
        for shape in shapes:
            row = next(r for r in mine if r["provider"] == step and r["shape"] == shape)
            spread = f"{row['ms_low']:.3f}-{row['ms_high']:.3f}"
            cells.append(f"{row['ms']:.3f} ms ({spread}), {row['note'].split(' of ')[0]}")
        table.add(step, *cells)
    return table.markdown()


def loop_table(rows: Rows) -> str:
    """Milliseconds per forward, and times as fast as the dense configurations of the same run."""
    table = TextTable(
        ["Loop", "policy", "density", "ms per forward (range)", "beside the fastest dense", "beside flash"],
        left=2,
    )
    for loop in dict.fromkeys(r["shape"] for r in rows if r["section"] == "loop"):
        mine = [r for r in rows if r["section"] == "loop" and r["shape"] == loop]
        dense = {r["provider"]: r["ms"] for r in mine if r["provider"].startswith("dense")}
        fastest = min(dense, key=lambda name: dense[name])
        for r in mine:
            sparse = r["density"] is not None
            gains = [gain_text(r, mine, name) if sparse else "" for name in (fastest, "dense flash")]
            span = f"{r['ms']:.0f} ({r['ms_low']:.0f}-{r['ms_high']:.0f})"
            table.add(loop, r["provider"], f"{r['density']:.3f}" if sparse else "", span, *gains)
    return table.markdown()


def gain_text(row: dict[str, Any], rows: Rows, baseline: str) -> str:
    """A loop's gain over a baseline: of the same turns; in records made before turns the ratio of medians."""
    if row.get("gains"):
        found = row["gains"].get(baseline)
        return BUSY if found is None else speed_words(found["median"])
    base = next((r["ms"] for r in rows if r["provider"] == baseline), None)
    return "" if base is None else speed_words(base / row["ms"])


def parts_table(rows: Rows, wanted: Iterable[str]) -> str:
    """GPU milliseconds a forward by part, for the policies whose names begin with one of `wanted`."""
    mine = [r for r in rows if r["section"] == "breakdown" and r["provider"].startswith(tuple(wanted))]
    split = [(r["shape"], *r["provider"].split(": ", 1), r["ms"]) for r in mine]
    parts = list(dict.fromkeys(part for _, _, part, _ in split))
    table = TextTable(["Loop", "policy", *parts])
    for loop, policy in dict.fromkeys((loop, policy) for loop, policy, _, _ in split):
        found = {part: ms for a, b, part, ms in split if (a, b) == (loop, policy)}
        table.add(loop, policy, *(f"{found[p]:.1f}" if p in found else "" for p in parts))
    return table.markdown()


def memory_table(rows: Rows) -> str:
    """Bytes of masks and of one prediction."""
    table = TextTable(["Shape", "what", "size"])
    for r in rows:
        if r["section"] == "memory":
            table.add(r["shape"], r["provider"], r["note"])
    return table.markdown()


def made_by(record: dict[str, Any]) -> str:
    """Command, date, device, commit."""
    env = record["environment"]
    versions = env["versions"]
    libraries = ", ".join(
        f"{n} {versions[n]}" for n in ("torch", "triton", "flash-attn-4") if versions.get(n)
    )
    peak = next((r["tflops"] for r in record["rows"] if r["section"] == "ceiling"), None)
    ceiling = f" Matrix product of 8192: {peak:.0f} TFLOP/s." if peak else ""
    note = f" {record['note']}" if record.get("note") else ""
    where = f"one {env['device']}, {env['dtype']}, {libraries}, load {env['load_before']:g} before"
    what = f"`{record['made_by']}` on {env['date'][:10]}"
    return f"Made by {what}, {where}, commit {str(env['commit'])[:12]}.{ceiling}{note}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"


def _ratio(found: dict[str, float], one: str, other: str) -> str:
    return f"{found[one] / found[other]:.2f}" if found.get(one) and found.get(other) else ""
