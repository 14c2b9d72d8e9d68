"""DIG's refinement: keep events whose reward survives repeated thinning, widen them, sample them evenly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vidkit.frames.events import event_cuts
from vidkit.frames.notes import NO_RELEVANCE
from vidkit.frames.selectors.uniform import uniform_fallback
from vidkit.frames.spacing import centre_indices, segments_from_starts
from vidkit.frames.types import Candidates, FloatArray, IntArray, Segment, Selection


@dataclass(frozen=True)
class DigConfig:
    widen: int = 2  # events added on each side of a survivor
    prominence: float = 0.1  # of an event cut in 1 - cos
    chunk_s: float = 60.0  # cuts are looked for chunk by chunk, seconds

    def __post_init__(self) -> None:
        if self.widen < 0 or self.chunk_s <= 0:
            raise ValueError(f"widen must be >= 0 and chunk_s > 0, got {self.widen} and {self.chunk_s}")


class Dig:
    """Refinement half of DIG. Rewards come with the candidates, or are each event's best relevance."""

    name: ClassVar[str] = "dig"
    needs: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[frozenset[str]] = frozenset({"relevance", "features", "rewards"})
    config: ClassVar[type[DigConfig]] = DigConfig
    note: ClassVar[str] = "events kept by reward, after DIG; rewards default to each event's best relevance"

    def select(self, candidates: Candidates, k: int, cfg: DigConfig) -> Selection:
        """K frames spread evenly over the union of the widened survivors."""
        n, notes = len(candidates), []
        if candidates.rewards is None and candidates.relevance is None:
            return uniform_fallback(self.name, candidates, k, NO_RELEVANCE)
        segments = _events(candidates, cfg)
        rewards = candidates.rewards
        if rewards is None or rewards.size != len(segments):
            if candidates.relevance is None:
                return uniform_fallback(self.name, candidates, k, "rewards do not match the events")
            rewards = np.array([candidates.relevance[a:b].max() for a, b in segments])
            notes.append("rewards: each event's best relevance")
        kept = surviving_events(rewards)
        wide = np.zeros(len(segments), dtype=bool)
        for event in kept:
            wide[max(0, event - cfg.widen) : event + cfg.widen + 1] = True
        inside = np.concatenate(
            [np.arange(a, b) for (a, b), keep in zip(segments, wide, strict=True) if keep]
        )
        reasons = _sample(inside, n, k)
        detail = {"rewards": rewards, "kept": kept, "widened": np.flatnonzero(wide)}
        return Selection.of_reasons(self.name, reasons, segments, detail, tuple(notes))


def surviving_events(rewards: FloatArray) -> IntArray:
    """Events left by the stricter of two thinnings of rewards scaled to 0..100 [E]; all of them if equal."""
    if rewards.max() <= rewards.min():
        return np.arange(rewards.size)
    scaled = 100.0 * (rewards - rewards.min()) / (rewards.max() - rewards.min())
    by_mean, zeros = scaled, -1
    while (count := int((by_mean <= 0).sum())) != zeros:
        # a lone survivor equals its own mean share only in the limit: stop before it is thinned away
        zeros, thinner = count, np.maximum(by_mean - by_mean.mean(), 0.0)
        if not (thinner > 0).any():
            break
        by_mean = thinner
    by_half = np.maximum(scaled - 0.5 * scaled.max(), 0.0)
    fewer = by_mean if (by_mean > 0).sum() < (by_half > 0).sum() else by_half
    return np.flatnonzero(fewer > 0).astype(np.int64)


def _events(candidates: Candidates, cfg: DigConfig) -> tuple[Segment, ...]:
    n = len(candidates)
    if candidates.events is not None:
        return segments_from_starts([int(e) for e in candidates.events if 0 < e < n], n)
    if candidates.features is not None:
        return segments_from_starts(
            event_cuts(candidates.features, candidates.times, cfg.prominence, cfg.chunk_s).tolist(), n
        )
    return segments_from_starts(range(1, n), n)


def _sample(inside: IntArray, n: int, k: int) -> dict[int, str]:
    if inside.size >= k:
        return {int(inside[i]): "top" for i in centre_indices(inside.size, k)}
    reasons = {int(i): "top" for i in inside}
    rest = np.setdiff1d(np.arange(n), inside)
    reasons.update({int(rest[i]): "fill" for i in centre_indices(rest.size, k - inside.size)})
    return reasons
