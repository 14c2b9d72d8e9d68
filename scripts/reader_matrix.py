"""Random reads of every codec, group of pictures and container, told by numbers that the pictures carry.

    python scripts/reader_matrix.py [--reads 12] [--readers auto ordered decord] [--only TEXT] [--output FILE]

The reader `decord-seeks` is decord's own random access in MP4, Matroska and WebM, which vidkit does not use.
Needs ffmpeg with libx264, libx265, libvpx, libaom and SVT-AV1; encoders that are missing are named. Exit status
1 when a picture was wrong or missing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from decord import DECORDError

from vidkit.errors import VidkitError
from vidkit.video.reader import VideoReader, open_video
from vidkit.video.types import Frame, Timeline

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
    yield Case("trimmed, copied hevc", "mp4", _x265("keyint=30"),
               after=(("-ss", "2.5", "-i", "IN", *copy),), by_ffmpeg=True)  # fmt: skip
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


def true_numbers(path: Path) -> list[int]:
    """Numbers in the pictures of a file, decoded in order by the ffmpeg program."""
    words = ["ffmpeg", "-v", "quiet", "-i", str(path), "-map", "0:v:0", "-vsync", "passthrough",
             "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-"]  # fmt: skip
    raw = subprocess.run(words, capture_output=True).stdout
    return [number_of(image) for image in np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT, WIDTH, 3)]


class DecordSeeks:
    """Random access by decord itself."""

    backend_reason, decode_errors = "seeks of decord", 0

    def __init__(self, path: Path) -> None:
        import decord

        decord.logging.set_level(decord.logging.QUIET)
        self._reader = decord.VideoReader(str(path))
        self.timeline = Timeline(*(np.zeros(len(self._reader), kind) for kind in ("i8", "f8", "?")), 0.0)

    def read(self, wanted: list[int]) -> Iterator[Frame]:
        """Frames by number."""
        for index, pixels in zip(wanted, self._reader.get_batch(wanted).asnumpy(), strict=True):
            yield Frame(index, 0, 0.0, pixels)


def examine(path: Path, case: Case, reader: str, reads: int, seed: int = 0) -> dict[str, Any]:
    """Random reads of a file by one reader, each of 1 to 8 frames."""
    begin = time.perf_counter()
    video: VideoReader | DecordSeeks
    row: dict[str, Any] = {"case": case.name, "container": case.suffix, "reader": reader}
    try:
        video = DecordSeeks(path) if reader == "decord-seeks" else open_video(path, reader)
    except (VidkitError, DECORDError) as error:
        return row | {"refused": str(error).splitlines()[0]}
    expected = list(range(case.frames * (2 if case.joins else 1)))
    if case.by_ffmpeg:
        expected = true_numbers(path)
    count, draw = len(video.timeline), random.Random(seed)
    wrong, compared = [], 0
    for _ in range(reads):
        wanted = sorted(draw.sample(range(count), min(count, draw.randint(1, 8))))
        got = dict.fromkeys(wanted, -1)
        with contextlib.suppress(DECORDError):  # decord gives up on some
            got |= {frame.index: number_of(frame.pixels) for frame in video.read(wanted)}
        compared += len(wanted)
        wrong += [i for i in wanted if i >= len(expected) or got.get(i) != expected[i]]
    how = "in order" if "in order:" in video.backend_reason or reader in ("ordered", "decord") else "seeks"
    row |= {"frames": count, "expected": len(expected), "compared": compared, "wrong": len(wrong)}
    row |= {
        "first_wrong": wrong[:4],
        "how": how,
        "reason": video.backend_reason,
        "decode_errors": video.decode_errors,
    }
    row["duration_s"] = round(video.timeline.duration_s, 3)
    return row | {"notes": list(video.timeline.notes), "seconds": round(time.perf_counter() - begin, 2)}


def main() -> int:
    """Print a line a file and reader, write all of them, count what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=int, default=12)
    parser.add_argument("--readers", nargs="+", default=["auto"])
    parser.add_argument("--only", default="")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    if shutil.which("ffmpeg") is None:
        print("ffmpeg is not installed: nothing was measured", file=sys.stderr)
        return 2
    rows: list[dict[str, Any]] = []
    unmade: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(cases()):
            if options.only not in f"{case.name}.{case.suffix}":
                continue
            path = Path(folder) / f"{number}.{case.suffix}"
            try:
                encode(path, case)
            except RuntimeError as error:
                unmade.append(f"{case.name}.{case.suffix}: {error}")
                continue
            for reader in options.readers:
                if reader == "decord-seeks" and case.suffix not in ("mp4", "mkv", "webm"):
                    continue  # it hangs on some of the others
                rows.append(examine(path, case, reader, options.reads, seed=number))
                _print(rows[-1])
            path.unlink()
    failed = False
    for reader in options.readers:
        mine = [row for row in rows if row["reader"] == reader]
        compared, wrong = (sum(row.get(name, 0) for row in mine) for name in ("compared", "wrong"))
        miscounted = sum(row.get("frames") != row.get("expected") for row in mine)
        failed |= reader != "decord-seeks" and bool(wrong or miscounted)
        print(
            f"{reader}: {compared} frames of {len(mine)} files, {wrong} wrong, {miscounted} files miscounted"
        )
    print("".join(f"not made: {line}\n" for line in unmade), end="")
    if options.output:
        made = {"made_by": "python scripts/reader_matrix.py " + " ".join(sys.argv[1:]), "date": date.today()}
        keep = ("case", "container", "reader", "frames", "expected", "compared", "wrong", "how", "refused")
        short = [{name: row[name] for name in keep if name in row} for row in rows]
        found = made | {"rows": short, "not_made": sorted(unmade)}
        options.output.write_text(json.dumps(found, indent=0, default=str) + "\n")
    return int(failed)


def _print(row: dict[str, Any]) -> None:
    name = f"{row['case']}.{row['container']} by {row['reader']}"
    if "refused" in row:
        print(f"refused {name}: {row['refused']}", flush=True)
        return
    good = not row["wrong"] and row["frames"] == row["expected"]
    counts = f"{row['frames']} of {row['expected']} frames, {row['wrong']} of {row['compared']} wrong"
    about = f"{row['first_wrong'] or ''} {row['reason']}, {row['duration_s']} s {'; '.join(row['notes'])}"
    print(f"{'ok  ' if good else 'FAIL'} {name}: {counts} {about}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
