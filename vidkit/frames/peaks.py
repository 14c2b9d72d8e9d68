"""Peaks of a curve by SciPy's rules, in NumPy: importing `scipy.signal` takes longer than a selection."""

from __future__ import annotations

import math

import numpy as np

from vidkit.frames.types import FloatArray, IntArray


def find_peaks(
    curve: FloatArray,
    height: float | None = None,
    distance: int | None = None,
    prominence: float | None = None,
) -> IntArray:
    """Local maxima of a curve [N]; end points are none, and a plateau counts once, in its middle.

    Filters apply in this order. Equal to `scipy.signal.find_peaks` with the same arguments.

    Args:
        curve: finite values.
        height: least value of a peak.
        distance: least number of samples between peaks; of two too near the higher stays.
        prominence: least height above the higher of the two valleys between a peak and higher ground.
    """
    peaks = _local_maxima(curve)
    if height is not None:
        peaks = peaks[curve[peaks] >= height]
    if distance is not None:
        peaks = peaks[_far_apart(peaks, curve[peaks], distance)]
    if prominence is not None:
        peaks = (
            peaks[[_prominence(curve, int(peak)) >= prominence for peak in peaks]] if peaks.size else peaks
        )
    return peaks


def _local_maxima(curve: FloatArray) -> IntArray:
    if curve.size < 3:
        return np.empty(0, dtype=np.int64)
    starts = np.flatnonzero(np.r_[True, curve[1:] != curve[:-1]])
    ends = np.r_[starts[1:], curve.size] - 1
    values = curve[starts]
    higher = (values[1:-1] > values[:-2]) & (values[1:-1] > values[2:])
    middles = (starts[1:-1] + ends[1:-1]) // 2
    return np.asarray(middles[higher], dtype=np.int64)


def _far_apart(peaks: IntArray, heights: FloatArray, distance: int) -> list[bool]:
    places, least = peaks.tolist(), math.ceil(distance)
    kept = [True] * len(places)
    for j in np.argsort(heights)[::-1].tolist():
        if not kept[j]:
            continue
        k = j - 1
        while k >= 0 and places[j] - places[k] < least:
            kept[k] = False
            k -= 1
        k = j + 1
        while k < len(places) and places[k] - places[j] < least:
            kept[k] = False
            k += 1
    return kept


def _prominence(curve: FloatArray, peak: int) -> float:
    higher = np.flatnonzero(curve > curve[peak])
    at = int(np.searchsorted(higher, peak))
    left = int(higher[at - 1]) + 1 if at > 0 else 0
    right = int(higher[at]) if at < higher.size else curve.size
    return float(curve[peak] - max(curve[left : peak + 1].min(), curve[peak:right].min()))
