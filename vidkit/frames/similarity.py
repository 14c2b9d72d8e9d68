"""Cosine similarity of feature rows, without ever building an N x N matrix."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from vidkit.frames.types import FloatArray, IntArray


@functools.lru_cache(maxsize=1)
def _pools() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()  # looks for the libraries once; they are loaded with NumPy


def one_blas_thread() -> AbstractContextManager[Any]:
    """One thread for products while it is open.

    The products of a selection are many and small: sharing each among cores costs more than it saves, several
    times more where another process holds a core, and the last bits would depend on the number of cores.
    """
    return cast(AbstractContextManager[Any], _pools().limit(limits=1, user_api="blas"))


_CHUNK = 64  # rows converted and scaled while they are in cache


class UnitRows:
    """Rows scaled to length 1 in float64; a zero row stays zero and so has similarity 0 with everything.

    Args:
        features: [N, D], any scale and number type.
    """

    def __init__(self, features: NDArray[Any]) -> None:
        rows = np.empty(features.shape)
        norms = np.empty(features.shape[0])
        for start in range(0, features.shape[0], _CHUNK):
            part = rows[start : start + _CHUNK]
            part[:] = features[start : start + _CHUNK]
            norms[start : start + _CHUNK] = np.sqrt(np.einsum("nd,nd->n", part, part))
            scale = norms[start : start + _CHUNK]
            part *= np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)[:, None]
        self.rows: FloatArray = rows
        self.norms: FloatArray = norms

    def __len__(self) -> int:
        return int(self.rows.shape[0])

    def to(self, j: int, start: int = 0, stop: int | None = None) -> FloatArray:
        """Cosine of rows start..stop-1 with row j."""
        return np.asarray(self.rows[start:stop] @ self.rows[j])

    def max_to(self, members: IntArray | list[int], rows: IntArray | slice | None = None) -> FloatArray:
        """Largest cosine of each of `rows` (default: all) with any of `members` (at least one)."""
        subset = self.rows if rows is None else self.rows[rows]
        return np.asarray((subset @ self.rows[members].T).max(axis=1))


def temporal_similarity(n: int, j: int, start: int = 0, stop: int | None = None) -> FloatArray:
    """exp(-|t - j| / 10), distance in candidates: WFS-SB's stand-in when there are no features."""
    positions = np.arange(start, n if stop is None else stop)
    return np.asarray(np.exp(-np.abs(positions - j) / 10.0))
