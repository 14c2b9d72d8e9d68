"""Which frames of a video a model sees; part of a run's identity."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from vidkit.errors import ConfigError

UNIFORM = "uniform"
RATE = "fps"
_SELECTOR_PREFIX = "select:"


@dataclass(frozen=True, slots=True)
class FrameBudget:
    """How many frames, and chosen how.

    Attributes:
        method: `uniform` (N frames), `fps` (so many a second), or a frame selector's name such as `wfs-sb`;
            `select:fps` is the selector of that name.
        count: frames, for `uniform` and selectors.
        fps: frames per second for `fps`; rate of the candidates for selectors.
        max_frames: cap on `fps`; when it is exceeded, `uniform` with that many. None for no cap.
        area_px: frames are scaled to about this many pixels, both sides multiples of 16; None keeps their
            size.
        jpeg_quality: of the frames as sent.
        selector: settings of the selector.
    """

    method: str = UNIFORM
    count: int = 64
    fps: float = 1.0
    max_frames: int | None = None
    area_px: int | None = None
    jpeg_quality: int = 95
    selector: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ConfigError(
                f"the number of frames must be >= 1, got {self.count}", "e.g. frames=uniform:64"
            )
        if not math.isfinite(self.fps) or self.fps <= 0:
            raise ConfigError(f"the frame rate must be > 0, got {self.fps}", "e.g. frames=fps:1")
        if self.max_frames is not None and self.max_frames < 1:
            raise ConfigError(f"max_frames must be >= 1, got {self.max_frames}", "e.g. max_frames=512")
        if self.area_px is not None and self.area_px < 256:
            raise ConfigError(f"area_px must be >= 256, got {self.area_px}", "pixels of a picture")
        if self.selector and self.selector_name is None:
            raise ConfigError(
                f"frames={self.method} takes no selector settings, found {', '.join(sorted(self.selector))}",
                "name a selector, e.g. frames=wfs-sb:64",
            )
        if not 1 <= self.jpeg_quality <= 100:
            raise ConfigError(f"jpeg_quality must be in 1..100, got {self.jpeg_quality}", "e.g. 90")

    @classmethod
    def parse(cls, text: str, **others: Any) -> Self:
        """Read `uniform:64`, `fps:1`, `wfs-sb:64`, `FILE.py:Class:64` or a bare number of frames.

        Raises:
            ConfigError: no such form, or a number out of range.
        """
        name, colon, number = text.strip().rpartition(":")
        if not colon:
            name, number = (UNIFORM, number) if number.isdigit() else (number, "")
        own = name.lower().endswith(".py")  # FILE.py:Class, without a number of frames
        if name + ":" == _SELECTOR_PREFIX or name == "select" or own:
            name, number = f"{name}:{number}", ""
        try:
            given: dict[str, Any] = {"method": name}
            if number:
                given |= {"fps": float(number)} if name == RATE else {"count": int(number)}
            return cls(**given, **others)
        except ValueError as error:
            raise ConfigError(
                f"cannot read the frame budget '{text}'", "e.g. uniform:64, fps:1, wfs-sb:64"
            ) from error

    @property
    def selector_name(self) -> str | None:
        """Name of the frame selector, None for the two plain methods."""
        return None if self.method in (UNIFORM, RATE) else self.method.removeprefix(_SELECTOR_PREFIX)

    def label(self) -> str:
        """Short form for tables: `64`, `1fps`, `64 wfs-sb`."""
        if self.method == RATE:
            return f"{self.fps:g}fps"
        return f"{self.count}" if self.method == UNIFORM else f"{self.count} {self.selector_name}"

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return asdict(self)
