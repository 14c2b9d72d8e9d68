"""Time by stage of one video, against decoding the same frames alone; every run in a fresh process."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vidkit.errors import VideoError

VIDKIT, READER, DECORD = "select-frames", "decode alone, same reader", "decode alone, decord"
_CODE = "import sys; from vidkit.bench.frames.stages import main; main(sys.argv[1:])"


def bench_stages(
    path: Path,
    query: str = "red",
    k: int = 16,
    runs: int = 3,
    encoder: str | None = None,
    device: str = "auto",
) -> Iterator[dict[str, Any]]:
    """Selection from end to end, and two ways of only decoding its candidates, in turn.

    Args:
        path: the video.
        query: what is asked for.
        k: frames kept.
        runs: fresh processes of each.
        encoder: hub id or folder; None: what `relevance=auto` takes for the query.
        device: of the encoder.

    Yields:
        After every process what is known so far: median, best and worst seconds and peak memory of each, the
        stages of the median run, and how often selection takes the time of decoding.

    Raises:
        VideoError: a process failed.
    """
    with path.open("rb") as file:  # the first run must not be the only one that reads from the disk
        while file.read(1 << 24):
            pass
    found: dict[str, list[dict[str, Any]]] = {VIDKIT: [], READER: [], DECORD: []}
    for number in range(runs):
        for who in found:
            made = _in_a_process(who, path, query, k, encoder, device)
            found[who].append(made)
            note = f"run {number + 1} of {runs}, {who}: {made['seconds']:.2f} s"
            yield _summary(path, {w: rows for w, rows in found.items() if rows}, encoder) | {"note": note}


def _summary(path: Path, found: dict[str, list[dict[str, Any]]], encoder: str | None) -> dict[str, Any]:
    rows = []
    for who, made in found.items():
        seconds = [one["seconds"] for one in made]
        rows.append(
            {
                "who": who,
                "median_s": statistics.median(seconds),
                "best_s": min(seconds),
                "worst_s": max(seconds),
                "runs": len(seconds),
                "peak_gib": max(one["peak_gib"] for one in made),
            }
        )
    ours = sorted(found[VIDKIT], key=lambda one: float(one["seconds"]))[len(found[VIDKIT]) // 2]
    kept = ("relevance", "duration_s", "candidates", "reader", "reader_reason", "stages_s")
    facts = {name: ours[name] for name in kept}
    ratios = {
        f"ratio_to_{name}": rows[0]["median_s"] / row["median_s"]
        for name, who in (("reader", READER), ("decord", DECORD))
        for row in rows
        if row["who"] == who
    }
    return {"video": path.name, "encoder": encoder, **facts, **ratios, "rows": rows}


def _in_a_process(
    who: str, path: Path, query: str, k: int, encoder: str | None, device: str
) -> dict[str, Any]:
    words = [who, str(path), query, str(k), encoder or "", device]
    places = os.pathsep.join(place for place in sys.path if place)
    done = subprocess.run(
        [sys.executable, "-c", _CODE, *words],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": places},
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise VideoError(f"timing '{who}' on {path.name} failed: {last}", "run it alone to see more")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def time_once(who: str, path: Path, query: str, k: int, encoder: str | None, device: str) -> dict[str, Any]:
    """One measurement in this process: seconds once everything is imported, peak memory of the process."""
    from vidkit.frames.options import FrameOptions
    from vidkit.frames.pipeline import plan_selection, select_from_video
    from vidkit.video.reader import open_video
    from vidkit.video.sampling import sample_frames

    options = FrameOptions(k=k, encoder=encoder, device=device) if encoder else FrameOptions(k=k)
    plan_selection(path, query, options)  # libraries are loaded, the header is known
    facts: dict[str, Any] = {}
    begin = time.perf_counter()
    if who == VIDKIT:
        result = select_from_video(path, query, options)
        seconds = time.perf_counter() - begin
        facts = {
            "relevance": result.relevance_name,
            "duration_s": result.video.timeline.duration_s,
            "candidates": int(result.sampling.indices.size),
            "reader": result.video.backend,
            "reader_reason": result.video.backend_reason,
            "stages_s": result.seconds,
        }
    else:
        video = open_video(path, options.reader)
        indices = sample_frames(video.timeline, options.fps, options.phase, options.max_candidates).indices
        begin = time.perf_counter()
        if who == READER:
            sum(1 for _ in video.read(indices.tolist()))
            seconds = time.perf_counter() - begin
        else:
            seconds = decord_seconds(path, indices.tolist())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": seconds, "peak_gib": peak, **facts}


def decord_seconds(path: Path, indices: Sequence[int], batch: int = 8) -> float:
    """Seconds decord takes for the same frames at full size, opening included."""
    import decord

    begin = time.perf_counter()
    reader = decord.VideoReader(str(path))
    for start in range(0, len(indices), batch):
        reader.get_batch(list(indices[start : start + batch])).asnumpy()
    return time.perf_counter() - begin


def main(words: list[str]) -> None:
    """Print the measurement that `words` name as one line of JSON."""
    who, path, query, k, encoder, device = words
    print(json.dumps(time_once(who, Path(path), query, int(k), encoder or None, device)))
