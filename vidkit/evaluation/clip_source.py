"""What a benchmark of videos says of the clips that it wants, for a model that makes them here.

A benchmark declares `CLIPS = "module:function"`; the function takes a `ClipOrder` and returns a `ClipSource`.
The command makes every clip, writes it below the output folder and has the source judge the whole. Clips
that an earlier start made are not made again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vidkit.evaluation.own_run import OwnResult, OwnRun


@dataclass(frozen=True)
class ClipOrder:
    """What the model can make.

    Attributes:
        run: settings of the run; its target is the folder of the clips.
        model: name, for tables.
        is_embedded: it is the model inside the package.
        height: of clips, pixels.
        width: of clips, pixels.
        frames: of clips.
        samples: clips of each level.
    """

    run: OwnRun
    model: str
    is_embedded: bool
    height: int
    width: int
    frames: int
    samples: int


@dataclass(frozen=True)
class WantedClip:
    """One clip to make.

    Attributes:
        path: below the folder of clips, ends in .mp4.
        prompt: what the model is told.
        seed: of the noise.
        image: makes the first frame, RGB uint8 [height, width, 3]; called when the clip is made.
    """

    path: str
    prompt: str
    seed: int
    image: FirstImage


class FirstImage(Protocol):
    def __call__(self) -> NDArray[np.uint8]: ...


class ClipSource(Protocol):
    """The clips that a benchmark wants, and what they come to."""

    def describe(self) -> Mapping[str, Any]:
        """What the clips depend on beside the model, for the manifest of the folder."""

    def clips(self) -> Iterator[WantedClip]:
        """In the order in which they are made.

        Raises:
            VidkitError: levels that cannot be used, or that no clip of this length can show.
        """

    def verdict(self, clip: WantedClip, frames: NDArray[np.uint8]) -> Mapping[str, Any] | None:
        """A row about a clip as it left the model, RGB uint8 [T, H, W, 3]; None: the files alone count."""

    def result(self, verdicts: Mapping[str, Mapping[str, Any]]) -> OwnResult:
        """What all clips come to; verdicts by the path of the clip."""
