"""Videos whose every picture carries its own number, of every codec, group of pictures and container."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

WIDTH, HEIGHT, BITS = 160, 96, 10
Words = tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One file: how it is encoded, and the number that its first picture carries."""

    name: str
    suffix: str
    options: Words
    frames: int = 300
    rate: str = "25"
    before: Words = ()  # options before the input
    after: tuple[Words, ...] = ()  # further ffmpeg runs: the words between input and output
    size: tuple[int, int] = (WIDTH, HEIGHT)
    joins: bool = False  # a second recording stands behind the first
    by_ffmpeg: bool = False  # what is right is what the ffmpeg program decodes in order


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """RGB [H, W, 3] whose lower half holds a number in blocks, over a ground that moves."""
    ramp = (np.arange(width)[None, :] + np.arange(height)[:, None] * 2 + number * 3) % 128 + 64
    image = np.repeat(ramp[..., None], 3, axis=2).astype(np.uint8)
    for bit in range(BITS):
        left, right = bit * width // BITS, (bit + 1) * width // BITS
        image[height // 2 :, left:right] = 235 if number >> bit & 1 else 16
    return image


def number_of(image: np.ndarray) -> int:
    """The number that a picture carries."""
    height, width = image.shape[:2]
    row = image[height * 5 // 8 : height * 7 // 8].astype(float).mean(axis=(0, 2))
    return sum(int(row[int((bit + 0.5) * width / BITS)] > 125) << bit for bit in range(BITS))


def encode(path: Path, case: Case, first: int = 0) -> None:
    """Write a case.

    Raises:
        RuntimeError: ffmpeg fails, mostly for want of an encoder.
    """
    width, height = case.size
    raw = b"".join(picture(first + n, width, height).tobytes() for n in range(case.frames))
    head = ["ffmpeg", "-v", "error", "-y", *case.before]
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", case.rate, "-i", "-"]
    parts = path.with_name(f"part{path.suffix}") if case.after else path
    _run([*head, *source, *case.options, str(parts)], raw)
    for words in case.after:
        moved = parts.rename(parts.with_name(f"before{path.suffix}"))
        _run([*head, *(str(moved) if word == "IN" else word for word in words), str(path)])
        parts = path
    if case.joins:
        _join(path, case)


def _join(path: Path, case: Case) -> None:
    """A second recording behind the first one, as `cat` does it."""
    first = path.read_bytes()
    part = Case(case.name, case.suffix, case.options, case.frames, case.rate, case.before, case.after)
    encode(path, part, first=case.frames)
    path.write_bytes(first + path.read_bytes())


def _run(words: list[str], data: bytes = b"") -> None:
    done = subprocess.run(words, input=data, capture_output=True)
    if done.returncode:
        raise RuntimeError((done.stderr.decode(errors="replace").strip().splitlines() or ["failed"])[-1])


X264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def _x264(text: str) -> Words:
    return (*X264, "-x264-params", text)


def _x265(text: str) -> Words:
    return (*X265, "-x265-params", f"log-level=error:{text}")


FAST_VPX = ("-deadline", "good", "-cpu-used", "5")
GROUPS: dict[str, Words] = {
    "h264 default": X264,
    "h264 keyint=30": _x264("keyint=30"),
    "h264 open-gop": _x264("open-gop=1:keyint=30:bframes=3"),
    "h264 open-gop pyramid": _x264("open-gop=1:keyint=24:bframes=8:b-pyramid=normal:b-adapt=2:ref=6"),
    "h264 intra-refresh": _x264("intra-refresh=1:keyint=30"),
    "h264 no-b": _x264("bframes=0:keyint=40"),
    "h264 all-intra": _x264("keyint=1"),
    "h264 interlaced": (*_x264("keyint=30"), "-flags", "+ilme+ildct"),
    "h264 4:4:4": (*X264[:-1], "yuv444p", "-x264-params", "keyint=30"),
    "h264 10 bit": (*X264[:-1], "yuv420p10le", "-x264-params", "keyint=30"),
    "hevc default": _x265("keyint=250"),
    "hevc keyint=30": _x265("keyint=30"),
    "hevc open-gop b=8": _x265("open-gop=1:keyint=24:bframes=8:b-adapt=2:ref=5:rc-lookahead=20"),
    "hevc closed-gop": _x265("no-open-gop=1:keyint=30"),
    "hevc radl": _x265("no-open-gop=1:radl=2:keyint=30:bframes=4"),
    "hevc intra-refresh": _x265("intra-refresh=1:keyint=30"),
    "hevc hev1": (*_x265("keyint=30:repeat-headers=1"), "-tag:v", "hev1"),
    "hevc 10 bit": (*X265[:-1], "yuv420p10le", "-x265-params", "log-level=error:keyint=30"),
    "vp8": ("-c:v", "libvpx", "-g", "30", "-b:v", "400k", "-deadline", "realtime", "-cpu-used", "5"),
    "vp8 alt-ref": (
        "-c:v", "libvpx", "-g", "40", "-b:v", "300k", "-auto-alt-ref", "1", "-lag-in-frames", "16", *FAST_VPX,
    ),
    "vp9": ("-c:v", "libvpx-vp9", "-g", "30", "-b:v", "300k", "-deadline", "realtime", "-cpu-used", "8"),
    "vp9 alt-ref": (
        "-c:v", "libvpx-vp9", "-g", "40", "-b:v", "200k", "-auto-alt-ref", "6", "-lag-in-frames", "25",
        *FAST_VPX,
    ),
    "av1 svt": ("-c:v", "libsvtav1", "-preset", "10", "-g", "40"),
    "av1 aom": ("-c:v", "libaom-av1", "-cpu-used", "8", "-g", "40", "-usage", "realtime"),
    "av1 aom alt-ref": ("-c:v", "libaom-av1", "-cpu-used", "8", "-g", "40", "-lag-in-frames", "25"),
    "mpeg4": ("-c:v", "mpeg4", "-q:v", "3", "-g", "30", "-bf", "2"),
    "mpeg4 xvid": ("-c:v", "libxvid", "-q:v", "3", "-g", "30", "-bf", "2"),
    "mpeg2": ("-c:v", "mpeg2video", "-q:v", "3", "-g", "12", "-bf", "2"),
    "mpeg2 closed": (
        "-c:v", "mpeg2video", "-q:v", "3", "-g", "15", "-bf", "2", "-flags", "+cgop",
        "-sc_threshold", "1000000000",
    ),
    "mpeg1": ("-c:v", "mpeg1video", "-q:v", "3", "-g", "12", "-bf", "2"),
    "mjpeg": ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"),
    "prores": ("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"),
    "ffv1": ("-c:v", "ffv1", "-g", "20"),
    "theora": ("-c:v", "libtheora", "-q:v", "8", "-g", "30"),
    "wmv2": ("-c:v", "wmv2", "-q:v", "3", "-g", "30"),
    "flv1": ("-c:v", "flv1", "-q:v", "3", "-g", "30"),
}  # fmt: skip
CONTAINERS = {
    "h264": ("mp4", "mkv", "ts", "flv", "avi", "mov", "h264", "mpg"),
    "hevc": ("mp4", "mkv", "ts", "hevc"),
    "vp8": ("webm", "mkv", "ivf"),
    "vp9": ("webm", "mp4", "ivf"),
    "av1": ("mp4", "mkv", "webm", "ivf", "obu"),
    "mpeg4": ("avi", "mp4", "mkv"),
    "mpeg2": ("mpg", "ts", "vob", "mkv"),
    "mpeg1": ("mpg",),
    "mjpeg": ("avi", "mp4", "mkv"),
    "prores": ("mov",),
    "ffv1": ("mkv",),
    "theora": ("ogv",),
    "wmv2": ("wmv",),
    "flv1": ("flv",),
}


def cases() -> Iterator[Case]:
    """The product of codecs, groups of pictures and containers, and files that are odd in another way."""
    for name, options in GROUPS.items():
        for suffix in CONTAINERS[name.split()[0]]:
            if ("10 bit" in name or "4:4:4" in name) and suffix in ("flv", "avi", "mpg"):
                continue
            if name == "hevc hev1" and suffix != "mp4":
                continue
            extra = ("-f", "obu") if suffix == "obu" else ()
            # this encoder drops pictures at the end
            yield Case(name, suffix, (*options, *extra), by_ffmpeg="xvid" in name)
    yield from _odd_cases()


def _odd_cases() -> Iterator[Case]:
    short, copy = _x264("keyint=30"), ("-c", "copy")
    fragments = ("-movflags", "frag_keyframe+empty_moov+default_base_moof")
    yield Case("fragmented", "mp4", (*short, *fragments))
    yield Case("fragmented hevc", "mp4", (*_x265("keyint=30"), *fragments))
    yield Case("fast start", "mp4", (*short, "-movflags", "faststart"))
    yield Case("no edit list", "mp4", (*short, "-use_editlist", "0"))
    yield Case("negative offsets", "mp4", (*short, "-movflags", "negative_cts_offsets"))
    yield Case("no cues", "mkv", (*short, "-f", "matroska", "-live", "1"))
    yield Case("ntsc", "mp4", short, rate="30000/1001")
    yield Case("ntsc", "mkv", short, rate="24000/1001")
    yield Case("1000 per second", "mp4", short, rate="1000")
    yield Case("one in ten seconds", "mp4", short, frames=60, rate="1/10")
    yield Case("one frame", "mp4", short, frames=1)
    yield Case("odd size", "mkv", ("-c:v", "libx264", "-pix_fmt", "yuv444p", "-g", "30"), size=(161, 97))
    yield Case("joined", "ts", short, frames=150, joins=True)
    yield Case("joined", "mpg", GROUPS["mpeg2"], frames=150, joins=True)
    yield Case("joined", "mkv", short, frames=150, joins=True)
    yield Case("joined", "h264", short, frames=150, joins=True)
    wrap = ("-output_ts_offset", "95438.7")  # 2^33 ticks of 90 kHz are 95443.7 s
    yield Case("clock wraps", "ts", (*short, *wrap, "-muxdelay", "0"))
    yield Case("late start", "mkv", (*short, "-output_ts_offset", "3"))
    yield Case("late start", "mp4", (*short, "-output_ts_offset", "3"))
    yield Case(
        "packed b-frames",
        "avi",
        ("-c:v", "libxvid", "-q:v", "3", "-g", "30", "-bf", "2", "-tag:v", "DX50"),
        by_ffmpeg=True,
    )
    yield Case("trimmed, copied", "mp4", short, after=(("-ss", "2.5", "-i", "IN", *copy),), by_ffmpeg=True)
    yield Case(
        "trimmed, copied hevc",
        "mp4",
        _x265("keyint=30"),
        after=(("-ss", "2.5", "-i", "IN", *copy),),
        by_ffmpeg=True,
    )
    yield Case(
        "cut open gop",
        "ts",
        GROUPS["h264 open-gop"],
        after=(("-ss", "2.5", "-i", "IN", *copy),),
        by_ffmpeg=True,
    )
    yield Case(
        "cut open gop hevc",
        "mkv",
        GROUPS["hevc keyint=30"],
        after=(("-ss", "2.5", "-i", "IN", *copy),),
        by_ffmpeg=True,
    )
