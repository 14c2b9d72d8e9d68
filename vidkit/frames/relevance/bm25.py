"""BM25 of timed texts, spread over candidates in time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from vidkit.frames.relevance.words import terms_of
from vidkit.frames.types import FloatArray


def bm25_scores(texts: Sequence[str], query: str, k1: float = 1.2, b: float = 0.75) -> FloatArray:
    """Okapi BM25 of each text for a query [T].

    Source: Robertson and Zaragoza, The probabilistic relevance framework, 2009; idf in the form that stays
    positive.
    """
    documents = [Counter(terms_of(text)) for text in texts]
    lengths = np.array([sum(document.values()) for document in documents], dtype=np.float64)
    mean = float(lengths.mean()) if lengths.size and lengths.sum() else 1.0
    scores = np.zeros(len(documents))
    for term in dict.fromkeys(terms_of(query)):
        counts = np.array([document[term] for document in documents], dtype=np.float64)
        holding = int((counts > 0).sum())
        if holding:
            idf = math.log(1 + (len(documents) - holding + 0.5) / (holding + 0.5))
            scores += idf * counts * (k1 + 1) / (counts + k1 * (1 - b + b * lengths / mean))
    return scores


def spread_in_time(
    scores: FloatArray, starts: FloatArray, ends: FloatArray, times: FloatArray, reach_s: float = 5.0
) -> FloatArray:
    """Relevance of candidates [N]: best score times a kernel, 1 inside a text and 0 beyond `reach_s`."""
    relevance = np.zeros(times.size)
    for score, start, end in zip(scores, starts, ends, strict=True):
        if score > 0:
            distance = np.maximum(np.maximum(start - times, times - end), 0.0)
            np.maximum(relevance, score * np.maximum(1.0 - distance / reach_s, 0.0), out=relevance)
    top = relevance.max()
    return relevance / top if top > 0 else relevance
