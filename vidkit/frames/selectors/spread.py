"""Query-free selectors that look at features alone: farthest-point sampling and one frame per shot."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vidkit.frames.events import event_cuts
from vidkit.frames.selectors.efs import farthest_points
from vidkit.frames.similarity import UnitRows
from vidkit.frames.spacing import segments_from_starts
from vidkit.frames.types import Candidates, IntArray, NoConfig, Segment, Selection


@dataclass(frozen=True)
class SceneConfig:
    prominence: float = 0.1  # of a cut in 1 - cos of neighbours

    def __post_init__(self) -> None:
        if self.prominence < 0:
            raise ValueError(f"prominence must be >= 0, got {self.prominence}")


class FarthestPoint:
    """Start at the frame nearest the mean feature, then always add the least similar one."""

    name: ClassVar[str] = "fps"
    needs: ClassVar[frozenset[str]] = frozenset({"features"})
    uses: ClassVar[frozenset[str]] = frozenset({"features"})
    config: ClassVar[type[NoConfig]] = NoConfig
    note: ClassVar[str] = "farthest-point sampling, query-free"

    def select(self, candidates: Candidates, k: int, cfg: NoConfig) -> Selection:
        """K frames; the earlier among equals."""
        assert candidates.features is not None
        unit = UnitRows(candidates.features)
        first = int(np.argmax(unit.rows @ unit.rows.mean(axis=0)))
        reasons = {first: "anchor"} | farthest_points(unit, [first], k - 1)
        return Selection.of_reasons(self.name, reasons, (Segment(0, len(candidates)),))


class Scene:
    """One frame per shot, longest shots first; then long shots get further frames."""

    name: ClassVar[str] = "scene"
    needs: ClassVar[frozenset[str]] = frozenset({"features"})
    uses: ClassVar[frozenset[str]] = frozenset({"features"})
    config: ClassVar[type[SceneConfig]] = SceneConfig
    note: ClassVar[str] = "one frame per shot, longest first, query-free"

    def select(self, candidates: Candidates, k: int, cfg: SceneConfig) -> Selection:
        """K frames at the centres of equal parts of the shots they were given to."""
        assert candidates.features is not None
        cuts = event_cuts(candidates.features, candidates.times, cfg.prominence)
        segments = segments_from_starts(cuts.tolist(), len(candidates))
        counts = share_by_length(segments, k)
        picks = [
            a + int((j + 0.5) * (b - a) / count)
            for (a, b), count in zip(segments, counts, strict=True)
            for j in range(int(count))
        ]
        return Selection(self.name, np.array(picks, dtype=np.int64), segments, ("shot",) * k, {"cuts": cuts})


def share_by_length(segments: tuple[Segment, ...], k: int) -> IntArray:
    """Frames a shot [S]: each frame goes to the shot with the most time per frame, none above its length."""
    counts = np.zeros(len(segments), dtype=np.int64)
    # shots without a frame come first, whatever the length of the others
    heap = [(0, -float(len(segment)), i) for i, segment in enumerate(segments)]
    heapq.heapify(heap)
    for _ in range(k):
        _, _, i = heapq.heappop(heap)
        counts[i] += 1
        if counts[i] < len(segments[i]):
            heapq.heappush(heap, (1, -len(segments[i]) / (counts[i] + 1), i))
    return counts
