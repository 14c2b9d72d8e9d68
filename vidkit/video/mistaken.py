"""What a file is that was given as a video and is none."""

from __future__ import annotations

import re
from pathlib import Path

_HEAD = 4096
_SAMPLE = 1 << 20  # bytes that are searched for marks of encryption
_TS_PACKET = 188
_SEGMENT = (b"styp", b"moof", b"sidx", b"prft", b"emsg")  # how segments begin
_JOIN = "join the parts: cat init.mp4 segment-1.m4s ... > whole.mp4"
_WHOLE = "check that the file is whole"
LOCKED = "give the video without copy protection, or decrypt it with its key first"


def why_unreadable(path: Path, error: Exception) -> tuple[str, str]:
    """What FFmpeg could not read, and what to do: the words behind "cannot read 'x' as a video"."""
    if isinstance(error, PermissionError):
        return "reading it is not permitted", f"change its permissions: chmod u+r '{path}'"
    told = str(getattr(error, "strerror", "") or error)
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError:
        return told, _WHOLE
    if not head:
        return "it is empty", "fetch or copy it again"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"version https://git-lfs"):
        return "it is a pointer of Git LFS", "fetch the file itself: git lfs pull"
    if text.startswith((b"<!doctype html", b"<html")):
        return "it is a web page", "download the video itself; the page may say why that did not work"
    if not head.strip(b"\0"):
        return "it begins with nothing but zeros", "download or copy it again"
    if head[4:8] in _SEGMENT:
        return "it is a segment of a stream without its beginning", _JOIN
    if head[4:8] == b"ftyp" and not _has_box(path, (b"moov", b"meta")):
        return "it breaks off before its index (moov)", "record, download or copy it again to the end"
    return told, _WHOLE


def why_no_frames(path: Path) -> tuple[str, str]:
    """Why a file with a video stream gave no picture, and what to do: the words behind its name."""
    with path.open("rb") as stream:
        data = stream.read(_SAMPLE)
    if _is_scrambled(data) or _has_locked_track(data):
        return "is encrypted", LOCKED
    if data[4:8] == b"ftyp" and not _has_box(path, (b"mdat", b"moof")):
        return "is the beginning of a stream without its segments", _JOIN
    return "has a video stream without frames that can be decoded", _WHOLE


def _is_scrambled(data: bytes) -> bool:
    """Whether most packets of a transport stream say that they are."""
    if data[:1] != b"\x47" or data[_TS_PACKET : _TS_PACKET + 1] != b"\x47":
        return False
    marks = [data[place + 3] for place in range(0, len(data) - 3, _TS_PACKET) if data[place] == 0x47]
    return sum(mark & 0xC0 != 0 for mark in marks) > len(marks) / 2


def _has_locked_track(data: bytes) -> bool:
    """Whether a Matroska file has an element ContentEncryption that begins with its algorithm."""
    if data[:4] != b"\x1a\x45\xdf\xa3":
        return False
    return (
        re.search(rb"\x50\x35(?:[\x80-\xff]|[\x40-\x7f].|\x01.{7})\x47[\xe1\xe2]", data, re.DOTALL)
        is not None
    )


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
