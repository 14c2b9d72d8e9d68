"""The authors' trackers: a template cut from the first frame, looked for near its last place.

Source: VR-Bench, trajectory extraction (`ncc` is its default, `csrt` the one its paper's numbers come from).
Their weakness is part of them: `ncc` loses the player where the goal's colour shows behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.errors import MissingDependency
from vidkit.mazes.boards.base import Box
from vidkit.mazes.boards.sokoban import SokobanBoard
from vidkit.mazes.level import Level
from vidkit.mazes.tracking.frame_map import FrameMap
from vidkit.mazes.tracking.trajectory import Trajectory

_REACH = 50  # pixels round the last match
_ACCEPTED = 0.6


def official_track(
    frames: Iterator[NDArray[np.uint8]], level: Level, there: FrameMap, tracker: str
) -> Trajectory:
    """Box centres of the player, and of the box in sokoban; a lost frame repeats the last point.

    Raises:
        MissingDependency: csrt without OpenCV's contributed modules.
    """
    board = level.board
    boxes = [_scaled(board.player_box(board.start), there)]
    if isinstance(board, SokobanBoard):
        boxes.append(_scaled(board.box_box(board.box), there))
    first = next(frames)
    make = _Ncc if tracker == "ncc" else _Csrt
    trackers = [make(first, box) for box in boxes]
    points = [[_centre(box)] for box in boxes]
    sure = [[1.0] for _ in boxes]
    for frame in frames:
        for one, way, seen in zip(trackers, points, sure, strict=True):
            found, at = one.update(frame)
            way.append(_centre(at) if found else way[-1])
            seen.append(1.0 if found else 0.0)
    made = [
        Trajectory(np.array(way), np.array(seen), np.zeros(len(way), np.int64))
        for way, seen in zip(points, sure, strict=True)
    ]
    box_way = made[1] if len(made) > 1 else None
    return Trajectory(made[0].points, made[0].confidence, made[0].rivals, box_way)


def _scaled(box: Box, there: FrameMap) -> Box:
    """Whole numbers by cutting off, kept inside the frame."""
    width, height = there.size
    x = int(box.x * there.scale[0] + there.offset[0])
    y = int(box.y * there.scale[1] + there.offset[1])
    x, y = min(max(0, x), width - 1), min(max(0, y), height - 1)
    wide, high = int(box.width * there.scale[0]), int(box.height * there.scale[1])
    return Box(x, y, max(1, min(wide, width - x)), max(1, min(high, height - y)))


def _centre(box: Box) -> tuple[float, float]:
    return box.x + box.width / 2, box.y + box.height / 2


def check_csrt() -> None:
    """Refuse an OpenCV that has no csrt.

    Raises:
        MissingDependency: says what to install.
    """
    if not hasattr(cv2, "TrackerCSRT_create"):
        raise MissingDependency(
            "tracker csrt needs OpenCV with its contributed modules",
            "pip install 'opencv-contrib-python-headless<5' in place of opencv-python-headless",
        )


class _Ncc:
    def __init__(self, frame: NDArray[np.uint8], box: Box) -> None:
        self._template = frame[box.y : box.y + box.height, box.x : box.x + box.width]
        self._box = box

    def update(self, frame: NDArray[np.uint8]) -> tuple[bool, Box]:
        """Whether the match is good enough, and where it is; the place moves on either way."""
        height, width = frame.shape[:2]
        box = self._box
        x0, y0 = max(0, box.x - _REACH), max(0, box.y - _REACH)
        x1, y1 = min(width, box.x + box.width + _REACH), min(height, box.y + box.height + _REACH)
        window = frame[y0:y1, x0:x1]
        if window.shape[0] < box.height or window.shape[1] < box.width:
            return False, box
        scores = cv2.matchTemplate(window, self._template, cv2.TM_CCOEFF_NORMED)
        _, best, _, (x, y) = cv2.minMaxLoc(scores)
        self._box = Box(x0 + x, y0 + y, box.width, box.height)
        return best > _ACCEPTED, self._box


class _Csrt:
    def __init__(self, frame: NDArray[np.uint8], box: Box) -> None:
        check_csrt()
        create: Any = getattr(cv2, "TrackerCSRT_create", None)
        self._tracker = create()
        self._tracker.init(np.ascontiguousarray(frame[..., ::-1]), (box.x, box.y, box.width, box.height))
        self._box = box

    def update(self, frame: NDArray[np.uint8]) -> tuple[bool, Box]:
        """Whether the object was found, and where."""
        found, box = self._tracker.update(np.ascontiguousarray(frame[..., ::-1]))
        if found:
            self._box = Box(*(int(value) for value in box))
        return bool(found), self._box
