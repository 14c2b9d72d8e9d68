"""The measurements of `vidkit bench attention` on a machine that has torch, triton and diffusers only.

    PYTHONPATH=.:kernels python scripts/bench_attention.py --out results/attention
    python scripts/bench_attention.py --sections rates launch --shapes wan-1.3b-480p
    python scripts/bench_attention.py --sections loop --loops wan-1.3b-720p wan-14b-720p

Rows are written as they come, so a run that is cut off keeps what it has.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import torch

from vidkit.bench.attention import SECTIONS, Check, Row, environment, record, shapes_for


def line(row: Row) -> str:
    """A row as text."""
    cells = [row.section, row.shape, row.provider]
    if row.density is not None:
        cells.append(f"density {row.density:.3f}")
    if row.ms is not None:
        cells.append(f"{row.ms:.3f} ms [{row.ms_low:.3f}, {row.ms_high:.3f}]")
    if row.tflops is not None:
        cells.append(f"{row.tflops:.4g} TFLOP/s")
    return " | ".join([*cells, row.note] if row.note else cells)


def told(check: Check) -> str:
    """A check as text."""
    verdict = "ok  " if check.passed else "FAIL"
    return f"{verdict} {check.name} {check.error:.2e} <= {check.limit:.0e} {check.note}"


def main() -> int:
    """Run; 1 when a check failed, 2 for mistakes of the user."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="outputs/bench/attention", help="folder of results")
    parser.add_argument("--sections", nargs="+", default=list(SECTIONS[:4]), choices=SECTIONS)
    parser.add_argument("--shapes", nargs="+", default=None)
    parser.add_argument("--loops", nargs="+", default=None)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    device = torch.device(options.device)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    env = environment(device, dtype)
    print(env, flush=True)
    found = record(
        Path(options.out), shapes_for(device, options.shapes), device, dtype, env, options.sections,
        options.loops, lambda checks: print(*map(told, checks), sep="\n", flush=True),
        on_row=lambda row: print(line(row), flush=True),
        benchmark="attention", made_by=" ".join(["python", *sys.argv]),
    )  # fmt: skip
    if not found["complete"]:
        print("a check failed: nothing is measured", file=sys.stderr)
    return 0 if found["complete"] else 1


if __name__ == "__main__":
    sys.exit(main())
