"""AKS: split the time line until one part stands out, then take each part's most relevant frames.

Source: AKS (CVPR 2025). `aks` shares the budget with the span, as the paper describes it, and always keeps K
frames; `aks-authors` follows the behaviour of the published code, which keeps fewer (down to none) when K is
small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vidkit.frames.notes import NO_RELEVANCE
from vidkit.frames.selectors.uniform import uniform_fallback
from vidkit.frames.spacing import by_value, min_max
from vidkit.frames.types import Candidates, FloatArray, Segment, Selection


@dataclass(frozen=True)
class AksConfig:
    threshold: float = 0.8  # stop splitting when top mean - mean exceeds this
    depth: int = 5  # deepest split

    def __post_init__(self) -> None:
        if self.depth < 0:
            raise ValueError(f"depth must be >= 0, got {self.depth}")


class Aks:
    """Paper form: each half gets half the budget (the left one the larger half)."""

    name: ClassVar[str] = "aks"
    needs: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[frozenset[str]] = frozenset({"relevance"})
    config: ClassVar[type[AksConfig]] = AksConfig
    note: ClassVar[str] = "adaptive split of the time line, paper form (CVPR 2025)"

    def select(self, candidates: Candidates, k: int, cfg: AksConfig) -> Selection:
        """Exactly K frames."""
        if candidates.relevance is None:
            return uniform_fallback(self.name, candidates, k, NO_RELEVANCE)
        scores = min_max(candidates.relevance)
        leaves: list[tuple[Segment, int]] = []
        pending = [(Segment(0, scores.size), k, 0)]
        while pending:
            span, share, depth = pending.pop()
            if (
                share <= 1
                or share >= len(span)
                or depth >= cfg.depth
                or _stands_out(scores, span, share, cfg)
            ):
                leaves.append((span, share))
                continue
            middle = span.start + len(span) // 2
            left, right = Segment(span.start, middle), Segment(middle, span.stop)
            left_share = min((share + 1) // 2, len(left))
            pending += [(right, share - left_share, depth + 1), (left, left_share, depth + 1)]
        return _take_leaves(self.name, scores, leaves)


class AksAuthors:
    """Code form: the test always uses K, and a leaf at depth d keeps int(K / 2^d) frames."""

    name: ClassVar[str] = "aks-authors"
    needs: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[frozenset[str]] = frozenset({"relevance"})
    config: ClassVar[type[AksConfig]] = AksConfig
    note: ClassVar[str] = "as the AKS authors' code behaves; may keep fewer than K frames, even none"

    def select(self, candidates: Candidates, k: int, cfg: AksConfig) -> Selection:
        """At most K frames; none is a possible answer."""
        if candidates.relevance is None:
            return uniform_fallback(self.name, candidates, k, NO_RELEVANCE)
        scores = min_max(candidates.relevance)
        leaves: list[tuple[Segment, int]] = []
        pending = [(Segment(0, scores.size), 0)]
        while pending:
            span, depth = pending.pop()
            if depth >= cfg.depth or len(span) < 2 or _stands_out(scores, span, k, cfg):
                leaves.append((span, int(k / 2**depth)))
                continue
            middle = span.start + len(span) // 2
            pending += [(Segment(middle, span.stop), depth + 1), (Segment(span.start, middle), depth + 1)]
        selection = _take_leaves(self.name, scores, leaves)
        if selection.indices.size < k:
            note = f"this method kept {selection.indices.size} of the {k} frames asked for"
            return Selection(
                self.name, selection.indices, selection.segments, selection.reasons, selection.detail, (note,)
            )
        return selection


def _stands_out(scores: FloatArray, span: Segment, share: int, cfg: AksConfig) -> bool:
    part = scores[span.start : span.stop]
    top = np.sort(part)[-min(share, part.size) :]
    return float(top.mean() - part.mean()) > cfg.threshold


def _take_leaves(method: str, scores: FloatArray, leaves: list[tuple[Segment, int]]) -> Selection:
    picks = [span.start + by_value(scores[span.start : span.stop])[:share] for span, share in leaves]
    indices = np.sort(np.concatenate(picks)).astype(np.int64)
    segments = tuple(span for span, _ in leaves)
    detail = {"share": np.array([share for _, share in leaves])}
    return Selection(method, indices, segments, ("top",) * indices.size, detail)
