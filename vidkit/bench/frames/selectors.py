"""Time of selection alone, on made arrays."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from vidkit.frames.registry import METHODS, load_selector, select
from vidkit.frames.types import Candidates


def bench_selectors(
    n: int = 3600,
    dim: int = 1408,
    k: int = 64,
    runs: int = 25,
    seed: int = 0,
    methods: Sequence[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Seconds of selection.

    Args:
        n: candidates.
        dim: of their features.
        k: frames kept.
        runs: of each method, after one that warms up.
        seed: of the arrays.
        methods: names; None: all.

    Yields:
        After every method the rows so far: best, median and worst seconds.
    """
    candidates = made_candidates(n, dim, seed)
    rows: list[dict[str, Any]] = []
    for method in METHODS if methods is None else methods:
        load_selector(method)
        select(method, candidates, k)
        seconds = []
        for _ in range(runs):
            begin = time.perf_counter()
            select(method, candidates, k)
            seconds.append(time.perf_counter() - begin)
        median = float(np.median(seconds))
        rows.append(
            {
                "method": method,
                "best_s": min(seconds),
                "median_s": median,
                "worst_s": max(seconds),
                "runs": runs,
            }
        )
        note = f"{method}: {1e3 * median:.1f} ms"
        yield {"n": n, "dim": dim, "k": k, "seed": seed, "note": note, "rows": list(rows)}


def made_candidates(n: int, dim: int, seed: int) -> Candidates:
    """Forty scenes with noise, a wavy relevance, and a query."""
    rng = np.random.default_rng(seed)
    scenes = rng.normal(size=(40, dim))
    features = (scenes[np.arange(n) * 40 // n] + 0.8 * rng.normal(size=(n, dim))).astype(np.float32)
    relevance = np.clip(0.2 + 0.3 * np.sin(np.arange(n) / 80) + 0.1 * rng.normal(size=n), 0, 1)
    times, query = np.arange(n, dtype=np.float64), rng.normal(size=dim)
    return Candidates(times, relevance, features, query_features=query)
