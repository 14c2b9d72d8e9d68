"""Time how long the command line takes to answer: `vidkit --help` and a dry run of a 14B model.

Each command runs in a fresh process, after one run that is thrown away. Run `make bench` on a quiet machine;
the result goes to docs/results/startup.json with device, versions, commit and load.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from vidkit.utils.files import write_text_atomic
from vidkit.utils.versions import git_commit, versions

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "docs" / "results" / "startup.json"
VIDKIT = Path(sys.executable).with_name("vidkit")
PACKAGES = ("typer", "hydra-core", "omegaconf", "torch", "diffusers", "transformers")
# words, runs, and the target in seconds that the best run has to stay below
CASES: tuple[tuple[list[str], int, float | None], ...] = (
    (["--help"], 10, 0.3),
    (["generate", "--help"], 10, None),
    (["generate", "stepz=1"], 10, None),
    (["generate", "--dry-run", "--config", "wan14b_720p"], 5, 3.0),
)


def processor() -> str:
    """Name of the processor and the number of cores this process may use."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
    return f"{name}, {len(os.sched_getaffinity(0))} cores"


def seconds_of(words: list[str], runs: int) -> list[float]:
    """Wall-clock seconds of each run, the first one left out."""
    taken = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        subprocess.run(
            [str(VIDKIT), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )
        taken.append(time.perf_counter() - start)
    return taken[1:]


def figure(what: str, values: list[float], unit: str, target: float | None) -> dict[str, Any]:
    """One row: best, median and worst of some runs, beside the target that the best has to stay below."""
    row = {
        "what": what,
        "best": round(min(values), 3),
        "median": round(statistics.median(values), 3),
        "worst": round(max(values), 3),
        "runs": len(values),
        "unit": unit,
        "target": target,
    }
    verdict = (
        "" if target is None else f", target {target} {unit}: {'met' if min(values) < target else 'MISSED'}"
    )
    spread = f"median {row['median']} {unit} ({row['best']} to {row['worst']}, {len(values)} runs)"
    print(f"{what}: {spread}{verdict}", flush=True)
    return row


def record_of(
    made_by: str, rows: list[dict[str, Any]], packages: tuple[str, ...] = PACKAGES
) -> dict[str, Any]:
    """Rows with what they were measured on."""
    return {
        "made_by": made_by,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": git_commit(),
        "device": processor(),
        "load_before": LOAD_BEFORE,
        "versions": versions(packages),
        "rows": rows,
    }


def write_record(target: Path, record: dict[str, Any]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    write_text_atomic(target, json.dumps(record, indent=2) + "\n")
    print(f"written to {target}")


LOAD_BEFORE = round(os.getloadavg()[0], 2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, help="runs of each command instead of its own number")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    rows = [
        figure(f"`{' '.join(['vidkit', *words])}`", seconds_of(words, arguments.runs or runs), "s", target)
        for words, runs, target in CASES
    ]
    write_record(arguments.output, record_of("python scripts/bench_startup.py", rows))


if __name__ == "__main__":
    main()
