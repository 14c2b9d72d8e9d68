"""Frames through decord (the maintained distribution decord2), for files it is known to read exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from vidkit.video.pyav_backend import shrink
from vidkit.video.types import Frame, Timeline, VideoInfo

_CONTAINERS = ("mp4", "mov", "matroska", "webm")
_CODECS = ("h264", "hevc", "vp8", "vp9", "av1", "libdav1d", "libvpx-vp9", "libvpx")
_EIGHT_BIT = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12")
_LONGEST_S = 600.0  # its frame pool grows with the length read, to 1.5 GB after an hour of 720p
_BATCH = 8


def refuses(info: VideoInfo, timeline: Timeline) -> str:
    """Why a file is not for decord, or an empty string."""
    if not any(name in _CONTAINERS for name in info.container.split(",")):
        return f"decord is exact on MP4, Matroska and WebM alone, this is {info.container}"
    if info.codec not in _CODECS:
        return f"decord is not checked for {info.codec}"
    if info.pixel_format not in _EIGHT_BIT:
        return f"decord is for 8-bit video, this is {info.pixel_format}"
    if not timeline.pts_known or timeline.discarded or timeline.notes:
        return f"decord miscounts such streams ({'; '.join(timeline.notes) or 'no time stamps'})"
    if info.pixel_aspect != 1:
        return f"decord ignores the pixel aspect ratio {info.pixel_aspect}"
    if info.stream:
        return "decord reads the first video stream only"
    if info.duration_s > _LONGEST_S:
        return f"decord holds too much memory for {info.duration_s:.0f} s (more than {_LONGEST_S:.0f} s)"
    return ""


class DecordBackend:
    """Reads frames of the first stream by presentation number.

    Raises:
        ValueError: decord cannot open the file, or counts or times its frames differently.
    """

    name = "decord"

    def __init__(self, info: VideoInfo, timeline: Timeline, threads: int = 0) -> None:
        self.decode_errors = 0
        self._info = info
        self._timeline = timeline
        self._threads = threads
        self._reader: Any = None
        self._open()

    def _open(self) -> None:
        import decord

        decord.logging.set_level(decord.logging.QUIET)
        try:
            self._reader = decord.VideoReader(self._info.path, num_threads=self._threads)
        except (decord.DECORDError, RuntimeError) as error:
            raise ValueError(f"decord cannot open it: {str(error).splitlines()[0][:120]}") from error
        if len(self._reader) != len(self._timeline):
            raise ValueError(f"decord counts {len(self._reader)} frames, the file has {len(self._timeline)}")
        for index in {0, len(self._timeline) // 2, len(self._timeline) - 1}:
            start, _ = self._reader.get_frame_timestamp(index)
            if abs(float(start) - float(self._timeline.time_s[index])) > 2e-3:
                raise ValueError(f"decord puts frame {index} at {float(start):.3f} s")

    def read(self, indices: Sequence[int], short_side: int | None) -> Iterator[Frame]:
        """Frames in the order of `indices` (increasing).

        Raises:
            ValueError: decord gave up; the frames yielded so far are good.
        """
        import decord

        timeline = self._timeline
        for start in range(0, len(indices), _BATCH):
            batch = [int(i) for i in indices[start : start + _BATCH]]
            try:
                pictures = self._reader.get_batch(batch).asnumpy()
            except (decord.DECORDError, RuntimeError) as error:
                raise ValueError(f"decord gave up: {str(error).splitlines()[0][:120]}") from error
            for index, pixels in zip(batch, pictures, strict=True):
                small = np.ascontiguousarray(shrink(pixels, short_side))
                yield Frame(index, int(timeline.pts[index]), float(timeline.time_s[index]), small)
            del pictures
