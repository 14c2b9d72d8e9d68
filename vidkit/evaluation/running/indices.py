"""Frame numbers by the formulas of Video-MME-v2's own scripts, and the size frames are scaled to."""

from __future__ import annotations

import math


def uniform_indices(n_frames: int, count: int) -> list[int]:
    """`count` frames between the ends: never the first one (from two frames on), never the last.

    index_i = int(i * n_frames / (count + 1)), i = 1..count. A short video repeats frames; repeats are kept.
    Source: Video-MME-v2 (arXiv 2604.05015), authors' code; differs: none.

    Args:
        n_frames: frames of the video, at least 1.
        count: frames wanted, at least 1.
    """
    step = n_frames / (count + 1)
    return [int(place * step) for place in range(1, count + 1)]


def rate_indices(n_frames: int, video_fps: float, fps: float) -> list[int]:
    """`fps` frames per second from the first frame on.

    count = int(n_frames / video_fps * fps), index_i = int(i * video_fps / fps), i = 0..count-1.
    Source: Video-MME-v2 (arXiv 2604.05015), authors' code; differs: a clip too short for one frame gives its
        first
    (theirs gives none).

    Args:
        n_frames: frames of the video, at least 1.
        video_fps: frames per second of the video, above 0.
        fps: frames per second wanted, above 0.
    """
    count = int(n_frames / video_fps * fps)
    step = video_fps / fps
    # the last product may round up to n_frames
    return [min(int(place * step), n_frames - 1) for place in range(max(count, 1))]


def fit_area(width: int, height: int, area_px: int, multiple: int = 16) -> tuple[int, int]:
    """Width and height of about `area_px` pixels, same aspect, both multiples of `multiple`.

    Source: VLMEvalKit's `_resize` settings of Video-MME-v2 (448 * 448, 16); differs: none known.
    """
    scale = math.sqrt(area_px / (width * height))
    fitted = (max(multiple, round(side * scale / multiple) * multiple) for side in (width, height))
    return next(fitted), next(fitted)
