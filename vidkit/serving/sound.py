"""Sound of a clip as samples or as a WAV file. Decoding by PyAV."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np

from vidkit.errors import VideoError
from vidkit.video.container import open_input


def decode_mono(
    source: bytes | str | Path, rate_hz: int, start_s: float = 0.0, end_s: float | None = None
) -> np.ndarray:
    """Decode a sound track to mono samples.

    Args:
        source: encoded bytes or a file; a video's first sound track is taken.
        rate_hz: samples per second wanted.
        start_s: first second.
        end_s: last second, None to the end.

    Returns:
        Samples [n], float32 in [-1, 1].

    Raises:
        VideoError: it cannot be read or has no sound track.
    """
    import av

    name = "sound of a request" if isinstance(source, bytes) else f"'{source}'"
    chunks: list[np.ndarray] = []
    try:
        with open_input(io.BytesIO(source) if isinstance(source, bytes) else source) as container:
            if not container.streams.audio:
                raise VideoError(f"{name} has no sound track", "run without sound (modality vt)")
            resampler = av.AudioResampler(format="flt", layout="mono", rate=rate_hz)
            for frame in container.decode(audio=0):
                chunks.extend(one.to_ndarray().reshape(-1) for one in resampler.resample(frame))
                if end_s is not None and frame.time is not None and frame.time > end_s:
                    break
            chunks.extend(one.to_ndarray().reshape(-1) for one in resampler.resample(None))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise VideoError(f"cannot decode the sound of {name}: {error}", "check the file") from error
    samples = np.concatenate(chunks) if chunks else np.zeros(0, np.float32)
    last = len(samples) if end_s is None else round(end_s * rate_hz)
    return samples[round(start_s * rate_hz) : last].astype(np.float32)


def encode_wav(samples: np.ndarray, rate_hz: int) -> bytes:
    """Mono float samples [n] in [-1, 1] as a 16-bit WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return buffer.getvalue()
