"""What an agent works on: the sources in full size, and the sizes in which the model saw them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from vidkit.serving.messages import Image, Part

if TYPE_CHECKING:
    import PIL.Image

GRID = 28
"""Pixels of a visual token's side in the Qwen-VL family: sides of shown pictures are multiples of it."""
MIN_PIXELS = 4 * GRID * GRID
MAX_PIXELS = 16384 * GRID * GRID


def fitted(
    width: int, height: int, smallest: int = MIN_PIXELS, largest: int = MAX_PIXELS, grid: int = GRID
) -> tuple[int, int]:
    """Size in which a picture is shown: sides in multiples of `grid` px, area within limits, shape kept.

    Source: the rule of DeepEyes and Qwen-VL: nearest multiple, half to even.

    Raises:
        ValueError: a side below 1.
    """
    if width < 1 or height < 1:
        raise ValueError(f"a picture's sides must be >= 1 px, got {width}x{height}")
    wide, high = (max(grid, round(side / grid) * grid) for side in (width, height))
    if wide * high > largest:
        scale = math.sqrt(width * height / largest)
        wide, high = (max(grid, math.floor(side / scale / grid) * grid) for side in (width, height))
    elif wide * high < smallest:
        scale = math.sqrt(smallest / (width * height))
        wide, high = (math.ceil(side * scale / grid) * grid for side in (width, height))
    return wide, high


class Footage(Protocol):
    """A video whose moments may be looked at; may be slow, so that tools alone call it.

    Attributes:
        length_s: seconds.
    """

    length_s: float

    def at(self, times_s: Sequence[float]) -> list[PIL.Image.Image]:
        """The frames shown at some moments, in their order, RGB.

        Raises:
            VideoError: they cannot be decoded.
        """

    def chosen(self, query: str, count: int, start_s: float, end_s: float) -> list[float]:
        """Moments in [start_s, end_s) that fit a query, in time, at most `count`.

        Raises:
            VidkitError: the selection fails.
        """


@dataclass(slots=True)
class Workspace:
    """Sources of one question.

    Attributes:
        pictures: sources in full size; crops are always cut from these, never from an earlier crop.
        largest: pixels of a shown picture at most.
        video: of which the pictures are frames; None without one that may be looked at.
        others: sound and whole clips, as they came.
        grid: pixels of which the sides of shown pictures are multiples.
    """

    pictures: list[PIL.Image.Image] = field(default_factory=list)
    largest: int = MAX_PIXELS
    video: Footage | None = None
    others: tuple[Part, ...] = ()
    grid: int = GRID

    def shown_size(self, place: int = 0) -> tuple[int, int]:
        """Width and height in which picture `place` is shown."""
        return fitted(*self.pictures[place].size, largest=max(self.largest, MIN_PIXELS), grid=self.grid)

    def shown(self, place: int = 0) -> Image:
        """Picture `place` as the model sees it first: the same bytes whoever asks, so that caches hit."""
        return Image.from_pil(self.pictures[place].convert("RGB").resize(self.shown_size(place)))
