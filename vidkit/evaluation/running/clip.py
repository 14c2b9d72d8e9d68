"""Cuts the beginning of a clip without re-encoding, for models that take whole clips."""

from __future__ import annotations

import io
from pathlib import Path

from vidkit.errors import VideoError, require
from vidkit.video.container import open_input


def cut_clip(path: str | Path, start_s: float = 0.0, end_s: float | None = None) -> bytes:
    """Copy the packets of [start_s, end_s) into a new MP4; pictures and sound, no re-encoding.

    The cut falls on packet borders, and the start on the keyframe before it: as the authors of SocialOmni
    cut.
    Source: SocialOmni (arXiv 2603.16859), authors' code (stream copy); differs: PyAV instead of a program
        call.

    Args:
        path: the video.
        start_s: first second.
        end_s: last second, None to the end.

    Raises:
        VideoError: it cannot be read.
    """
    av = require("av")
    buffer = io.BytesIO()
    count = 0
    try:
        with open_input(path) as source, av.open(buffer, "w", format="mp4") as target:
            kept = [stream for stream in source.streams if stream.type in ("video", "audio")]
            copies = {stream.index: target.add_stream_from_template(stream) for stream in kept}
            if start_s > 0:
                source.seek(int(start_s * av.time_base))
            for packet in source.demux(kept):
                if packet.dts is None or packet.pts is None:
                    continue
                seconds = float(packet.pts * packet.time_base)
                if end_s is not None and seconds >= end_s:
                    continue
                packet.stream = copies[packet.stream.index]
                target.mux(packet)
                count += 1
    except (av.FFmpegError, OSError, ValueError) as error:
        raise VideoError(f"cannot cut video '{path}': {error}", "check that the file is whole") from error
    if not count:
        raise VideoError(f"nothing of video '{path}' lies between {start_s:g} s and {end_s or 0:g} s")
    return buffer.getvalue()
