"""WFS-SB budget allocation: importance of each segment, and how many frames it gets.

Source: WFS-SB, arXiv 2603.00512 (CVPR 2026), written from a description of the published method.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from vidkit.frames.types import FloatArray, IntArray, Segment


class BudgetSettings(Protocol):
    """The settings of `WfsSbConfig` that decide about the budget."""

    @property
    def duration_weight(self) -> float: ...
    @property
    def mean_weight(self) -> float: ...
    @property
    def max_weight(self) -> float: ...
    @property
    def variance_weight(self) -> float: ...
    @property
    def eta(self) -> float: ...
    @property
    def floor(self) -> float: ...
    @property
    def temperature(self) -> float: ...
    @property
    def strict_paper(self) -> bool: ...


def segment_importance(
    relevance: FloatArray, segments: tuple[Segment, ...], cfg: BudgetSettings
) -> FloatArray:
    """I(G) of each segment [S]: weighted duration, mean, maximum and relative variance of relevance."""
    n, variance = relevance.size, relevance.var() + 1e-8
    rows = []
    for segment in segments:
        part = relevance[segment.start : segment.stop]
        rows.append((len(segment) / n, part.mean(), part.max(), part.var() / variance))
    weights = (cfg.duration_weight, cfg.mean_weight, cfg.max_weight, cfg.variance_weight)
    return np.asarray(np.array(rows) @ np.array(weights))


def keep_important(importance: FloatArray, cfg: BudgetSettings) -> IntArray:
    """Segments [S'] that take part in the budget: all but those far below the mean; all of three or fewer."""
    everything = np.arange(importance.size)
    if importance.size <= 3:
        return everything
    threshold = max(cfg.floor, float(importance.mean() - cfg.eta * importance.std()))
    kept = np.flatnonzero(importance >= threshold)
    return kept if kept.size else everything


def allocate_budget(
    importance: FloatArray, kept: IntArray, k: int, cfg: BudgetSettings
) -> tuple[IntArray, FloatArray]:
    """Frames a segment [S] and the exact shares behind them [S]: softmax, floor, largest fractions."""
    logits = importance[kept] / cfg.temperature
    weights = np.exp(logits - logits.max())
    exact = k * weights / weights.sum()
    counts = np.floor(exact).astype(np.int64)
    fraction = exact - counts
    if cfg.strict_paper:
        order = np.argsort(fraction)[::-1]
    else:
        order = np.lexsort((kept, -importance[kept], -fraction))
    counts[order[: k - int(counts.sum())]] += 1
    quotas, shares = np.zeros(importance.size, np.int64), np.zeros(importance.size)
    quotas[kept], shares[kept] = counts, exact
    return quotas, shares
