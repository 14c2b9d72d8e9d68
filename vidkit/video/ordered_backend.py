"""Frames by their number in the order of display, decoded from the first packet: exact, never quick."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from vidkit.video.decoding import Decoding
from vidkit.video.pictures import frame_from
from vidkit.video.stamps import REACH
from vidkit.video.timeline import Scan
from vidkit.video.types import Frame


class OrderedBackend:
    """Decodes every frame up to the last one wanted; a later read continues where the one before ended.

    Attributes:
        decode_errors: those of the first pass, which gave the timeline, and frames that did not come again.
    """

    name = "pyav"

    def __init__(self, scan: Scan, threads: int = 0) -> None:
        self.decode_errors = scan.decode_errors
        self._scan = scan
        self._threads = 1 if scan.decode_errors else threads
        self._decoding: Decoding | None = None
        self._frames: Iterator[Any] = iter(())
        self._next = 0  # number of the frame that comes next

    def read(self, indices: Sequence[int], short_side: int | None) -> Iterator[Frame]:
        """Frames in the order of `indices` (increasing); those that do not come again are left out."""
        places = [self._scan.order[index] if self._scan.order else index for index in indices]
        if self._decoding is None or (places and min(places) < self._next):
            self._rewind()
        early: dict[int, Any] = {}  # frames that are displayed after some that are decoded later
        for at, (index, place) in enumerate(zip(indices, places, strict=True)):
            wanted = set(places[at + 1 : at + 1 + REACH]) if self._scan.order else set()
            decoded = early.pop(place, None) or self._advance(place, wanted, early)
            if decoded is None:
                self.decode_errors += 1
                continue
            yield frame_from(decoded, index, self._scan.info, self._scan.timeline, short_side)

    def _advance(self, place: int, wanted: set[int], early: dict[int, Any]) -> Any:
        """The frame that is decoded at this place; None: the stream ended before.

        Args:
            place: number in the order of decoding.
            wanted: further places, for later.
            early: takes the frames at those that come on the way.
        """
        for decoded in self._frames:
            self._next += 1
            if self._next == place + 1:
                return decoded
            if self._next - 1 in wanted:
                early[self._next - 1] = decoded
        return None

    def _rewind(self) -> None:
        self.close()
        info = self._scan.info
        self._decoding = Decoding(info.path, info.stream, self._threads)
        self._frames, self._next = self._decoding.frames(), 0

    def close(self) -> None:
        if self._decoding is not None:
            self._decoding.close()
            self._decoding = None
