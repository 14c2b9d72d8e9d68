"""Candidates made of random numbers: relevance and features of a seed."""

from __future__ import annotations

import numpy as np

from vidkit.frames import Candidates


def make_candidates(n: int = 200, dim: int = 24, seed: int = 0, features: bool = True) -> Candidates:
    rng = np.random.default_rng(seed)
    scenes = rng.normal(size=(max(2, n // 25), dim))
    rows = scenes[np.arange(n) * len(scenes) // n] + 0.5 * rng.normal(size=(n, dim))
    relevance = np.clip(0.3 + 0.25 * np.sin(np.arange(n) / (n / 20)) + 0.1 * rng.normal(size=n), 0, 1)
    return Candidates(
        np.arange(n) * 1.0,
        relevance,
        rows if features else None,
        query_features=rng.normal(size=dim),
        seed=seed,
    )
