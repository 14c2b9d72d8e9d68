"""WFS-SB: wavelet boundaries in the relevance curve, budget by importance, MMR inside segments.

Source: WFS-SB, arXiv 2603.00512 (CVPR 2026), written from a description of the published method. Differs:
equal fractions of the budget go to the more important, then the earlier segment, and a curve that does not
vary is treated as no relevance; `strict_paper=True` keeps the authors' order and their boundary rule even
then.
"""

from __future__ import annotations

import warnings as python_warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pywt

from vidkit.frames.notes import NO_RELEVANCE
from vidkit.frames.peaks import find_peaks
from vidkit.frames.selectors.budget_allocation import allocate_budget, keep_important, segment_importance
from vidkit.frames.selectors.mmr import MmrPicker
from vidkit.frames.selectors.uniform import uniform_fallback
from vidkit.frames.spacing import end_to_end_indices, fill_by_value, segments_from_starts
from vidkit.frames.types import Candidates, FloatArray, IntArray, Segment, Selection


@dataclass(frozen=True)
class WfsSbConfig:
    wavelet: str = "db4"  # of PyWavelets: db4, db8, sym4, bior3.3, haar, ...
    drift: int = 3  # level J = floor(log2 N) - drift, at least 1
    height: float = 0.5  # peak height, standard deviations above the mean of |e|
    prominence: float = 0.05  # of the range of |e|
    distance: int | None = None  # candidates between peaks; none: max(5, int(0.02 N))
    duration_weight: float = 0.4  # of a segment's length in its importance
    mean_weight: float = 0.2  # of its mean relevance
    max_weight: float = 0.3  # of its best relevance
    variance_weight: float = 0.1  # of the variance of its relevance
    eta: float = 1.2  # segments below mean - eta std of importance get no frame
    floor: float = 0.05  # nor do those below this importance
    temperature: float = 1.0  # of the softmax that shares the budget
    mmr_lambda: float = 0.5  # weight of relevance against redundancy, in [0, 1]
    strict_paper: bool = False  # the authors' picks, quirks included

    def __post_init__(self) -> None:
        if self.wavelet not in pywt.wavelist(kind="discrete"):
            raise ValueError(f"no wavelet '{self.wavelet}' (db4, db8, sym4, bior3.3, haar, ...)")
        if not 0 <= self.mmr_lambda <= 1:
            raise ValueError(f"mmr_lambda must be in [0, 1], got {self.mmr_lambda}")
        if self.temperature <= 0:
            raise ValueError(f"temperature must be > 0, got {self.temperature}")
        if self.distance is not None and self.distance < 1:
            raise ValueError(f"distance must be >= 1, got {self.distance}")


class WfsSb:
    name: ClassVar[str] = "wfs-sb"
    needs: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[frozenset[str]] = frozenset({"relevance", "features"})
    config: ClassVar[type[WfsSbConfig]] = WfsSbConfig
    note: ClassVar[str] = "wavelet segments of the relevance curve, MMR inside each (arXiv 2603.00512)"

    def select(self, candidates: Candidates, k: int, cfg: WfsSbConfig) -> Selection:
        """K frames; without relevance, evenly spaced ones (section 5 of the method)."""
        relevance = candidates.relevance
        if relevance is None:
            return uniform_fallback(self.name, candidates, k, NO_RELEVANCE)
        n = len(candidates)
        level, signal = semantic_change(relevance, cfg.wavelet, cfg.drift)
        peaks, bounds = find_boundaries(signal, cfg)
        detail: dict[str, Any] = {"level": level, "change": signal, "boundaries": peaks, **bounds}
        picker = MmrPicker(relevance, candidates.features, cfg.mmr_lambda)
        if peaks.size == 0:
            return self._without_peaks(relevance, k, detail)
        segments = segments_from_starts(peaks, n)
        importance = segment_importance(relevance, segments, cfg)
        kept = keep_important(importance, cfg)
        quotas, shares = allocate_budget(importance, kept, k, cfg)
        detail |= {"importance": importance, "kept": kept, "share": shares, "budget": quotas}
        return Selection.of_reasons(self.name, picker.spend(segments, quotas, k), segments, detail)

    def _without_peaks(self, relevance: FloatArray, k: int, detail: dict[str, Any]) -> Selection:
        n = relevance.size
        reasons = {int(i): "uniform" for i in end_to_end_indices(n, k // 2)}
        fill_by_value(reasons, relevance, k, "top")
        note = "no boundary found: half the budget is evenly spaced, half goes to the most relevant frames"
        why = "no boundary: half uniform, half topk"
        return Selection.of_reasons(self.name, reasons, (Segment(0, n),), detail, (note,), why)


def transform_level(n: int, taps: int, drift: int = 3) -> int:
    """Decomposition level J: floor(log2 n - drift) held within [1, floor(log2(n / (taps - 1)))]."""
    if n <= 1:
        return 1
    deepest = pywt.dwt_max_level(n, taps)
    if deepest <= 1:
        return 1
    return int(np.clip(np.floor(np.log2(n) - drift), 1, deepest))


def semantic_change(relevance: FloatArray, wavelet: str = "db4", drift: int = 3) -> tuple[int, FloatArray]:
    """Level J and |e| [N], where e is rebuilt from the coarsest detail band d_J alone."""
    n = relevance.size
    level = transform_level(n, pywt.Wavelet(wavelet).dec_len, drift)
    with python_warnings.catch_warnings():
        # below 14 samples level 1 is already past PyWavelets' advice; the result is what the method defines
        python_warnings.simplefilter("ignore", UserWarning)
        bands = pywt.wavedec(relevance, wavelet, mode="symmetric", level=level)
    bands = [band if i == 1 else np.zeros_like(band) for i, band in enumerate(bands)]
    return level, np.abs(pywt.waverec(bands, wavelet, mode="symmetric")[:n])


def find_boundaries(signal: FloatArray, cfg: WfsSbConfig) -> tuple[IntArray, dict[str, float]]:
    """Peaks of the change signal [N] that start a segment, and the thresholds they passed."""
    height = float(signal.mean() + cfg.height * signal.std())
    prominence = float(cfg.prominence * (signal.max() - signal.min()))
    distance = cfg.distance if cfg.distance is not None else max(5, int(0.02 * signal.size))
    peaks = find_peaks(signal, height=height, prominence=prominence, distance=distance)
    bounds = {"height_threshold": height, "prominence_threshold": prominence, "distance": float(distance)}
    return peaks, bounds
