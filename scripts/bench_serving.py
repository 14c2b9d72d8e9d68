"""How near a run comes to the ideal makespan, and what its memory does: `python scripts/bench_serving.py`.

Run it on a quiet machine; the result goes to docs/results/serving.json, from where `make docs` takes it.

A local server in a process of its own answers every call after a fixed delay. The ideal is ceil(items /
concurrency) * delay. Everything a real run does is in the measured time: requests with a picture over HTTP,
checks of the replies, the durable log with its syncs, the predictions file.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from bench_startup import processor

from vidkit.evaluation.running import RunOptions, run
from vidkit.evaluation.running.manifest import write_json
from vidkit.evaluation.types import Item, Part, PartKind, Prompt, Visuals
from vidkit.serving import Image, open_engine
from vidkit.utils.versions import git_commit

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from scripted_server import Act, ScriptedServer  # noqa: E402 (needs the path)

PICTURE = Image.from_array(np.random.default_rng(0).integers(0, 255, (224, 224, 3), dtype=np.uint8)).data

RESULT = ROOT / "docs" / "results" / "serving.json"
TARGET_TIMES_IDEAL = 1.3
LOAD_BEFORE = round(os.getloadavg()[0], 2)
_SCHEDULERS = {os.SCHED_OTHER: "normal", os.SCHED_FIFO: "real time (chrt -f 1)"}


class Pictures:
    """As many questions about one picture as wanted, made one at a time."""

    def items(self, rows):
        for place in rows:
            yield Item(f"q{place:07d}", "g", f"Question {place}", ("x", "y"))

    def visuals(self, item):
        return Visuals(images=(PICTURE,))

    def prompt(self, item, mode):
        return Prompt((Part(PartKind.IMAGES), Part(PartKind.TEXT, f"{item.question}: A or B?")))


def serve(delay_s: float) -> None:
    """Answer until the parent closes our standard input."""
    with ScriptedServer([Act(delay_s=delay_s)], keep_requests=False) as server:
        print(server.base_url, flush=True)
        sys.stdin.read()


def one_run(base_url: str, items: int, concurrency: int) -> float:
    """Seconds of a whole run, from the call to the finished files."""
    engine = open_engine("openai:bench", base_url=base_url, concurrency=concurrency)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        summary = run(Pictures(), range(items), engine, folder, RunOptions(task="bench"))
        seconds = time.perf_counter() - started
    if summary.answered != items:
        raise SystemExit(f"only {summary.answered} of {items} items were answered")
    return seconds


def peak_mib(base_url: str, items: int, concurrency: int) -> float:
    """Peak resident memory of a fresh process that runs so many items."""
    command = [
        sys.executable,
        __file__,
        "--child",
        base_url,
        "--items",
        str(items),
        "--concurrency",
        str(concurrency),
    ]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def start_server(delay_s: float) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, __file__, "--serve", "--delay-ms", str(1000 * delay_s)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def measure(options: argparse.Namespace) -> dict[str, object]:
    delay_s = options.delay_ms / 1000
    ideal_s = math.ceil(options.items / options.concurrency) * delay_s
    server, base_url = start_server(delay_s)
    try:
        one_run(base_url, 2 * options.concurrency, options.concurrency)  # imports and connections
        seconds = [one_run(base_url, options.items, options.concurrency) for _ in range(options.repeats)]
    finally:
        server.communicate("")
    server, base_url = start_server(0.0)
    try:
        memory = {
            str(items): round(peak_mib(base_url, items, options.concurrency), 1) for items in options.memory
        }
    finally:
        server.communicate("")
    median = statistics.median(seconds)
    return {
        "made_by": "python scripts/bench_serving.py",
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "device": processor(),
        "commit": git_commit(),
        "items": options.items,
        "concurrency": options.concurrency,
        "server_delay_ms": options.delay_ms,
        "picture_bytes": len(PICTURE),
        "ideal_s": ideal_s,
        "seconds": [round(value, 3) for value in seconds],
        "median_s": round(median, 3),
        "times_ideal": round(median / ideal_s, 3),
        "bar_times_ideal": TARGET_TIMES_IDEAL,
        "worst_times_ideal": round(max(seconds) / ideal_s, 3),
        "peak_mib_by_items": memory,
        "load_before": LOAD_BEFORE,
        "scheduler": _SCHEDULERS.get(os.sched_getscheduler(0), "other"),
        "niceness": os.nice(0),
        "python": platform.python_version(),
        "httpx": version("httpx"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--delay-ms", type=float, default=50.0)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--memory", type=int, nargs="*", default=[1000, 10000])
    parser.add_argument("--json", type=Path, default=RESULT, help="write the result here")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.delay_ms / 1000)
    elif options.child:
        one_run(options.child, options.items, options.concurrency)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    else:
        result = measure(options)
        print(json.dumps(result, indent=2))
        options.json.parent.mkdir(parents=True, exist_ok=True)
        write_json(options.json, result)


if __name__ == "__main__":
    main()
