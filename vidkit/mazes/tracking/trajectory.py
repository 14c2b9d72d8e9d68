"""What a tracker says of one object in one clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SURE = 0.35  # confidence from which a frame counts as tracked


@dataclass(frozen=True)
class Trajectory:
    """Where an object was.

    Attributes:
        points: centre (x, y) in pixels of the clip [T, 2]; the last place where the object was not seen.
        confidence: how well the object was seen, 0 to 1 [T].
        rivals: how many further places look like the object as much as this one [T].
        box: the same of the box of a sokoban level, or None.
    """

    points: NDArray[np.float64]
    confidence: NDArray[np.float64]
    rivals: NDArray[np.int64]
    box: Trajectory | None = None

    def __len__(self) -> int:
        return int(self.points.shape[0])

    @property
    def tracked(self) -> NDArray[np.bool_]:
        """Frames in which the object was seen [T]."""
        return self.confidence >= SURE

    @property
    def tracked_ratio(self) -> float:
        """Share of frames in which the object was seen."""
        return float(self.tracked.mean()) if len(self) else 0.0

    @property
    def doubled_ratio(self) -> float:
        """Share of frames in which it was seen more than once."""
        return float((self.rivals > 0).mean()) if len(self) else 0.0
