"""Time the demo (`vidkit generate attention=haste_xattention`) beside dense attention, for the README.

Runs both by turns in fresh processes in a temporary folder and writes docs/results/demo.json and
docs/images/demo_sheet.png. Use a quiet machine. Needs the embedded model.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_startup import LOAD_BEFORE, ROOT, VIDKIT, figure, record_of, write_record

from vidkit.bench.timing import gain_of

RESULT = ROOT / "docs" / "results" / "demo.json"
IMAGE = ROOT / "docs" / "images" / "demo_sheet.png"


POLICIES = ("haste_xattention", "dense")


def run_once(folder: Path, seed: int, policy: str) -> tuple[float, dict[str, Any], list[str]]:
    """Wall-clock seconds, the record, and the summary that was printed."""
    start = time.perf_counter()
    done = subprocess.run(
        [str(VIDKIT), "generate", f"attention={policy}", "--seed", str(seed), f"maze.seed={seed}",
         "--json", "record.json"],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    taken = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"the demo failed:\n{done.stderr}")
    printed = [line for line in done.stdout.splitlines() if re.match(r"[a-z]+ {2,}", line)]
    return taken, json.loads((folder / "record.json").read_text(encoding="utf-8")), printed


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the maze and the noise, so that it can be repeated"
    )
    arguments = parser.parse_args()
    times: dict[str, dict[str, list[float]]] = {
        name: {"wall": [], "denoise": [], "step": []} for name in POLICIES
    }
    printed: list[str] = []
    sampling: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        for _ in range(arguments.runs):
            for policy in POLICIES:
                wall, made, said = run_once(Path(name), arguments.seed, policy)
                phases = made["phase_seconds"]
                steps = [step["seconds"] for step in made["steps"]]
                mine = times[policy]
                mine["wall"].append(wall)
                mine["denoise"].append(phases["denoise"])
                mine["step"].append(statistics.median(steps))
                print(f"{policy}: {wall:.1f} s, of which denoising {phases['denoise']:.1f} s", flush=True)
                if policy == POLICIES[0]:
                    printed = said
                    sampling.append(phases["denoise"] + phases["decode"])
                    sheet = (Path(name) / made["outputs"]["sheet"]).read_bytes()
    peak_gib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    sparse, dense = (times[name] for name in POLICIES)
    rows = [
        figure(
            "`vidkit generate attention=haste_xattention` (the demo), whole process", sparse["wall"], "s", 90
        ),
        figure("of which denoising and decoding", sampling, "s", 20),
        figure("of which denoising, HASTE", sparse["denoise"], "s", None),
        figure("denoising, dense attention, in turns with it", dense["denoise"], "s", None),
        figure("one step (median of a run), HASTE", sparse["step"], "s", None),
        figure("one step (median of a run), dense attention", dense["step"], "s", None),
        figure("peak memory of the process", [peak_gib], "GiB", 3),
    ]
    gain = gain_of(dense["denoise"], sparse["denoise"])
    load_after = round(os.getloadavg()[0], 2)
    told = f"{gain.median:.2f} times ({gain.low:.2f} to {gain.high:.2f} over the turns)"
    if gain.busy:
        told = f"withheld: dense attention itself took {dense['denoise']} s"
    print(f"HASTE against dense, denoising: {told}; load {LOAD_BEFORE} before, {load_after} after")
    gained = {"busy": gain.busy} if gain.busy else {"median": gain.median, "low": gain.low, "high": gain.high}
    record = record_of("python scripts/bench_demo.py", rows)
    record |= {"haste_against_dense": gained, "load_after": load_after, "printed": printed}
    write_record(RESULT, record)  # before the picture: a changed file would mark the commit as dirty
    IMAGE.parent.mkdir(parents=True, exist_ok=True)
    IMAGE.write_bytes(sheet)


if __name__ == "__main__":
    main()
