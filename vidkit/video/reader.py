"""One reader of frames with exact times, whatever reads the file underneath. Used by `select-frames`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from vidkit.errors import ConfigError
from vidkit.video.animation_backend import AnimationBackend, is_animated_webp, scan_animation
from vidkit.video.folder_backend import FolderBackend, scan_folder
from vidkit.video.ordered_backend import OrderedBackend
from vidkit.video.seeking_backend import SeekingBackend
from vidkit.video.selfcheck import Check, check_seeks
from vidkit.video.timeline import ASKED_FOR, Scan, scan
from vidkit.video.types import Frame, Timeline, VideoInfo

BACKENDS = ("auto", "pyav", "ordered", "decord")


class Backend(Protocol):
    """What reads frames of a scanned stream."""

    name: str
    decode_errors: int

    def read(self, indices: Sequence[int], short_side: int | None) -> Iterator[Frame]: ...


class VideoReader:
    """Frames of one video by presentation number, streamed.

    Attributes:
        info: facts of the stream.
        timeline: times of all displayed frames; no index ever stands for a time.
        backend: "pyav", "decord" or "images".
        decode_errors: packets or frames that could not be decoded so far.
    """

    def __init__(self, info: VideoInfo, timeline: Timeline, backend: Backend, reason: str) -> None:
        self.info = info
        self.timeline = timeline
        self._reason = reason
        self._backend = backend

    @property
    def backend(self) -> str:
        return self._backend.name

    @property
    def backend_reason(self) -> str:
        """How frames are reached, and why so."""
        given_up = getattr(self._backend, "in_order", "")
        return f"read in order: {given_up}" if given_up else self._reason

    @property
    def decode_errors(self) -> int:
        return self._backend.decode_errors

    def read(self, indices: Sequence[int], short_side: int | None = None) -> Iterator[Frame]:
        """Decode some frames, one after the other.

        A frame that cannot be decoded is left out and counted in `decode_errors`.

        Args:
            indices: presentation numbers, strictly increasing.
            short_side: shrink to this many pixels on the shorter side; None: as displayed.

        Raises:
            ConfigError: indices out of range or not increasing.
        """
        wanted = [int(i) for i in indices]
        if any(b <= a for a, b in itertools.pairwise(wanted)):
            raise ConfigError("frame numbers are not increasing", "sort them and drop repeats")
        if wanted and not (wanted[0] >= 0 and wanted[-1] < len(self.timeline)):
            outside = wanted[-1] if wanted[0] >= 0 else wanted[0]
            raise ConfigError(
                f"frame {outside} of a video of {len(self.timeline)} frames",
                "frames count from 0",
            )
        return self._backend.read(wanted, short_side)


def open_video(
    path: str | Path, backend: str = "auto", stream: int = 0, threads: int = 0, frame_rate: float = 1.0
) -> VideoReader:
    """Scan a video, compare a few seeks with reading in order, and choose how frames are reached.

    Args:
        path: a video file, or a folder of images in the order of their names.
        backend: "auto" or "pyav" (seeks where that is exact), "ordered" (decodes from the first packet),
            "decord" (likewise, for comparison).
        stream: number among the video streams.
        threads: of the decoder; 0: as many as there are cores.
        frame_rate: of an image folder, frames per second.

    Raises:
        VideoError: nothing in it can be read (exit code 4), or decord was asked for and cannot read it.
        ConfigError: no such backend.
    """
    if backend not in BACKENDS:
        raise ConfigError(f"no reader '{backend}'", f"available: {', '.join(BACKENDS)}")
    path = Path(path)
    if path.is_dir():
        info, timeline, files = scan_folder(path, frame_rate)
        return VideoReader(info, timeline, FolderBackend(files, timeline), "a folder of images")
    if is_animated_webp(path):
        info, timeline = scan_animation(path)
        return VideoReader(info, timeline, AnimationBackend(info, timeline), "an animated picture")
    found = scan(path, stream, threads, ASKED_FOR if backend == "ordered" else "")
    if backend == "decord":
        from vidkit.video.decord_backend import DecordBackend

        return _reader(found, DecordBackend(found, threads), "asked for; read in order")
    if not found.in_order:
        check = check_seeks(found, threads)
        if check.is_good:
            return _reader(found, SeekingBackend(found, threads), _praise(check))
        doubt = "a seek did not give the frame that reading in order gives"
        found = scan(path, stream, threads, doubt)
    return _reader(found, OrderedBackend(found, threads), f"read in order: {found.in_order}")


def _reader(found: Scan, backend: Backend, reason: str) -> VideoReader:
    return VideoReader(found.info, found.timeline, backend, reason)


def _praise(check: Check) -> str:
    if not check.seeks:
        return "seeks to frames from which all that follows can be decoded"
    seeks = "1 seek" if check.seeks == 1 else f"{check.seeks} seeks"
    return f"seeks to key frames; {seeks} compared with reading in order, equal"
