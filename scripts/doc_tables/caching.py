"""Tables of caching."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scripts.doc_tables.results import edition_of, result

FILES = ("caching_n50", "caching_ar_n50", "caching_n50_h200", "caching_n20")


def caching_tables() -> str | None:
    """Every policy at shares of the FLOPs, and the clock of partial forwards."""
    parts = []
    for name in FILES:
        made = result(name)
        if made is not None:
            from vidkit.bench.caching.report import markdown

            where = made["environment"]
            said = f" {made['note']}" if made.get("note") else ""
            edition = edition_of(made)
            model = f", on the embedded model's {edition}" if edition else ""
            source = f"Made by `{made['made_by']}` on {where['device']}{model}.{said}"
            parts.append(f"{markdown(made)}\n\n{source}")
    clock = result("caching_clock")
    if clock is not None:
        parts.append(_clock(clock))
    return "\n\n".join(parts) + "\n" if parts else None


def _clock(made: dict[str, Any]) -> str:
    lines = [
        "| forward | tokens | ms | by the clock | in FLOPs | share of the FLOP gain |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in made["clock"]:
        lines.append(
            f"| {row['kind']} | {row['share']:g} | {row['ms']:.1f} | {row['clock_gain']:.2f}x"
            f" | {row['flops_gain']:.2f}x | {row['efficiency']:.2f} |"
        )
    where = made["environment"]["device"]
    shape = made["clock"][0]["shape"].replace("_", " ")
    note = f"One forward at {shape} (51,000 tokens), random weights, {where}. Made by `{made['made_by']}`."
    return "\n".join(lines) + f"\n\n{note}"


def readme_rows() -> Iterator[str]:
    """The row of the README's table of measured claims."""
    made = result("caching_n50")
    if made is None:
        return
    rows = {(r["set"], r["target"]): r for r in made["rows"] if r["method"] == "change"}
    row = rows.get(("extras", 0.4))
    if row is None or row["psnr"] is None:
        return
    over = row["over"].get("fewer_steps")
    edition = edition_of(made)
    model = "embedded model" + (f", {edition}" if edition else "")
    than = "" if over is None else f", {over['mean']:+.1f} dB over fewer steps"
    yield (
        f"| Caching where velocities bend, {model} | {row['psnr']['mean']:.1f} dB PSNR to the uncached"
        f" clip at {row['flops_share']:.2f} of the FLOPs{than}, 50 steps, {row['clips']} mazes with balls |"
        f" {made['environment']['device']} | [caching_n50](docs/results/caching_n50.json) |"
    )
