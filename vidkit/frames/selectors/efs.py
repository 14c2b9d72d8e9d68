"""EFS: events from visual features, one anchor per event, then an adaptive MMR.

Source: EFS, arXiv 2603.00983, from published descriptions (no code of its authors was seen). Differs: at most
K events remain, so that every event keeps a frame; a gate that ends early is filled up to exactly K frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from vidkit.frames.selectors.adaptive_mmr import AdaptiveMmr
from vidkit.frames.selectors.event_segmentation import (
    event_anchors,
    event_boundaries,
    merge_events,
    similarity_curve,
)
from vidkit.frames.similarity import UnitRows
from vidkit.frames.spacing import centre_indices, fill_by_value, segments_from_starts
from vidkit.frames.types import Candidates, FloatArray, Selection


@dataclass(frozen=True)
class EfsConfig:
    window: int = 3  # neighbourhood of the similarity curve, candidates, odd
    # total: window is the whole width; half: neighbours on each side
    window_mode: Literal["total", "half"] = "total"
    events: int = 10  # most events kept (M)
    alpha: float = 0.5  # width of the gate, standard deviations; 0.1 is strict
    min_gap: int = 5  # candidates between event boundaries
    step: float = 0.05  # how far the gate opens from pass to pass
    # gate: relevance order against all picks; lambda: MMR score, gate against anchors
    refine: Literal["gate", "lambda"] = "gate"
    mmr_lambda: float = 0.5  # weight of relevance for refine=lambda and fill=mmr
    # what happens when the gate ends early
    fill: Literal["relevance", "mmr", "uniform"] = "relevance"

    def __post_init__(self) -> None:
        if self.window < 1 or (self.window_mode == "total" and self.window % 2 == 0):
            raise ValueError(f"window must be a positive odd number, got {self.window}")
        if self.window_mode not in ("total", "half"):
            raise ValueError(f"window_mode must be total or half, got '{self.window_mode}'")
        if self.events < 1 or self.min_gap < 1:
            raise ValueError(f"events and min_gap must be >= 1, got {self.events} and {self.min_gap}")
        if self.alpha < 0 or self.step <= 0:
            raise ValueError(f"alpha must be >= 0 and step > 0, got {self.alpha} and {self.step}")
        if self.refine not in ("gate", "lambda"):
            raise ValueError(f"refine must be gate or lambda, got '{self.refine}'")
        if self.fill not in ("relevance", "mmr", "uniform"):
            raise ValueError(f"fill must be relevance, mmr or uniform, got '{self.fill}'")
        if not 0 <= self.mmr_lambda <= 1:
            raise ValueError(f"mmr_lambda must be in [0, 1], got {self.mmr_lambda}")


class Efs:
    name: ClassVar[str] = "efs"
    needs: ClassVar[frozenset[str]] = frozenset({"features"})
    uses: ClassVar[frozenset[str]] = frozenset({"relevance", "features"})
    config: ClassVar[type[EfsConfig]] = EfsConfig
    note: ClassVar[str] = "events of the features, an anchor each, adaptive gate (arXiv 2603.00983)"

    def select(self, candidates: Candidates, k: int, cfg: EfsConfig) -> Selection:
        """K frames; without relevance, event centres and then the farthest points."""
        return select_by_events(self.name, candidates, k, cfg)


def select_by_events(
    method: str, candidates: Candidates, k: int, cfg: EfsConfig, prominence: float | None = None
) -> Selection:
    """The three stages: events, an anchor in each, then refinement and fill to exactly K frames."""
    assert candidates.features is not None
    unit, relevance = UnitRows(candidates.features), candidates.relevance
    curve = similarity_curve(unit.rows, cfg.window, cfg.window_mode)
    boundaries = event_boundaries(curve, cfg.min_gap, prominence)
    starts = merge_events(unit, boundaries, min(cfg.events, k))
    segments = segments_from_starts(starts, len(candidates))
    anchors = event_anchors(segments, relevance)
    detail: dict[str, Any] = {
        "similarity": curve,
        "boundaries": boundaries,
        "merged": starts,
        "anchors": anchors,
    }
    reasons = {int(anchor): "anchor" for anchor in anchors}
    if relevance is None:
        reasons.update(farthest_points(unit, list(reasons), k - len(reasons)))
    elif len(reasons) < k:
        gate = AdaptiveMmr(unit, relevance, anchors, cfg.alpha)
        detail |= {
            "theta_strict": gate.strict,
            "theta_loose": gate.loose,
            "anchor_similarity": gate.to_anchors,
        }
        refine = gate.widen if cfg.refine == "gate" else gate.score
        reasons.update(refine(k, cfg.step if cfg.refine == "gate" else cfg.mmr_lambda))
        fill_up(reasons, relevance, unit, k, cfg)
    return Selection.of_reasons(method, reasons, segments, detail)


def farthest_points(unit: UnitRows, picked: list[int], count: int) -> dict[int, str]:
    """`count` candidates, each the least similar to all before it; the earlier among equals."""
    added: dict[int, str] = {}
    if count <= 0:
        return added
    nearest = unit.max_to(picked)
    nearest[picked] = np.inf
    while True:
        best = int(np.argmin(nearest))
        added[best] = "spread"
        if len(added) == count:
            return added
        np.maximum(nearest, unit.to(best), out=nearest)
        nearest[best] = np.inf


def fill_up(reasons: dict[int, str], relevance: FloatArray, unit: UnitRows, k: int, cfg: EfsConfig) -> None:
    """Bring the picks to exactly k, in place, by the rule `cfg.fill`."""
    missing = k - len(reasons)
    if missing <= 0:
        return
    if cfg.fill == "uniform":
        rest = np.array([i for i in range(len(unit)) if i not in reasons])
        reasons.update({int(i): "fill" for i in rest[centre_indices(rest.size, missing)]})
    elif cfg.fill == "relevance":
        fill_by_value(reasons, relevance, k)
    else:
        nearest = unit.max_to(list(reasons))
        gain = cfg.mmr_lambda * relevance
        gain[list(reasons)] = -np.inf
        for _ in range(missing):
            best = int(np.argmax(gain - (1 - cfg.mmr_lambda) * nearest))
            reasons[best] = "fill"
            gain[best] = -np.inf
            np.maximum(nearest, unit.to(best), out=nearest)
