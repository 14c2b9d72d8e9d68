"""Caching by the clock on a CPU: whole commands, in turn, and how far their clips are from the uncached one.

    python scripts/bench_cache_cpu.py                        # four rounds: six minutes on two idle cores
    python scripts/bench_cache_cpu.py --rounds 1 --steps 8   # to try it out

A round makes one maze's clip without a cache, with `cache=change`, and with fewer steps, in an order that
moves on by one from round to round; every round has a maze of its own. Ratios are those of a round, so a
machine that grows slower slows all three. Processor seconds (user and system) are told beside the clock: on a
busy machine only they say something. No round is begun after `--limit` seconds; each is recorded at once.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "kernels")]

from vidkit.bench.record import environment  # noqa: E402
from vidkit.video.reader import open_video  # noqa: E402

PACKAGES = ("torch", "diffusers")
ASKED = 2.0  # times as fast as without a cache
_CAP_DB = 100.0


@dataclass(frozen=True)
class Made:
    """One command: seconds by the clock and of a processor, and its clip."""

    wall_s: float
    processor_s: float
    file: Path


def words_of(share: float) -> dict[str, list[str]]:
    """What each row adds to the command."""
    return {
        "none": ["cache=none"],
        "change": ["cache=change", f"cache.target_flops={share:g}"],
        "fewer_steps": ["cache=fewer_steps", f"cache.share={share:g}"],
    }


def command(words: Sequence[str], args: argparse.Namespace, maze: int, file: Path) -> list[str]:
    """One `vidkit generate`."""
    fixed = [
        sys.executable,
        "-m",
        "vidkit",
        "generate",
        "--device",
        "cpu",
        "contact_sheet=false",
        *args.words,
    ]
    clip = [f"steps={args.steps}", f"maze.seed={maze}", "--seed", str(maze), "--output", str(file), "--force"]
    return [*fixed, *clip, *words]


def run(words: Sequence[str]) -> tuple[float, float]:
    """Seconds by the clock and of processors.

    Raises:
        SystemExit: the command failed; with what it said.
    """
    paths = [str(ROOT), str(ROOT / "kernels"), os.environ.get("PYTHONPATH", "")]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    before, begin = os.times(), time.perf_counter()
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - begin, os.times()
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, spent


def psnr(file: Path, reference: Path) -> float:
    """Decibels from one mean square over two clips."""
    one, other = (_pixels(path) for path in (file, reference))
    error = float(((one - other) ** 2).mean())
    return min(_CAP_DB, 10 * float(np.log10(255**2 / max(error, 1e-9))))


def _pixels(path: Path) -> NDArray[np.float64]:
    video = open_video(path)
    return np.stack([frame.pixels for frame in video.read(list(range(len(video.timeline))))]).astype(
        np.float64
    )


def one_round(number: int, args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """All rows on one maze, in an order of this round."""
    rows = words_of(args.share)
    names = list(rows)
    order = names[number % len(names) :] + names[: number % len(names)]
    made = {}
    for name in order:
        file = folder / f"{name}{number}.mp4"
        made[name] = Made(*run(command(rows[name], args, args.maze + number, file)), file)
        seconds = f"{made[name].wall_s:.1f} s, {made[name].processor_s:.1f} s of processors"
        print(f"round {number + 1} {name}: {seconds}", flush=True)
    found: dict[str, Any] = {"round": number + 1, "order": order, "load": os.getloadavg()[0]}
    for name, one in made.items():
        found[name] = {"wall_s": round(one.wall_s, 2), "processor_s": round(one.processor_s, 2)}
        if name != "none":
            found[name]["psnr"] = round(psnr(one.file, made["none"].file), 3)
            for unit in ("wall_s", "processor_s"):
                ratio = getattr(made["none"], unit) / getattr(one, unit)
                found[name][unit.replace("_s", "_gain")] = round(ratio, 3)
    return found


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and most."""
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def summary(rounds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Medians with least and most of each row; decibels of ours over fewer steps."""
    found: dict[str, Any] = {}
    for name in ("none", "change", "fewer_steps"):
        keys = rounds[0][name]
        found[name] = {key: spread([one[name][key] for one in rounds]) for key in keys}
    found["over_fewer_steps"] = spread([one["change"]["psnr"] - one["fewer_steps"]["psnr"] for one in rounds])
    return found


def told(found: dict[str, Any]) -> list[str]:
    """The summary in lines."""

    def shown(values: dict[str, float], unit: str) -> str:
        return f"{values['median']:.2f} {unit} ({values['low']:.2f} to {values['high']:.2f})"

    lines = []
    for name in ("none", "change", "fewer_steps"):
        row = found[name]
        parts = [shown(row["wall_s"], "s"), shown(row["processor_s"], "s of processors")]
        if name != "none":
            parts += [shown(row["wall_gain"], "x"), shown(row["processor_gain"], "x in processor time")]
            parts.append(shown(row["psnr"], "dB"))
        lines.append(f"{name}: " + ", ".join(parts))
    gain, over = found["change"]["wall_gain"]["median"], found["over_fewer_steps"]["median"]
    reached = "reached" if gain >= ASKED and over >= 0 else "missed"
    found_text = f"{gain:.2f}x, {over:+.2f} dB, {reached}"
    return [*lines, f"asked: {ASKED:g}x by the clock and no less dB than fewer steps: {found_text}"]


def write(path: Path, args: argparse.Namespace, rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The record of the rounds so far; the summary is returned."""
    found = summary(rounds)
    words = f"--rounds {args.rounds} --share {args.share:g} --steps {args.steps} --maze {args.maze}"
    record = {
        "made_by": " ".join(["python scripts/bench_cache_cpu.py", words, *args.words]),
        "environment": environment(PACKAGES, args.maze, None, "float32"),
        "summary": found,
        "rounds": rounds,
    }
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return found


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--rounds", type=int, default=4)
    made.add_argument("--share", type=float, default=0.2, help="of the FLOPs")
    made.add_argument("--steps", type=int, default=20)
    made.add_argument("--maze", type=int, default=100, help="seed of the first round's maze and noise")
    made.add_argument("--limit", type=float, default=270.0, help="seconds after which no round is begun")
    made.add_argument("--output", type=Path, default=Path("caching_cpu.json"))
    made.add_argument("words", nargs="*", default=["maze.size=6"], help="further settings of vidkit generate")
    args = made.parse_args()
    if args.rounds < 1:
        made.error(f"--rounds must be >= 1, got {args.rounds}")
    begun, rounds = time.perf_counter(), []
    with tempfile.TemporaryDirectory(prefix="vidkit-cache-cpu-") as folder:
        for number in range(args.rounds):
            if number and time.perf_counter() - begun > args.limit:
                print(f"{number} of {args.rounds} rounds: {args.limit:g} seconds are over")
                break
            rounds.append(one_round(number, args, Path(folder)))
            found = write(args.output, args, rounds)
    print("\n".join([*told(found), f"record {args.output}"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
