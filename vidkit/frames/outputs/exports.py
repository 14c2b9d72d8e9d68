"""Files for other programs: lmms-eval keyframes, chat messages for OpenAI-style servers and Qwen."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vidkit.frames.outputs.images import clock, jpeg_bytes
from vidkit.frames.pipeline import VideoSelection
from vidkit.utils.files import write_text_atomic
from vidkit.video.types import Frame

LAYOUTS = ("interleaved", "video")


def keyframe_row(result: VideoSelection, doc_id: str) -> dict[str, Any]:
    """One annotation with `keyframe_indices` (source frame numbers), as WFS-SB and DIG loaders read it."""
    numbers = result.padded_numbers
    return {
        "doc_id": doc_id,
        "video": result.shown_as or str(result.path),
        "question": result.query,
        "keyframe_indices": numbers,
        "keyframe_times_s": [float(result.video.timeline.time_s[number]) for number in numbers],
        "source_fps": result.video.info.average_fps,
        "method": result.selection.method_applied,
    }


def frames_prompt(
    times_s: Sequence[float], duration_s: float, span_s: tuple[float, float] | None = None
) -> str:
    """What a model is told about the frames: true times, and that they are not evenly spaced.

    Args:
        times_s: of the frames.
        duration_s: of the whole video.
        span_s: the part that was looked at; None: all of it.
    """
    stamps = ", ".join(clock(time) for time in times_s)
    part = (
        ""
        if span_s in (None, (0.0, duration_s))
        else "the part {} to {} of ".format(*map(clock, span_s or ()))
    )
    return (
        f"These are {len(times_s)} frames chosen from {part}a video of {clock(duration_s)}. "
        "They are not evenly spaced; "
        f"their times are {stamps}."
    )


def chat_messages(
    frames: Sequence[Frame],
    question: str,
    duration_s: float,
    layout: str = "interleaved",
    width: int = 768,
    span_s: tuple[float, float] | None = None,
) -> list[dict[str, Any]]:
    """OpenAI-style messages with the frames in order of time.

    Args:
        frames: kept frames.
        question: the user's words.
        duration_s: of the whole video.
        layout: "interleaved" puts `<12.4 s>` before each picture, which any model can read; "video" gives one
        video
            part with a time per frame, for servers that take it (no single rate stands for uneven times).
        width: pictures are at most this wide, pixels.
        span_s: the part of the video that was looked at; None: all of it.
    """
    times = [frame.time_s for frame in frames]
    content: list[dict[str, Any]] = [{"type": "text", "text": frames_prompt(times, duration_s, span_s)}]
    pictures = [_data_url(frame, width) for frame in frames]
    if layout == "video":
        content.append({"type": "video", "video": pictures, "timestamps": [round(time, 3) for time in times]})
    else:
        for frame, picture in zip(frames, pictures, strict=True):
            content.append({"type": "text", "text": f"<{frame.time_s:.1f} s>"})
            content.append({"type": "image_url", "image_url": {"url": picture}})
    content.append({"type": "text", "text": question})
    return [{"role": "user", "content": content}]


def write_json(path: Path, value: Any) -> None:
    """Write plain values as JSON; the file appears whole or not at all."""
    write_text_atomic(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def _data_url(frame: Frame, width: int) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg_bytes(frame.pixels, width, 90)).decode("ascii")
