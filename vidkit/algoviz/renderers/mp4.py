"""Videos: H.264 in MP4 and VP9 in WebM, drawn by Skia, encoded by PyAV, without LaTeX or Manim."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

from vidkit.algoviz.renderers.base import Options
from vidkit.algoviz.renderers.frames import Frames
from vidkit.algoviz.renderers.pictures import Screen
from vidkit.algoviz.scene.film import Film
from vidkit.errors import VideoError
from vidkit.video.writing import require_encoder, tag_colours


class Mp4:
    """`NAME.mp4`, playable everywhere (yuv420p, BT.709, index first)."""

    suffix: ClassVar[str] = ".mp4"
    each: ClassVar[bool] = False
    is_video: ClassVar[bool] = True
    codec: ClassVar[str] = "libx264"
    container: ClassVar[dict[str, str]] = {"movflags": "faststart"}
    # flat colours and still stretches leave little to search for: the quickest search takes about half the
    # processor time of "veryfast"; at this crf pictures are as good, of 1.7 times as many (still few) bytes
    settings: ClassVar[dict[str, str]] = {
        "crf": "22",
        "preset": "ultrafast",
        "x264-params": "cabac=1:deblock=0,0",
    }

    def write(self, film: Film, folder: Path, name: str, options: Options) -> list[str]:
        screen = Screen(options.width, options.height, film.size)
        av = require_encoder()
        self._check(av)
        target = folder / f"{name}{self.suffix}"
        with av.open(str(target), "w", options=self.container) as container:
            container.metadata["title"] = film.title
            stream = container.add_stream(self.codec, rate=options.fps)
            stream.width, stream.height, stream.pix_fmt = options.width, options.height, "yuv420p"
            stream.options = dict(self.settings)
            stream.time_base = stream.codec_context.time_base = Fraction(1) / options.fps
            tag_colours(stream)
            # without a copy of each picture, and with one conversion set up for all
            drawn = av.VideoFrame.from_numpy_buffer(screen.pixels, format="bgra")
            conversion = av.video.reformatter.VideoReformatter()
            number = 0
            for _, count in Frames(film, options.steps, options.fps, screen, options.still_s):
                frame = conversion.reformat(drawn, format="yuv420p", dst_colorspace="ITU709")
                for _ in range(count):
                    frame.pts = number
                    number += 1
                    container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return screen.notes()

    def _check(self, av: Any) -> None:
        try:
            av.codec.Codec(self.codec, "w")
        except Exception as error:  # PyAV's own exception type moved between versions
            raise VideoError(
                f"this PyAV was built without the encoder {self.codec}", "choose --to mp4 or gif"
            ) from error


class WebM(Mp4):
    """`NAME.webm`, VP9."""

    suffix: ClassVar[str] = ".webm"
    codec: ClassVar[str] = "libvpx-vp9"
    container: ClassVar[dict[str, str]] = {}
    settings: ClassVar[dict[str, str]] = {
        "crf": "32", "b": "0", "deadline": "realtime", "cpu-used": "8", "row-mt": "1", "threads": "4",
    }  # fmt: skip
