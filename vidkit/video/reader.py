"""One reader of frames with exact times, whatever reads the file underneath. Used by `select-frames`."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from vidkit.errors import ConfigError, VideoError
from vidkit.video.decord_backend import DecordBackend, refuses
from vidkit.video.folder_backend import FolderBackend, scan_folder
from vidkit.video.pyav_backend import PyavBackend
from vidkit.video.timeline import UNREADABLE, scan_video
from vidkit.video.types import Frame, Timeline, VideoInfo

BACKENDS = ("auto", "decord", "pyav")
_log = logging.getLogger(__name__)


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
        backend: "decord", "pyav" or "images".
        backend_reason: why it was chosen.
        decode_errors: packets or frames that could not be decoded so far.
    """

    def __init__(
        self, info: VideoInfo, timeline: Timeline, backend: Backend, reason: str, threads: int
    ) -> None:
        self.info = info
        self.timeline = timeline
        self.backend_reason = reason
        self._backend = backend
        self._threads = threads
        self._earlier_errors = 0

    @property
    def backend(self) -> str:
        return self._backend.name

    @property
    def decode_errors(self) -> int:
        return self._earlier_errors + self._backend.decode_errors

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
        return self._read(wanted, short_side)

    def _read(self, wanted: list[int], short_side: int | None) -> Iterator[Frame]:
        done = 0
        try:
            for frame in self._backend.read(wanted, short_side):
                yield frame
                done += 1
        except ValueError as error:
            # decord ended early; PyAV decodes what is left of a damaged file
            _log.info("%s: %s; continuing with PyAV", self.info.path, error)
            self._earlier_errors += self._backend.decode_errors
            self._backend = PyavBackend(self.info, self.timeline, self._threads)
            self.backend_reason = str(error)
            yield from self._backend.read(wanted[done:], short_side)


def open_video(
    path: str | Path, backend: str = "auto", stream: int = 0, threads: int = 0, frame_rate: float = 1.0
) -> VideoReader:
    """Scan a video and choose what reads it.

    Args:
        path: a video file, or a folder of images in the order of their names.
        backend: "auto" (decord where it is exact, else PyAV), "decord" or "pyav".
        stream: number among the video streams.
        threads: of the decoder; 0: as many as there are cores.
        frame_rate: of an image folder, frames a second.

    Raises:
        VideoError: nothing in it can be read (exit code 4), or decord was asked for and cannot read it.
        ConfigError: no such backend.
    """
    if backend not in BACKENDS:
        raise ConfigError(f"no reader '{backend}'", f"available: {', '.join(BACKENDS)}")
    path = Path(path)
    if path.is_dir():
        info, timeline, files = scan_folder(path, frame_rate)
        return VideoReader(info, timeline, FolderBackend(files, timeline), "a folder of images", threads)
    info, timeline = scan_video(path, stream)
    if backend == "pyav":
        return VideoReader(info, timeline, PyavBackend(info, timeline, threads), "asked for", threads)
    reason = refuses(info, timeline) if backend == "auto" else ""
    if not reason:
        try:
            why = "asked for" if backend == "decord" else "an ordinary file that decord reads exactly"
            return VideoReader(info, timeline, DecordBackend(info, timeline, threads), why, threads)
        except ValueError as error:
            reason = str(error)
        except ModuleNotFoundError:
            reason = "decord is not installed"
    if backend == "decord":
        raise VideoError(
            f"decord cannot read '{path}': {reason}", "use reader=pyav or reader=auto", UNREADABLE
        )
    return VideoReader(info, timeline, PyavBackend(info, timeline, threads), reason, threads)
