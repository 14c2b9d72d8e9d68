"""Decoded pictures as arrays: upright, with square pixels, as large as asked for."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.video.types import Frame, Timeline, VideoInfo


def frame_from(
    decoded: Any, index: int, info: VideoInfo, timeline: Timeline, short_side: int | None
) -> Frame:
    """PyAV's frame as ours."""
    width, height = stored_size(info, short_side)
    if (width, height) == (decoded.width, decoded.height):
        pixels = decoded.to_ndarray(format="rgb24")
    else:
        pixels = decoded.to_ndarray(format="rgb24", width=width, height=height, interpolation="AREA")
    return Frame(index, int(timeline.pts[index]), float(timeline.time_s[index]), upright(pixels, info))


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
