"""Clips: the still picture with player and box on it, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from vidkit.mazes.drawing.pictures import Stage
from vidkit.mazes.drawing.sprites import Pixels, paste, shifted
from vidkit.mazes.motion import Motion


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
        here = (*motion.player[index], *(() if motion.box is None else motion.box[index]))
        if here != last:  # a resting player costs nothing
            frame, last = resized(compose(stage, motion, index), size), here
        yield frame


def compose(stage: Stage, motion: Motion, index: int) -> Pixels:
    """One frame at native size."""
    picture = stage.picture.copy()
    if stage.box is not None and motion.box is not None:
        _place(picture, stage.box, *motion.box[index])
    _place(picture, stage.player, *motion.player[index])
    return picture


def _place(picture: Pixels, sprite: Pixels, x: float, y: float) -> None:
    """A sprite centred on a point, to a fraction of a pixel."""
    left, top = x - sprite.shape[1] / 2, y - sprite.shape[0] / 2
    whole_left, whole_top = int(np.floor(left)), int(np.floor(top))
    right, down = round(left - whole_left, 3), round(top - whole_top, 3)
    made = sprite if right == 0 and down == 0 else shifted(sprite, right, down)
    paste(picture, made, whole_left, whole_top)


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
