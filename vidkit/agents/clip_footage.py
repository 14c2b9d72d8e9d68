"""The video behind a request: frames at moments of a clip, and frame selection within it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from vidkit.errors import VideoError
from vidkit.serving.messages import Clip

if TYPE_CHECKING:
    import PIL.Image

    from vidkit.video.reader import VideoReader

_SLACK_S = 1e-6  # times of frames are rounded to the container's ticks


class ClipFootage:
    """A clip as `vidkit.agents.workspace.Footage`; its file is opened at the first look.

    Args:
        clip: what may be looked at; nothing outside it is ever given.
    """

    def __init__(self, clip: Clip) -> None:
        self.length_s = clip.length_s
        self._clip = clip
        self._reader: VideoReader | None = None
        self._one = threading.Lock()  # a call that was guessed and the real one may meet

    def at(self, times_s: Sequence[float]) -> list[PIL.Image.Image]:
        """The frame on screen at each moment (seconds from the clip's start), RGB.

        Raises:
            VideoError: the clip has no frame, or one cannot be decoded.
        """
        import PIL.Image

        with self._one:
            reader = self._opened()
            shown = reader.timeline.time_s
            start_s, end_s = self._clip.start_s, self._clip.start_s + self.length_s
            first = int(np.searchsorted(shown, start_s - _SLACK_S))
            last = int(np.searchsorted(shown, end_s - _SLACK_S)) - 1
            if last < first:
                raise VideoError(f"the clip of {self.length_s:.2f} s has no frame")
            asked = np.asarray(times_s, dtype=np.float64) + start_s + _SLACK_S
            numbers = np.clip(np.searchsorted(shown, asked, side="right") - 1, first, last)
            wanted = sorted({int(number) for number in numbers})
            found = {frame.index: frame.pixels for frame in reader.read(wanted)}
        lost = [number for number in wanted if number not in found]
        if lost:
            raise VideoError(f"{len(lost)} of {len(wanted)} frames cannot be decoded")
        return [PIL.Image.fromarray(found[int(number)]) for number in numbers]

    def chosen(self, query: str, count: int, start_s: float, end_s: float) -> list[float]:
        """Moments in [start_s, end_s) that a frame selector picks for a query, in time.

        Raises:
            VidkitError: the video cannot be read.
        """
        from vidkit.frames.options import FrameOptions
        from vidkit.frames.pipeline import select_from_video

        zero = self._clip.start_s
        options = FrameOptions(k=count, start=zero + start_s, end=zero + min(end_s, self.length_s))
        found = select_from_video(self._clip.path, query, options)
        return [float(time) - zero for time in found.candidates.times[found.selection.indices]]

    def _opened(self) -> VideoReader:
        from vidkit.video.reader import open_video

        if self._reader is None:
            self._reader = open_video(self._clip.path, threads=1)
        return self._reader
