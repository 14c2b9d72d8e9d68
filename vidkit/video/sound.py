"""The sound of a clip, and its way into the file beside the pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vidkit.errors import VideoError

_BIT_RATE = 192_000
_LAYOUTS = {1: "mono", 2: "stereo"}


@dataclass(frozen=True)
class Sound:
    """Samples in [-1, 1].

    Attributes:
        samples: float32 `[channels, N]`, one channel or two.
        rate: samples per second.
    """

    samples: np.ndarray
    rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or len(self.samples) not in _LAYOUTS:
            raise VideoError(
                f"sound must be [channels, N] of 1 or 2 channels, got {list(self.samples.shape)}"
            )

    @property
    def channels(self) -> int:
        """One or two."""
        return len(self.samples)

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return float(self.samples.shape[1] / self.rate)

    def lasting(self, seconds: float) -> Sound:
        """Cut, or with silence behind it, to a length."""
        wanted = round(seconds * self.rate)
        missing = max(0, wanted - self.samples.shape[1])
        return Sound(np.pad(self.samples[:, :wanted], ((0, 0), (0, missing))), self.rate)


class SoundTrack:
    """AAC in a container that has not been written to yet; goes in along with the pictures.

    Args:
        av: PyAV.
        container: open for writing.
        sound: of the whole clip.
    """

    def __init__(self, av: Any, container: Any, sound: Sound) -> None:
        self._av, self._container = av, container
        # no number plays as silence
        self._samples = np.nan_to_num(sound.samples, posinf=0.0, neginf=0.0).clip(-1, 1).astype(np.float32)
        self._rate, self._layout, self._written = sound.rate, _LAYOUTS[sound.channels], 0
        self._stream = container.add_stream("aac", rate=sound.rate, layout=self._layout)
        self._stream.bit_rate = _BIT_RATE

    def write(self, seconds: float) -> None:
        """What is heard until then."""
        until = min(round(seconds * self._rate), self._samples.shape[1])
        if until <= self._written:
            return
        part = np.ascontiguousarray(self._samples[:, self._written : until])
        frame = self._av.AudioFrame.from_ndarray(part, format="fltp", layout=self._layout)
        frame.sample_rate, frame.pts = self._rate, self._written
        self._written = until
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """All that is left."""
        self.write(self._samples.shape[1] / self._rate)
        self._container.mux(self._stream.encode(None))
