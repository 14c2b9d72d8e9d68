"""How evenly heads can be given to the GPUs of one host, from densities that were measured on a model.

    python scripts/balance_heads.py      # writes docs/results/head_balance.json, prints the table

Densities are those that a calibration measured for every head of the embedded model at its thresholds (the
tables that ship with vidkit). Models with more heads are drawn from them: a layer's heads are measured heads
of layers at about the same depth. Every layer waits for its busiest rank, so what counts is the mean over
layers of the busiest rank's load above the mean.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from vidkit.attention.thresholds import ThresholdTable
from vidkit.hooks.parallel.balance import imbalance, spread
from vidkit.utils.files import write_text_atomic

ROOT = Path(__file__).resolve().parents[1]
TABLES = ROOT / "vidkit" / "attention" / "tables"
PREDICTORS = ("xattention", "svg2")
MODELS = {"1.3B": (30, 12), "14B": (40, 40)}  # layers and heads
RANKS = (2, 4, 8)


def measured(path: Path) -> np.ndarray:
    """Density of every head at its own threshold, `[L, H]`."""
    table = ThresholdTable.load(path)
    index = np.abs(np.array(table.candidates) - np.array(table.tau)[..., None]).argmin(-1)
    return 1 - np.take_along_axis(np.array(table.S), index[..., None], -1)[..., 0]


def drawn(densities: np.ndarray, layers: int, heads: int, rng: np.random.Generator) -> np.ndarray:
    """Densities of a larger model, `[layers, heads]`."""
    depth = np.linspace(0, len(densities) - 1, layers).round().astype(int)
    near = np.clip(depth[:, None] + rng.integers(-1, 2, (layers, heads)), 0, len(densities) - 1)
    return densities[near, rng.integers(0, densities.shape[1], (layers, heads))]


def row(name: str, densities: np.ndarray, ranks: int) -> dict[str, Any]:
    """Imbalance as heads lie, and as they are given out by density; of layers, mean and worst."""
    heads = densities.shape[1]
    plain = [imbalance(layer, tuple(range(heads)), ranks) for layer in densities.tolist()]
    given = [imbalance(layer, spread(layer, ranks), ranks) for layer in densities.tolist()]
    return {
        "model": name, "ranks": ranks, "heads": heads, "density": float(densities.mean()),
        "spread": float(densities.std()), "as_they_lie": float(np.mean(plain)),
        "by_density": float(np.mean(given)), "worst_layer": float(np.max(given)),
    }  # fmt: skip


def rows(seed: int = 0, draws: int = 5) -> list[dict[str, Any]]:
    """Every model, predictor and number of ranks that divides its heads."""
    found = []
    for predictor in PREDICTORS:
        densities = measured(TABLES / f"maze-{predictor}.json")
        found.append({**row("embedded, as measured", densities, 2), "predictor": predictor})
        for name, (layers, heads) in MODELS.items():
            rng = np.random.default_rng(seed)
            many = np.concatenate([drawn(densities, layers, heads, rng) for _ in range(draws)])
            for ranks in RANKS:
                if heads % ranks == 0:
                    found.append({**row(name, many, ranks), "predictor": predictor})
    return found


def markdown(found: list[dict[str, Any]]) -> str:
    """The table for the page."""
    lines = [
        "| Predictor | Model | Heads | GPUs | Density, spread | As heads lie | By density | Worst layer |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in found:
        shares = [f"{100 * one[key]:.1f} %" for key in ("as_they_lie", "by_density", "worst_layer")]
        spread_of = f"{one['density']:.2f}, {one['spread']:.2f}"
        lines.append(
            f"| {one['predictor']} | {one['model']} | {one['heads']} | {one['ranks']} | {spread_of} | "
            + " | ".join(shares) + " |"
        )  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "results" / "head_balance.json")
    args, found = parser.parse_args(), rows()
    made = {"made_by": "python scripts/balance_heads.py", "rows": found}
    write_text_atomic(args.output, json.dumps(made, indent=1) + "\n")
    print(markdown(found))


if __name__ == "__main__":
    main()
