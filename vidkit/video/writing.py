"""Frames to an H.264 file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from vidkit.errors import MissingDependency, VideoError
from vidkit.utils.files import atomic_path
from vidkit.video.sound import Sound, SoundTrack


def require_encoder() -> Any:
    """Import PyAV and make sure that its FFmpeg encodes H.264.

    Raises:
        MissingDependency: PyAV is not installed.
        VideoError: its FFmpeg was built without an H.264 encoder.
    """
    try:
        import av
    except ImportError as error:
        raise MissingDependency(
            "writing mp4 needs the package 'av' (PyAV), which cannot be imported here",
            "pip install 'av>=18.1'",
        ) from error
    try:
        av.codec.Codec("libx264", "w")
    except Exception as error:  # PyAV's own exception type moved between versions
        raise VideoError(
            "this PyAV was built without the H.264 encoder libx264",
            "pip install --force-reinstall 'av>=18.1'",
        ) from error
    return av


def write_mp4(
    path: Path, frames: np.ndarray, fps: int | Fraction, crf: int = 16, sound: Sound | None = None
) -> None:
    """Encode frames as H.264, yuv420p, playable everywhere; the file appears whole or not at all.

    Arguments and errors are those of `encode_mp4`; OutputError where the folder or the disk takes no file.
    """
    with atomic_path(path) as temporary:
        encode_mp4(temporary, frames, fps, crf, sound)


def encode_mp4(
    path: Path, frames: np.ndarray, fps: int | Fraction, crf: int = 16, sound: Sound | None = None
) -> None:
    """As `write_mp4`, in place: for paths that are temporary already.

    The index lies before the pictures (faststart), so that players over a network start at once.

    Args:
        path: target, suffix .mp4.
        frames: uint8 [T, H, W, 3], RGB, H and W even (4:2:0 chroma).
        fps: frames per second.
        crf: constant rate factor of x264, 0 (lossless) to 51; 16 is visually lossless.
        sound: written as AAC, cut or filled up with silence to the length of the video; None: no sound.

    Raises:
        VideoError: frames of the wrong type or an odd size.
    """
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3 or not len(frames):
        raise VideoError(f"frames must be uint8 [T, H, W, 3], got {frames.dtype} {list(frames.shape)}")
    _, height, width, _ = frames.shape
    if height % 2 or width % 2:
        raise VideoError(
            f"H.264 in yuv420p needs even sizes, got {width}x{height}", "choose an even height and width"
        )
    sound = None if sound is None else sound.lasting(float(len(frames) / Fraction(fps)))
    encoder = FrameEncoder(path, (height, width), fps, crf, sound)
    try:
        encoder.add(frames)
        encoder.finish()
    finally:
        encoder.close()


class FrameEncoder:
    """An H.264 file that takes frames as they come; its memory does not grow with their number.

    Args:
        path: target, suffix .mp4.
        size: height and width in pixels, even.
        fps: frames per second.
        crf: as in `encode_mp4`.
        sound: of the whole clip; None: none.
    """

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        fps: int | Fraction,
        crf: int = 16,
        sound: Sound | None = None,
    ) -> None:
        self._av = require_encoder()
        self._container = self._av.open(str(path), "w", format="mp4", options={"movflags": "faststart"})
        self._stream = self._container.add_stream("libx264", rate=Fraction(fps))
        self._stream.height, self._stream.width = size
        self._stream.pix_fmt = "yuv420p"
        self._stream.options = {"crf": str(crf), "preset": "medium"}
        tag_colours(self._stream)
        self._fps, self._frames = Fraction(fps), 0
        self._sound = None if sound is None else SoundTrack(self._av, self._container, sound)

    def add(self, frames: np.ndarray) -> None:
        """The next frames, uint8 [T, H, W, 3]."""
        for frame in frames:
            self._container.mux(self._stream.encode(_to_yuv(self._av, frame)))
            self._frames += 1
            if self._sound is not None:
                self._sound.write(float(self._frames / self._fps))

    def finish(self) -> None:
        """All frames are there: the file is whole when this returns."""
        self._container.mux(self._stream.encode(None))
        if self._sound is not None:
            self._sound.finish()
        self._container.close()

    def close(self) -> None:
        """Give up the file, whole or not."""
        self._container.close()


def _to_yuv(av: Any, frame: np.ndarray) -> Any:
    rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
    # players assume BT.709 for untagged video, swscale converts with BT.601 unless told: say it at both ends
    return rgb.reformat(format="yuv420p", dst_colorspace="ITU709")


def tag_colours(stream: Any) -> None:
    """Say BT.709, limited range, in the stream."""
    context = stream.codec_context
    context.colorspace = 1  # BT.709
    context.color_range = 1  # limited
    context.color_primaries = 1
    context.color_trc = 1
