"""Measure `vidkit select-frames`: selection alone, planted events, an hour of video, a manifest.

    python scripts/bench_select_frames.py selectors
    python scripts/bench_select_frames.py planted --videos 12
    python scripts/bench_select_frames.py hour
    python scripts/bench_select_frames.py manifest --clips 200

Each part writes docs/results/select_frames_<part>.json with device, load, versions and commit.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "kernels")]

import numpy as np  # noqa: E402

from vidkit.frames import benchmark  # noqa: E402
from vidkit.frames.outputs.clip import mp4_stream  # noqa: E402
from vidkit.utils.versions import git_commit, versions  # noqa: E402


def hour(folder: Path) -> dict[str, Any]:
    """End to end with the embedded encoder on an hour of 720p30 H.264, against decord on the same frames."""
    video = folder / "hour.mp4"
    if not video.exists():
        write_textured(folder / "base.mp4", seconds=20)
        benchmark.repeat_video(folder / "base.mp4", video, 180)
    code = (
        "import sys, json, resource; sys.path.insert(0, sys.argv[1]); from pathlib import Path\n"
        "from vidkit.frames import benchmark\n"
        "from vidkit.frames.options import FrameOptions\n"
        "from vidkit.frames.pipeline import select_from_video\n"
        "import time; t = time.perf_counter()\n"
        "if sys.argv[3] == 'vidkit':\n"
        "    r = select_from_video(Path(sys.argv[2]), 'red', FrameOptions(relevance='lexicon'))\n"
        "    extra = {'stages_s': r.seconds, 'reader': r.video.backend, 'reason': r.video.backend_reason}\n"
        "else:\n"
        "    benchmark.decord_seconds(Path(sys.argv[2]), range(0, 108000, 30)); extra = {}\n"
        "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20\n"
        "print(json.dumps({'seconds': time.perf_counter() - t, 'peak_gib': peak, **extra}))\n"
    )
    rows = {}
    for who in ("vidkit", "decord"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(ROOT), str(video), who],
            capture_output=True,
            text=True,
            check=True,
        )
        rows[who] = json.loads(done.stdout.splitlines()[-1])
        print(who, rows[who], flush=True)
    return {**rows, "ratio": rows["vidkit"]["seconds"] / rows["decord"]["seconds"]}


def manifest(folder: Path, clips: int) -> dict[str, Any]:
    """A manifest of short clips on one and on two workers."""
    rows = []
    for number in range(clips):
        path = folder / f"clip{number:03d}.mp4"
        if not path.exists():
            write_textured(path, seconds=8, seed=number, size=(640, 360))
        rows.append({"video": path.name, "query": "red"})
    (folder / "m.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    found: dict[str, Any] = {"clips": clips}
    for workers in (1, 2):
        out = folder / f"out{workers}"
        shutil.rmtree(out, ignore_errors=True)
        words = ["select-frames", "--manifest", str(folder / "m.jsonl"), "-o", str(out), "k=4", "cache=off"]
        begin = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "vidkit", *words, f"manifest.workers={workers}"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        found[f"workers_{workers}_s"] = time.perf_counter() - begin
        print(workers, found[f"workers_{workers}_s"], flush=True)
    return {**found, "speedup": found["workers_1_s"] / found["workers_2_s"]}


def write_textured(path: Path, seconds: int, seed: int = 0, size: tuple[int, int] = (1280, 720)) -> None:
    """A panning texture with a red ball at 30 fps: hard enough for a codec to be worth timing."""
    import cv2

    rng = np.random.default_rng(seed)
    width, height = size
    coarse = rng.integers(0, 255, ((height + 700) // 8, (width + 1200) // 8, 3), dtype=np.uint8)
    texture = cv2.resize(coarse, (width + 1200, height + 700), interpolation=cv2.INTER_CUBIC)
    with mp4_stream(path) as stream:
        for i in range(seconds * 30):
            x, y = int(600 + 500 * np.sin(i / 60)), int(350 + 300 * np.cos(i / 80))
            picture = np.ascontiguousarray(texture[y : y + height, x : x + width])
            cv2.circle(
                picture,
                (int(width * (0.5 + 0.3 * np.sin(i / 20))), height // 2),
                height // 12,
                (255, 0, 0),
                -1,
            )
            stream.add(picture, i / 30)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=("selectors", "planted", "hour", "manifest"))
    parser.add_argument("--videos", type=int, default=12)
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="keeps the made videos; default: a temporary folder")
    parser.add_argument("--results", type=Path, default=ROOT / "docs" / "results")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        load = os.getloadavg()[0]
        if args.part == "selectors":
            found = benchmark.bench_selectors()
        elif args.part == "planted":
            found = benchmark.bench_planted(folder, args.videos, say=lambda text: print(text, flush=True))
        else:
            found = hour(folder) if args.part == "hour" else manifest(folder, args.clips)
    record = {
        "made_by": f"python scripts/bench_select_frames.py {args.part}",
        "date": datetime.now().isoformat(timespec="seconds"),
        "device": f"{platform.machine()}, {os.cpu_count()} cores",
        "load_before": round(load, 2),
        "commit": git_commit(),
        "versions": versions(("numpy", "scipy", "PyWavelets", "av", "decord2", "opencv-python-headless")),
        "peak_rss_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        **found,
    }
    args.results.mkdir(parents=True, exist_ok=True)
    target = args.results / f"select_frames_{args.part}.json"
    target.write_text(json.dumps(record, indent=1) + "\n")
    for row in record.get("rows", []):
        print(row)
    print(f"written {target}")


if __name__ == "__main__":
    main()
