"""Facts and times of a video stream: from its packets where they tell all, else by decoding it once."""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import VideoError
from vidkit.video.container import open_input
from vidkit.video.decoding import Decoding, decode_all
from vidkit.video.doubts import closes_gaps, doubts_about
from vidkit.video.mistaken import LOCKED, why_no_frames, why_unreadable
from vidkit.video.packets import PacketTable, read_packets
from vidkit.video.shortfall import announced_s, shortfall
from vidkit.video.stamps import display_order, repair
from vidkit.video.streams import (
    UNREADABLE,
    codec_name,
    pick_stream,
    real_streams,
    rotation_of,
    second_zero,
)
from vidkit.video.types import Timeline, VideoInfo

_HDR_TRANSFERS = (16, 18)  # SMPTE ST 2084 (PQ), ARIB STD-B67 (HLG)
ASKED_FOR = "asked for"
_NO_TIME_STAMPS = 0x80  # AVFMT_NOTIMESTAMPS
_HEAD = 48  # frames decoded to see whether packets and frames agree
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scan:
    """A scanned stream.

    Args:
        info: facts.
        timeline: displayed frames.
        packets: in the order of decoding.
        in_order: why frames are to be read in order, from the first; empty: seeking is safe.
        decode_errors: met while the stream was decoded for its times.
        order: places in the order of decoding of the frames as displayed; empty: the same order.
    """

    info: VideoInfo
    timeline: Timeline
    packets: PacketTable
    in_order: str = ""
    decode_errors: int = 0
    order: tuple[int, ...] = ()


def scan_video(path: Path, stream: int = 0) -> tuple[VideoInfo, Timeline]:
    """Facts and times of one video stream; see `scan`."""
    found = scan(path, stream)
    return found.info, found.timeline


def scan(path: Path, stream: int = 0, threads: int = 0, doubt: str = "") -> Scan:
    """Read every packet header of one video stream and decode its first frames.

    A stream whose packets do not tell for certain which frames are shown when is decoded as a whole.

    Args:
        path: a file that FFmpeg knows.
        stream: number among the real video streams (cover art does not count).
        threads: of the decoder; 0: as many as there are cores.
        doubt: a reason to decode all of it, from someone who knows more.

    Raises:
        VideoError: missing, not a video, no such stream, or no frame in it (exit code 4).
    """
    import av

    if not path.exists():
        raise VideoError(f"no video at '{path}'", "check the path")
    if not path.is_file():
        raise VideoError(
            f"'{path}' is not a file that a decoder can seek in", "give a file, or pipe it in and give -"
        )
    if path.stat().st_size == 0:
        raise VideoError(f"'{path}' is empty", "fetch or copy it again", UNREADABLE)
    try:
        with open_input(path) as container:
            video = pick_stream(container, path, stream)
            packets = read_packets(container, video)
            info, zero = _describe(container, video, path, stream)
            reorders = bool(video.codec_context.has_b_frames)
            notes = _other_streams(container, video)
            announced = announced_s(container, video, packets, path)
        _refuse_encrypted(packets, path)
        head = _Head.read(path, info, threads) if len(packets) else _Head()
    except av.error.FFmpegError as error:
        reason, hint = why_unreadable(path, error)
        raise VideoError(f"cannot read '{path}' as a video: {reason}", hint, UNREADABLE) from error
    info = _as_displayed(info, head)
    if doubt and doubt != ASKED_FOR:
        notes.append(f"{doubt}: frames are read in order")
    reason = doubt or doubts_about(packets, info) or head.doubt(packets)
    if reason:
        found = _from_frames(packets, info, zero, reorders, notes, threads, reason)
    else:
        found = Scan(info, _from_packets(packets, info, zero, notes), packets)
    if not len(found.timeline):
        what, hint = why_no_frames(path)
        raise VideoError(f"'{path}' {what}", hint, UNREADABLE)
    notes = [*found.timeline.notes, *shortfall(announced, found.timeline.duration_s)]
    timeline = replace(found.timeline, notes=tuple(notes))
    return replace(found, info=_with_times(found.info, timeline, zero), timeline=timeline)


def _refuse_encrypted(packets: PacketTable, path: Path) -> None:
    """An encrypted picture decodes to noise, often without an error."""
    if packets.encrypted:
        share = "" if packets.encrypted == len(packets) else f": {packets.encrypted} of {len(packets)} frames"
        raise VideoError(f"'{path}' is encrypted{share}", LOCKED, UNREADABLE)


def _from_packets(packets: PacketTable, info: VideoInfo, zero: float, notes: list[str]) -> Timeline:
    shown = ~packets.is_hidden & ~packets.is_discard
    order = np.argsort(packets.pts[shown], kind="stable")
    pts, is_key = packets.pts[shown][order], packets.is_entry[shown][order]
    if packets.is_discard.any():
        notes = [*notes, f"an edit list hides {int(packets.is_discard.sum())} frames"]
    discarded = int(packets.is_discard.sum())
    return _timeline(pts, is_key, packets, info, zero, notes, True, discarded)


def _from_frames(
    packets: PacketTable,
    info: VideoInfo,
    zero: float,
    reorders: bool,
    notes: list[str],
    threads: int,
    reason: str,
) -> Scan:
    frames = decode_all(info.path, info.stream, threads)
    stamps, base = frames.stamps, info.time_base
    if info.container == "avi" and reorders:
        # AVI stores no times of presentation: FFmpeg's are in the order of decoding, behind by the reordering
        times = sorted({pts for pts in stamps if pts is not None})
        stamps = [*times] if len(times) == len(stamps) else [None] * len(stamps)
    if info.container == "dirac":
        stamps = [None] * len(stamps)  # it numbers pictures where others have times
    if info.container == "avi":
        zero = float("inf")  # all streams begin together
    step = max(1, round(Fraction(info.average_fps or 25).limit_denominator(100_000) ** -1 / base))
    gaps = [b - a for a, b in itertools.pairwise(stamps) if a is not None and b is not None and b > a]
    if gaps and 2 * len(gaps) >= len(stamps):
        step = max(1, int(np.median(gaps)))
    order = display_order(stamps, step)
    stamps, moves = [stamps[place] for place in order], order != list(range(len(order)))
    pts, repairs = repair(stamps, base, step, closes_gaps(info)) if stamps else (np.zeros(0, np.int64), [])
    notes = [*notes, *repairs]
    if packets.broken_off:
        notes.append(f"the file breaks off: {packets.broken_off}")
    known_pts = not repairs
    is_key = np.array(frames.is_key, dtype=bool)[order]
    discarded = int(packets.is_discard.sum())
    timeline = _timeline(pts, is_key, packets, info, zero, notes, known_pts, discarded)
    return Scan(info, timeline, packets, reason, frames.errors, tuple(order) if moves else ())


def _timeline(
    pts: NDArray[np.int64],
    is_key: NDArray[np.bool_],
    packets: PacketTable,
    info: VideoInfo,
    zero: float,
    notes: list[str],
    pts_known: bool,
    discarded: int,
) -> Timeline:
    base = float(info.time_base)
    if not pts.size:
        return Timeline(pts, np.zeros(0), is_key, 0.0, tuple(notes), pts_known, discarded)
    step_s = float(np.median(np.diff(pts))) * base if pts.size > 1 else 1.0 / (info.average_fps or 25.0)
    seconds = (pts - pts[0]).astype(np.float64) * base
    late_s = float(pts[0]) * base - zero
    if late_s >= step_s:  # sound comes first; less than a frame is the sound encoder's lead-in
        seconds += late_s
    last_s = packets.last_duration * base
    # some writers put the rest of the film's length into the last packet
    last_s = last_s if 0 < last_s <= 100 * step_s else step_s
    return Timeline(pts, seconds, is_key, float(seconds[-1]) + last_s, tuple(notes), pts_known, discarded)


def _with_times(info: VideoInfo, timeline: Timeline, zero: float) -> VideoInfo:
    steps = np.diff(timeline.time_s)
    base = float(info.time_base)
    # the container's rounding (a millisecond in Matroska) is not a variable rate
    uneven = steps.size > 1 and float(np.ptp(steps)) > max(0.0021, 2.1 * base)
    span_s = timeline.duration_s - float(timeline.time_s[0])
    # what the header says may be another stream's rate, or half the rate of fields
    rate = len(timeline) / span_s if span_s > 0 else info.average_fps
    if info.average_fps and abs(rate / info.average_fps - 1) < 0.01:
        rate = info.average_fps
    return replace(
        info,
        frame_count=len(timeline),
        duration_s=timeline.duration_s,
        average_fps=rate,
        start_pts=round(float(timeline.pts[0]) - float(timeline.time_s[0]) / base),
        is_variable_rate=uneven,
    )


@dataclass
class _Head:
    """The first frames of a stream, decoded."""

    pts: list[int | None] | None = None
    size: tuple[int, int] = (0, 0)
    pixel_format: str = ""
    rotation: int = 0
    interlaced: bool = False
    errors: int = 0

    @classmethod
    def read(cls, path: Path, info: VideoInfo, threads: int) -> _Head:
        head = cls([])
        assert head.pts is not None
        with Decoding(str(path), info.stream, threads) as decoding:
            for frame in decoding.frames():
                if not head.pts:
                    head.size, head.pixel_format = (frame.width, frame.height), frame.format.name
                    head.rotation = rotation_of(frame)
                head.interlaced |= bool(frame.interlaced_frame)
                head.pts.append(frame.pts)
                if len(head.pts) == _HEAD:
                    break
            head.errors = decoding.errors
        return head

    def doubt(self, packets: PacketTable) -> str:
        """Why the frames are not those that the packets announce; empty: they are."""
        shown = np.sort(packets.pts[~packets.is_hidden & ~packets.is_discard])
        expected, found = shown[:_HEAD].tolist(), self.pts or []
        if self.errors and len(found) == _HEAD and set(found) <= set(shown.tolist()):
            return ""  # damaged, but what comes has its place
        if found != expected:
            return "the first frames are not those that the packets announce"
        if self.interlaced:
            return "interlaced: two packets may make one frame"
        return ""


def _describe(container: Any, video: Any, path: Path, stream: int) -> tuple[VideoInfo, float]:
    """Facts from the headers, and the second of the container's clock at which a player starts."""
    context = video.codec_context
    aspect = Fraction(video.sample_aspect_ratio or context.sample_aspect_ratio or 1)
    base = Fraction(video.time_base)
    info = VideoInfo(
        path=str(path),
        container=container.format.name,
        codec=codec_name(video),
        # not context.pix_fmt: PyAV 17 ends the process where the format is not known
        pixel_format="" if context.format is None else context.format.name,
        width=context.width,
        height=context.height,
        frame_count=0,
        duration_s=0.0,
        average_fps=_nominal_rate(container, video),
        time_base=base,
        start_pts=int(video.start_time or 0),
        pixel_aspect=aspect if aspect > 0 else Fraction(1),
        is_hdr=int(context.color_trc or 0) in _HDR_TRANSFERS,
        has_audio=bool(container.streams.audio),
        stream=stream,
    )
    return info, second_zero(container, video)


def _nominal_rate(container: Any, video: Any) -> float:
    """Frames per second by the headers, 0 if unknown."""
    average, own = video.average_rate, video.guessed_rate
    # for a raw stream, the average is FFmpeg's default of 25, and the stream's own rate is in its headers
    is_raw = bool(container.format.flags & _NO_TIME_STAMPS)
    return float((own or average if is_raw else average or own) or 0)


def _other_streams(container: Any, video: Any) -> list[str]:
    streams = real_streams(container)
    others = [
        f"stream={number} ({codec_name(other)} {other.codec_context.width}x{other.codec_context.height})"
        for number, other in enumerate(streams)
        if other.index != video.index and other.codec_context is not None
    ]
    if not others:
        return []
    return [f"the file has {len(streams)} video streams; not read: {', '.join(others)}"]


def _as_displayed(info: VideoInfo, head: _Head) -> VideoInfo:
    """Displayed size and rotation, which FFmpeg tells with a decoded frame."""
    width, height = head.size if head.size[0] else (info.width, info.height)
    if info.pixel_aspect != 1:
        width = max(1, round(width * info.pixel_aspect))
    if head.rotation in (90, 270):
        width, height = height, width
    pixel_format = head.pixel_format or info.pixel_format
    return replace(info, width=width, height=height, rotation=head.rotation, pixel_format=pixel_format)
