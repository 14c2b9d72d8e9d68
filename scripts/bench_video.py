"""What reading the very frames that were asked for costs: vidkit's reader against decord's own seeks.

Draws 60 s of 1280x720 at 30 fps (H.264), then times both readers by turns, opening included, and writes
docs/results/reading.json. Use a quiet machine; the ratio is the median of the turns' ratios.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench_startup import ROOT, record_of, write_record

from vidkit.bench.timing import BUSY_SPREAD, quantiles
from vidkit.synthetic.long_videos import write_long
from vidkit.video.reader import open_video

RESULT = ROOT / "docs" / "results" / "reading.json"
SECONDS, RATE = 60, 30
SEED = 0
Reader = Callable[[Path, Sequence[int]], int]


def by_vidkit(path: Path, wanted: Sequence[int]) -> int:
    return sum(1 for _ in open_video(path, "pyav").read(wanted))


def by_decord(path: Path, wanted: Sequence[int]) -> int:
    import decord

    reader = decord.VideoReader(str(path))
    return sum(len(reader.get_batch(list(wanted[at : at + 8])).asnumpy()) for at in range(0, len(wanted), 8))


def cases(frames: int) -> dict[str, list[int]]:
    """Frame numbers by what they stand for."""
    return {
        "8 frames": [round((n + 0.5) * frames / 8) for n in range(8)],
        "a frame per second": list(range(0, frames, RATE)),
        "600 frames in a row": list(range(frames // 3, frames // 3 + 600)),
    }


def seconds(reader: Reader, path: Path, wanted: Sequence[int]) -> float:
    begin = time.perf_counter()
    found = reader(path, wanted)
    taken = time.perf_counter() - begin
    if found != len(wanted):
        raise SystemExit(f"{reader.__name__} gave {found} of {len(wanted)} frames: no figure is given")
    return taken


def measured(what: str, path: Path, wanted: Sequence[int], turns: int) -> dict[str, Any]:
    """One row: both readers by turns, the first turn left out."""
    pairs = [(seconds(by_vidkit, path, wanted), seconds(by_decord, path, wanted)) for _ in range(turns + 1)]
    ours, theirs = (quantiles([pair[side] for pair in pairs[1:]]) for side in (0, 1))
    times = quantiles([mine / other for mine, other in pairs[1:]])
    busy = theirs.high > BUSY_SPREAD * theirs.low
    row: dict[str, Any] = {"what": what, "turns": turns, "busy": busy}
    for name, found in (("vidkit_s", ours), ("decord_s", theirs), ("times", times)):
        row[name] = {"median": found.median, "low": found.low, "high": found.high}
    print(f"{what}: {ours.median:.2f} s against {theirs.median:.2f} s, {times.median:.2f} times", flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--output", type=Path, default=RESULT)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "minute.mp4"
        write_long(path, SECONDS, SEED)
        rows = [measured(what, path, wanted, given.turns) for what, wanted in cases(SECONDS * RATE).items()]
    packages = ("av", "decord2", "numpy")
    video = f"{SECONDS} s of 1280x720 at {RATE} fps, H.264"
    record = record_of("python scripts/bench_video.py", rows, packages)
    write_record(given.output, record | {"video": video, "seed": SEED})


if __name__ == "__main__":
    main()
