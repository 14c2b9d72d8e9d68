"""EFS stages 1 and 2: event segmentation at dips of similarity between neighbours, an anchor per event.

Source: EFS, arXiv 2603.00983, from published descriptions.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from vidkit.frames.peaks import find_peaks
from vidkit.frames.similarity import UnitRows
from vidkit.frames.types import FloatArray, IntArray, Segment


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
