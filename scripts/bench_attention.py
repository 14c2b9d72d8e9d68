"""Measure sparse attention on this machine: checks first, then rates, prediction cost and denoising loops.

    python scripts/bench_attention.py --out results/attention            # what suits the device
    python scripts/bench_attention.py --sections rates launch --shapes wan-1.3b-480p
    python scripts/bench_attention.py --sections loop --loops wan-1.3b-720p wan-14b-720p

Needs torch, triton, diffusers and the repository (`PYTHONPATH=.:kernels` where it is not installed).
Rows are written as they come, so a run that is cut off keeps what it has.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import torch

from vidkit.attention.benchmark import SECTIONS, Row, environment, plot, run, save, shapes_for, verify


def line(row: Row, peak: float | None) -> str:
    """A row as text."""
    cells = [row.section, row.shape, row.provider]
    if row.density is not None:
        cells.append(f"density {row.density:.3f}")
    if row.ms is not None:
        cells.append(f"{row.ms:.3f} ms [{row.ms_low:.3f}, {row.ms_high:.3f}]")
    if row.tflops is not None:
        cells.append(f"{row.tflops:.4g} TFLOP/s" + (f" ({row.tflops / peak:.0%} of peak)" if peak else ""))
    return " | ".join([*cells, row.note] if row.note else cells)


def main() -> int:
    """Run; 1 when a check failed, 2 for mistakes of the user."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="outputs/bench_attention", help="folder of results")
    parser.add_argument("--sections", nargs="+", default=list(SECTIONS[:4]), choices=SECTIONS)
    parser.add_argument("--shapes", nargs="+", default=None)
    parser.add_argument("--loops", nargs="+", default=None)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    device = torch.device(options.device)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    out = Path(options.out)
    env = environment(device, dtype)
    print(env, flush=True)
    checks = verify(device, dtype)
    for check in checks:
        print(
            "ok  " if check.passed else "FAIL",
            check.name,
            f"{check.error:.2e} <= {check.limit:.0e}",
            check.note,
            flush=True,
        )
    rows: list[Row] = []
    save(out / "attention.json", rows, env, checks)
    if not all(check.passed for check in checks):
        print("a check failed: nothing is measured", file=sys.stderr)
        return 1
    peak = None
    for row in run(shapes_for(device, options.shapes), device, dtype, options.sections, options.loops):
        rows.append(row)
        peak = row.tflops if row.section == "ceiling" else peak
        print(line(row, peak), flush=True)
        save(out / "attention.json", rows, env, checks)
    if any(r.section == "executor" for r in rows):
        plot(out / "attention.png", rows, env)
    return 0


if __name__ == "__main__":
    sys.exit(main())
