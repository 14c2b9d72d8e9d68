"""One clip's frames from a file, as often as wanted, and the words for what cannot be scored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import VideoError
from vidkit.video.decoding import Decoding
from vidkit.video.pictures import stored_size, upright
from vidkit.video.timeline import scan
from vidkit.video.types import VideoInfo

MOST_FRAMES = 3000  # two minutes at 25 per second; published clips have 192
LEAST_SIDE = 32  # pixels


class UnusableClip(Exception):  # noqa: N818 - the name says what it is
    """A clip that is a failure without being looked at.

    Args:
        kind: one word or two: missing, unreadable, long, small, one frame, black, blank, size.
        reason: a sentence.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, reason


@dataclass(frozen=True)
class Clip:
    """A readable file.

    Attributes:
        path: of the file.
        info: of its video stream.
    """

    path: Path
    info: VideoInfo

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """RGB uint8 [H, W, 3] in the order of display, upright and with square pixels."""
        width, height = stored_size(self.info, None)
        with Decoding(str(self.path), self.info.stream, 1) as decoding:
            for frame in decoding.frames():
                pixels = frame.to_ndarray(format="rgb24", width=width, height=height)
                yield upright(pixels, self.info)


def open_clip(path: Path) -> Clip:
    """Open a clip.

    Raises:
        UnusableClip: not a video, without frames, far too long or too small.
    """
    try:
        info = scan(path, 0, 1).info
    except VideoError as error:
        raise UnusableClip("unreadable", error.message.replace(f"'{path}'", "the file")) from error
    if info.frame_count > MOST_FRAMES:
        raise UnusableClip("long", f"{info.frame_count} frames; up to {MOST_FRAMES} are scored")
    if min(info.width, info.height) < LEAST_SIDE:
        raise UnusableClip(
            "small", f"{info.width}x{info.height} pixels; each side must have at least {LEAST_SIDE}"
        )
    if info.frame_count < 2:
        raise UnusableClip("one frame", "the clip has one frame: nothing moves")
    return Clip(path, info)
