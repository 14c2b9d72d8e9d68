"""Decoded pictures as arrays: upright, with square pixels, as large as asked for."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.video.types import Frame, Timeline, VideoInfo

_SAME_SHAPE = 0.02  # difference of width : height


def frame_from(
    decoded: Any, index: int, info: VideoInfo, timeline: Timeline, short_side: int | None
) -> Frame:
    """PyAV's frame as ours; where the size changes on the way, each has the size of the first."""
    width, height = stored_size(info, short_side)
    inner_width, inner_height = _inside(decoded, info, width, height)
    if (inner_width, inner_height) == (decoded.width, decoded.height):
        pixels = decoded.to_ndarray(format="rgb24")
    else:
        pixels = decoded.to_ndarray(
            format="rgb24", width=inner_width, height=inner_height, interpolation="AREA"
        )
    if pixels.shape[:2] != (height, width):
        whole = np.zeros((height, width, 3), np.uint8)
        top, left = (height - inner_height) // 2, (width - inner_width) // 2
        whole[top : top + inner_height, left : left + inner_width] = pixels
        pixels = whole
    return Frame(index, int(timeline.pts[index]), float(timeline.time_s[index]), upright(pixels, info))


def _inside(decoded: Any, info: VideoInfo, width: int, height: int) -> tuple[int, int]:
    """Size of a picture within width x height: all of it, unless the proportions are others than before."""
    whole_width, whole_height = stored_size(info, None)
    shape, whole = decoded.width / decoded.height, whole_width / whole_height
    # a picture of the first shape, or one of square pixels that fills the same screen
    if any(abs(shape * float(aspect) / whole - 1) < _SAME_SHAPE for aspect in (info.pixel_aspect, 1)):
        return width, height
    shape *= float(info.pixel_aspect)
    return min(width, max(1, round(height * shape))), min(height, max(1, round(width / shape)))


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
