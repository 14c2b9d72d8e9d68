"""The pictures of a clip on their way into files: all at hand, or coming chunk by chunk."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from PIL import Image

from vidkit.errors import OutputError
from vidkit.utils.conveyor import Conveyor
from vidkit.utils.files import explained
from vidkit.utils.leftovers import held_file
from vidkit.video.sheet import contact_sheet, sheet_frames, sheet_of
from vidkit.video.sound import Sound
from vidkit.video.writing import FrameEncoder, encode_mp4

Size = tuple[int, int, int]  # frames, height, width


class Pictures(Protocol):
    """What is written of a clip."""

    @property
    def size(self) -> Size:
        """Frames, height, width."""

    def write_video(self, path: Path, fps: int, crf: int) -> None:
        """Write the mp4 file."""

    def sheet(self, fps: int, title: str) -> Image.Image:
        """Numbered frames of the whole clip."""

    def all(self) -> np.ndarray:
        """Every frame, uint8 [T, H, W, 3]."""


class WholeClip:
    """All frames at hand, uint8 [T, H, W, 3], and the sound if there is one."""

    def __init__(self, frames: np.ndarray, sound: Sound | None = None) -> None:
        self.frames, self._sound = frames, sound

    @property
    def size(self) -> Size:
        count, height, width, _ = self.frames.shape
        return count, height, width

    def write_video(self, path: Path, fps: int, crf: int) -> None:
        encode_mp4(path, self.frames, fps, crf, self._sound)

    def sheet(self, fps: int, title: str) -> Image.Image:
        return contact_sheet(self.frames, fps, title)

    def all(self) -> np.ndarray:
        return self.frames


class StreamedClip:
    """Frames that are encoded as they come, in a thread of their own; few of them are kept.

    The file that grows has a hidden name beside the video's and becomes it at the end; after an error nothing
    is left of it.

    Args:
        target: where the video will be; None: none is written.
        size: frames, height, width.
        fps: frames per second.
        crf: of x264.
        keep: hold every frame, for what looks at all of them afterwards.
    """

    def __init__(self, target: Path | None, size: Size, fps: int, crf: int, keep: bool = False) -> None:
        self.size = size
        self._target, self._fps, self._crf = target, fps, crf
        self._wanted = set(range(size[0])) if keep else sheet_frames(size[0])
        self._kept: dict[int, np.ndarray] = {}
        self._taken = 0
        self._path: Path | None = None
        self._encoder: FrameEncoder | None = None
        self._stack = ExitStack()
        self._conveyor: Conveyor[np.ndarray] | None = None

    def __enter__(self) -> Self:
        if self._target is None:
            return self
        with explained(self._target):
            handle, self._path = held_file(self._target.with_suffix(".mp4"))
        self._stack.callback(os.close, handle)
        self._stack.callback(self._path.unlink, missing_ok=True)
        try:
            self._encoder = FrameEncoder(self._path, self.size[1:], self._fps, self._crf)
            self._stack.callback(self._encoder.close)
            self._conveyor = self._stack.enter_context(Conveyor(self._encode, name="encode"))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def encode_seconds(self) -> float:
        """That the encoder worked, beside everything else."""
        return 0.0 if self._conveyor is None else self._conveyor.busy_seconds

    def take(self, frames: np.ndarray) -> None:
        """The next frames; waits while the encoder is behind."""
        for number, frame in enumerate(frames, self._taken):
            if number in self._wanted:
                self._kept[number] = frame.copy()
        self._taken += len(frames)
        if self._conveyor is not None:
            self._conveyor.push(frames)

    def finish(self) -> None:
        """Wait for the encoder; the file is whole then."""
        if self._conveyor is None or self._encoder is None or self._target is None:
            return
        self._conveyor.finish()
        with explained(self._target):
            self._encoder.finish()

    def write_video(self, path: Path, fps: int, crf: int) -> None:
        assert self._path is not None, "no video was asked for"
        with explained(path):
            os.replace(self._path, path)

    def sheet(self, fps: int, title: str) -> Image.Image:
        chosen = sheet_frames(self.size[0])
        return sheet_of({n: frame for n, frame in self._kept.items() if n in chosen}, fps, title)

    def all(self) -> np.ndarray:
        if len(self._kept) != self.size[0]:
            raise OutputError(f"{len(self._kept)} of {self.size[0]} frames were kept", "set keep=True")
        return np.stack([self._kept[n] for n in range(self.size[0])])

    def _encode(self, frames: np.ndarray) -> None:
        assert self._encoder is not None and self._target is not None
        with explained(self._target):
            self._encoder.add(frames)
