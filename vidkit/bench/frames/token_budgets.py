"""What a reader with a limited eye gets out of a token budget: few large, many small pictures, or both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vidkit.frames.options import FrameOptions
from vidkit.frames.pipeline import select_from_video
from vidkit.frames.registry import select
from vidkit.frames.tokens import Size, VisionTokens, share_tokens
from vidkit.frames.types import Candidates, Selection
from vidkit.synthetic.planted import PlantedVideo, write_planted_video
from vidkit.utils.statistics import mean_interval

METHODS = ("wfs-sb", "dpp", "lddr", "facility", "topk", "uniform")
SIDE = 448  # pixels of the source: 16 x 16 tokens
_MOST = 256
_LEGIBLE_CELLS = 2.0  # an object is read where it is so many tokens high
# name: rule, tokens a picture that give the number of pictures asked for, tokens of the smallest picture
PLANS = {
    "few large": ("equal", 256, 16),
    "middle": ("equal", 128, 16),
    "small": ("equal", 64, 16),
    "many small": ("equal", 16, 16),
    "qframe": ("qframe", 64, 16),
    "lddr": ("lddr", 128, 64),  # budget / (2 least) pictures, as LDDR has it
}
_ANSWERS = ("read", "large", "small")


def bench_tokens(
    folder: Path,
    videos: int = 4,
    methods: Sequence[str] | None = None,
    budgets: Sequence[int] = (512, 1024, 2048),
    seed: int = 0,
    duration_s: int = 240,
    events: int = 6,
    resamples: int = 2000,
) -> Iterator[dict[str, Any]]:
    """Planted events of two sizes, read by an oracle that needs an object two tokens high.

    Every plan spends the same tokens. Half of the events show a large object (44 to 68 % of the height: read
    from 9 to 21 tokens on), half a small one (16 to 26 %: from 60 to 156 tokens on).

    Args:
        folder: where the videos are written.
        videos: how many.
        methods: names; None: `METHODS`.
        budgets: vision tokens.
        seed: of videos and intervals.
        duration_s: length of a video.
        events: that answer the query, a video; twice as many distractors.
        resamples: of the bootstrap.

    Yields:
        After every video one row per method, plan and budget: share of events read, of the large and of the
        small ones, with intervals over videos, and the mean number of pictures.
    """
    chosen = list(methods or METHODS)
    folder.mkdir(parents=True, exist_ok=True)
    scores: dict[tuple[str, str, int], list[tuple[float, ...]]] = {}
    for number in range(videos):
        path = folder / f"sizes{seed + number}.mp4"
        planted = write_planted_video(path, seed + number, duration_s, events, SIDE, ("big", "small"))
        options = FrameOptions(method="uniform", k=1, relevance="lexicon", reader="pyav")
        candidates = select_from_video(planted.path, planted.query, options).candidates
        for method in chosen:
            for budget in budgets:
                for plan in PLANS:
                    kept, sizes = spend(method, plan, budget, candidates)
                    values = read_events(planted, candidates, kept, sizes)
                    row = (*values, float(len(sizes)), float(sum(size.tokens for size in sizes)))
                    scores.setdefault((method, plan, budget), []).append(row)
        yield {
            "videos": number + 1,
            "duration_s": duration_s,
            "events": events,
            "seed": seed,
            "side": SIDE,
            "legible_cells": _LEGIBLE_CELLS,
            "note": f"video {number + 1} of {videos}: {planted.query}",
            "rows": [_row(*key, table, seed, resamples) for key, table in scores.items()],
        }


def spend(method: str, plan: str, budget: int, candidates: Candidates) -> tuple[Selection, list[Size]]:
    """The pictures that a method and a plan show for a budget."""
    rule, each, least = PLANS[plan]
    count = min(max(1, budget // each), len(candidates))
    vision = VisionTokens(rule=rule, least=least, most=_MOST)
    chosen = select(method, candidates, count)
    return share_tokens(chosen, candidates, budget, (SIDE, SIDE), vision)


def read_events(
    planted: PlantedVideo, candidates: Candidates, kept: Selection, sizes: Sequence[Size]
) -> tuple[float, float, float]:
    """Share of events read: of all, of those with large and of those with small objects."""
    times = candidates.times[kept.indices]
    cells = np.array([size.height for size in sizes]) / VisionTokens().cell
    found = np.array(
        [
            bool(((times >= start) & (times < end) & (cells * height >= _LEGIBLE_CELLS)).any())
            for (start, end), height in zip(planted.events, planted.heights, strict=True)
        ]
    )
    large = np.array(planted.heights) > 0.35
    parts = (found, found[large], found[~large])
    return tuple(float(part.mean()) if part.size else 0.0 for part in parts)  # type: ignore[return-value]


def _row(
    method: str, plan: str, budget: int, table: list[tuple[float, ...]], seed: int, resamples: int
) -> dict[str, Any]:
    columns = np.array(table).T
    row: dict[str, Any] = {"method": method, "plan": plan, "tokens": budget}
    row |= {"pictures": float(columns[-2].mean()), "used": float(columns[-1].mean())}
    for name, column in zip(_ANSWERS, columns, strict=False):
        row[name] = mean_interval(column, resamples, seed).rounded(4)
    return row
