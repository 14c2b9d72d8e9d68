"""Videos that are drawn for timing: hard enough for a codec, as long as wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vidkit.utils.files import atomic_path
from vidkit.video.container import open_input
from vidkit.video.mp4_stream import mp4_stream

_BASE_S = 20  # drawn and encoded; longer videos repeat its packets


def write_textured(path: Path, seconds: int, seed: int = 0, size: tuple[int, int] = (1280, 720)) -> None:
    """A panning texture with a red ball at 30 fps, H.264.

    Args:
        path: target, .mp4.
        seconds: length.
        seed: of the texture.
        size: width and height, pixels.
    """
    import cv2

    rng = np.random.default_rng(seed)
    width, height = size
    coarse = rng.integers(0, 255, ((height + 700) // 8, (width + 1200) // 8, 3), dtype=np.uint8)
    texture = cv2.resize(coarse, (width + 1200, height + 700), interpolation=cv2.INTER_CUBIC)
    with mp4_stream(path) as stream:
        for i in range(seconds * 30):
            x, y = int(600 + 500 * np.sin(i / 60)), int(350 + 300 * np.cos(i / 80))
            picture = np.ascontiguousarray(texture[y : y + height, x : x + width])
            centre = (int(width * (0.5 + 0.3 * np.sin(i / 20))), height // 2)
            cv2.circle(picture, centre, height // 12, (255, 0, 0), -1)
            stream.add(np.asarray(picture, dtype=np.uint8), i / 30)


def write_long(path: Path, seconds: int, seed: int = 0) -> None:
    """A textured video of 1280x720 of any length; above 20 s in whole multiples of them, without encoding."""
    if seconds <= _BASE_S:
        write_textured(path, seconds, seed)
        return
    base = path.with_name(f"base{seed}.mp4")
    if not base.exists():
        write_textured(base, _BASE_S, seed)
    repeat_video(base, path, -(-seconds // _BASE_S))


def repeat_video(source: Path, target: Path, times: int) -> None:
    """A long video out of a short one, by copying its packets: no encoding."""
    import av

    with open_input(source) as container, atomic_path(target) as temporary:
        template = container.streams.video[0]
        packets = [
            (bytes(p), p.pts, p.dts, p.is_keyframe, p.duration, p.time_base)
            for p in container.demux(template)
            if p.size
        ]
        length = sum(p[4] or 0 for p in packets)
        with av.open(str(temporary), "w", format="mp4") as output:
            stream = output.add_stream_from_template(template)
            for round_ in range(times):
                for data, pts, dts, is_key, duration, base in packets:
                    packet = av.Packet(data)
                    packet.pts, packet.dts = (pts or 0) + round_ * length, (dts or 0) + round_ * length
                    packet.is_keyframe, packet.duration, packet.time_base = is_key, duration or 0, base
                    packet.stream = stream
                    output.mux(packet)
