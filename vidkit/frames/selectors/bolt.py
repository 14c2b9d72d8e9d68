"""Inverse-transform sampling of frames, after BOLT (CVPR 2025)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vidkit.frames.notes import NO_RELEVANCE
from vidkit.frames.selectors.uniform import uniform_fallback
from vidkit.frames.spacing import fill_by_value, min_max
from vidkit.frames.types import Candidates, Segment, Selection


@dataclass(frozen=True)
class BoltConfig:
    alpha: float = 2.5  # sharpening exponent; ours, the paper's value was not recovered

    def __post_init__(self) -> None:
        if self.alpha <= 0:
            raise ValueError(f"alpha must be > 0, got {self.alpha}")


class Bolt:
    """Frames at the K mid-quantiles of the distribution p ~ r_norm^alpha."""

    name: ClassVar[str] = "bolt"
    needs: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[frozenset[str]] = frozenset({"relevance"})
    config: ClassVar[type[BoltConfig]] = BoltConfig
    note: ClassVar[str] = "inverse-transform sampling, after BOLT"

    def select(self, candidates: Candidates, k: int, cfg: BoltConfig) -> Selection:
        """Deterministic; quantiles that fall on one frame give the rest to the most relevant others."""
        if candidates.relevance is None:
            return uniform_fallback(self.name, candidates, k, NO_RELEVANCE)
        weights = min_max(candidates.relevance) ** cfg.alpha
        cumulative = np.cumsum(weights) / weights.sum()
        quantiles = (np.arange(k) + 0.5) / k
        hits = np.minimum(np.searchsorted(cumulative, quantiles), weights.size - 1)
        reasons = {int(i): "top" for i in hits}
        fill_by_value(reasons, weights, k)
        segments = (Segment(0, weights.size),)
        return Selection.of_reasons(self.name, reasons, segments, {"cumulative": cumulative})
