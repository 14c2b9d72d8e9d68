"""A look at each file before it is trusted: do a few seeks give what reading in order gives?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidkit.video.decoding import Decoding
from vidkit.video.seeking_backend import LostTrackError, SeekingBackend
from vidkit.video.timeline import Scan

_FRAMES = 300  # decoded at most for all comparisons of a file
_PIXELS = 600_000_000  # likewise: 300 frames of 1080p, 72 of 2160p
_PLACES = (0, 1, 5)  # frames compared, counted from the one that a seek goes to
_COMPARISONS = 3


@dataclass(frozen=True)
class Check:
    """What came of it: how many seeks were compared, and the number of the first frame that differed."""

    seeks: int
    differs_at: int | None = None
    lost: str = ""

    @property
    def is_good(self) -> bool:
        return self.differs_at is None and not self.lost


def check_seeks(scan: Scan, threads: int = 0) -> Check:
    """Compare seeks to some entries with decoding through them from the entry before.

    The second entry comes first, whose comparison begins at the first packet; then one in the middle and the
    last. Stops when 300 frames (fewer of large pictures) have been decoded, so that it costs a second at most
    on ordinary files; entries further apart than that are not compared.
    """
    backend = SeekingBackend(scan, threads)
    rows = backend.entry_rows
    if rows.size < 2 or bool(scan.packets.is_entry.all()):
        return Check(0)
    budget = min(_FRAMES, _PIXELS // max(1, scan.info.width * scan.info.height))
    seeks = 0
    for number in dict.fromkeys((1, rows.size // 2, rows.size - 1)):
        before, entry = int(rows[number - 1]), int(rows[number])
        cost = entry - before + 2 * (max(_PLACES) + 1)
        if not before < entry or cost > budget:
            continue
        budget -= cost
        try:
            differs = _first_difference(backend, scan, before, entry, threads)
        except LostTrackError as error:
            return Check(seeks, None, str(error))
        seeks += 1
        if differs is not None:
            return Check(seeks, differs)
    return Check(seeks)


def _first_difference(
    backend: SeekingBackend, scan: Scan, before: int, entry: int, threads: int
) -> int | None:
    first = int(np.searchsorted(scan.timeline.pts, scan.packets.pts[entry]))
    wanted = [first + place for place in _PLACES if first + place < len(scan.timeline)]
    wanted = [index for index in wanted if backend.entry_before(index) >= entry]
    in_order, sought = (_pictures(backend, scan, wanted, row, threads) for row in (before, entry))
    for index in wanted:
        one, other = in_order.get(index), sought.get(index)
        if one is None:
            continue  # damaged for everyone
        if other is None or not np.array_equal(one, other):
            return index
    return None


def _pictures(
    backend: SeekingBackend, scan: Scan, wanted: Sequence[int], row: int, threads: int
) -> dict[int, NDArray[np.uint8]]:
    if not wanted:
        return {}
    with Decoding(scan.info.path, scan.info.stream, threads) as decoding:
        run = backend.decode_from(decoding, wanted, row)
        return {index: decoded.to_ndarray(format="rgb24") for index, decoded in run}
