"""A manifest of short clips on one worker and on several."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vidkit.errors import DataError
from vidkit.synthetic.long_videos import write_textured


def bench_manifest(
    folder: Path,
    clips: int = 200,
    clip_s: int = 8,
    workers: int = 2,
    encoder: str | None = None,
    device: str = "auto",
    seed: int = 0,
) -> Iterator[dict[str, Any]]:
    """Seconds of `vidkit select-frames --manifest`, start of Python included.

    Args:
        folder: clips and results are written here; clips that are there are taken.
        clips: how many, 640x360 at 30 fps.
        clip_s: seconds each.
        workers: compared with one.
        encoder: hub id or folder; None: the embedded sources.
        device: of the encoder.
        seed: of the clips.

    Yields:
        While clips are drawn a note; then the seconds so far.

    Raises:
        DataError: the command failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(clips):
        path = folder / f"clip{clip_s}s_{seed}_{number:03d}.mp4"
        if not path.exists():
            write_textured(path, clip_s, seed * 100_000 + number, (640, 360))
        rows.append({"video": str(path.resolve()), "query": "red"})
        if number % 20 == 19:
            yield {
                "clips": clips,
                "clip_s": clip_s,
                "note": f"{number + 1} of {clips} clips drawn",
                "rows": [],
            }
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=folder))  # never over files of somebody else
    (folder / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    found: list[dict[str, Any]] = []
    for count in (1, workers):
        seconds = _run(folder, count, encoder, device)
        found.append({"workers": count, "seconds": seconds, "clips_per_s": clips / seconds})
        gain = {"speedup": found[0]["seconds"] / seconds} if count > 1 else {}
        note = f"{count} workers: {seconds:.1f} s"
        yield {"clips": clips, "clip_s": clip_s, **gain, "note": note, "rows": list(found)}


def _run(folder: Path, workers: int, encoder: str | None, device: str) -> float:
    out = folder / f"out{workers}"
    words = [
        "select-frames",
        "--manifest",
        str(folder / "manifest.jsonl"),
        "-o",
        str(out),
        "k=4",
        "cache=off",
    ]
    words += ["--encoder", encoder, "--device", device] if encoder else []
    places = os.pathsep.join(place for place in sys.path if place)
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "vidkit", *words, f"manifest.workers={workers}"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": places},
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[0]
        raise DataError(f"the manifest on {workers} workers failed: {last}", f"see {out}")
    return time.perf_counter() - begin
