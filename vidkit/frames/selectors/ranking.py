"""Selectors that rank candidates by relevance: topk, mmr and bin."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vidkit.frames.notes import NO_RELEVANCE
from vidkit.frames.selectors.uniform import uniform_fallback
from vidkit.frames.similarity import UnitRows, temporal_similarity
from vidkit.frames.spacing import by_value, fill_by_value
from vidkit.frames.types import Candidates, FloatArray, IntArray, NoConfig, Segment, Selection


@dataclass(frozen=True)
class MmrConfig:
    mmr_lambda: float = 0.5  # weight of relevance against redundancy, in [0, 1]

    def __post_init__(self) -> None:
        if not 0 <= self.mmr_lambda <= 1:
            raise ValueError(f"mmr_lambda must be in [0, 1], got {self.mmr_lambda}")


class TopK:
    """The K most relevant candidates, the earlier among equals."""

    name: ClassVar[str] = "topk"
    needs: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[frozenset[str]] = frozenset({"relevance"})
    config: ClassVar[type[NoConfig]] = NoConfig
    note: ClassVar[str] = "most relevant frames"

    def select(self, candidates: Candidates, k: int, cfg: NoConfig) -> Selection:
        """K largest values of relevance, in time order."""
        if candidates.relevance is None:
            return uniform_fallback(self.name, candidates, k, NO_RELEVANCE)
        order = by_value(candidates.relevance)
        kept = np.sort(order[:k])
        notes = _tie_notes(candidates.relevance, kept)
        return Selection(self.name, kept, (Segment(0, len(candidates)),), ("top",) * k, {}, notes)


def _tie_notes(relevance: FloatArray, kept: IntArray) -> tuple[str, ...]:
    """Says that the cut goes through candidates of one relevance; nothing about the floor of the curve."""
    least = relevance[kept].min()
    equal, inside = int((relevance == least).sum()), int((relevance[kept] == least).sum())
    if equal == inside or least <= relevance.min():
        return ()
    return (f"{equal} candidates share the last relevance kept ({least:.3g}): the {inside} earliest stay",)


class Mmr:
    """Greedy `lambda r - (1 - lambda) max cos` over the whole video (Carbonell and Goldstein, 1998)."""

    name: ClassVar[str] = "mmr"
    needs: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[frozenset[str]] = frozenset({"relevance", "features"})
    config: ClassVar[type[MmrConfig]] = MmrConfig
    note: ClassVar[str] = "relevance against redundancy, whole video"

    def select(self, candidates: Candidates, k: int, cfg: MmrConfig) -> Selection:
        """Seeds with the most relevant candidate; ties go to the earlier one."""
        relevance, n = candidates.relevance, len(candidates)
        if relevance is None:
            return uniform_fallback(self.name, candidates, k, NO_RELEVANCE)
        unit = None if candidates.features is None else UnitRows(candidates.features)
        gain = cfg.mmr_lambda * relevance
        nearest = np.full(n, -np.inf)
        picks = [int(np.argmax(relevance))]
        while len(picks) < k:
            last = picks[-1]
            gain[last] = -np.inf
            np.maximum(nearest, temporal_similarity(n, last) if unit is None else unit.to(last), out=nearest)
            picks.append(int(np.argmax(gain - (1 - cfg.mmr_lambda) * nearest)))
        reasons = {pick: "top" if rank == 0 else "mmr" for rank, pick in enumerate(picks)}
        return Selection.of_reasons(self.name, reasons, (Segment(0, n),))


class Bin:
    """The most relevant candidate of each of K equal time bins (the coverage extreme of AKS)."""

    name: ClassVar[str] = "bin"
    needs: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[frozenset[str]] = frozenset({"relevance"})
    config: ClassVar[type[NoConfig]] = NoConfig
    note: ClassVar[str] = "most relevant frame of each of K equal time bins"

    def select(self, candidates: Candidates, k: int, cfg: NoConfig) -> Selection:
        """A bin that holds no candidate gives its frame to the most relevant ones left."""
        relevance, times, n = candidates.relevance, candidates.times, len(candidates)
        if relevance is None:
            return uniform_fallback(self.name, candidates, k, NO_RELEVANCE)
        span = times[-1] - times[0] + float(np.median(np.diff(times)))
        # a hair of slack keeps a time that stands on an edge in the later bin whatever the rounding
        bins = np.minimum(((times - times[0]) / span * k + 1e-9).astype(np.int64), k - 1)
        starts = np.searchsorted(bins, np.unique(bins))
        edges = [*starts.tolist(), n]
        segments = tuple(Segment(a, b) for a, b in itertools.pairwise(edges))
        reasons = {a + int(np.argmax(relevance[a:b])): "top" for a, b in segments}
        fill_by_value(reasons, relevance, k)
        return Selection.of_reasons(self.name, reasons, segments)
