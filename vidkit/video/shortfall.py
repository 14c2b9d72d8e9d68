"""What a file says it holds, beside what could be read of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vidkit.video.packets import PacketTable

_LEAST_S, _LEAST_SHARE = 0.5, 0.02  # less is rounding, or a last packet without a length


def announced_s(container: Any, stream: Any, packets: PacketTable, path: Path) -> float:
    """Seconds of a stream by the file's index where packets are missing; 0: none are, or it is unknown.

    MP4 files count their frames before the frames themselves; Matroska files tell lengths alone.
    """
    kind = container.format.name
    if "mp4" in kind:
        # packets that an edit list leaves out are not missing
        missing = int(stream.frames or 0) > len(packets) and _is_cut(path)
        return float(stream.duration * stream.time_base) if missing and stream.duration else 0.0
    if "matroska" in kind and len(container.streams) == 1:  # else the length may be that of the sound
        return float(container.duration or 0) / 1e6
    return 0.0


def shortfall(announced: float, found_s: float) -> list[str]:
    """A note where a file tells of clearly more than could be read."""
    if announced - found_s <= max(_LEAST_S, _LEAST_SHARE * announced):
        return []
    return [f"the file says {announced:.1f} s, only {found_s:.1f} s could be read"]


def _is_cut(path: Path) -> bool:
    """Whether a box of an MP4 file reaches beyond the file's end."""
    size, place = path.stat().st_size, 0
    with path.open("rb") as stream:
        while place + 8 <= size:
            stream.seek(place)
            head = stream.read(16)
            length = int.from_bytes(head[:4], "big")
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if length < 8:
                return False  # it reaches to the end, or is no box
            place += length
    return place > size
