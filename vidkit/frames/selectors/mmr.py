"""Maximal marginal relevance with a running maximum of similarity: one matrix-vector product a pick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.frames.similarity import UnitRows, temporal_similarity
from vidkit.frames.types import FloatArray, IntArray, Segment


class MmrPicker:
    """Greedy picks of `lambda (2 r - 1) - (1 - lambda) max similarity to the picks`, earliest among equals.

    Source: WFS-SB, arXiv 2603.00512, refinement stage (with r' = 2 r - 1 as its authors run it).

    Args:
        relevance: [N].
        features: [N, D]; None: similarity is exp(-distance / 10) in candidates.
        mmr_lambda: weight of relevance, in [0, 1].
    """

    def __init__(self, relevance: FloatArray, features: NDArray[Any] | None, mmr_lambda: float) -> None:
        self._relevance = relevance
        self._gain = mmr_lambda * (2.0 * relevance - 1.0)
        self._penalty = 1.0 - mmr_lambda
        self._features = features
        self._units: dict[tuple[int, int], UnitRows] = {}

    def pick_within(self, start: int, stop: int, quota: int) -> list[int]:
        """The first `quota` picks of the span [start, stop), the most relevant one first."""
        quota = min(quota, stop - start)
        if quota <= 0:
            return []
        picks = [start + int(np.argmax(self._relevance[start:stop]))]
        return picks + self._greedy(start, stop, picks, quota - 1)

    def extend(self, picks: list[int], count: int) -> list[int]:
        """`count` more picks from all candidates, against everything picked so far."""
        n = self._relevance.size
        count = min(count, n - len(picks))
        if count <= 0:
            return []
        if not picks:
            return self.pick_within(0, n, count)
        return self._greedy(0, n, picks, count)

    def spend(self, segments: Sequence[Segment], quotas: IntArray, k: int) -> dict[int, str]:
        """Picks with their reasons: in each segment as many as its quota [S], then further ones up to k."""
        reasons: dict[int, str] = {}
        for segment, quota in zip(segments, quotas, strict=True):
            picks = self.pick_within(segment.start, segment.stop, int(quota))
            reasons.update({pick: "top" if rank == 0 else "mmr" for rank, pick in enumerate(picks)})
        return reasons | dict.fromkeys(self.extend(list(reasons), k - len(reasons)), "fill")

    def _greedy(self, start: int, stop: int, picked: list[int], count: int) -> list[int]:
        if count <= 0:
            return []
        nearest = np.full(stop - start, -np.inf)
        gain = self._gain[start:stop].copy()
        for j in picked:
            np.maximum(nearest, self._similarity(j, start, stop), out=nearest)
            gain[j - start] = -np.inf
        added: list[int] = []
        while True:
            best = start + int(np.argmax(gain - self._penalty * nearest))
            added.append(best)
            if len(added) == count:
                return added
            gain[best - start] = -np.inf
            np.maximum(nearest, self._similarity(best, start, stop), out=nearest)

    def _similarity(self, j: int, start: int, stop: int) -> FloatArray:
        if self._features is None:
            return temporal_similarity(self._relevance.size, j, start, stop)
        if (start, stop) not in self._units:
            # rows are scaled span by span: a segment that gets one frame or none is never touched
            self._units = {(start, stop): UnitRows(self._features[start:stop])}
        return self._units[(start, stop)].to(j - start)
