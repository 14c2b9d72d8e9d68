"""Recall of planted events, coverage of shots and redundancy of every selector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vidkit.errors import ConfigError
from vidkit.frames.options import FrameOptions
from vidkit.frames.pipeline import select_from_video
from vidkit.frames.registry import METHODS, load_selector, select
from vidkit.frames.similarity import UnitRows
from vidkit.frames.types import Candidates, Selection
from vidkit.synthetic.planted import PlantedVideo, write_planted_video
from vidkit.utils.statistics import mean_interval

BUDGETS = (8, 16, 32, 64)
METRICS = ("recall", "coverage", "redundancy")


def planted_methods(names: Sequence[str] | None = None) -> list[str]:
    """Methods that run on planted videos: all but those that need a two-tower encoder.

    Raises:
        ConfigError: an unknown name, or one that cannot run here.
    """
    able = [name for name in METHODS if "query_features" not in load_selector(name).needs]
    for name in names or ():
        load_selector(name)
        if name not in able:
            raise ConfigError(
                f"method '{name}' needs a two-tower encoder, which planted videos do not have",
                "leave it out, or measure its time with sections=[selectors]",
            )
    return able if names is None else list(names)


def bench_planted(
    folder: Path,
    videos: int = 12,
    methods: Sequence[str] | None = None,
    budgets: Sequence[int] = BUDGETS,
    seed: int = 0,
    duration_s: int = 240,
    events: int = 6,
    resamples: int = 2000,
) -> Iterator[dict[str, Any]]:
    """Every selector on planted videos, with the embedded features and relevance.

    The relevance is the lexicon's share of the query's colour: a sensor that sees this drawn world, not a
    model.

    Args:
        folder: where the videos are written.
        videos: how many.
        methods: names; None: all that run without a two-tower encoder.
        budgets: frames kept.
        seed: of videos and intervals.
        duration_s: length of a video.
        events: that answer the query, a video; twice as many distractors.
        resamples: of the bootstrap.

    Yields:
        After every video what is known so far: one row per method and budget with recall of query events,
        coverage of shots and redundancy, each with its interval over videos, and `kept`, the mean number of
        frames, which some methods leave below the budget.
    """
    chosen = planted_methods(methods)
    folder.mkdir(parents=True, exist_ok=True)
    scores: dict[tuple[str, int], list[tuple[float, ...]]] = {}
    for number in range(videos):
        path = folder / f"planted{seed + number}.mp4"
        planted = write_planted_video(path, seed + number, duration_s, events)
        options = FrameOptions(method="uniform", k=1, relevance="lexicon", reader="pyav")
        candidates = select_from_video(planted.path, planted.query, options).candidates
        for method in chosen:
            for k in budgets:
                chosen_frames = select(method, candidates, k)
                values = score_selection(planted, candidates, chosen_frames)
                scores.setdefault((method, k), []).append((*values, float(chosen_frames.indices.size)))
        counts = f"{len(planted.events)} events, {len(planted.shots)} shots"
        yield {
            "videos": number + 1,
            "duration_s": duration_s,
            "events": events,
            "seed": seed,
            "relevance": "lexicon (colour share)",
            "features": "hist",
            "note": f"video {number + 1} of {videos}: {planted.query}, {counts}",
            "rows": [_row(method, k, table, seed, resamples) for (method, k), table in scores.items()],
        }


def _row(method: str, k: int, table: list[tuple[float, ...]], seed: int, resamples: int) -> dict[str, Any]:
    columns = np.array(table).T
    row: dict[str, Any] = {"method": method, "k": k, "kept": float(columns[-1].mean())}
    for name, column in zip(METRICS, columns, strict=False):
        row[name] = mean_interval(column, resamples, seed).rounded(4)
    return row


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
