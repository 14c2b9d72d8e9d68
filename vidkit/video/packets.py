"""The packets of one video stream in the order of decoding, from their headers: nothing is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.video.bitstream import Inspector
from vidkit.video.streams import codec_name

UNTIMED = np.iinfo(np.int64).min


@dataclass(frozen=True)
class PacketTable:
    """What stands where in a stream; arrays are [M], in the order of decoding.

    Args:
        pts: time stamps of presentation, `UNTIMED` where there is none.
        dts: time stamps of decoding, likewise.
        is_key: flagged as a key frame by the container.
        is_entry: all that is displayed from this picture on can be decoded from here.
        is_hidden: holds a picture that is not shown when it is decoded.
        is_discard: removed from display by an edit list.
        last_duration: of the last packet that has one, in units of the time base; 0: unknown.
        broken_off: why reading ended before the end of the file; empty: it did not.
        damaged: packets that the container calls corrupt.
        encoder_note: bytes to put before every entry (see `Inspector.encoder_note`).
        knows_entries: whether entries of this codec can be told at all.
        changes: packets that bring new parameters of the codec with them.
        encrypted: packets that the container calls encrypted.
    """

    pts: NDArray[np.int64]
    dts: NDArray[np.int64]
    is_key: NDArray[np.bool_]
    is_entry: NDArray[np.bool_]
    is_hidden: NDArray[np.bool_]
    is_discard: NDArray[np.bool_]
    last_duration: int
    broken_off: str
    damaged: int
    encoder_note: bytes
    knows_entries: bool
    changes: int
    encrypted: int = 0

    def __len__(self) -> int:
        return int(self.pts.size)


def read_packets(container: Any, stream: Any) -> PacketTable:
    """Walk through all packets of a stream."""
    import av

    context = stream.codec_context
    inspector = Inspector(codec_name(stream), bytes(context.extradata or b""), bool(context.codec.intra_only))
    rows: list[tuple[int, int, bool, bool, bool, bool]] = []
    add, hides, intra = rows.append, inspector.hides, bool(context.codec.intra_only)
    duration = damaged = changes = encrypted = 0
    note, broken_off = b"", ""
    parameters: dict[int, bytes] = {}  # by row of a key frame
    has_sidedata = getattr(av.Packet, "has_sidedata", None)  # absent in old versions
    try:
        for packet in container.demux(stream):
            if not packet.size:
                continue
            is_key, is_entry = packet.is_keyframe, intra
            if is_key and not intra:
                data = bytes(packet)
                is_entry = inspector.is_entry(data)
                note = note or (inspector.encoder_note(data) if not rows else b"")
                parameters[len(rows)] = inspector.parameters(data)
            hidden = hides and inspector.is_hidden(memoryview(packet))
            pts, dts = packet.pts, packet.dts
            add(
                (
                    UNTIMED if pts is None else pts,
                    UNTIMED if dts is None else dts,
                    is_key,
                    is_entry,
                    hidden,
                    packet.is_discard,
                )
            )
            duration = packet.duration or duration
            damaged += packet.is_corrupt
            if has_sidedata is not None:
                changes += len(rows) > 1 and bool(has_sidedata(packet, "new_extradata"))
                encrypted += bool(has_sidedata(packet, "encryption_info"))
    except av.error.FFmpegError as error:
        broken_off = reason_of(error)
    times = np.array([row[:2] for row in rows], dtype=np.int64).reshape(-1, 2)
    flags = np.array([row[2:] for row in rows], dtype=bool).reshape(-1, 4)
    if len({found for found in parameters.values() if found}) > 1:
        # they change on the way: decoding starts only where they stand
        flags[[row for row, found in parameters.items() if row and not found], 1] = False
    return PacketTable(
        times[:, 0], times[:, 1], flags[:, 0], flags[:, 1], flags[:, 2], flags[:, 3],
        duration, broken_off, damaged, note, inspector.knows_entries, changes, encrypted,
    )  # fmt: skip


def reason_of(error: Exception) -> str:
    """What FFmpeg says about an error."""
    return str(getattr(error, "strerror", "") or error)
