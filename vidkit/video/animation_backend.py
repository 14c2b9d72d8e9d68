"""An animated WebP as a video: FFmpeg reads none, Pillow does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from vidkit.video.image import opened_picture
from vidkit.video.pictures import shrink
from vidkit.video.streams import UNREADABLE
from vidkit.video.types import Frame, Timeline, VideoInfo

_UNTOLD_MS = 100  # how long browsers show a picture that says 0
_ANIMATED = 0x02  # in the flags of the header


def is_animated_webp(path: Path) -> bool:
    """Whether the header of a file says so."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as stream:
            head = stream.read(21)
    except OSError:
        return False
    return head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and bool(head[20:] and head[20] & _ANIMATED)


def scan_animation(path: Path) -> tuple[VideoInfo, Timeline]:
    """Facts and times of an animated picture, from reading all of it.

    Raises:
        VideoError: it is damaged (exit code 4).
    """
    starts, now_ms = [], 0
    with opened_picture(path, f"'{path}'", "check that the file is whole", UNREADABLE) as picture:
        width, height = picture.size
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            picture.load()
            starts.append(now_ms)
            now_ms += int(picture.info.get("duration", 0)) or _UNTOLD_MS
    pts = np.array(starts, dtype=np.int64)
    duration_s = now_ms / 1000
    timeline = Timeline(pts, pts / 1000, np.arange(pts.size) == 0, duration_s)
    steps = np.diff(pts)
    info = VideoInfo(
        path=str(path),
        container="webp",
        codec="webp",
        pixel_format="rgba",
        width=width,
        height=height,
        frame_count=pts.size,
        duration_s=duration_s,
        average_fps=pts.size / duration_s,
        time_base=Fraction(1, 1000),
        start_pts=0,
        is_variable_rate=steps.size > 1 and int(np.ptp(steps)) > 2,
    )
    return info, timeline


class AnimationBackend:
    """Reads the pictures of an animation in order, transparency over black."""

    name = "images"

    def __init__(self, info: VideoInfo, timeline: Timeline) -> None:
        self.decode_errors = 0
        self._info = info
        self._timeline = timeline

    def read(self, indices: Sequence[int], short_side: int | None) -> Iterator[Frame]:
        """Frames in the order of `indices`.

        Raises:
            VideoError: the file changed since it was scanned.
        """
        path = Path(self._info.path)
        with opened_picture(path, f"'{path}'", "check that the file is whole", UNREADABLE) as picture:
            for index in indices:
                picture.seek(index)
                whole = picture.convert("RGBA")
                black = Image.new("RGBA", whole.size, (0, 0, 0, 255))
                pixels = np.asarray(Image.alpha_composite(black, whole).convert("RGB"))
                time_s = float(self._timeline.time_s[index])
                yield Frame(index, int(self._timeline.pts[index]), time_s, shrink(pixels, short_side))
