"""Facts and time stamps of a video stream, from its packets alone: nothing is decoded but one frame."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from vidkit.errors import VideoError
from vidkit.video.container import open_input
from vidkit.video.types import Timeline, VideoInfo

UNREADABLE = 4  # exit status when nothing of a video can be decoded
_HDR_TRANSFERS = (16, 18)  # SMPTE ST 2084 (PQ), ARIB STD-B67 (HLG)
_log = logging.getLogger(__name__)


@dataclass
class _Packets:
    pts: list[int] = field(default_factory=list)
    is_key: list[bool] = field(default_factory=list)
    last_duration: int = 0
    discarded: int = 0
    untimed: int = 0
    broken_off: str = ""


def scan_video(path: Path, stream: int = 0) -> tuple[VideoInfo, Timeline]:
    """Read every packet header of one video stream.

    Args:
        path: a file that FFmpeg knows.
        stream: number among the real video streams (cover art does not count).

    Raises:
        VideoError: missing, not a video, no such stream, or no frame in it (exit code 4).
    """
    import av

    if not path.is_file():
        raise VideoError(f"no video at '{path}'", "check the path")
    try:
        with open_input(path) as container:
            video = pick_stream(container, path, stream)
            packets = _read_packets(container, video)
            info = _describe(container, video, path, stream)
            reorders = bool(video.codec_context.has_b_frames)
    except av.error.FFmpegError as error:
        raise VideoError(
            f"cannot read '{path}' as a video: {_reason(error)}", "check that the file is whole", UNREADABLE
        ) from error
    # AVI stores no time of presentation: with reordered frames its stamps are those of decoding
    ordered = not (info.container == "avi" and reorders)
    timeline, start = _timeline(packets, info, ordered)
    if not len(timeline):
        raise VideoError(
            f"'{path}' has a video stream without frames", "check that the file is whole", UNREADABLE
        )
    info = _with_orientation(path, stream, info)
    steps = np.diff(timeline.time_s)
    # the container's rounding (a millisecond in Matroska) is no variable rate
    uneven = steps.size > 1 and float(np.ptp(steps)) > max(0.0021, 2.1 * float(info.time_base))
    rate = info.average_fps or len(timeline) / max(timeline.duration_s, 1e-6)
    info = replace(
        info,
        frame_count=len(timeline),
        duration_s=timeline.duration_s,
        average_fps=rate,
        start_pts=start,
        is_variable_rate=uneven,
    )
    return info, timeline


def pick_stream(container: Any, path: Path, number: int) -> Any:
    """The `number`th video stream that is no cover art.

    Raises:
        VideoError: there is none; says whether the file has audio alone.
    """
    from av.stream import Disposition

    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        kind = "audio but no video" if container.streams.audio else "no video stream"
        raise VideoError(f"'{path}' has {kind}", "give a file with a video stream", UNREADABLE)
    if number >= len(streams):
        raise VideoError(
            f"'{path}' has {len(streams)} video streams, not stream {number}", "count from stream=0"
        )
    if streams[number].codec_context is None:
        raise VideoError(
            f"no decoder for the video codec of '{path}'", "install a PyAV whose FFmpeg knows it", UNREADABLE
        )
    return streams[number]


def _read_packets(container: Any, video: Any) -> _Packets:
    import av

    packets = _Packets()
    add_pts, add_key = packets.pts.append, packets.is_key.append
    try:
        for packet in container.demux(video):
            if not packet.size:
                continue
            if packet.is_discard:
                packets.discarded += 1
                continue
            pts = packet.pts
            if pts is None:
                packets.untimed += 1
                pts = packet.dts
            if pts is None:
                continue
            add_pts(pts)
            add_key(packet.is_keyframe)
            packets.last_duration = packet.duration or packets.last_duration
    except av.error.FFmpegError as error:
        packets.broken_off = _reason(error)
    return packets


def _timeline(packets: _Packets, info: VideoInfo, ordered: bool) -> tuple[Timeline, int]:
    notes: list[str] = []
    base = info.time_base
    pts, is_key = np.array(packets.pts, dtype=np.int64), np.array(packets.is_key, dtype=bool)
    known = ordered and packets.untimed == 0
    if pts.size < packets.untimed:
        # neither pts nor dts: a raw stream, whose frames follow one another at the nominal rate
        step = max(1, round(1 / (Fraction(info.average_fps or 25).limit_denominator(100000) * base)))
        pts, is_key = np.arange(packets.untimed) * step, np.zeros(packets.untimed, dtype=bool)
        notes.append("no time stamps: frames are placed at the nominal rate")
    elif not known:
        notes.append("time stamps of presentation are missing: decoding order times are used")
    order = np.argsort(pts, kind="stable")
    pts, is_key = pts[order], is_key[order]
    start = info.start_pts if known else int(pts[0]) if pts.size else 0
    start = max(start, 0) if pts.size and (pts >= 0).any() else start
    shown = pts >= start
    if pts.size and not shown.all():
        notes.append(f"{int((~shown).sum())} frames before the start of the stream are not displayed")
    pts, is_key = pts[shown], is_key[shown]
    pts, first = np.unique(pts, return_index=True)
    if pts.size < is_key.size:
        notes.append(f"{is_key.size - pts.size} frames share a time stamp with another and are not displayed")
    is_key = is_key[first]
    if packets.discarded:
        notes.append(f"an edit list hides {packets.discarded} frames")
    if packets.broken_off:
        notes.append(f"the file breaks off: {packets.broken_off}")
    seconds = (pts - start).astype(np.float64) * float(base)
    step_s = float(np.median(np.diff(seconds))) if pts.size > 1 else 1.0 / (info.average_fps or 25.0)
    end = packets.last_duration * float(base) or step_s
    duration = float(seconds[-1] + end) if pts.size else 0.0
    return Timeline(pts, seconds, is_key, duration, tuple(notes), known, packets.discarded), start


def _describe(container: Any, video: Any, path: Path, stream: int) -> VideoInfo:
    context = video.codec_context
    aspect = Fraction(video.sample_aspect_ratio or context.sample_aspect_ratio or 1)
    return VideoInfo(
        path=str(path),
        container=container.format.name,
        codec=context.name,
        pixel_format=context.pix_fmt or "",
        width=context.width,
        height=context.height,
        frame_count=0,
        duration_s=0.0,
        average_fps=float(video.average_rate or video.guessed_rate or 0),
        time_base=Fraction(video.time_base),
        start_pts=int(video.start_time or 0),
        pixel_aspect=aspect if aspect > 0 else Fraction(1),
        is_hdr=int(context.color_trc or 0) in _HDR_TRANSFERS,
        has_audio=bool(container.streams.audio),
        stream=stream,
    )


def _with_orientation(path: Path, stream: int, info: VideoInfo) -> VideoInfo:
    """Displayed size and rotation, which FFmpeg tells with a decoded frame."""
    import av

    rotation, width, height = 0, info.width, info.height
    pixel_format = info.pixel_format
    try:
        with open_input(path) as container:
            for frame in container.decode(pick_stream(container, path, stream)):
                rotation = round(-frame.rotation / 90) * 90 % 360
                width, height, pixel_format = frame.width, frame.height, frame.format.name
                break
    except av.error.FFmpegError as error:
        _log.info("%s: first frame not decodable: %s", path, error)
    if info.pixel_aspect != 1:
        width = max(1, round(width * info.pixel_aspect))
    if rotation in (90, 270):
        width, height = height, width
    return replace(info, width=width, height=height, rotation=rotation, pixel_format=pixel_format)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", "") or error)
