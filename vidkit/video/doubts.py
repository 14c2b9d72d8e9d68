"""When packet headers cannot be trusted to say which frames are shown when, or where decoding may start."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from vidkit.video.packets import UNTIMED, PacketTable
from vidkit.video.stamps import GAP_S
from vidkit.video.types import VideoInfo

# containers whose packets carry true times of presentation and that find their place again after a seek
_SEEKABLE = ("mp4", "mov", "matroska", "webm", "mpegts", "flv")
_BROADCAST = ("mpegts", "mpeg", "vob", "dvd", "mpegvideo", "hls", "asf", "wtv")


def closes_gaps(info: VideoInfo) -> bool:
    """Whether a long gap in the times means that another recording was joined on."""
    return any(name in _BROADCAST for name in info.container.split(","))


def doubts_about(packets: PacketTable, info: VideoInfo) -> str:
    """The first reason to decode a stream as a whole and in order; empty: none."""
    if not any(name in _SEEKABLE for name in info.container.split(",")):
        return f"{info.container} is read in order"
    if not packets.knows_entries:
        return f"{info.codec} is read in order: its packets do not tell where decoding may start"
    if packets.broken_off or packets.damaged:
        return "the file is damaged"
    if (packets.pts == UNTIMED).any():
        return "time stamps are missing"
    if np.unique(packets.pts).size < len(packets):
        return "frames share time stamps"
    if packets.changes:
        return "the codec's parameters change midway"
    if len(packets):
        return _doubts_about_order(packets, info)
    return ""


def _doubts_about_order(packets: PacketTable, info: VideoInfo) -> str:
    shown, hidden = packets.pts[~packets.is_discard], packets.pts[packets.is_discard]
    if not shown.size or (hidden.size and hidden.max() > shown.min()):
        return "an edit list hides frames midway"
    if not packets.is_entry[0]:
        return "the first packet is not a key frame"
    if (packets.pts[1:] < packets.pts[0]).any():
        return "pictures before the first key frame may not be decodable"
    # one clock from the first packet to the last, but for the reordering of a few frames
    steps = np.diff(packets.dts[packets.dts != UNTIMED])
    if (steps < 0).any():
        return "the clock jumps"
    if closes_gaps(info) and (steps > Fraction(GAP_S) / info.time_base).any():
        return "the clock jumps"
    return ""
