"""What has to be said about a selection beside its frames: fills, empty relevance, an unused query."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from vidkit.frames.types import Candidates, FloatArray, Selection

NO_RELEVANCE = "no relevance"


def with_notes(
    selection: Selection, candidates: Candidates, k: int, uses: frozenset[str], missing: str = NO_RELEVANCE
) -> Selection:
    """The selection with reasons and warnings that say how its frames really came about.

    Frames kept as `top` though their relevance is the lowest of all are `fill`; fills, frames that say
    nothing about the query and budgets that were not reached are counted; a rule that wanted relevance and
    got none is called query-free.

    Args:
        selection: what a selector gave.
        candidates: what it chose from.
        k: frame budget.
        uses: what the selector looks at.
        missing: why there is no relevance, where there is none.
    """
    notes: list[str] = []
    reasons = list(selection.reasons)
    ran = selection.method_applied in ("", selection.method)
    relevance = candidates.relevance if ran and "relevance" in uses else None
    kept = selection.indices.size
    if relevance is not None and kept:
        empty = says_nothing(relevance)[selection.indices]
        reasons = ["fill" if r == "top" and e else r for r, e in zip(reasons, empty, strict=True)]
        if empty.any():
            notes.append(
                f"{int(empty.sum())} of {kept} frames have the lowest relevance of all candidates"
                f" ({relevance.min():.3g}): the query says nothing about them"
            )
    fills = reasons.count("fill")
    if fills:
        notes.append(f"{fills} of {kept} frames only fill the budget: the rule itself chose {kept - fills}")
    if kept < min(k, len(candidates)) and not any("kept" in note for note in selection.warnings):
        notes.append(f"this method kept {kept} of the {k} frames asked for")
    fallback = selection.fallback
    rewarded = "rewards" in uses and candidates.rewards is not None
    if ran and not fallback and "relevance" in uses and candidates.relevance is None and not rewarded:
        fallback = f"query-free: {missing}"
    warnings = (*selection.warnings, *notes)
    return dataclasses.replace(selection, reasons=tuple(reasons), warnings=warnings, fallback=fallback)


def says_nothing(relevance: FloatArray) -> NDArray[np.bool_]:
    """Candidates on the floor of the curve [N]: its lowest value, where several share it."""
    floor = relevance <= relevance.min() + 1e-12 * max(1.0, float(np.abs(relevance).max()))
    return floor if floor.sum() > 1 else np.zeros_like(floor)
