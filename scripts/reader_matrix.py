"""Random reads of every codec, group of pictures and container, told by numbers that the pictures carry.

    python scripts/reader_matrix.py [--reads 12] [--readers auto ordered decord] [--only TEXT] [--output FILE]

The reader `decord-seeks` is decord's own random access in MP4, Matroska and WebM, which vidkit does not use.
Needs ffmpeg with libx264, libx265, libvpx, libaom and SVT-AV1; encoders that are missing are named. Exit
status 1 when a picture was wrong or missing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from decord import DECORDError

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.numbered_videos import HEIGHT, WIDTH, Case, cases, encode, number_of  # noqa: E402 (needs the path)
from vidkit.errors import VidkitError  # noqa: E402
from vidkit.video.reader import VideoReader, open_video  # noqa: E402
from vidkit.video.types import Frame, Timeline  # noqa: E402


def true_numbers(path: Path) -> list[int]:
    """Numbers in the pictures of a file, decoded in order by the ffmpeg program."""
    words = ["ffmpeg", "-v", "quiet", "-i", str(path), "-map", "0:v:0", "-vsync", "passthrough",
             "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-"]  # fmt: skip
    raw = subprocess.run(words, capture_output=True).stdout
    return [number_of(image) for image in np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT, WIDTH, 3)]


class DecordSeeks:
    """Random access by decord itself."""

    backend_reason, decode_errors = "seeks of decord", 0

    def __init__(self, path: Path) -> None:
        import decord

        decord.logging.set_level(decord.logging.QUIET)
        self._reader = decord.VideoReader(str(path))
        self.timeline = Timeline(*(np.zeros(len(self._reader), kind) for kind in ("i8", "f8", "?")), 0.0)

    def read(self, wanted: list[int]) -> Iterator[Frame]:
        """Frames by number."""
        for index, pixels in zip(wanted, self._reader.get_batch(wanted).asnumpy(), strict=True):
            yield Frame(index, 0, 0.0, pixels)


def examine(path: Path, case: Case, reader: str, reads: int, seed: int = 0) -> dict[str, Any]:
    """Random reads of a file by one reader, each of 1 to 8 frames."""
    begin = time.perf_counter()
    video: VideoReader | DecordSeeks
    row: dict[str, Any] = {"case": case.name, "container": case.suffix, "reader": reader}
    try:
        video = DecordSeeks(path) if reader == "decord-seeks" else open_video(path, reader)
    except (VidkitError, DECORDError) as error:
        return row | {"refused": str(error).splitlines()[0]}
    expected = list(range(case.frames * (2 if case.joins else 1)))
    if case.by_ffmpeg:
        expected = true_numbers(path)
    count, draw = len(video.timeline), random.Random(seed)
    wrong, compared = [], 0
    for _ in range(reads):
        wanted = sorted(draw.sample(range(count), min(count, draw.randint(1, 8))))
        got = dict.fromkeys(wanted, -1)
        with contextlib.suppress(DECORDError):  # decord gives up on some
            got |= {frame.index: number_of(frame.pixels) for frame in video.read(wanted)}
        compared += len(wanted)
        wrong += [i for i in wanted if i >= len(expected) or got.get(i) != expected[i]]
    how = "in order" if "in order:" in video.backend_reason or reader in ("ordered", "decord") else "seeks"
    row |= {"frames": count, "expected": len(expected), "compared": compared, "wrong": len(wrong)}
    row |= {
        "first_wrong": wrong[:4],
        "how": how,
        "reason": video.backend_reason,
        "decode_errors": video.decode_errors,
    }
    row["duration_s"] = round(video.timeline.duration_s, 3)
    return row | {"notes": list(video.timeline.notes), "seconds": round(time.perf_counter() - begin, 2)}


def main() -> int:
    """Print a line a file and reader, write all of them, count what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=int, default=12)
    parser.add_argument("--readers", nargs="+", default=["auto"])
    parser.add_argument("--only", default="")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    if shutil.which("ffmpeg") is None:
        print("ffmpeg is not installed: nothing was measured", file=sys.stderr)
        return 2
    rows: list[dict[str, Any]] = []
    unmade: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(cases()):
            if options.only not in f"{case.name}.{case.suffix}":
                continue
            path = Path(folder) / f"{number}.{case.suffix}"
            try:
                encode(path, case)
            except RuntimeError as error:
                unmade.append(f"{case.name}.{case.suffix}: {error}")
                continue
            for reader in options.readers:
                if reader == "decord-seeks" and case.suffix not in ("mp4", "mkv", "webm"):
                    continue  # it hangs on some of the others
                rows.append(examine(path, case, reader, options.reads, seed=number))
                _print(rows[-1])
            path.unlink()
    failed = False
    for reader in options.readers:
        mine = [row for row in rows if row["reader"] == reader]
        compared, wrong = (sum(row.get(name, 0) for row in mine) for name in ("compared", "wrong"))
        miscounted = sum(row.get("frames") != row.get("expected") for row in mine)
        failed |= reader != "decord-seeks" and bool(wrong or miscounted)
        print(
            f"{reader}: {compared} frames of {len(mine)} files, {wrong} wrong, {miscounted} files miscounted"
        )
    print("".join(f"not made: {line}\n" for line in unmade), end="")
    if options.output:
        made = {"made_by": "python scripts/reader_matrix.py " + _asked(options), "date": date.today()}
        keep = ("case", "container", "reader", "frames", "expected", "compared", "wrong", "how", "refused")
        short = [{name: row[name] for name in keep if name in row} for row in rows]
        found = made | {"rows": short, "not_made": sorted(unmade)}
        text = json.dumps(found | {"rows": []}, indent=1, default=str)
        lines = ",\n".join(json.dumps(row) for row in short)  # one a file, so that changes can be read
        options.output.write_text(text.replace('"rows": []', f'"rows": [\n{lines}\n ]') + "\n")
    return int(failed)


def _asked(options: argparse.Namespace) -> str:
    only = f" --only {options.only!r}" if options.only else ""
    return f"--reads {options.reads} --readers {' '.join(options.readers)}{only}"


def _print(row: dict[str, Any]) -> None:
    name = f"{row['case']}.{row['container']} by {row['reader']}"
    if "refused" in row:
        print(f"refused {name}: {row['refused']}", flush=True)
        return
    good = not row["wrong"] and row["frames"] == row["expected"]
    counts = f"{row['frames']} of {row['expected']} frames, {row['wrong']} of {row['compared']} wrong"
    about = f"{row['first_wrong'] or ''} {row['reason']}, {row['duration_s']} s {'; '.join(row['notes'])}"
    print(f"{'ok  ' if good else 'FAIL'} {name}: {counts} {about}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
