"""Clips: the still picture with player and box on it, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from vidkit.mazes.drawing.pictures import Stage
from vidkit.mazes.drawing.sprites import Pixels, paste, shifted
from vidkit.mazes.motion import Motion

_STEPS = 64  # places a pixel at which sprites are drawn


@dataclass(frozen=True)
class Area:
    """A part of a picture: edges in pixels, right and bottom not included."""

    left: int
    top: int
    right: int
    bottom: int

    def joined(self, other: Area) -> Area:
        """The smallest area that holds both."""
        return Area(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


def clip_frames(stage: Stage, motion: Motion, size: int | tuple[int, int] | None = None) -> Iterator[Pixels]:
    """Frames RGB uint8 [H, W, 3].

    Args:
        stage: picture and sprites at native size.
        motion: where player and box are, native pixels.
        size: (height, width) or one number for both; None: native.
    """
    last: tuple[float, ...] | None = None
    frame = stage.picture
    for index in range(len(motion)):
        here = motion.at(index)
        if here != last:  # a resting player costs nothing
            frame, last = resized(compose(stage, motion, index), size), here
        yield frame


def compose(stage: Stage, motion: Motion, index: int) -> Pixels:
    """One frame at native size."""
    height, width = stage.picture.shape[:2]
    return compose_area(stage, motion, index, Area(0, 0, width, height))


def compose_area(stage: Stage, motion: Motion, index: int, area: Area) -> Pixels:
    """A part of one frame at native size."""
    picture = stage.picture[area.top : area.bottom, area.left : area.right].copy()
    for sprite, x, y in _placed(stage, motion, index):
        left, top, right, down = _whole(sprite, x, y)
        made = sprite if right == 0 and down == 0 else shifted(sprite, right, down, _STEPS)
        paste(picture, made, left - area.left, top - area.top)
    return picture


def changed_area(stage: Stage, motion: Motion, before: int, now: int) -> Area | None:
    """Where two frames may differ: edges at even pixels, as far as the picture goes; None: nowhere."""
    changed: Area | None = None
    pairs = zip(_placed(stage, motion, before), _placed(stage, motion, now), strict=True)
    for old, new in pairs:
        if old[1:] != new[1:]:
            both = _covered(*old).joined(_covered(*new))
            changed = both if changed is None else changed.joined(both)
    if changed is None:
        return None
    height, width = stage.picture.shape[:2]
    return Area(
        max(0, changed.left), max(0, changed.top), min(width, changed.right), min(height, changed.bottom)
    )


def _covered(sprite: Pixels, x: float, y: float) -> Area:
    left, top, _, _ = _whole(sprite, x, y)
    right, bottom = left + sprite.shape[1] + 1, top + sprite.shape[0] + 1
    return Area(left - left % 2, top - top % 2, right + right % 2, bottom + bottom % 2)


def _placed(stage: Stage, motion: Motion, index: int) -> Iterator[tuple[Pixels, float, float]]:
    """Sprites with their centres, from back to front."""
    if stage.box is not None and motion.box is not None:
        yield stage.box, float(motion.box[index, 0]), float(motion.box[index, 1])
    yield stage.player, float(motion.player[index, 0]), float(motion.player[index, 1])


def _whole(sprite: Pixels, x: float, y: float) -> tuple[int, int, int, int]:
    """Left and top of a sprite centred on a point: whole pixels, and the rest in 64ths."""
    left, top = x - sprite.shape[1] / 2, y - sprite.shape[0] / 2
    whole_left, whole_top = int(np.floor(left)), int(np.floor(top))
    right, down = round(left - whole_left, 3), round(top - whole_top, 3)
    return whole_left, whole_top, round(right * _STEPS), round(down * _STEPS)


def resized(picture: Pixels, size: int | tuple[int, int] | None) -> Pixels:
    """A picture at (height, width)."""
    if size is None:
        return picture
    height, width = (size, size) if isinstance(size, int) else size
    if picture.shape[:2] == (height, width):
        return picture
    smaller = height * width < picture.shape[0] * picture.shape[1]
    out = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return np.asarray(out, dtype=np.uint8)
