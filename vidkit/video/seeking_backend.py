"""Frames by seeking to a packet from which all that is wanted can be decoded, known by its structure."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.video.decoding import Decoding
from vidkit.video.pictures import frame_from
from vidkit.video.stamps import REACH
from vidkit.video.timeline import Scan
from vidkit.video.types import Frame

_SEEK_PAYS = 24  # frames: a seek empties the decoder's pipeline, which costs about so many
# where a picture that no other refers to is left out, the others stay as they are; in HEVC it may serve
# another sub-layer
_SKIPPABLE = ("h264",)
_log = logging.getLogger(__name__)


class LostTrackError(Exception):
    """After a seek the packets are not those that were scanned."""


class _LandedLateError(Exception):
    """A seek ended behind the packet it was meant for."""


class SeekingBackend:
    """Reads frames of one stream, told apart by their time stamps.

    A run starts at an entry, a packet from which all later pictures can be decoded, and takes no picture that
    is displayed before it. Packets that come after a seek are compared with those of the scan. Where an entry
    is damaged, the run starts at the one before.

    Attributes:
        decode_errors: packets or frames that could not be decoded so far.
        in_order: why seeking was given up; empty: it was not.
    """

    name = "pyav"

    def __init__(self, scan: Scan, threads: int = 0) -> None:
        self.decode_errors = 0
        self.in_order = ""
        self._scan = scan
        self._threads = threads
        packets, timeline = scan.packets, scan.timeline
        self._rows = {int(pts): row for row, pts in enumerate(packets.pts)}
        entries = np.flatnonzero(packets.is_entry)
        # an entry serves what follows it both in decoding and on display
        self.entry_rows: NDArray[np.int64] = entries
        self._entry_pts = packets.pts[entries]
        self._frame_rows = np.array([self._rows[int(pts)] for pts in timeline.pts], dtype=np.int64)

    def entry_before(self, index: int, steps: int = 0) -> int:
        """Row of the packet to decode from for a frame, `steps` entries earlier than needed; 0: the first."""
        at = int(np.searchsorted(self.entry_rows, self._frame_rows[index], side="right")) - 1
        pts = self._scan.timeline.pts[index]
        while at > 0 and self._entry_pts[at] > pts:
            at -= 1
        return int(self.entry_rows[max(at - steps, 0)]) if self.entry_rows.size else 0

    def read(self, indices: Sequence[int], short_side: int | None) -> Iterator[Frame]:
        """Frames in the order of `indices` (increasing); those that cannot be decoded are left out."""
        waiting, held = deque(indices), dict[int, Frame]()
        for frame in self._as_decoded(indices, short_side):
            if not waiting or frame.index < waiting[0]:
                self.decode_errors += 1  # later ones were given meanwhile
                continue
            held[frame.index] = frame
            if len(held) > REACH:
                while waiting[0] not in held:  # those before are lost
                    waiting.popleft()
            while waiting and waiting[0] in held:
                yield held.pop(waiting.popleft())
        yield from (held[index] for index in sorted(held))

    def _as_decoded(self, indices: Sequence[int], short_side: int | None) -> Iterator[Frame]:
        """Frames as they come: behind a damaged picture an earlier one may come late, from a second try."""
        info, timeline = self._scan.info, self._scan.timeline
        left = list(indices)
        with Decoding(info.path, info.stream, self._threads) as decoding:
            self._prime(decoding)
            while left:
                count, entry = self._run(left, len(left) == len(indices))
                wanted, done = left[:count], set[int]()
                try:
                    for index, decoded in self.decode_from(decoding, wanted, entry):
                        done.add(index)
                        yield frame_from(decoded, index, info, timeline, short_side)
                    done.update(wanted)
                except LostTrackError as error:
                    if self.in_order:
                        self.decode_errors += len(left)
                        return
                    _log.info("%s: %s; reading in order", info.path, error)
                    self.in_order = str(error)
                left = [index for index in left if index not in done]

    def _prime(self, decoding: Decoding) -> None:
        """Let the decoder see the first packet, where encoders name their version, whose errors matter."""
        errors = decoding.errors
        for packet in decoding.packets():
            if packet is not None and packet.size:
                decoding.decode(packet)
            break
        decoding.errors = errors

    def _run(self, indices: Sequence[int], is_first: bool) -> tuple[int, int]:
        """How many frames to decode in one go, and the row of the packet to begin with."""
        if self.in_order:
            return len(indices), 0
        first = self.entry_before(indices[0])
        if is_first and first <= _SEEK_PAYS:
            first = 0
        count = 1
        while count < len(indices):
            entry = self.entry_before(indices[count])
            if entry - self._frame_rows[indices[count - 1]] > _SEEK_PAYS:
                break
            count += 1
        return count, first

    def decode_from(self, decoding: Decoding, wanted: Sequence[int], entry: int) -> Iterator[tuple[int, Any]]:
        """(number, decoded frame) of wanted frames, decoding from the packet in row `entry`.

        Where something is damaged, starts again at the entry before and decodes every picture, with one
        thread, since what a decoder makes up depends on the pictures before and on the number of threads.

        Raises:
            LostTrackError: the packets after the seek are not those of the scan.
        """
        left, skips = list(wanted), self._scan.info.codec in _SKIPPABLE
        while left:
            before = decoding.errors
            try:
                for index, decoded in self._run_from(decoding, left, entry, skips):
                    left.remove(index)
                    # now, since whoever asked may not come back
                    self.decode_errors, before = (
                        self.decode_errors + decoding.errors - before,
                        decoding.errors,
                    )
                    yield index, decoded
                self.decode_errors += decoding.errors - before + len(left)
                return
            except _DamagedError as damage:
                decoding.errors = before
                if decoding.threads != 1:  # which picture it was is known when one thread decodes
                    self._threads = decoding.threads = 1
                    decoding.reopen()
                    continue
                skips, entry = False, self._earlier(entry) if damage.is_entry else entry

    def _earlier(self, entry: int) -> int:
        at = int(np.searchsorted(self.entry_rows, entry))
        return int(self.entry_rows[at - 1]) if at > 1 else 0

    def _run_from(
        self, decoding: Decoding, wanted: Sequence[int], entry: int, skips: bool
    ) -> Iterator[tuple[int, Any]]:
        """(number, decoded frame) of the wanted frames that come from the packet in row `entry` on.

        Raises:
            LostTrackError: the packets after the seek are not those of the scan.
            _DamagedError: the entry (and it is not the first packet), or a picture while some are skipped or
                several threads decode.
        """
        timeline, packets = self._scan.timeline, self._scan.packets
        place = {int(timeline.pts[i]): int(i) for i in wanted}
        last = int(timeline.pts[wanted[-1]])
        from_pts = int(packets.pts[entry]) if entry else None
        errors, clean = decoding.errors, entry == 0
        context = decoding.stream.codec_context
        context.skip_frame = "DEFAULT"
        for packet in self._packets_from(decoding, entry):
            if skips and packet is not None and packet.size:
                needed = packet.pts in place or packet.pts == from_pts
                context.skip_frame = "DEFAULT" if needed else "NONREF"
            for decoded in decoding.decode(packet):
                # leading pictures need what came before the entry
                if from_pts is not None and (decoded.pts is None or decoded.pts < from_pts):
                    continue
                decoding.errors += bool(decoded.is_corrupt)
                if not clean and (decoding.errors > errors or decoded.pts != from_pts):
                    raise _DamagedError(is_entry=True)
                clean = True
                if decoding.errors > errors and (skips or decoding.threads != 1):
                    raise _DamagedError(is_entry=False)
                index = place.pop(decoded.pts, None)
                if index is not None:
                    yield index, decoded
                # frames come in order of display: past the last one the rest is lost
                if not place or decoded.pts > last:
                    return
        if not clean:
            raise _DamagedError(is_entry=True)

    def _packets_from(self, decoding: Decoding, entry: int) -> Iterator[Any]:
        """Packets from a row on, each compared with the scan.

        Raises:
            LostTrackError: another packet came, or the entry was not found.
        """
        if not entry:
            decoding.rewind()
            yield from self._stretch(decoding, 0)
            return
        for target in self._landings(entry):
            if not decoding.seek(target):
                continue
            try:
                stretch = self._stretch(decoding, entry)
                first = next(stretch)
            except _LandedLateError:
                continue
            note = self._scan.packets.encoder_note
            yield _with_note(first, note) if note else first
            yield from stretch
            return
        raise LostTrackError("a seek does not find the key frame it is meant for")

    def _landings(self, entry: int) -> list[int]:
        """Where to seek, in order of trial; transport streams may land behind the packet asked for."""
        packets = self._scan.packets
        pts = int(packets.pts[entry])
        second = int(1 / self._scan.info.time_base)
        top = int(packets.pts.min()) - 20 * second
        return [pts, pts - 2 * second, pts - 20 * second, top]

    def _stretch(self, decoding: Decoding, entry: int) -> Iterator[Any]:
        row = -1
        for packet in decoding.packets():
            if packet is None or not packet.size:
                if row >= 0:
                    yield packet
                continue
            at = self._rows.get(packet.pts, -1)
            if row < 0 and at > entry:
                raise _LandedLateError
            if row < 0 and 0 <= at < entry:
                continue
            if at != (entry if row < 0 else row + 1):
                raise LostTrackError("packets after a seek are not those of reading in order")
            row = at
            yield packet
        if row < 0:
            raise _LandedLateError


class _DamagedError(Exception):
    """A picture is damaged: that of the packet that a run starts with, or another."""

    def __init__(self, is_entry: bool) -> None:
        super().__init__("damaged")
        self.is_entry = is_entry


def _with_note(packet: Any, note: bytes) -> Any:
    import av

    longer = av.Packet(note + bytes(packet))
    longer.pts, longer.dts, longer.time_base = packet.pts, packet.dts, packet.time_base
    longer.is_keyframe = True
    return longer
