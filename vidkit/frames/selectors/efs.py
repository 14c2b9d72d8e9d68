"""EFS: events from visual features, one anchor an event, then an adaptive redundancy gate.

Source: EFS, arXiv 2603.00983, from published descriptions (no code of its authors was seen). Differs: at most
K events remain, so that every event keeps a frame; a gate that ends early is filled up to exactly K frames.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from vidkit.frames.peaks import find_peaks
from vidkit.frames.selectors.gate import RedundancyGate
from vidkit.frames.similarity import UnitRows
from vidkit.frames.spacing import centre_indices, fill_by_value, segments_from_starts
from vidkit.frames.types import Candidates, FloatArray, IntArray, Segment, Selection


@dataclass(frozen=True)
class EfsConfig:
    window: int = 3  # neighbourhood of the similarity curve, candidates, odd
    window_mode: str = "total"  # "total": window is the whole width; "half": neighbours on each side
    events: int = 10  # most events kept (M)
    alpha: float = 0.5  # width of the gate, standard deviations; 0.1 is strict
    min_gap: int = 5  # candidates between event boundaries
    step: float = 0.05  # how far the gate opens from pass to pass
    refine: str = (
        "gate"  # "gate": relevance order against all picks; "lambda": MMR score, gate against anchors
    )
    mmr_lambda: float = 0.5  # weight of relevance for refine=lambda and fill=mmr
    fill: str = "relevance"  # what happens when the gate ends early: relevance, mmr or uniform

    def __post_init__(self) -> None:
        if self.window < 1 or (self.window_mode == "total" and self.window % 2 == 0):
            raise ValueError(f"window is {self.window}, not a positive odd number")
        if self.window_mode not in ("total", "half"):
            raise ValueError(f"window_mode is '{self.window_mode}', not total or half")
        if self.events < 1 or self.min_gap < 1:
            raise ValueError(f"events ({self.events}) and min_gap ({self.min_gap}) must be at least 1")
        if self.alpha < 0 or self.step <= 0:
            raise ValueError(
                f"alpha is {self.alpha} and step is {self.step}: alpha >= 0 and step > 0 are needed"
            )
        if self.refine not in ("gate", "lambda"):
            raise ValueError(f"refine is '{self.refine}', not gate or lambda")
        if self.fill not in ("relevance", "mmr", "uniform"):
            raise ValueError(f"fill is '{self.fill}', not relevance, mmr or uniform")
        if not 0 <= self.mmr_lambda <= 1:
            raise ValueError(f"mmr_lambda is {self.mmr_lambda}, not in [0, 1]")


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
        gate = RedundancyGate(unit, relevance, anchors, cfg.alpha)
        detail |= {
            "theta_strict": gate.strict,
            "theta_loose": gate.loose,
            "anchor_similarity": gate.to_anchors,
        }
        refine = gate.widen if cfg.refine == "gate" else gate.score
        reasons.update(refine(k, cfg.step if cfg.refine == "gate" else cfg.mmr_lambda))
        fill_up(reasons, relevance, unit, k, cfg)
    return Selection.of_reasons(method, reasons, segments, detail)


def similarity_curve(unit: FloatArray, window: int, mode: str = "total") -> FloatArray:
    """Weighted mean cosine of each row with its neighbours [N]; missing neighbours are left out."""
    n = unit.shape[0]
    half = window if mode == "half" else window // 2
    total, weight = np.zeros(n), np.zeros(n)
    for d in range(1, min(half, n - 1) + 1):
        w = half + 1 - d
        cosine = np.einsum("nd,nd->n", unit[:-d], unit[d:])
        total[:-d] += w * cosine
        total[d:] += w * cosine
        weight[:-d] += w
        weight[d:] += w
    return np.divide(total, weight, out=np.ones(n), where=weight > 0)


def event_boundaries(curve: FloatArray, min_gap: int, prominence: float | None = None) -> IntArray:
    """Local minima of the similarity curve, end points excluded, the deeper kept within `min_gap`."""
    return find_peaks(-curve, distance=min_gap, prominence=prominence)


def merge_events(unit: UnitRows, boundaries: IntArray, events: int) -> IntArray:
    """Starts of the events after the first, once the most alike neighbours were merged down to `events`.

    Neighbours are compared by the cosine of their mean raw feature rows, recomputed after each merge.
    """
    starts = [0, *boundaries.tolist()]
    if len(starts) <= events:
        return boundaries
    edges = [*starts, len(unit)]
    sums = np.empty((len(starts), unit.rows.shape[1]))
    for i, (a, b) in enumerate(itertools.pairwise(edges)):
        # the sum of the raw rows of a span, as a product of their lengths with the unit rows
        np.matmul(unit.norms[a:b], unit.rows[a:b], out=sums[i])
    kept = _merge_alike(sums, events)
    return np.array([starts[i] for i in kept if i > 0], dtype=np.int64)


def _merge_alike(sums: FloatArray, events: int) -> list[int]:
    """Numbers of the groups left after merging the two neighbours of largest cosine until `events` are left.

    A merged pair keeps the left one's number; the leftmost of equal pairs goes first. `sums` [G, D] is
    overwritten.
    """
    count, groups = len(sums), list(sums)  # views: indexing the matrix each time costs as much as a product
    norms = [math.sqrt(row.dot(row)) for row in groups]
    before, after = list(range(-1, count - 1)), list(range(1, count + 1))  # living neighbours
    alike = np.full(count, -np.inf)  # of each living group with the next

    def compare(left: int) -> None:
        right = after[left]
        scale = norms[left] * norms[right]
        alike[left] = groups[left].dot(groups[right]) / scale if scale > 0 else 0.0

    for left in range(count - 1):
        compare(left)
    living = dict.fromkeys(range(count))
    while len(living) > events:
        left = int(alike.argmax())
        gone = after[left]
        np.add(groups[left], groups[gone], out=groups[left])  # in place: fresh rows cost more than the sum
        norms[left] = math.sqrt(groups[left].dot(groups[left]))
        del living[gone]
        alike[left] = alike[gone] = -np.inf
        after[left] = after[gone]
        if after[left] < count:
            before[after[left]] = left
            compare(left)
        if before[left] >= 0:
            compare(before[left])
    return list(living)


def event_anchors(segments: tuple[Segment, ...], relevance: FloatArray | None) -> IntArray:
    """The most relevant candidate of each event, the earlier among equals; centres without relevance."""
    if relevance is None:
        return np.array([(a + b - 1) // 2 for a, b in segments], dtype=np.int64)
    return np.array([a + int(np.argmax(relevance[a:b])) for a, b in segments], dtype=np.int64)


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
