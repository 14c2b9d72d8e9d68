"""A subtitle file from its bytes to cues: encoding, format, cues, account."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vidkit.errors import DataError, VideoError
from vidkit.video.container import open_input
from vidkit.video.streams import real_streams
from vidkit.video.subtitles.ass import parse_ass
from vidkit.video.subtitles.cues import Findings, Subtitles, SubtitleSegment, in_order
from vidkit.video.subtitles.encoding import decode
from vidkit.video.subtitles.json_rows import parse_json
from vidkit.video.subtitles.lrc import is_lrc_line, parse_lrc
from vidkit.video.subtitles.microdvd import is_frame_line, parse_microdvd
from vidkit.video.subtitles.timed import is_sbv_time, parse_arrows, parse_sbv
from vidkit.video.subtitles.ttml import parse_ttml
from vidkit.video.subtitles.youtube import is_json3, is_timedtext, parse_json3, parse_timedtext

SUFFIXES = (
    *(".srt", ".vtt", ".ass", ".ssa", ".ttml", ".dfxp", ".sbv", ".lrc", ".sub", ".mpl"),
    *(".json3", ".srv3", ".srv2", ".srv1", ".json", ".jsonl"),
)
_HINT = "give SRT, WebVTT, ASS, TTML, SBV, LRC, MicroDVD, YouTube's or JSON subtitles"
_BY_SUFFIX = {
    ".ass": "ass",
    ".ssa": "ass",
    ".ttml": "ttml",
    ".dfxp": "ttml",
    ".xml": "ttml",
    ".sbv": "sbv",
    ".lrc": "lrc",
    ".json": "json",
    ".jsonl": "json",
    ".json3": "json",
}
_LARGEST = 256 << 20  # bytes; hours of subtitles are below one MiB
_VOBSUB = b"\0\0\1\xba"  # a program stream
_FIRST = 64  # lines by which a format is told


def read_subtitles(
    path: str | Path, may_be_empty: bool = False, video: str | Path | None = None
) -> Subtitles:
    """Read a subtitle file of any known format and encoding.

    What cannot be read is left out, counted by reason and named with its line (`problems`); in JSON, which
    programs write, a bad row is an error.

    Args:
        path: of the file; its contents tell the format, its suffix decides in doubt.
        may_be_empty: a file that says nothing is not speech, not an error.
        video: what they belong to, asked for its frame rate by formats that count in frames.

    Raises:
        DataError: the file cannot be read, or nothing in it is a cue.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= _LARGEST else b""
    except OSError as error:
        raise DataError(f"cannot read the subtitles '{path}': {error.strerror}", "check the path") from error
    except ValueError as error:  # a zero byte in the name
        raise DataError(f"cannot read the subtitles {str(path)!r}: {error}", "check the path") from error
    if size > _LARGEST:
        raise DataError(f"'{path}' has {size >> 20} MiB, which is too much for subtitles", _HINT)
    if data.startswith(_VOBSUB):
        raise DataError(f"'{path}' holds pictures of text (VobSub), which are not read", _HINT)
    decoded = decode(data)
    found = Findings(str(path))
    if decoded.unreadable:
        found.passed_over(f"characters that are not {decoded.encoding}", decoded.unreadable)
    kind, cues = _parse(decoded.text, path.suffix.lower(), found, lambda: _frame_rate(video))
    says_nothing = not decoded.text.strip() or (
        not found.problems and (kind != "srt" or "empty cues" in found.left_out)
    )
    if not cues and not (may_be_empty and says_nothing):
        where = found.problems[0] if found.problems else f"{path}:1: no time line"
        raise DataError(f"no subtitle in '{path}' ({where})", _HINT)
    ordered = tuple(cues) if kind == "json" else in_order(cues)
    return Subtitles(
        ordered, str(path), tuple(found.problems), dict(found.left_out), decoded.encoding, kind=kind
    )


def _frame_rate(video: str | Path | None) -> float | None:
    """Frames per second by the headers of a video; None: unknown."""
    import av

    if video is None or not Path(video).is_file():
        return None
    try:
        with open_input(video) as container:
            streams = real_streams(container)
            rate = (streams[0].average_rate or streams[0].guessed_rate) if streams else None
    except (av.error.FFmpegError, OSError, VideoError):
        return None
    return float(rate) if rate else None


def _parse(
    text: str, suffix: str, found: Findings, frame_rate: Callable[[], float | None]
) -> tuple[str, list[SubtitleSegment]]:
    # \r\r\n comes from text mode on text that had \r\n already
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    kind = _format_of(lines, suffix)
    if kind == "json" and is_json3(text):
        return "json3", parse_json3(text, found)
    if kind == "json":
        return kind, parse_json(text, found)
    if kind == "timedtext":
        return kind, parse_timedtext(text, found)
    if kind == "microdvd":
        return kind, parse_microdvd(lines, found, frame_rate)
    if kind == "ttml":
        return kind, parse_ttml(text, found)
    parsers = {"ass": parse_ass, "lrc": parse_lrc, "sbv": parse_sbv}
    return kind, parsers.get(kind, parse_arrows)(lines, found)


def _format_of(lines: list[str], suffix: str) -> str:
    first = [line.strip() for line in lines[:_FIRST] if line.strip()]
    head = first[0][:200] if first else ""
    if head.startswith("WEBVTT"):
        return "vtt"
    if head.lower().startswith("[script info]") or any(line.startswith("Dialogue:") for line in first):
        return "ass"
    if head.startswith("<") and any("<tt" in line[:2000] or ":tt" in line[:2000] for line in first):
        return "ttml"
    if head.startswith("<") and any(is_timedtext(line[:2000]) for line in first):
        return "timedtext"
    if first and is_frame_line(head):
        return "microdvd"
    if head.startswith(('{"', "[{", "{ ")) or (
        head in ("[", "{", "[]") and suffix in (".json", ".jsonl", ".json3")
    ):
        return "json"
    if any("-->" in line[:200] for line in first):
        return "srt"
    if any(is_sbv_time(line) for line in first):
        return "sbv"
    if first and is_lrc_line(head):
        return "lrc"
    return _BY_SUFFIX.get(suffix, "srt")
