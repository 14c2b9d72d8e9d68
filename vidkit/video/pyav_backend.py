"""Exact frames through PyAV: decodes from the nearest keyframe, skips what no wanted frame refers to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.video.container import open_input
from vidkit.video.timeline import pick_stream
from vidkit.video.types import Frame, Timeline, VideoInfo

_SEEK_PAYS = 24  # frames: a seek empties the decoder's pipeline, which costs about so many
# here a frame that is not a reference can be left out without a trace; in HEVC it may serve another sub-layer
_SKIPPABLE = ("h264", "mpeg4", "mpeg2video")


class _LandedLateError(Exception):
    """A seek ended behind the keyframe it was meant for."""


class PyavBackend:
    """Reads frames of one stream by presentation number.

    Attributes:
        decode_errors: packets or frames that could not be decoded so far.
    """

    name = "pyav"

    def __init__(self, info: VideoInfo, timeline: Timeline, threads: int = 0) -> None:
        self.decode_errors = 0
        self._info = info
        self._timeline = timeline
        self._threads = threads

    def read(self, indices: Sequence[int], short_side: int | None) -> Iterator[Frame]:
        """Frames in the order of `indices` (increasing); those that cannot be decoded are left out."""
        with open_input(self._info.path) as container:
            stream = pick_stream(container, Path(self._info.path), self._info.stream)
            stream.thread_type = "AUTO"
            if self._threads:
                stream.codec_context.thread_count = self._threads
            if self._timeline.pts_known:
                yield from self._by_time(container, stream, indices, short_side)
            else:
                yield from self._by_count(container, stream, indices, short_side)

    def _by_time(
        self, container: Any, stream: Any, indices: Sequence[int], short_side: int | None
    ) -> Iterator[Frame]:
        timeline, start = self._timeline, 0
        keys = np.flatnonzero(timeline.is_key)
        while start < len(indices):
            stop, seek_to = self._run(indices, start, keys)
            entry = None if seek_to is None else int(timeline.pts[seek_to])
            for target in self._landings(entry):
                if target is not None:
                    container.seek(target, stream=stream, backward=True, any_frame=False)
                yielded = False
                try:
                    for frame in self._decode_run(container, stream, indices[start:stop], short_side, entry):
                        yielded = True
                        yield frame
                    break
                except _LandedLateError:
                    assert not yielded
            else:
                self.decode_errors += stop - start
            start = stop

    def _landings(self, entry: int | None) -> list[int | None]:
        """Where to seek, in order of trial; transport streams may land behind the keyframe asked for."""
        if entry is None:
            return [None]
        second = int(1 / self._info.time_base)
        return [entry, entry - 2 * second, entry - 20 * second, self._info.start_pts - 20 * second]

    def _run(self, indices: Sequence[int], start: int, keys: NDArray[np.int64]) -> tuple[int, int | None]:
        """End of the stretch to decode in one go, and the keyframe to seek to first (none: from the top)."""
        at = np.searchsorted(keys, indices[start], side="right") - 1
        seek_to = int(keys[at]) if at >= 0 and (start > 0 or keys[at] > _SEEK_PAYS) else None
        stop = start + 1
        while stop < len(indices):
            at = np.searchsorted(keys, indices[stop], side="right") - 1
            if at >= 0 and keys[at] - indices[stop - 1] > _SEEK_PAYS:
                break
            stop += 1
        return stop, seek_to

    def _decode_run(
        self, container: Any, stream: Any, wanted: Sequence[int], short_side: int | None, entry: int | None
    ) -> Iterator[Frame]:
        timeline = self._timeline
        place = {int(timeline.pts[i]): int(i) for i in wanted}
        last = int(timeline.pts[wanted[-1]])
        context, skippable = stream.codec_context, stream.codec_context.name in _SKIPPABLE
        for packet in self._packets(container, stream):
            if entry is not None and packet.pts is not None:
                if packet.pts > entry:
                    raise _LandedLateError
                entry = None if packet.pts == entry else entry
            if skippable and packet.size:
                context.skip_frame = "DEFAULT" if packet.pts in place else "NONREF"
            for decoded in self._decode(packet):
                index = place.pop(decoded.pts, None) if decoded.pts is not None else None
                if index is not None:
                    self.decode_errors += bool(decoded.is_corrupt)
                    yield self._frame(decoded, index, short_side)
                # frames come in order of display: past the last one the rest is lost
                if not place or (decoded.pts is not None and decoded.pts > last):
                    self.decode_errors += len(place)
                    return
        self.decode_errors += len(place)

    def _by_count(
        self, container: Any, stream: Any, indices: Sequence[int], short_side: int | None
    ) -> Iterator[Frame]:
        wanted, number = set(indices), 0
        for packet in self._packets(container, stream):
            for decoded in self._decode(packet):
                if number in wanted:
                    yield self._frame(decoded, number, short_side)
                    wanted.discard(number)
                number += 1
                if not wanted:
                    return
        self.decode_errors += len(wanted)

    def _packets(self, container: Any, stream: Any) -> Iterator[Any]:
        import av

        packets = container.demux(stream)
        while True:
            try:
                yield next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:
                self.decode_errors += 1
                return

    def _decode(self, packet: Any) -> list[Any]:
        import av

        try:
            return list(packet.decode())
        except av.error.EOFError:
            return []
        except av.error.FFmpegError:
            self.decode_errors += 1
            return []

    def _frame(self, decoded: Any, index: int, short_side: int | None) -> Frame:
        timeline = self._timeline
        width, height = stored_size(self._info, short_side)
        if (width, height) == (decoded.width, decoded.height):
            pixels = decoded.to_ndarray(format="rgb24")
        else:
            pixels = decoded.to_ndarray(format="rgb24", width=width, height=height, interpolation="AREA")
        return Frame(
            index, int(timeline.pts[index]), float(timeline.time_s[index]), upright(pixels, self._info)
        )


def stored_size(info: VideoInfo, short_side: int | None) -> tuple[int, int]:
    """Width and height before rotation, square pixels, with a shorter side of `short_side` if asked for."""
    width, height = (info.height, info.width) if info.rotation in (90, 270) else (info.width, info.height)
    if short_side is not None and short_side < min(width, height):
        scale = short_side / min(width, height)
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
    return width, height


def upright(pixels: NDArray[np.uint8], info: VideoInfo) -> NDArray[np.uint8]:
    """Turn a stored picture clockwise by the rotation that its stream asks for."""
    if not info.rotation:
        return pixels
    return np.ascontiguousarray(np.rot90(pixels, k=-(info.rotation // 90)))


def shrink(pixels: NDArray[np.uint8], short_side: int | None) -> NDArray[np.uint8]:
    """Area-average a picture [H, W, 3] down to a shorter side of `short_side`; never enlarges."""
    height, width = pixels.shape[:2]
    if short_side is None or short_side >= min(height, width):
        return pixels
    scale = short_side / min(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
