"""Frames through decord (the maintained distribution decord2), strictly in order: its seeks are not exact."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from vidkit.errors import VideoError, require
from vidkit.video.pictures import shrink
from vidkit.video.streams import UNREADABLE
from vidkit.video.timeline import Scan
from vidkit.video.types import Frame

_CONTAINERS = ("mp4", "mov", "matroska", "webm")
_CODECS = ("h264", "hevc", "vp8", "vp9", "av1")
_EIGHT_BIT = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12")


def refuses(scan: Scan) -> str:
    """Why a file is not for decord, or an empty string."""
    info = scan.info
    if not any(name in _CONTAINERS for name in info.container.split(",")):
        return f"it is checked for MP4, Matroska and WebM alone, this is {info.container}"
    if info.codec not in _CODECS:
        return f"it is not checked for {info.codec}"
    if info.pixel_format not in _EIGHT_BIT:
        return f"it is for 8-bit video, this is {info.pixel_format}"
    if scan.in_order or scan.timeline.discarded:
        return f"it miscounts such streams ({scan.in_order or 'an edit list hides frames'})"
    if info.pixel_aspect != 1:
        return f"it ignores the pixel aspect ratio {info.pixel_aspect}"
    if info.rotation:
        return f"it misreads turned videos, this is turned by {info.rotation} degrees"
    if info.stream or any("video streams" in note for note in scan.timeline.notes):
        return "it chooses among video streams by itself"
    return ""


class DecordBackend:
    """Decodes every frame up to the last one wanted; a later read continues where the one before ended.

    Raises:
        VideoError: decord cannot read the file, or counts its frames differently.
        MissingDependency: it is not installed.
    """

    name = "decord"

    def __init__(self, scan: Scan, threads: int = 0) -> None:
        self.decode_errors = 0
        self._scan = scan
        self._threads = threads
        self._reader: Any = None
        self._next = 0  # number of the frame that comes next
        reason = refuses(scan)
        if reason:
            raise self._failure(reason)
        self._open()

    def read(self, indices: Sequence[int], short_side: int | None) -> Iterator[Frame]:
        """Frames in the order of `indices` (increasing).

        Raises:
            VideoError: decord gave up; the frames yielded so far are good.
        """
        if indices and indices[0] < self._next:
            self._open()
        timeline = self._scan.timeline
        for index in indices:
            pixels = shrink(self._advance(index), short_side)
            yield Frame(index, int(timeline.pts[index]), float(timeline.time_s[index]), pixels)

    def _advance(self, index: int) -> Any:
        from decord import DECORDError

        try:
            # one after the other: it seeks where a number is left out, also to skip
            for number in range(self._next, index + 1):
                pixels = self._reader.get_batch([number]).asnumpy()[0]
        except (DECORDError, RuntimeError, StopIteration) as error:
            raise self._failure(f"it gave up before frame {index}: {error}") from error
        self._next = index + 1
        return np.ascontiguousarray(pixels)

    def _open(self) -> None:
        decord = require("decord")
        decord.logging.set_level(decord.logging.QUIET)
        try:
            path = os.path.abspath(self._scan.info.path)  # FFmpeg takes `a:b.mp4` for a protocol
            self._reader = decord.VideoReader(path, num_threads=self._threads)
        except (decord.DECORDError, RuntimeError) as error:
            raise self._failure(f"it cannot open it: {error}") from error
        if len(self._reader) != len(self._scan.timeline):
            raise self._failure(f"it counts {len(self._reader)} frames of {len(self._scan.timeline)}")
        self._next = 0

    def _failure(self, reason: str) -> VideoError:
        first_line = reason.splitlines()[0][:160]
        return VideoError(
            f"decord cannot read '{self._scan.info.path}': {first_line}", "use reader=auto", UNREADABLE
        )
