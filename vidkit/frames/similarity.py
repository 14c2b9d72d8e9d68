"""Cosine similarity of feature rows, without ever building an N x N matrix."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.frames.types import FloatArray, IntArray

_CHUNK = 64  # rows worked on while they are in cache
_SMALL_PRODUCT = 1_000_000  # multiplications up to which OpenBLAS does without packing, half again as fast
_WORTH_A_THREAD = 1 << 20  # numbers


class UnitRows:
    """Rows scaled to length 1 in float64; a zero row stays zero and so has similarity 0 with everything.

    Args:
        features: [N, D], any scale and number type.
    """

    def __init__(self, features: NDArray[Any]) -> None:
        self.rows: FloatArray = np.empty(features.shape)
        self.norms: FloatArray = np.empty(features.shape[0])
        _in_chunks(functools.partial(self._scale, features), features.shape)

    def _scale(self, features: NDArray[Any], span: slice) -> None:
        part = self.rows[span]
        part[:] = features[span]
        norms = np.sqrt(np.einsum("nd,nd->n", part, part))
        self.norms[span] = norms
        part *= np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)[:, None]

    def __len__(self) -> int:
        return int(self.rows.shape[0])

    def to(self, j: int, start: int = 0, stop: int | None = None) -> FloatArray:
        """Cosine of rows start..stop-1 with row j."""
        return np.asarray(self.rows[start:stop] @ self.rows[j])

    def max_to(self, members: IntArray | list[int], rows: IntArray | slice | None = None) -> FloatArray:
        """Largest cosine of each of `rows` (default: all) with any of `members` (at least one)."""
        subset = self.rows if rows is None else self.rows[rows]
        others, largest = self.rows[members], np.empty(subset.shape[0])

        def compare(span: slice) -> None:
            largest[span] = largest_product(subset[span], others)

        _in_chunks(compare, subset.shape)
        return largest


def largest_product(rows: FloatArray, others: FloatArray) -> FloatArray:
    """Largest product of each of `rows` [B, D] with any of `others` [M, D], side by side in memory."""
    largest, step = np.empty(rows.shape[0]), max(8, _SMALL_PRODUCT // max(1, others.size))
    for start in range(0, largest.size, step):
        np.max(rows[start : start + step] @ others.T, axis=1, out=largest[start : start + step])
    return largest


def _in_chunks(work: Callable[[slice], None], shape: tuple[int, ...]) -> None:
    """Do work on spans of rows; large arrays are halved between two threads.

    The spans are the same on every machine, and so are the last bits. NumPy lets go of its lock in such work.
    """
    n, width = shape
    halves = [0, n] if n * width < _WORTH_A_THREAD else [0, n // 2, n]

    def run(begin: int, end: int) -> None:
        for start in range(begin, end, _CHUNK):
            work(slice(start, min(start + _CHUNK, end)))

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(run, halves[1], halves[2]) if len(halves) > 2 else None
        run(0, halves[1])
        if other is not None:
            other.result()


def temporal_similarity(n: int, j: int, start: int = 0, stop: int | None = None) -> FloatArray:
    """exp(-|t - j| / 10), distance in candidates: WFS-SB's stand-in when there are no features."""
    positions = np.arange(start, n if stop is None else stop)
    return np.asarray(np.exp(-np.abs(positions - j) / 10.0))
