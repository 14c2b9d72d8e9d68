"""Hardened variants with names of their own, off by default: `wfs-sb+` and `efs+`. Not the papers' rules."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from vidkit.frames.notes import NO_RELEVANCE
from vidkit.frames.selectors.budget_allocation import allocate_budget, segment_importance
from vidkit.frames.selectors.efs import EfsConfig, select_by_events
from vidkit.frames.selectors.mmr import MmrPicker
from vidkit.frames.selectors.uniform import uniform_fallback
from vidkit.frames.selectors.wfs_sb import (
    WfsSb,
    WfsSbConfig,
    find_boundaries,
    semantic_change,
)
from vidkit.frames.spacing import by_value, segments_from_starts
from vidkit.frames.types import Candidates, FloatArray, IntArray, Selection


@dataclass(frozen=True)
class WfsSbPlusConfig(WfsSbConfig):
    least_range: float = 1e-3  # a curve that varies less says nothing


@dataclass(frozen=True)
class EfsPlusConfig(EfsConfig):
    prominence: float = 0.02  # of a minimum of the similarity curve
    events: int = 64  # upper bound: the number of events comes from the data


class WfsSbPlus:
    """WFS-SB with detrending, boundaries moved onto the edge, and a frame for every kept segment."""

    name: ClassVar[str] = "wfs-sb+"
    needs: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[frozenset[str]] = frozenset({"relevance", "features"})
    config: ClassVar[type[WfsSbPlusConfig]] = WfsSbPlusConfig
    note: ClassVar[str] = "wfs-sb hardened (ours, not the paper's)"

    def select(self, candidates: Candidates, k: int, cfg: WfsSbPlusConfig) -> Selection:
        """K frames; falls back to wfs-sb's rules where no boundary is found."""
        from scipy.signal import detrend  # a second to import, and needed here alone

        relevance = candidates.relevance
        if relevance is None:
            return uniform_fallback(self.name, candidates, k, NO_RELEVANCE)
        if float(np.ptp(relevance)) < cfg.least_range:
            return uniform_fallback(self.name, candidates, k, "relevance hardly varies")
        level, signal = semantic_change(detrend(relevance), cfg.wavelet, cfg.drift)
        peaks, bounds = find_boundaries(signal, cfg)
        starts = edges_between(relevance, peaks)
        if starts.size == 0:
            plain = WfsSb().select(candidates, k, cfg)
            why = "no boundary of its own" + (f", {plain.fallback}" if plain.fallback else "")
            return replace(plain, method=self.name, method_applied="wfs-sb", fallback=why)
        segments = segments_from_starts(starts.tolist(), relevance.size)
        importance = segment_importance(relevance, segments, cfg)
        kept = np.flatnonzero(
            importance >= max(cfg.floor, float(importance.mean() - cfg.eta * importance.std()))
        )
        quotas = _with_floor(importance, kept if kept.size else np.arange(importance.size), k, cfg)
        picker = MmrPicker(relevance, candidates.features, cfg.mmr_lambda)
        detail: dict[str, Any] = {
            "level": level,
            "change": signal,
            "boundaries": starts,
            "budget": quotas,
            **bounds,
        }
        detail["importance"] = importance
        return Selection.of_reasons(self.name, picker.spend(segments, quotas, k), segments, detail)


def edges_between(relevance: FloatArray, peaks: IntArray) -> IntArray:
    """Boundaries moved to the steepest smoothed change between neighbouring peaks of |e|.

    |e| crosses zero on a clean step and peaks beside it, so that an edge lies between two peaks, not on one.
    """
    from scipy.ndimage import gaussian_filter1d

    if peaks.size < 2:
        return peaks
    slope = np.abs(np.gradient(gaussian_filter1d(relevance, 1.0)))
    starts = [a + 1 + int(np.argmax(slope[a + 1 : b + 1])) for a, b in itertools.pairwise(peaks)]
    strong = slope[starts] >= 0.5 * slope[starts].max()
    return np.unique(np.array(starts, dtype=np.int64)[strong])


def _with_floor(importance: FloatArray, kept: IntArray, k: int, cfg: WfsSbConfig) -> IntArray:
    favourites = kept[by_value(importance[kept])[:k]]
    quotas = np.zeros(importance.size, dtype=np.int64)
    quotas[favourites] = 1
    if k > favourites.size:
        quotas += allocate_budget(importance, np.sort(favourites), k - favourites.size, cfg)[0]
    return quotas


class EfsPlus:
    """EFS whose events come from minima that stand out, however many there are."""

    name: ClassVar[str] = "efs+"
    needs: ClassVar[frozenset[str]] = frozenset({"features"})
    uses: ClassVar[frozenset[str]] = frozenset({"relevance", "features"})
    config: ClassVar[type[EfsPlusConfig]] = EfsPlusConfig
    note: ClassVar[str] = "efs hardened (ours, not the paper's)"

    def select(self, candidates: Candidates, k: int, cfg: EfsPlusConfig) -> Selection:
        """K frames; at most K events are kept."""
        return select_by_events(self.name, candidates, k, cfg, cfg.prominence)
