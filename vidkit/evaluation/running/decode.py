"""Frames of a video by number for models, one at a time; stricter than `vidkit.video` about damaged files.

A selector may skip a frame that cannot be decoded. A model that is shown fewer or other frames than its
budget says gives a score that means something else, so here such a video is an error.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from vidkit.errors import VideoError
from vidkit.video.container import open_input
from vidkit.video.reader import open_video
from vidkit.video.streams import real_streams

_LEAST_SHARE = 0.9
"""Of the frames that the header announces."""
_PACKAGES = {"decord": "decord2", "pyav": "av"}


class VideoFile:
    """A video's frames and times.

    Attributes:
        path: the file.
        n_frames: its displayed frames.
        fps: mean frames per second.
        times_s: presentation time of every frame from the start of the stream [n_frames], float64.
        duration_s: end of the last frame.

    Raises:
        VideoError: missing, empty, cut short, or not decodable.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise VideoError(f"no video '{self.path}'", "check the media folder")
        # one thread: several videos are decoded at a time
        self._reader = open_video(self.path, threads=1)
        self.n_frames = len(self._reader.timeline)
        self.times_s = self._reader.timeline.time_s
        self.duration_s = float(self._reader.timeline.duration_s)
        self.fps = float(self._reader.info.average_fps)
        if not self.fps > 0:
            raise VideoError(f"video '{self.path}' has no frame rate", "check that the file is whole")
        self._check_whole()

    def _check_whole(self) -> None:
        """Refuse a file that ends long before its header says: what is left would pass for the whole."""
        with open_input(self.path) as container:
            announced = real_streams(container)[0].frames
        if self.n_frames >= _LEAST_SHARE * announced:
            return
        stored = self._stored()  # edit lists may cut away most of what is there
        if stored < _LEAST_SHARE * announced:
            raise VideoError(
                f"video '{self.path}' is truncated: it has {stored} of {announced} frames",
                "fetch the file again",
            )

    def _stored(self) -> int:
        """Frames in the file, those that an edit list does not show included."""
        from av.error import FFmpegError

        stored = 0
        with open_input(self.path, ignore_edits=True) as container, contextlib.suppress(FFmpegError):
            for packet in container.demux(real_streams(container)[0]):
                stored += bool(packet.size)
        return stored

    @property
    def decoder(self) -> str:
        """Name and version of what decodes, which may change in the middle of a damaged file."""
        name = self._reader.backend
        try:
            return f"{name} {version(_PACKAGES.get(name, name))}"
        except PackageNotFoundError:
            return name

    def span(self, start_s: float = 0.0, end_s: float | None = None) -> tuple[int, int]:
        """Half-open range of the frames with start_s <= time < end_s.

        Raises:
            VideoError: there are none.
        """
        # times of frames are rounded to the container's ticks
        first = int(np.searchsorted(self.times_s, start_s - 1e-6))
        stop = self.n_frames if end_s is None else int(np.searchsorted(self.times_s, end_s - 1e-6))
        if stop <= first:
            asked = f"{start_s:g} s and {'the end' if end_s is None else f'{end_s:g} s'}"
            raise VideoError(f"video '{self.path}' ({self.duration_s:.2f} s) has no frame between {asked}")
        return first, stop

    def frames(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        """Decode frames: uint8 RGB [height, width, 3], upright; a repeated number costs nothing.

        Args:
            indices: presentation numbers, not decreasing.

        Raises:
            VideoError: a frame cannot be decoded.
        """
        wanted = sorted({int(index) for index in indices})
        decoded = self._reader.read(wanted)
        last, pixels = -1, np.zeros((0, 0, 3), np.uint8)
        for index in indices:
            if index != last:
                frame = next(decoded, None)
                if frame is None or frame.index != index:
                    raise VideoError(
                        f"cannot decode frame {index} of video '{self.path}'", "check that the file is whole"
                    )
                last, pixels = int(index), frame.pixels
            yield pixels
