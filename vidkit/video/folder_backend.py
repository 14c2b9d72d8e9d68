"""A folder of images as a video: names give the order, a rate gives the times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from vidkit.errors import ConfigError, VideoError
from vidkit.video.image import read_image
from vidkit.video.pictures import shrink
from vidkit.video.streams import UNREADABLE
from vidkit.video.types import Frame, Timeline, VideoInfo

_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}


def scan_folder(folder: Path, frame_rate: float) -> tuple[VideoInfo, Timeline, list[Path]]:
    """Images of a folder in natural order (frame2 before frame10).

    Raises:
        VideoError: no image in it, or the folder cannot be listed (exit code 4).
        ConfigError: a rate that is not positive.
    """
    if not frame_rate > 0:
        raise ConfigError(f"frame_rate must be > 0, got {frame_rate}", "give frames per second")
    try:
        files = sorted((f for f in folder.iterdir() if f.suffix.lower() in _SUFFIXES), key=_natural)
    except OSError as error:
        raise VideoError(
            f"cannot list the folder '{folder}': {error.strerror}", "check permissions", 4
        ) from error
    if not files:
        raise VideoError(f"no image in the folder '{folder}'", "PNG, JPEG, WebP, BMP and TIFF are read", 4)
    first = _first_readable(files)
    base = Fraction(1, 1_000_000)
    pts = np.round(np.arange(len(files)) / frame_rate / float(base)).astype(np.int64)
    timeline = Timeline(
        pts, np.arange(len(files)) / frame_rate, np.ones(len(files), dtype=bool), len(files) / frame_rate
    )
    info = VideoInfo(
        path=str(folder),
        container="images",
        codec=files[0].suffix.lower().lstrip("."),
        pixel_format="rgb24",
        width=first.width,
        height=first.height,
        frame_count=len(files),
        duration_s=timeline.duration_s,
        average_fps=frame_rate,
        time_base=base,
        start_pts=0,
    )
    return info, timeline, files


def _first_readable(files: list[Path]) -> Image.Image:
    """The first image that is one; single ones that are damaged are left out when they are read."""
    problem: VideoError | None = None
    for file in files:
        try:
            return read_image(file)
        except VideoError as error:
            problem = problem or error
    assert problem is not None
    raise VideoError(problem.message, problem.hint, UNREADABLE) from problem


def _natural(path: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]


class FolderBackend:
    """Reads images by their number; a damaged one is left out and counted."""

    name = "images"

    def __init__(self, files: list[Path], timeline: Timeline) -> None:
        self.decode_errors = 0
        self._files = files
        self._timeline = timeline

    def read(self, indices: Sequence[int], short_side: int | None) -> Iterator[Frame]:
        """Frames in the order of `indices`."""
        for index in indices:
            try:
                pixels = np.asarray(read_image(self._files[index]))
            except VideoError:
                self.decode_errors += 1
                continue
            time_s = float(self._timeline.time_s[index])
            yield Frame(index, int(self._timeline.pts[index]), time_s, shrink(pixels, short_side))
