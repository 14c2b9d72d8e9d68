"""Cuts between shots or events, from the distance of neighbouring feature rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.frames.peaks import find_peaks
from vidkit.frames.similarity import UnitRows
from vidkit.frames.types import FloatArray, IntArray


def event_cuts(
    features: NDArray[Any], times: FloatArray, prominence: float = 0.1, chunk_s: float = 60.0
) -> IntArray:
    """First candidate of each event after the first: peaks of 1 - cos with the candidate before.

    Source: DIG's event cuts (prominence 0.1, chunks of 60 s); differs: any features at any rate, and a cut
    may fall on the first or last distance of a chunk.

    Args:
        features: [N, D].
        times: seconds [N].
        prominence: how far a peak must stand out.
        chunk_s: peaks are looked for chunk by chunk of this length.
    """
    unit = UnitRows(features).rows
    distance = 1.0 - np.einsum("nd,nd->n", unit[1:], unit[:-1])
    chunk = ((times[1:] - times[0]) // chunk_s).astype(np.int64)
    cuts: list[int] = []
    for number in np.unique(chunk):
        rows = np.flatnonzero(chunk == number)
        padded = np.concatenate(([0.0], distance[rows], [0.0]))
        peaks = find_peaks(padded, prominence=prominence)
        cuts += [int(rows[peak - 1]) + 1 for peak in peaks]
    return np.array(cuts, dtype=np.int64)
