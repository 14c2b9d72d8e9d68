"""The kept frames as transformers' `VideoMetadata`: what Qwen's processors compute frame times from."""

from __future__ import annotations

from typing import Any

import numpy as np

from vidkit.frames.pipeline import VideoSelection

_CLOCK_FPS = 1000.0  # ticks per second, where no rate of frames gives their times


def video_metadata(result: VideoSelection) -> dict[str, Any]:
    """Fields of `transformers.video_utils.VideoMetadata`, so that frames_indices / fps are the frames' times.

    At a constant rate these are source frame numbers and the video's rate. Where number / rate is not the
    time of a frame (variable rates, a late start) the clock stands in: fps 1000 and milliseconds, which is
    all that the class has room for.
    """
    timeline, info = result.video.timeline, result.video.info
    numbers = np.array(result.padded_numbers, dtype=np.int64)
    times = timeline.time_s[numbers]
    fps, total, indices = info.average_fps, len(timeline), numbers
    # half a frame off is where a reader would land on another frame
    if not fps > 0 or np.abs(numbers / fps - times).max(initial=0.0) > 0.5 / fps:
        fps, total = _CLOCK_FPS, max(1, round(timeline.duration_s * _CLOCK_FPS))
        indices = np.round(times * _CLOCK_FPS).astype(np.int64)
    return {
        "total_num_frames": total,
        "fps": float(fps),
        "width": info.width,
        "height": info.height,
        "duration": float(timeline.duration_s),
        "video_backend": result.video.backend,
        "frames_indices": [int(i) for i in indices],
    }
