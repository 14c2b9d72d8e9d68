"""What `vidkit bench select-frames` measures: selectors on planted events, and time by stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vidkit.frames.options import FrameOptions
from vidkit.frames.pipeline import select_from_video
from vidkit.frames.planted import PlantedVideo, write_planted_video
from vidkit.frames.registry import METHODS, select
from vidkit.frames.similarity import UnitRows
from vidkit.frames.types import Candidates, FloatArray, Selection
from vidkit.video.reader import open_video

BUDGETS = (8, 16, 32, 64)
METRICS = ("recall", "coverage", "redundancy")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % bootstrap interval over videos."""

    mean: float
    low: float
    high: float


def bench_planted(
    folder: Path,
    videos: int = 12,
    methods: Sequence[str] | None = None,
    budgets: Sequence[int] = BUDGETS,
    seed: int = 0,
    say: Say | None = None,
) -> dict[str, Any]:
    """Every selector on planted videos, with the embedded features and relevance.

    The relevance is the lexicon's share of the query's colour: a sensor that sees this drawn world, not a
    model.

    Args:
        folder: where the videos are written (reused if they are there).
        videos: how many.
        methods: names; None: all that run without a two-tower encoder.
        budgets: frames kept.
        seed: of videos and intervals.
        say: told what is going on.

    Returns:
        One row a method and budget: recall of query events, coverage of shots, redundancy, with intervals.
    """
    chosen = [name for name in METHODS if name != "omp"] if methods is None else list(methods)
    folder.mkdir(parents=True, exist_ok=True)
    scores: dict[tuple[str, int], list[tuple[float, ...]]] = {}
    for number in range(videos):
        planted = write_planted_video(folder / f"planted{seed + number}.mp4", seed + number)
        if say is not None:
            counts = f"{len(planted.events)} events, {len(planted.shots)} shots"
            say(f"video {number + 1}/{videos}: {planted.query}, {counts}")
        options = FrameOptions(method="uniform", k=1, relevance="lexicon", reader="pyav")
        candidates = select_from_video(planted.path, planted.query, options).candidates
        for method in chosen:
            for k in budgets:
                values = score_selection(planted, candidates, select(method, candidates, k))
                scores.setdefault((method, k), []).append(values)
    rows = []
    for (method, k), table in scores.items():
        columns = np.array(table).T
        row: dict[str, Any] = {"method": method, "k": k}
        for name, column in zip(METRICS, columns, strict=True):
            found = bootstrap(column, seed)
            row[name] = {
                "mean": round(found.mean, 4),
                "low": round(found.low, 4),
                "high": round(found.high, 4),
            }
        rows.append(row)
    return {
        "videos": videos,
        "seed": seed,
        "relevance": "lexicon (colour share)",
        "features": "hist",
        "rows": rows,
    }


def score_selection(
    planted: PlantedVideo, candidates: Candidates, selection: Selection
) -> tuple[float, float, float]:
    """Recall of query events, coverage of shots, redundancy: mean largest cosine to another kept frame."""
    times = candidates.times[selection.indices]
    recall = float(np.mean([((times >= a) & (times < b)).any() for a, b in planted.events]))
    coverage = float(np.mean([((times >= a) & (times < b)).any() for a, b in planted.shots]))
    if selection.indices.size < 2 or candidates.features is None:
        return recall, coverage, 0.0
    unit = UnitRows(candidates.features[selection.indices]).rows
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -1.0)
    return recall, coverage, float(cosine.max(axis=1).mean())


def bootstrap(values: FloatArray, seed: int, resamples: int = 2000) -> Interval:
    """Mean of videos [V] with a percentile interval."""
    rng = np.random.default_rng(seed)
    means = values[rng.integers(0, values.size, (resamples, values.size))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))


def bench_selectors(
    n: int = 3600, dim: int = 1408, k: int = 64, runs: int = 25, seed: int = 0
) -> dict[str, Any]:
    """Seconds of selection alone on made arrays, best and median of `runs`."""
    rng = np.random.default_rng(seed)
    scenes = rng.normal(size=(40, dim))
    features = (scenes[np.arange(n) * 40 // n] + 0.8 * rng.normal(size=(n, dim))).astype(np.float32)
    relevance = np.clip(0.2 + 0.3 * np.sin(np.arange(n) / 80) + 0.1 * rng.normal(size=n), 0, 1)
    times, query = np.arange(n, dtype=np.float64), rng.normal(size=dim)
    candidates = Candidates(times, relevance, features, query_features=query)
    rows = []
    for method in METHODS:
        seconds = []
        for _ in range(runs):
            begin = time.perf_counter()
            select(method, candidates, k)
            seconds.append(time.perf_counter() - begin)
        rows.append(
            {"method": method, "best_s": min(seconds), "median_s": float(np.median(seconds)), "runs": runs}
        )
    return {"n": n, "dim": dim, "k": k, "rows": rows}


def bench_stages(path: Path, query: str = "red", k: int = 16, reader: str = "auto") -> dict[str, Any]:
    """Seconds by stage of one video, against decoding the same frames and nothing else."""
    options = FrameOptions(k=k, relevance="lexicon", reader=reader)
    begin = time.perf_counter()
    result = select_from_video(path, query, options)
    whole = time.perf_counter() - begin
    video = open_video(path, reader)
    begin = time.perf_counter()
    count = sum(1 for _ in video.read(result.sampling.indices.tolist()))
    decode = time.perf_counter() - begin
    return {
        "video": path.name,
        "reader": video.backend,
        "reader_reason": video.backend_reason,
        "candidates": count,
        "whole_s": whole,
        "decode_only_s": decode,
        "ratio": whole / decode,
        "stages_s": result.seconds,
    }


def decord_seconds(path: Path, indices: Sequence[int], batch: int = 8) -> float:
    """Seconds decord takes for the same frames at full size, opening included."""
    import decord

    begin = time.perf_counter()
    reader = decord.VideoReader(str(path))
    for start in range(0, len(indices), batch):
        reader.get_batch(list(indices[start : start + batch])).asnumpy()
    return time.perf_counter() - begin


def repeat_video(source: Path, target: Path, times: int) -> None:
    """A long video out of a short one, by copying its packets: no encoding."""
    import av

    with av.open(str(source)) as container:
        template = container.streams.video[0]
        packets = [
            (bytes(p), p.pts, p.dts, p.is_keyframe, p.duration, p.time_base)
            for p in container.demux(template)
            if p.size
        ]
        length = sum(p[4] or 0 for p in packets)
        with av.open(str(target), "w") as output:
            stream = output.add_stream_from_template(template)
            for round_ in range(times):
                for data, pts, dts, is_key, duration, base in packets:
                    packet = av.Packet(data)
                    packet.pts, packet.dts = (pts or 0) + round_ * length, (dts or 0) + round_ * length
                    packet.is_keyframe, packet.duration, packet.time_base = is_key, duration or 0, base
                    packet.stream = stream
                    output.mux(packet)
