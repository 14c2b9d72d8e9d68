"""Kill every long command again and again, and let it run long: results stay, memory stays.

    python scripts/soak.py --kills 50 --items 1000 --record docs/results/soak.jsonl

Kills: SIGKILL at random lines of the log, several in one run, then resumed to the end and compared with a run
left alone; SIGINT and SIGTERM, after which it has to end within 5 s. Memory: a manifest of so many videos in
one worker and a file of so many prompts in one process, resident memory at a tenth and at the end. `--only`
takes a part, so that the whole can be had in slices.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PARTS = (
    "manifest",
    "eval",
    "agents",
    "calibrate",
    "generate",
    "bench",
    "memory of videos",
    "memory of generations",
)
LARGEST_GROWTH = 0.05


def main() -> int:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
    from scripts.rows import tell

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\\n")[0])
    parser.add_argument("--kills", type=int, default=50, help="of each command")
    parser.add_argument("--signals", type=int, default=4, help="of each command")
    parser.add_argument("--items", type=int, default=1000, help="videos, and generations")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--minutes", type=float, default=1e9, help="no further kill of a command after so many"
    )
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; may be given again")
    parser.add_argument("--record", type=Path, help="JSONL file that the runs are added to")
    chosen = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory(prefix="vidkit-soak-") as folder:
        for name in chosen.only or PARTS:
            began = time.monotonic()
            row = run_part(name, Path(folder), chosen)
            row |= {"made_by": "scripts/soak.py", "seed": chosen.seed, "python": sys.version.split()[0],
                    "seconds": round(time.monotonic() - began, 1)}  # fmt: skip
            failed |= bool(row["wrong"])
            tell(row, chosen.record)
    return int(failed)


def run_part(name: str, folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """One part; its row has what is wrong, nothing where all is well."""
    if name.startswith("memory"):
        return memory(name, folder, chosen.items)
    with job_of(name, folder) as job:
        until = time.monotonic() + 60 * chosen.minutes
        return kills(job, folder / f"{name}-out", chosen, until)


@contextmanager
def job_of(name: str, folder: Path) -> Iterator[Any]:
    """A command that runs long, with its inputs made."""
    import long_jobs

    def model() -> Path:
        from tiny_pipeline import save_tiny_pipeline

        place = folder / "tiny"
        if not place.exists():
            save_tiny_pipeline(place)
        return place

    makers: dict[str, Callable[[], Any]] = {
        "manifest": lambda: long_jobs.manifest(folder / name),
        "agents": lambda: long_jobs.agents(folder / name),
        "calibrate": lambda: long_jobs.calibration(folder / name, model()),
        "generate": lambda: long_jobs.generation(folder / name, model()),
        "bench": lambda: long_jobs.bench(folder / name),
    }
    with ExitStack() as stack:
        if name == "eval":
            yield stack.enter_context(long_jobs.evaluation(folder / name))
        else:
            yield makers[name]()


def kills(job: Any, folder: Path, chosen: argparse.Namespace, until: float) -> dict[str, Any]:
    """A job killed and told to end, so many times each."""
    import long_jobs

    draw = random.Random(f"{job.name}:{chosen.seed}")
    row: dict[str, Any] = {
        "part": f"kills of {job.name}",
        **long_jobs.killed_and_resumed(job, folder, chosen.kills, draw, until),
    }
    slowest = 0.0
    sent = 0
    spent = 0.0
    for number in range(chosen.signals):
        out = folder / f"signal{number}"
        what = (signal.SIGINT, signal.SIGTERM)[number % 2]
        status, seconds, told = job.stopped_at(out, draw.randrange(1, job.lines - 1), what)
        if status == 0:
            continue  # whole before the signal came
        sent += 1
        slowest, spent = max(slowest, seconds), max(spent, job.ending_s)
        if status != 128 + what or seconds > long_jobs.allowed_s():
            row["wrong"].append(f"{what.name}: status {status} after {seconds:.1f} s: {told[-200:]}")
        row["wrong"] += [f"{what.name} left {name}" for name in long_jobs.stray_files(out)]
    return {
        **row,
        "signals": sent,
        "slowest_end_s": round(slowest, 2),
        "slowest_end_processor_s": round(spent, 2),
    }


def memory(name: str, folder: Path, items: int) -> dict[str, Any]:
    """Resident memory of the largest process at a tenth of the items and at their end."""
    import long_jobs

    job = _long(name, folder, items)
    out = folder / name.replace(" ", "-")
    process = job.start(out)
    seen: list[tuple[int, float]] = []
    told = ""

    def read() -> None:  # all the time: a full pipe would stop the process
        nonlocal told
        told = process.communicate()[1]

    reader = threading.Thread(target=read)
    reader.start()
    while reader.is_alive():
        size = max((_resident_mib(pid) for pid in long_jobs.alive_in_session(process.pid)), default=0.0)
        seen.append((job.done(out), size))
        time.sleep(0.5)
    early = [size for done, size in seen if 0.08 * items <= done <= 0.15 * items]
    late = [size for done, size in seen if 0.9 * items <= done < items]
    row: dict[str, Any] = {"part": name, "items": job.done(out) - 1, "wrong": []}
    if process.returncode or not early or not late:
        row["wrong"] = [f"status {process.returncode}, {len(early)} and {len(late)} samples: {told[-300:]}"]
        return row
    first, last = sorted(early)[len(early) // 2], sorted(late)[len(late) // 2]
    row |= {"first_mib": round(first, 1), "last_mib": round(last, 1), "growth": round(last / first - 1, 4)}
    if row["growth"] > LARGEST_GROWTH:
        row["wrong"] = [f"grew by {100 * row['growth']:.1f} %"]
    return row


def _long(name: str, folder: Path, items: int) -> Any:
    import dataclasses

    if name == "memory of videos":
        with job_of("manifest", folder) as job:
            place = folder / "manifest"
        rows = [json.loads(line) for line in (place / "m.jsonl").read_text().splitlines()]
        lines = []
        for number in range(items):  # names of their own, since items of one video run together
            source = place / rows[number % len(rows)]["video"]
            (place / f"n{number}.mp4").hardlink_to(source)
            lines.append(
                json.dumps({"id": f"n{number}", "video": f"n{number}.mp4", "query": "something bright"})
            )
        (place / "m.jsonl").write_text("\n".join(lines) + "\n")
        words = job.words
        return dataclasses.replace(
            job, words=lambda out: [*(w for w in words(out) if "workers" not in w), "manifest.workers=1"]
        )
    with job_of("generate", folder) as job:
        place = folder / "generate"
    (place / "clips.txt").write_text("\n".join(f"a red ball {number}" for number in range(items)) + "\n")
    kept = [w for w in job.words(Path("OUT")) if not w.startswith(("steps=", "frames="))]

    def words(out: Path) -> list[str]:
        return [*(str(out) if w == "OUT" else w for w in kept), "steps=1", "frames=5"]

    return dataclasses.replace(job, words=words)


def _resident_mib(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 2**20
    except (OSError, IndexError):
        return 0.0


if __name__ == "__main__":
    sys.exit(main())
