"""Tables of sparse attention."""

from __future__ import annotations

from scripts.doc_tables.results import edition_of, result
from vidkit.bench.attention import markdown as m


def quality_tables() -> str | None:
    """What sparse attention does to clips of the embedded model, row by row."""
    made = result("attention_quality")
    if made is None:
        return None
    from vidkit.bench.attention_quality.report import markdown

    edition = edition_of(made)
    note = (
        f"Measured on the embedded model's {edition} (fingerprint `{made['weights']}`).\n\n"
        if edition
        else ""
    )
    return note + markdown(made)


def balance_table() -> str | None:
    """How evenly heads can be given to GPUs."""
    made = result("head_balance")
    if made is None:
        return None
    from scripts.balance_heads import markdown

    return markdown(made["rows"])


def attention_tables() -> str | None:
    """Dense and sparse attention, prediction and denoising loops on a GPU."""
    made, larger = result("attention_h200"), result("attention_h200_14b")
    if made is None:
        return None
    rows = made["rows"]
    shown = ("dense fa4", "everything", "xattention", "haste", "svg2")
    tables = [
        "Dense attention, by library:",
        m.dense_table(rows),
        "Executors, TFLOP/s of the kept pairs, random block lists:",
        m.executor_table(rows),
        "Prediction of masks, median (20-80 %) and share of the fastest dense attention:",
        m.prediction_table(rows),
        "Memory:",
        m.memory_table(rows),
        "Denoising loop, random weights, two guidance branches, everything included:",
        m.loop_table(rows),
        "Where the GPU's time goes, milliseconds per forward:",
        m.parts_table(rows, shown),
        m.made_by(made),
    ]
    if larger is not None:
        tables += ["Wan2.1-14B, 10 of its 40 layers:", m.loop_table(larger["rows"])]
        tables += [m.parts_table(larger["rows"], shown), m.made_by(larger)]
    return "\n\n".join(tables) + "\n"


def headline() -> str | None:
    """Sparse against dense denoising loops, in one line each."""
    made, larger = result("attention_h200"), result("attention_h200_14b")
    if made is None:
        return None
    lines = ["| Denoising loop | Dense, fastest | HASTE | Against it | Against diffusers' flash default |"]
    lines.append("| --- |" + " --- |" * 4)
    rows = [r for record in (made, larger) if record for r in record["rows"] if r["section"] == "loop"]
    for loop in dict.fromkeys(r["shape"] for r in rows):
        dense = {r["provider"]: r["ms"] for r in rows if r["shape"] == loop and "dense" in r["provider"]}
        sparse = next(r for r in rows if r["shape"] == loop and r["provider"].startswith("haste"))
        best = min(dense, key=lambda name: dense[name])
        mine = [r for r in rows if r["shape"] == loop]
        gains = [f"**{m.gain_text(sparse, mine, name)}**" for name in (best, "dense flash")]
        cells = [f"{best.removeprefix('dense ')}: {dense[best]:.0f} ms", f"{sparse['ms']:.0f} ms", *gains]
        layers = ", 10 of 40 layers" if "of 40 layers" in sparse["note"] else ""
        lines.append(f"| {loop}{layers} | {' | '.join(cells)} |")
    haste = [r for r in rows if r["provider"].startswith("haste")]
    density = _span([f"{r['density']:.3f}" for r in haste])
    reuse = _span([r["note"].split("reuse ")[1].split(",")[0] for r in haste])
    where = f"{made['environment']['date'][:10]}, one {made['environment']['device']}"
    note = (
        f"Milliseconds per forward, prediction included, share of masks reused {reuse}. Random weights: the"
        f" density ({density}) was set; real weights may need a different one"
    )
    return (
        "\n".join(lines) + f"\n\n{note}. Made by `vidkit bench attention` (14B: `loops=[...]`) on {where}.\n"
    )


def _span(figures: list[str]) -> str:
    """Least to most, or the one there is."""
    low, high = min(figures), max(figures)
    return low if low == high else f"{low}-{high}"
