"""The tracker's tighter limits, reported beside the ones success is defined with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vidkit.mazes.embedded import track

#: what of a pixel's squared colour distance, of the ball's area and of its spread in radii is let pass
LIMITS = dict(COLOUR_LIMIT=0.35, AREA_RATIO=0.35, SPREAD_RADII=1.25)


@contextmanager
def strict_tracker() -> Iterator[None]:
    """Within the block `vidkit.mazes.embedded.track` judges by `LIMITS`."""
    held = {name: getattr(track, name) for name in LIMITS}
    try:
        for name, value in LIMITS.items():
            setattr(track, name, value)
        yield
    finally:
        for name, value in held.items():
            setattr(track, name, value)
