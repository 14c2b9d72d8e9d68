"""Scaling of relevance, so that a trade-off against cosine similarity means the same for every scorer."""

from __future__ import annotations

import numpy as np

from vidkit.errors import ConfigError
from vidkit.frames.spacing import min_max
from vidkit.frames.types import FloatArray


def normalise(relevance: FloatArray, name: str) -> FloatArray:
    """Relevance [N] as it is ("none"), in [0, 1] ("minmax"), as ranks, or through a logistic of its z-score.

    Raises:
        ConfigError: no such scaling.
    """
    if name == "none":
        return relevance
    if name == "minmax":
        return min_max(relevance)
    if name == "rank":
        values, counts = np.unique(relevance, return_counts=True)
        middle = np.cumsum(counts) - (counts + 1) / 2  # equals share their mean rank
        return np.asarray(middle[np.searchsorted(values, relevance)] / max(relevance.size - 1, 1))
    if name == "sigmoid-z":
        spread = float(relevance.std())
        score = (relevance - relevance.mean()) / spread if spread > 0 else np.zeros_like(relevance)
        return np.asarray(1.0 / (1.0 + np.exp(-score)))
    raise ConfigError(f"no scaling '{name}'", "use none, minmax, rank or sigmoid-z")
