"""Text streams inside a video file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.errors import DataError
from vidkit.video.container import open_input, tag
from vidkit.video.streams import real_streams, second_zero
from vidkit.video.subtitles.cues import Findings, Subtitles, SubtitleSegment, in_order
from vidkit.video.subtitles.encoding import decode
from vidkit.video.subtitles.languages import language_code
from vidkit.video.subtitles.markup import plain, plain_ass
from vidkit.video.subtitles.ttml import parse_ttml

_TEXT = ("subrip", "srt", "mov_text", "ass", "ssa", "webvtt", "text", "ttml", "subviewer")
_UNTIMED_S = 2.0  # of a text whose length nobody states


@dataclass(frozen=True)
class Track:
    """A text stream: its cues, and what the file says about it."""

    subtitles: Subtitles
    is_default: bool
    is_forced: bool


def read_embedded(video: Path) -> tuple[list[Track], list[str]]:
    """Text streams inside a video, in the order of the file, and notes on those that cannot be read.

    Times count from where a player starts, as those of its frames do.
    """
    import av

    notes: list[str] = []
    try:
        with open_input(video) as container:
            streams = [stream for stream in container.streams.subtitles if _is_text(stream, notes)]
            if not streams or not real_streams(container):
                return [], notes
            zero_s = second_zero(container, real_streams(container)[0])
            packets: dict[int, list[tuple[float, float, bytes]]] = {stream.index: [] for stream in streams}
            try:
                for packet in container.demux(streams):
                    if packet.size and packet.pts is not None and packet.time_base:
                        begin_s = float(packet.pts * packet.time_base) - zero_s
                        length_s = float((packet.duration or 0) * packet.time_base) or _UNTIMED_S
                        packets[packet.stream.index].append((begin_s, begin_s + length_s, bytes(packet)))
            except (av.error.FFmpegError, OSError) as error:
                notes.append(f"subtitles inside '{video.name}' break off: {error.strerror or error}")
            tracks = [_track(stream, packets[stream.index], video) for stream in streams]
    except (av.error.FFmpegError, OSError) as error:
        return [], [*notes, f"subtitles inside '{video.name}' cannot be read: {error.strerror or error}"]
    return [track for track in tracks if track.subtitles.cues or track.subtitles.left_out], notes


def _is_text(stream: Any, notes: list[str]) -> bool:
    codec = stream.codec_context.name if stream.codec_context else "unknown codec"
    if codec in _TEXT:
        return True
    notes.append(f"subtitle stream {stream.index} ({codec}) is made of pictures or unknown: not read")
    return False


def _track(stream: Any, packets: list[tuple[float, float, bytes]], video: Path) -> Track:
    from av.stream import Disposition

    codec = stream.codec_context.name
    source = f"text stream {stream.index} ({codec})"
    found = Findings(f"{video}, {source}")
    cues: list[SubtitleSegment] = []
    texts, encoding = _texts([data for _, _, data in packets], codec)
    for number, ((begin_s, end_s, _), text) in enumerate(zip(packets, texts, strict=True), 1):
        if codec == "ttml":
            try:
                cues += parse_ttml(text, found)
            except DataError as error:
                found.damaged(number, error.message)
        elif codec in ("ass", "ssa"):
            words, drawings = plain_ass(text.split(",", 8)[-1])
            found.passed_over("drawings", drawings)
            if words or not drawings:
                found.keep(cues, number, begin_s, end_s, words)
        else:
            found.keep(cues, number, begin_s, end_s, plain(text))
    title = tag(stream, "title")
    language = language_code(tag(stream, "language")) or language_code(title)
    read = Subtitles(in_order(cues), source, tuple(found.problems), dict(found.left_out), encoding, language)
    return Track(
        read, bool(stream.disposition & Disposition.default), bool(stream.disposition & Disposition.forced)
    )


def _texts(packets: list[bytes], codec: str) -> tuple[list[str], str]:
    if codec == "mov_text":
        packets = [data[2 : 2 + int.from_bytes(data[:2], "big")] for data in packets]
    try:
        return [
            data.decode("utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else data.decode("utf-8")
            for data in packets
        ], "utf-8"
    except UnicodeDecodeError:
        # files made from old subtitles carry their encoding along: one for the whole stream
        name = decode(b"\n".join(packets)).encoding
        return [data.decode(name, errors="replace") for data in packets], name
