"""Made clips for tests and benches: a grey that grows with every frame, and a tone that begins half-way."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np


def write_clip(
    path: Path, seconds: float = 2.0, fps: int = 10, size: tuple[int, int] = (64, 48), sound: bool = True
) -> Path:
    """Write an MP4 whose frame i is grey level 4 * i (up to 252), with a 440 Hz tone in its second half.

    Args:
        path: of the file; folders are made.
        seconds: length.
        fps: frames per second.
        size: width and height, pixels, even.
        sound: with a sound track.
    """
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    count = round(seconds * fps)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=fps, options={"g": str(fps), "crf": "10"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        tone = container.add_stream("aac", rate=16_000) if sound else None
        for place in range(count):
            level = min(4 * place, 252)
            pixels = np.full((size[1], size[0], 3), level, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(video.encode(None))
        if tone is not None:
            samples = np.arange(int(seconds * 16_000))
            wave = 0.5 * np.sin(2 * np.pi * 440 * samples / 16_000) * (samples >= len(samples) // 2)
            for start in range(0, len(wave), 1024):
                chunk = wave[start : start + 1024].astype(np.float32)[None]
                frame = av.AudioFrame.from_ndarray(chunk, format="fltp", layout="mono")
                frame.sample_rate, frame.pts, frame.time_base = 16_000, start, Fraction(1, 16_000)
                container.mux(tone.encode(frame))
            container.mux(tone.encode(None))
    return path
