"""What a renderer is: it writes the steps of a film into files of a folder that is published afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import ClassVar, Protocol

from vidkit.algoviz.scene.film import Film
from vidkit.errors import ConfigError

HEIGHTS = (180, 4320)  # pixels that a picture may have
MOST_FRAMES_PER_SECOND = 120


@dataclass(frozen=True)
class Options:
    """What a user may ask of any renderer; those that have no use for one ignore it.

    Attributes:
        steps: numbers of the steps to show, ascending.
        height: of pictures and videos in pixels; the width follows, 16:9.
        fps: frames per second of videos.
        still_s: seconds that a still picture of a GIF or the last one of a video stands longer.
    """

    steps: tuple[int, ...]
    height: int = 720
    fps: Fraction = Fraction(30)
    still_s: float = 1.0

    def __post_init__(self) -> None:
        if not HEIGHTS[0] <= self.height <= HEIGHTS[1]:
            raise ConfigError(
                f"height must be from {HEIGHTS[0]} to {HEIGHTS[1]} pixels, got {self.height}", "720 is usual"
            )
        if not 0 < self.fps <= MOST_FRAMES_PER_SECOND:
            raise ConfigError(
                f"fps must be > 0 and at most {MOST_FRAMES_PER_SECOND}, got {self.fps}", "30 is usual"
            )

    @property
    def width(self) -> int:
        """Even, as videos need it."""
        return round(self.height * 16 / 9 / 2) * 2


class Renderer(Protocol):
    """A kind of output.

    A class of your own is given as `FILE.py:Class`; it needs `suffix` and `write`.

    Attributes:
        suffix: of the file, with its dot.
        each: whether there is a file for every step (`NAME-0007.svg`) unless one step alone is asked for.
    """

    suffix: ClassVar[str]
    each: ClassVar[bool]

    def write(self, film: Film, folder: Path, name: str, options: Options) -> list[str]:
        """Write `NAME` and the suffix into the folder, or a file a step; returns what a user has to know."""
        ...


def step_names(name: str, suffix: str, each: bool, steps: tuple[int, ...]) -> list[str]:
    """Names of the files of a renderer."""
    if not each or len(steps) == 1:
        return [name + suffix]
    return [f"{name}-{step:04d}{suffix}" for step in steps]


def glyph_notes(missing: str, drawn_elsewhere: str = "") -> list[str]:
    """What to say of characters that the bundled fonts lack."""
    notes = []
    if missing:
        shown = " ".join(missing[:10]) + (" ..." if len(missing) > 10 else "")
        notes.append(
            f"{len(missing)} characters have no glyph in any font here and are drawn as boxes: {shown}"
            " (apt install fonts-noto-cjk fonts-noto-color-emoji)"
        )
    if drawn_elsewhere:
        notes.append(f"{len(drawn_elsewhere)} characters are drawn with fonts of this system")
    return notes
