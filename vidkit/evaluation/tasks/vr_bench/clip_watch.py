"""What is kept of a clip while its frames go by once: a clip of any length fits into memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.evaluation.tasks.vr_bench.metrics import MF_LIMIT, MF_STEP, grey
from vidkit.mazes.level import Level
from vidkit.mazes.tracking.appearance import scene_of
from vidkit.mazes.tracking.frame_map import FrameMap, find_map

Frame = NDArray[np.uint8]
Small = NDArray[np.uint8]
_SIDE = 12.0  # working pixels of a cell, of a road's width
_MOST_LOOKS = 256  # small frames that are kept, evenly over the clip
_DARK, _PLAIN = 12.0, 3.0  # grey levels: brightest mean of a black frame, most spread of a blank one


class ClipWatch:
    """Looks at frames as they pass.

    Args:
        level: what the clip is meant to show.
        picture: its first frame at native size where somebody else drew it.

    Attributes:
        count: frames that went by.
        there: where the level lies in the frames.
        still: the level without player and box at working size, RGB [h, w, 3].
        dark: frames that are black.
        plain: frames of one colour.
    """

    def __init__(self, level: Level, picture: Frame | None = None) -> None:
        board = level.board
        self._native = (board.width, board.height)
        self._shown = level.picture() if picture is None else picture
        scale = min(1.0, _SIDE / board.unit)
        height, width = round(board.height * scale), round(board.width * scale)
        bare = level.stage.picture if picture is None else scene_of(level, picture, scale).still
        self.still = np.asarray(
            cv2.resize(bare, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float64
        )
        self.there: FrameMap = FrameMap((1.0, 1.0), (0.0, 0.0), self._native)
        self.count = self.dark = self.plain = 0
        self._stride = 1
        self._looks: list[tuple[int, Small]] = []
        self._first_grey: Frame | None = None
        self._kept: list[tuple[int, NDArray[np.uint8]]] = []

    def watch(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The same frames, looked at on their way."""
        for frame in frames:
            self._look(frame)
            yield frame

    def _look(self, frame: Frame) -> None:
        index = self.count
        seen = grey(frame)
        if self._first_grey is None:
            self.there = find_map(frame, self._native, self._shown)
            self._first_grey = seen
        elif index % MF_STEP == 0 and seen.shape == self._first_grey.shape:
            kept = np.abs(seen.astype(np.int16) - self._first_grey) <= MF_LIMIT
            self._kept.append((index, np.packbits(kept)))
        some = seen[::3, ::3]
        spread = float(some.std())
        self.plain += spread < _PLAIN
        self.dark += spread < _PLAIN and float(some.mean()) < _DARK
        if index % self._stride == 0:
            self._looks.append((index, self._small(frame)))
            if len(self._looks) > _MOST_LOOKS:
                self._looks, self._stride = self._looks[::2], 2 * self._stride
        self.count += 1

    def _small(self, frame: Frame) -> Small:
        left, top = (round(value) for value in self.there.offset)
        height, width = frame.shape[:2]
        part = frame[top : height - top or None, left : width - left or None]
        size = (self.still.shape[1], self.still.shape[0])
        return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)

    def looks(self, most: int) -> list[tuple[int, Small]]:
        """Some small frames with their numbers, evenly over the clip."""
        places = np.unique(np.linspace(0, len(self._looks) - 1, most).round().astype(int))
        return [self._looks[place] for place in places] if self._looks else []

    def kept_pixels(self) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        """Every fifth frame: its number, and which pixels are as in the first [H, W]."""
        if self._first_grey is None:
            return
        shape = self._first_grey.shape
        for index, bits in self._kept:
            yield index, np.unpackbits(bits, count=shape[0] * shape[1]).reshape(shape).astype(bool)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frames."""
        return self.there.size

    def first_difference(self) -> float:
        """How far the first frame is from the level's picture: mean over pixels, grey levels."""
        if not self._looks:
            return 255.0
        first = self._looks[0][1]
        size = (first.shape[1], first.shape[0])
        wanted = cv2.resize(self._shown, size, interpolation=cv2.INTER_AREA)
        return float(np.abs(first.astype(np.float64) - wanted).mean())

    @property
    def keeps_aspect(self) -> bool:
        """Whether the level is shown in its own proportions."""
        return abs(self.there.scale[0] / self.there.scale[1] - 1) <= 0.06
