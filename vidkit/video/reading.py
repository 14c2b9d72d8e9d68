"""A whole short video as an array."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from vidkit.errors import VideoError, require
from vidkit.video.container import open_input
from vidkit.video.mistaken import why_unreadable
from vidkit.video.streams import real_streams


@dataclass(frozen=True)
class Clip:
    """All frames of a video: uint8 [T, H, W, 3] RGB, with the nominal rate."""

    frames: np.ndarray
    fps: Fraction


def read_clip(path: Path) -> Clip:
    """Decode every frame of a short video into memory.

    Raises:
        VideoError: the file is missing, no video, or damaged.
    """
    if not path.is_file():
        raise VideoError(f"no video at '{path}'", "check the path")
    av = require("av")
    try:
        with open_input(path) as container:
            stream = real_streams(container)[0]
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
            fps = Fraction(stream.average_rate or 0)
    except (av.error.FFmpegError, IndexError) as error:
        reason, hint = why_unreadable(path, error)
        raise VideoError(f"cannot read '{path}' as a video: {reason}", hint) from error
    if not frames:
        raise VideoError(f"'{path}' has no frames", "check that the file is whole")
    return Clip(np.stack(frames), fps)
