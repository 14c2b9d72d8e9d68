"""The quality table: rows with intervals, paired differences, text, markdown and plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vidkit.bench.attention_quality import METHODS
from vidkit.bench.attention_quality.measuring import DENSE, FLOOR, ClipResult
from vidkit.bench.attention_quality.rows import LABELS
from vidkit.bench.attention_quality.setup import Setup
from vidkit.bench.tables import TextTable
from vidkit.utils.figures import BLUE, ORANGE, drawn
from vidkit.utils.statistics import MeanInterval, mean_interval, paired_mean_interval, share_interval

COLOURS = {"xattention": BLUE, "svg2": ORANGE}
FAMILIES = {"xattention": "XAttention", "svg2": "SVG2"}
QUESTIONS = {
    ("tmr", "base"): "TMR against a new mask at every step",
    ("interval", "tmr"): "a fixed interval against TMR",
    ("freeze", "tmr"): "frozen masks against TMR",
    ("ebc", "base"): "thresholds per head against one threshold",
    ("haste", "tmr"): "thresholds per head against one, both with TMR",
    ("haste", "base"): "both parts against neither",
}


def label(method: str) -> str:
    """A row's name for people."""
    family, _, name = method.partition("/")
    return LABELS[name].format(family=FAMILIES[family]) if name else method


def rows_of(results: Sequence[ClipResult], setups: Sequence[Setup]) -> list[dict[str, Any]]:
    """Means over clips, one dict per row and number of steps."""
    known = {(f"{s.family}/{name}", s.steps): (s, value) for s in setups for name, value in s.values.items()}
    made = []
    for steps, method in dict.fromkeys((r.steps, r.method) for r in results):
        mine = [r for r in results if (r.steps, r.method) == (steps, method)]
        setup, value = known.get((method, steps), (None, None))
        heads = sum(r.heads for r in mine)
        row: dict[str, Any] = {
            "steps": steps,
            "method": method,
            "label": label(method),
            "clips": len(mine),
            "parameter": value,
            "density": _mean([r.density for r in mine]),
            "success": asdict(share_interval(sum(r.success for r in mine), len(mine))),
            "predicted_heads": _mean([r.predicted for r in mine]),
            "reuse": 1 - sum(r.predicted for r in mine) / heads if heads else None,
        }
        if setup is not None and row["density"] is not None:
            base = [r.density for r in results if (r.steps, r.method) == (steps, f"{setup.family}/base")]
            gap = row["density"] - (_mean(base) or 0.0)
            row |= {"density_gap": gap, "matched": abs(gap) <= 0.01}
        for name in ("psnr", "ssim"):
            values = [v for v in (getattr(r, name) for r in mine) if v is not None]
            row[name] = asdict(mean_interval(values)) if values else None
        made.append(row)
    return made


def differences_of(results: Sequence[ClipResult]) -> list[dict[str, Any]]:
    """Each row minus the rows it is compared with, the same clips, with bootstrap intervals."""
    against = {spec.name: spec.against for spec in METHODS}
    made = []
    for steps, method in dict.fromkeys((r.steps, r.method) for r in results):
        family, _, name = method.partition("/")
        for other in against.get(name, ()):
            row = _difference(results, steps, method, f"{family}/{other}")
            if row is not None:
                made.append({**row, "question": QUESTIONS[name, other]})
    return made


def _difference(
    results: Sequence[ClipResult], steps: int, method: str, against: str
) -> dict[str, Any] | None:
    others = {r.clip: r for r in results if (r.steps, r.method) == (steps, against)}
    mine = [r for r in results if (r.steps, r.method) == (steps, method) and r.clip in others]
    if not mine:
        return None
    row: dict[str, Any] = {"steps": steps, "method": method, "against": against}
    for figure in ("psnr", "ssim", "success"):
        a = [float(getattr(r, figure) or 0.0) for r in mine]
        b = [float(getattr(others[r.clip], figure) or 0.0) for r in mine]
        row[figure] = asdict(paired_mean_interval(a, b))
    return row


def _mean(values: Sequence[float | None]) -> float | None:
    found = [v for v in values if v is not None]
    return sum(found) / len(found) if found else None


def cells(row: dict[str, Any]) -> list[str]:
    """A row as text: name, parameter, density, reuse, predicted heads, PSNR, SSIM, success."""
    success, fidelity = MeanInterval(**row["success"]), []
    for name, form in (("psnr", "{:.2f}"), ("ssim", "{:.4f}")):
        found = row[name]
        if found is None:
            fidelity.append("")
            continue
        spread = f" ({form.format(found['low'])}-{form.format(found['high'])})" if found["count"] > 1 else ""
        fidelity.append(form.format(found["mean"]) + spread)
    density = "" if row["density"] is None else f"{100 * row['density']:.1f} %"
    if row.get("matched") is False:
        density += f" (NOT matched: {100 * row['density_gap']:+.1f})"
    return [
        row["label"],
        "" if row["parameter"] is None else f"{row['parameter']:.3f}",
        density,
        "" if row["reuse"] is None else f"{100 * row['reuse']:.0f} %",
        f"{row['predicted_heads']:.0f}" if row["predicted_heads"] else "",
        *fidelity,
        f"{100 * success.mean:.0f} % ({100 * success.low:.0f}-{100 * success.high:.0f})",
    ]


HEADINGS = (
    "Row",
    "tau or budget",
    "Density",
    "Reused",
    "Predicted heads per clip",
    "PSNR, dB",
    "SSIM",
    "Mazes solved",
)


def difference_cells(row: dict[str, Any]) -> list[str]:
    """A comparison as text."""

    def text(figure: str, form: str, scale: float = 1.0) -> str:
        found = row[figure]
        low, high = scale * found["low"], scale * found["high"]
        return f"{scale * found['mean']:{form}} ({low:{form}} to {high:{form}})"

    return [
        f"{label(row['method'])}: {row['question']}",
        text("psnr", "+.2f"),
        text("ssim", "+.4f"),
        text("success", "+.0f", 100),
    ]


DIFFERENCES = ("PSNR, dB", "SSIM", "Mazes solved, points")


def tables_of(record: dict[str, Any], steps: int) -> tuple[TextTable, TextTable]:
    """Rows and paired differences at a number of steps."""
    mine = [row for row in record["rows"] if row["steps"] == steps]
    title = f"{steps} denoising steps, {mine[0]['clips']} mazes, against the dense clip"
    apart = ("Same mazes, difference (95 % bootstrap)", *DIFFERENCES)
    return (
        TextTable(HEADINGS, title, rows=[cells(row) for row in mine]),
        TextTable(
            apart,
            "paired differences",
            rows=[difference_cells(row) for row in record["differences"] if row["steps"] == steps],
        ),
    )


def print_tables(record: dict[str, Any]) -> None:
    """Both tables on the terminal."""
    for steps in dict.fromkeys(row["steps"] for row in record["rows"]):
        for table in tables_of(record, steps):
            table.show()


def markdown(record: dict[str, Any]) -> str:
    """The same for the docs, with where it was measured."""
    parts = []
    for steps in dict.fromkeys(row["steps"] for row in record["rows"]):
        rows, differences = tables_of(record, steps)
        clips = next(row["clips"] for row in record["rows"] if row["steps"] == steps)
        parts += [f"{steps} steps, {clips} mazes:", rows.markdown(), differences.markdown()]
    parts.append(diagnosis_text(record))
    env = record["environment"]
    parts.append(
        f"Made by `{record['made_by']}` on {env['date'][:10]}, {env['device']}, {env['dtype']}, torch"
        f" {env['versions']['torch']}, weights {record['weights']}, commit {str(env['commit'])[:12]}."
    )
    return "\n\n".join(parts) + "\n"


def diagnosis_text(record: dict[str, Any]) -> str:
    """Mask IoU, kept mass and drift by step, as a table."""
    lines = [
        "| Masks of the tuning mazes | Step | Density | IoU with the last step's | with the first |"
        " Mass kept: new mask | last step's | first | Drift from the last step | from the first |",
        "| --- |" + " ---: |" * 9,
    ]
    for setup in record["setups"]:
        name = f"{FAMILIES[setup['family']]}, {setup['steps']} steps"
        for row in _some(setup["diagnosis"]["steps"]):
            shares = (
                row[k]
                for k in ("density_fresh", "iou_last", "iou_first", "kept_fresh", "kept_last", "kept_first")
            )
            step = setup["dense_steps"] + int(row["call"])
            figures = [f"{100 * v:.1f} %" for v in shares] + [
                f"{row[k]:.1f}" for k in ("drift_last", "drift_first")
            ]
            lines.append(f"| {name} | {step} | " + " | ".join(figures) + " |")
    notes = []
    for setup in record["setups"]:
        found = [setup["diagnosis"][f"spearman_{then}"] for then in ("last", "first")]
        shown = ["none" if v is None else f"{v:.2f}" for v in found]
        notes.append(
            f"{FAMILIES[setup['family']]}, {setup['steps']} steps: delta {setup['delta']:.2f}, rank"
            f" correlation of drift and mask IoU {shown[0]} between neighbouring steps, {shown[1]} from the"
            " first sparse step."
        )
    return "\n".join(lines) + "\n\n" + "\n".join(notes)


def _some(steps: list[dict[str, Any]], most: int = 6) -> list[dict[str, Any]]:
    """All rows of a short run; of a long one some, evenly spread, with the first and the last."""
    if len(steps) <= most:
        return steps
    return [steps[round(n * (len(steps) - 1) / (most - 1))] for n in range(most)]


def plot(record: dict[str, Any], path: Path) -> None:
    """PSNR against predicted heads, one panel a number of steps; colours are predictors."""
    counts = list(dict.fromkeys(row["steps"] for row in record["rows"]))
    marks = {"base": "o", "tmr": "s", "interval": "^", "freeze": "v", "ebc": "D", "haste": "*"}
    with drawn(path, 6.4 * len(counts), 5.4) as figure:
        for axis, steps in zip(figure.subplots(1, len(counts), squeeze=False)[0], counts, strict=True):
            for row in record["rows"]:
                family, _, name = row["method"].partition("/")
                if row["steps"] != steps or name not in marks or row["psnr"] is None:
                    continue
                found = row["psnr"]
                spread = [[found["mean"] - found["low"]], [found["high"] - found["mean"]]]
                axis.errorbar(
                    row["predicted_heads"],
                    found["mean"],
                    yerr=spread if found["count"] > 1 else None,
                    fmt=marks[name],
                    color=COLOURS[family],
                    capsize=2,
                    markersize=9 if name == "haste" else 6,
                    label=f"{row['label']}, density {100 * row['density']:.0f} %",
                )
            axis.set_xlabel("heads predicted per clip")
            axis.set_ylabel("PSNR against dense, dB (95 % bootstrap)")
            axis.set_title(f"embedded model, {steps} steps")
            axis.grid(alpha=0.3)
            # below the panel: marks lie all over it
            axis.legend(fontsize=7, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.14), frameon=False)


def is_reference(method: str) -> bool:
    """Whether a row is dense."""
    return method in (DENSE, FLOOR)
