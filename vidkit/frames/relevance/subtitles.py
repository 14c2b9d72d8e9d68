"""Subtitles: SRT, WebVTT and ASS files beside the video, and text streams inside it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path

from vidkit.errors import DataError
from vidkit.video.container import open_input

SUFFIXES = (".srt", ".vtt", ".ass", ".ssa")
_TIMING = re.compile(
    r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})\s*-->\s*(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
)
_ASS_TIME = re.compile(r"(\d+):(\d{2}):(\d{2})[.:](\d{2})")
_TAG = re.compile(r"<[^>]*>|\{[^}]*\}")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"')\]]*$")


@dataclass(frozen=True)
class Cue:
    """A text on screen from `start_s` to `end_s` [s]."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True)
class Subtitles:
    """Cues in order of time, where they come from, and what could not be read."""

    cues: tuple[Cue, ...]
    source: str
    problems: tuple[str, ...] = ()


def read_subtitles(path: Path) -> Subtitles:
    """Read a subtitle file; damaged blocks are left out and named with their line.

    Raises:
        DataError: the file cannot be read, or nothing in it is a cue.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read the subtitles '{path}': {error.strerror}", "check the path") from error
    text = _decode(data)
    problems: list[str] = []
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    parse = _parse_ass if path.suffix.lower() in (".ass", ".ssa") else _parse_timed
    cues = sorted(parse(lines, path, problems), key=lambda cue: (cue.start_s, cue.end_s))
    if not cues:
        where = problems[0] if problems else f"{path}:1: no time line"
        raise DataError(f"no subtitle in '{path}' ({where})", "give an SRT, WebVTT or ASS file")
    return Subtitles(tuple(cues), str(path), tuple(problems))


def find_sidecar(video: Path) -> Path | None:
    """The subtitle file beside a video: the same name, or the same name with a language (`talk.en.srt`)."""
    if video.is_dir():
        return None
    for suffix in SUFFIXES:
        plain = video.with_suffix(suffix)
        if plain.is_file():
            return plain
    try:
        near = sorted(f for f in video.parent.iterdir() if f.suffix.lower() in SUFFIXES)
    except OSError:
        return None
    return next((f for f in near if f.name.startswith(video.stem + ".")), None)


def read_embedded(video: Path) -> Subtitles | None:
    """The first text stream inside a video; None if there is none or it is made of pictures."""
    import av

    try:
        with open_input(video) as container:
            for stream in container.streams.subtitles:
                codec = stream.codec_context.name if stream.codec_context else ""
                if codec not in ("subrip", "srt", "mov_text", "ass", "ssa", "webvtt", "text"):
                    continue
                pictures = container.streams.video[0]
                zero = float((pictures.start_time or 0) * (pictures.time_base or 0))
                cues = []
                for packet in container.demux(stream):
                    if packet.size and packet.pts is not None:
                        begin = float(packet.pts * packet.time_base) - zero
                        length = float((packet.duration or 0) * packet.time_base) or 2.0
                        text = _packet_text(bytes(packet), codec)
                        if text:
                            cues.append(Cue(begin, begin + length, text))
                if cues:
                    return Subtitles(tuple(cues), f"text stream {stream.index} ({codec})")
    except (av.error.FFmpegError, OSError, IndexError):
        return None
    return None


def sentences(cues: tuple[Cue, ...], gap_s: float = 1.0, longest_s: float = 12.0) -> list[Cue]:
    """Join cues until a sentence ends, a pause of `gap_s` comes or `longest_s` is reached."""
    joined: list[Cue] = []
    for cue in cues:
        last = joined[-1] if joined else None
        if (
            last is not None
            and not _SENTENCE_END.search(last.text)
            and cue.start_s - last.end_s <= gap_s
            and cue.end_s - last.start_s <= longest_s
        ):
            joined[-1] = Cue(last.start_s, max(last.end_s, cue.end_s), f"{last.text} {cue.text}")
        else:
            joined.append(cue)
    return joined


def _decode(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _parse_timed(lines: list[str], path: Path, problems: list[str]) -> list[Cue]:
    cues: list[Cue] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        match = _TIMING.search(line)
        if match is None:
            if "-->" in line:
                problems.append(f"{path}:{number + 1}: not a time line: {line.strip()[:60]!r}")
            number += 1
            continue
        begin, end = _seconds(match.groups()[:4]), _seconds(match.groups()[4:])
        number += 1
        text: list[str] = []
        while number < len(lines) and lines[number].strip() and "-->" not in lines[number]:
            text.append(lines[number])
            number += 1
        cleaned = _clean(" ".join(text))
        if end < begin:
            problems.append(f"{path}:{number}: ends before it starts")
        elif cleaned:
            cues.append(Cue(begin, end, cleaned))
    return cues


def _parse_ass(lines: list[str], path: Path, problems: list[str]) -> list[Cue]:
    cues = []
    for number, line in enumerate(lines, start=1):
        if not line.startswith("Dialogue:"):
            continue
        fields = line.split(":", 1)[1].split(",", 9)
        times = [_ASS_TIME.search(field) for field in fields[1:3]]
        if len(fields) < 10 or any(match is None for match in times):
            problems.append(f"{path}:{number}: not a dialogue line: {line.strip()[:60]!r}")
            continue
        begin, end = (
            int(m[1]) * 3600 + int(m[2]) * 60 + int(m[3]) + int(m[4]) / 100 for m in times if m is not None
        )
        text = _clean(fields[9].replace("\\N", " ").replace("\\n", " "))
        if text and end >= begin:
            cues.append(Cue(begin, end, text))
    return cues


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + float(f"0.{fraction}")


def _packet_text(data: bytes, codec: str) -> str:
    if codec == "mov_text":
        data = data[2 : 2 + int.from_bytes(data[:2], "big")]
    text = data.decode("utf-8", errors="replace")
    if codec in ("ass", "ssa"):
        text = text.split(",", 8)[-1].replace("\\N", " ")
    return _clean(text)


def _clean(text: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())
