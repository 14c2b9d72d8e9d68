"""Facility location: frames that stand for all others, the relevant ones above all; lazy greedy, exact."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vidkit.frames.similarity import UnitRows
from vidkit.frames.spacing import centre_indices, fill_by_value, min_max
from vidkit.frames.types import Candidates, FloatArray, Segment, Selection


@dataclass(frozen=True)
class FacilityConfig:
    relevance_weight: float = 0.0  # of the picks' own relevance against what they cover, in [0, 1]
    focus: float = 1.0  # how far the covered count by their relevance: 0 alike, 1 in proportion
    clients: int = 1024  # frames to be covered, evenly spaced; bounds memory to N x clients

    def __post_init__(self) -> None:
        for name in ("relevance_weight", "focus"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")
        if self.clients < 1:
            raise ValueError(f"clients must be >= 1, got {self.clients}")


class Facility:
    """Greedy maximisation of `a K mean_j v_j max_{i in S} s_ij + b sum_{i in S} r_i`, a + b = 1.

    s is the cosine, at least 0; v is 1 - focus + focus r_norm, scaled to mean 1. The sum is submodular, so
    that greedy picks reach at least 1 - 1/e of the best value, and an old gain bounds the new one: lazy
    evaluation (Minoux, 1978) gives the same picks as the plain loop. After "Adaptive Greedy" (arXiv
    2603.20180), whose weights were not published; these are ours.
    """

    name: ClassVar[str] = "facility"
    needs: ClassVar[frozenset[str]] = frozenset({"features"})
    uses: ClassVar[frozenset[str]] = frozenset({"relevance", "features"})
    config: ClassVar[type[FacilityConfig]] = FacilityConfig
    note: ClassVar[str] = "facility location: frames that stand for the others, relevant ones first"

    def select(self, candidates: Candidates, k: int, cfg: FacilityConfig) -> Selection:
        """K frames; once nothing is left to cover, the most relevant others fill."""
        gains = CoverGains(candidates, k, cfg)
        reasons = dict.fromkeys(lazy_greedy(gains, k), "cover")
        relevance = candidates.relevance
        fill_by_value(reasons, np.zeros(len(candidates)) if relevance is None else relevance, k)
        return Selection.of_reasons(self.name, reasons, (Segment(0, len(candidates)),))


class CoverGains:
    """What each candidate would add to the picks so far.

    Similarities are kept as float32 [N, clients] and each gain is summed in one fixed order, so that rounding
    keeps the order of old and new gains too.
    """

    def __init__(self, candidates: Candidates, k: int, cfg: FacilityConfig) -> None:
        assert candidates.features is not None
        n = len(candidates)
        clients = centre_indices(n, min(n, cfg.clients))
        rows = UnitRows(candidates.features).rows.astype(np.float32)
        self._alike: NDArray[np.float32] = np.maximum(rows @ rows[clients].T, np.float32(0))
        relevance = None if candidates.relevance is None else min_max(candidates.relevance)
        value = np.ones(n) if relevance is None else 1.0 - cfg.focus + cfg.focus * relevance
        share = 1.0 if relevance is None else 1.0 - cfg.relevance_weight
        weight = value[clients] / max(float(value[clients].sum()), 1e-12) * share * k
        self._weight: NDArray[np.float32] = weight.astype(np.float32)
        self._own: FloatArray = np.zeros(n) if relevance is None else cfg.relevance_weight * relevance
        self._covered = np.zeros(clients.size, dtype=np.float32)

    def __len__(self) -> int:
        return int(self._own.size)

    def of(self, i: int) -> float:
        """Gain of candidate i."""
        added = np.maximum(self._alike[i] - self._covered, 0) * self._weight
        return float(added.sum(dtype=np.float64)) + float(self._own[i])

    def take(self, i: int) -> None:
        """Add candidate i to the picks."""
        np.maximum(self._covered, self._alike[i], out=self._covered)


def lazy_greedy(gains: Any, k: int) -> list[int]:
    """Up to k candidates by greatest gain, the earlier among equals; ends where nothing is gained.

    Args:
        gains: `len`, `of(i)`, which never grows as picks are taken, and `take(i)`.
        k: most picks.
    """
    heap = [(-gains.of(i), i) for i in range(len(gains))]
    heapq.heapify(heap)
    picks: list[int] = []
    while heap and len(picks) < k:
        bound, best = heap[0]
        fresh = -gains.of(best)
        if fresh > bound:
            heapq.heapreplace(heap, (fresh, best))
            continue
        # an equal bound of an earlier candidate would stand before this one
        heapq.heappop(heap)
        if fresh >= 0:
            break
        gains.take(best)
        picks.append(best)
    return picks
