"""DIG's refinement as its authors' code behaves: intervals between event boundaries, both ends included.

Source: arXiv 2512.04000 and the behaviour of its published code. Differs: positions are candidates, where the
authors count source frames; a list that repeats frames keeps each once.
"""

from __future__ import annotations

import itertools
from typing import ClassVar

import numpy as np

from vidkit.frames.notes import NO_RELEVANCE
from vidkit.frames.peaks import find_peaks
from vidkit.frames.selectors.dig import DigConfig
from vidkit.frames.selectors.uniform import uniform_fallback
from vidkit.frames.similarity import UnitRows
from vidkit.frames.spacing import end_to_end_indices, segments_from_starts
from vidkit.frames.types import Candidates, FloatArray, IntArray, Selection


class DigAuthors:
    """Code form. Rewards come with the candidates, or are the relevance of each event's middle candidate."""

    name: ClassVar[str] = "dig-authors"
    needs: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[frozenset[str]] = frozenset({"relevance", "features", "rewards"})
    config: ClassVar[type[DigConfig]] = DigConfig
    note: ClassVar[str] = "as the DIG authors' code behaves; repeats frames of short intervals, kept once"

    def select(self, candidates: Candidates, k: int, cfg: DigConfig) -> Selection:
        """At most K frames; `detail["picks"]` is the authors' list, which may repeat frames."""
        if candidates.rewards is None and candidates.relevance is None:
            return uniform_fallback(self.name, candidates, k, NO_RELEVANCE)
        edges = _boundaries(candidates, cfg)
        rewards = candidates.rewards
        if rewards is not None and rewards.size != edges.size - 1:
            return uniform_fallback(self.name, candidates, k, "rewards do not match the events")
        if rewards is None:
            assert candidates.relevance is not None
            rewards = candidates.relevance[(edges[:-1] + edges[1:]) // 2]
        spans = refined_spans(rewards, edges, cfg.widen)
        inside = np.concatenate([np.arange(a, b + 1) for a, b in spans])
        picks = inside[end_to_end_indices(inside.size, k)]
        notes, kept = [], np.unique(picks).size
        if kept < k:
            notes.append(f"this method kept {kept} of the {k} frames asked for: its list repeats frames")
        segments = segments_from_starts([int(e) for e in np.unique(edges[1:-1]) if e > 0], len(candidates))
        reasons = dict.fromkeys(picks.tolist(), "top")
        detail = {"rewards": rewards, "spans": np.array(spans), "picks": picks}
        return Selection.of_reasons(self.name, reasons, segments, detail, tuple(notes))


def refined_spans(rewards: FloatArray, edges: IntArray, widen: int = 2) -> list[tuple[int, int]]:
    """Closed spans of positions that survive.

    Rewards are scaled to 0..100. Among those above 0 two thinnings compete: taking off the mean of all of
    them until no further one reaches 0, or half of the largest once; the one that leaves fewer counts, the
    first among equals. A survivor e spans from boundary e - widen to boundary e + widen, of the E event
    starts: the last event's own end is never reached. Touching spans are one. Nothing left, or no
    difference: everything.

    Args:
        rewards: one an event [E].
        edges: starts of the events and the last position [E + 1].
        widen: events on each side.
    """
    span = rewards.max() - rewards.min()
    scaled = (rewards - rewards.min()) / (span + 1e-8) * 100 if span > 0 else np.zeros(rewards.size)
    active = np.flatnonzero(scaled > 0)
    if active.size > 1:
        active = active[_survivors(scaled[active])]
    spans: list[tuple[int, int]] = []
    for event in active.tolist():
        start = int(edges[max(0, event - widen)])
        end = int(edges[min(rewards.size - 1, event + widen)])
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((start, end))
    return spans or [(int(edges[0]), int(edges[-1]))]


def _survivors(scores: FloatArray) -> IntArray:
    by_mean, zeros = scores, int((scores == 0).sum())
    while True:
        by_mean = np.maximum(by_mean - by_mean.mean(), 0.0)
        count = int((by_mean == 0).sum())
        if count == zeros:
            break
        zeros = count
    by_half = np.maximum(scores - 0.5 * scores.max(), 0.0)
    final = by_mean if (by_mean > 0).sum() <= (by_half > 0).sum() else by_half
    return np.flatnonzero(final > 0).astype(np.int64)


def _boundaries(candidates: Candidates, cfg: DigConfig) -> IntArray:
    """Event starts and the last candidate [E + 1]; given events may name the last one themselves."""
    last = len(candidates) - 1
    if candidates.events is not None:
        events = candidates.events
        closed = candidates.rewards is not None and events.size == candidates.rewards.size + 1
        return np.asarray(events if closed else np.append(events, last), dtype=np.int64)
    if candidates.features is None:
        return np.arange(last + 1, dtype=np.int64)
    return np.array([0, *_cuts(candidates, cfg), last], dtype=np.int64)


def _cuts(candidates: Candidates, cfg: DigConfig) -> list[int]:
    """The candidate before each jump: peaks of 1 - cos of neighbours inside chunks of equal length."""
    assert candidates.features is not None
    times, n = candidates.times, len(candidates)
    unit = UnitRows(candidates.features).rows
    distance = 1.0 - np.einsum("nd,nd->n", unit[:-1], unit[1:])
    length_s = int(times[-1] - times[0] + float(np.median(np.diff(times))))
    bounds = end_to_end_indices(n, max(1, int(np.ceil(length_s / cfg.chunk_s))) + 1)
    bounds[-1] = n  # the last chunk keeps the last candidate
    found: list[int] = []
    for start, stop in itertools.pairwise(bounds):
        found += (start + find_peaks(distance[start : stop - 1], prominence=cfg.prominence)).tolist()
    return found
