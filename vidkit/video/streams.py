"""The video stream that was asked for, and what old versions of PyAV do not say by themselves."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from vidkit.errors import VideoError

UNREADABLE = 4  # exit status when nothing of a video can be decoded
_ATTACHED_PICTURE = 1 << 10
_STILLS = ("mjpeg", "png", "webp", "bmp", "gif", "tiff")
_CODEC_OF = {"libdav1d": "av1", "libaom-av1": "av1", "libvpx-vp9": "vp9", "libvpx": "vp8"}


def real_streams(container: Any) -> list[Any]:
    """The video streams that are no cover art; pictures that are not marked as such come last."""
    streams = [s for s in container.streams.video if not _flags(s.disposition) & _ATTACHED_PICTURE]
    return sorted(streams, key=lambda s: s.codec_context is not None and codec_name(s) in _STILLS)


def pick_stream(container: Any, path: Path, number: int) -> Any:
    """The `number`th video stream that is not cover art.

    Raises:
        VideoError: there is none; says whether the file has audio alone.
    """
    streams = real_streams(container)
    if not streams:
        kind = "audio but no video" if container.streams.audio else "no video stream"
        raise VideoError(f"'{path}' has {kind}", "give a file with a video stream", UNREADABLE)
    if number >= len(streams):
        raise VideoError(
            f"'{path}' has {len(streams)} video streams, not stream {number}", "count from stream=0"
        )
    if streams[number].codec_context is None:
        raise VideoError(
            f"no decoder for the video codec of '{path}'",
            "install a PyAV whose FFmpeg supports it",
            UNREADABLE,
        )
    return streams[number]


def second_zero(container: Any, stream: Any) -> float:
    """The container's clock [s] at the moment that a player calls 0: where its first stream starts.

    If the pictures start less than a frame later, they do: the sound encoder's lead-in comes before them.
    """
    base = float(stream.time_base or 0)
    own = float(stream.start_time or 0) * base
    start = own if container.start_time is None else float(container.start_time) / 1e6
    rate = float(stream.average_rate or stream.guessed_rate or 25)
    return own if start > own or own - start < 1 / rate else start


def codec_name(stream: Any) -> str:
    """The codec of a stream, whichever decoder is used for it."""
    codec = stream.codec_context.codec
    return str(getattr(codec, "canonical_name", None) or _CODEC_OF.get(codec.name, codec.name))


def rotation_of(frame: Any) -> int:
    """Degrees clockwise by which a decoded frame is to be turned, 0, 90, 180 or 270."""
    if hasattr(frame, "rotation"):
        return int(round(-frame.rotation / 90) * 90 % 360)
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return 0
    values = np.frombuffer(bytes(matrix), np.int32)
    return round(math.degrees(math.atan2(values[1], values[0])) / 90) * 90 % 360


def _flags(disposition: Any) -> int:
    # PyAV up to 17 gives a flag that is not a number
    return int(getattr(disposition, "value", disposition))
