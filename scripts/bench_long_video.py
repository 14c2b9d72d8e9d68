"""Memory and time of `vidkit select-frames` on three hours of 720p30 H.264, written to docs/results/.

The video repeats the packets of one drawn minute, so that it takes seconds to make; all of it is decoded as
any other would be. Peak memory is that of the process of the command, the page with its pictures included.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "kernels")]
RESULT = ROOT / "docs" / "results" / "select_frames_three_hours.json"

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from vidkit.synthetic.long_videos import repeat_video  # noqa: E402
from vidkit.utils.versions import git_commit, versions  # noqa: E402
from vidkit.video.mp4_stream import mp4_stream  # noqa: E402


def write_minute(path: Path) -> None:
    """A minute of plain ground, another colour each second, and a ball that is red half of the time."""
    with mp4_stream(path) as stream:
        for i in range(1800):
            picture = np.full((720, 1280, 3), (40 + i // 30 * 3, 90, 140), np.uint8)
            colour = (255, 0, 0) if i // 300 % 2 else (0, 0, 255)
            cv2.circle(picture, (int(640 + 400 * np.sin(i / 40)), 360), 60, colour, -1)
            stream.add(picture, i / 30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=3.0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_minute(folder / "minute.mp4")
        repeat_video(folder / "minute.mp4", folder / "long.mp4", round(args.hours * 60))
        words = [str(folder / "long.mp4"), "a red ball", "-o", str(folder / "out"), "cache=off", "--html"]
        load, begin = os.getloadavg()[0], time.perf_counter()
        subprocess.run([sys.executable, "-m", "vidkit", "select-frames", *words], check=True, cwd=ROOT)
        seconds = time.perf_counter() - begin
        record = json.loads((folder / "out" / "selection.json").read_text())
    row = {
        "made_by": "python scripts/bench_long_video.py",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": f"{platform.machine()}, {os.cpu_count()} cores",
        "load_before": round(load, 2),
        "commit": git_commit(),
        "versions": versions(("numpy", "av", "opencv-python-headless")),
        "hours": args.hours,
        "video": f"{record['input']['width']}x{record['input']['height']} {record['input']['codec']}",
        "reader": record["reader"]["backend"],
        "candidates": record["sampler"]["candidates"],
        "seconds": round(seconds, 1),
        # of the largest child: the command
        "peak_rss_gib": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20, 3),
    }
    RESULT.write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(row, indent=1))


if __name__ == "__main__":
    main()
