"""What a file is that was given as a video and is none."""

from __future__ import annotations

from pathlib import Path

_HEAD = 4096
_WHOLE = "check that the file is whole"


def why_unreadable(path: Path, error: Exception) -> tuple[str, str]:
    """What FFmpeg could not read, and what to do: the words behind "cannot read 'x' as a video"."""
    if isinstance(error, PermissionError):
        return "it may not be read", f"change its permissions: chmod u+r '{path}'"
    told = str(getattr(error, "strerror", "") or error)
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError:
        return told, _WHOLE
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"version https://git-lfs"):
        return "it is a pointer of Git LFS", "fetch the file itself: git lfs pull"
    if text.startswith((b"<!doctype html", b"<html")):
        return "it is a web page", "download the video itself; the page may say why that did not work"
    if not head.strip(b"\0"):
        return "it begins with nothing but zeros", "download or copy it again"
    if head[4:8] == b"ftyp" and not _has_box(path, (b"moov", b"meta")):
        return "it breaks off before its index (moov)", "record, download or copy it again to the end"
    return told, _WHOLE


def _has_box(path: Path, kinds: tuple[bytes, ...]) -> bool:
    """Whether an MP4 file has a box of these kinds at its top; stops where a box reaches beyond the end."""
    size, place = path.stat().st_size, 0
    with path.open("rb") as stream:
        while place + 8 <= size:
            stream.seek(place)
            head = stream.read(16)
            length = int.from_bytes(head[:4], "big")
            if head[4:8] in kinds:
                return True
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if length < 8:
                return False
            place += length
    return False
