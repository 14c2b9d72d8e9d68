"""What reading a video gives: facts about the stream, its frames in time, and single frames."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class VideoInfo:
    """Facts of one video stream. Width and height are as displayed: rotated, with square pixels."""

    path: str
    container: str
    codec: str
    pixel_format: str
    width: int  # pixels
    height: int  # pixels
    frame_count: int
    duration_s: float
    average_fps: float
    time_base: Fraction
    start_pts: int  # pts that is second 0, in time_base
    rotation: int = 0  # degrees clockwise that were applied, 0, 90, 180 or 270
    pixel_aspect: Fraction = Fraction(1)
    is_variable_rate: bool = False
    is_hdr: bool = False
    has_audio: bool = False
    stream: int = 0  # number among the video streams of the file


@dataclass(frozen=True)
class Timeline:
    """The displayed frames of a stream in presentation order.

    Args:
        pts: time stamps in units of the time base [N], strictly increasing.
        time_s: seconds from the start of the stream [N].
        is_key: whether decoding can start here [N].
        duration_s: end of the last frame.
        notes: what was odd about the stream ("no time stamps: ...").
        pts_known: whether frames can be told apart by their pts.
        discarded: packets that an edit list removes from display.
        file_starts_at_zero: whether the first frame stands at second 0.
    """

    pts: NDArray[np.int64]
    time_s: NDArray[np.float64]
    is_key: NDArray[np.bool_]
    duration_s: float
    notes: tuple[str, ...] = ()
    pts_known: bool = True
    discarded: int = 0

    def __len__(self) -> int:
        return int(self.pts.size)


@dataclass(frozen=True)
class Frame:
    """One decoded frame.

    Args:
        index: presentation-order number in the stream.
        pts: time stamp in units of the stream's time base.
        time_s: seconds from the start of the stream.
        pixels: RGB uint8 [H, W, 3], upright, square pixels.
    """

    index: int
    pts: int
    time_s: float
    pixels: NDArray[np.uint8]
