"""Evenly spaced picks: the rules that several selectors share."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np

from vidkit.frames.types import FloatArray, IntArray, Segment


def centre_indices(n: int, k: int) -> IntArray:
    """Centres of k equal parts of n candidates: round((j + 0.5) n / k - 0.5), k <= n."""
    return np.round((np.arange(k) + 0.5) * n / k - 0.5).astype(np.int64)


def end_to_end_indices(n: int, k: int) -> IntArray:
    """linspace(0, n - 1, k) cut to whole numbers: both end frames are kept (lmms-eval, LLaVA-Video)."""
    return np.linspace(0, n - 1, k).astype(np.int64)


def by_value(values: FloatArray) -> IntArray:
    """Indices by falling value, the earlier first among equals."""
    return np.argsort(-values, kind="stable").astype(np.int64)


def fill_by_value(reasons: dict[int, str], values: FloatArray, k: int, reason: str = "fill") -> None:
    """Bring the picks to k, in place, with the largest values that are not among them."""
    for i in by_value(values):
        if len(reasons) >= k:
            return
        reasons.setdefault(int(i), reason)


def segments_from_starts(starts: Iterable[int], n: int) -> tuple[Segment, ...]:
    """Segments that tile [0, n) and begin at 0 and at each of `starts` (inner, increasing)."""
    edges = [0, *(int(start) for start in starts), n]
    return tuple(Segment(a, b) for a, b in itertools.pairwise(edges))


def min_max(values: FloatArray) -> FloatArray:
    """Values scaled to [0, 1]; all zero when they do not vary."""
    low, span = values.min(), values.max() - values.min()
    return np.zeros_like(values) if span <= 0 else (values - low) / span
