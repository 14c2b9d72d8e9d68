"""The trackers by name, and the one call that runs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import ConfigError, VideoError
from vidkit.mazes.boards.sokoban import SokobanBoard
from vidkit.mazes.level import Level
from vidkit.mazes.tracking.appearance import Float, Scene, scene_of, shrunk
from vidkit.mazes.tracking.frame_map import FrameMap, find_map
from vidkit.mazes.tracking.official import official_track
from vidkit.mazes.tracking.robust import follow
from vidkit.mazes.tracking.trajectory import Trajectory

TRACKERS = ("robust", "ncc", "csrt")
_WORKING_UNIT = 11.0  # pixels of the player's width at which the robust tracker works
Frames = NDArray[np.uint8] | Iterable[NDArray[np.uint8]]


def track(
    frames: Frames, level: Level, tracker: str = "robust", picture: NDArray[np.uint8] | None = None
) -> Trajectory:
    """Follow the player of a level through a clip.

    Args:
        frames: RGB uint8 [T, H, W, 3], or single frames one by one; any size, with or without bars.
        level: what the clip is meant to show.
        tracker: robust, or one of the authors': ncc, csrt.
        picture: the level's first frame at native size, for a level that was drawn by somebody else.

    Returns:
        Points in pixels of the clip, one a frame; the box's trajectory with it in sokoban.

    Raises:
        ConfigError: an unknown tracker.
        VideoError: no frame, or frames that are not RGB pictures of one size.
    """
    if tracker not in TRACKERS:
        raise ConfigError(f"unknown tracker '{tracker}'", f"choose from: {', '.join(TRACKERS)}")
    incoming = _checked(frames)
    first = next(incoming, None)
    if first is None:
        raise VideoError("the clip has no frame", "check the file")
    native = (level.board.width, level.board.height)
    shown = picture if picture is not None else level.picture()
    there = find_map(first, native, shown)

    def again() -> Iterator[NDArray[np.uint8]]:
        yield first
        yield from incoming

    if tracker != "robust":
        return official_track(again(), level, there, tracker)
    return _robust(again(), level, there, picture)


def _checked(frames: Frames) -> Iterator[NDArray[np.uint8]]:
    shape: tuple[int, ...] | None = None
    for index, frame in enumerate(frames):
        array: Any = np.asarray(frame)
        if array.ndim != 3 or array.shape[-1] != 3 or array.dtype != np.uint8:
            raise VideoError(
                f"frame {index} is {array.dtype} {list(array.shape)}", "give RGB uint8 [H, W, 3]"
            )
        if shape is not None and array.shape != shape:
            raise VideoError(f"frame {index} is {list(array.shape)}, those before are {list(shape)}")
        shape = array.shape
        yield array


def _robust(
    frames: Iterator[NDArray[np.uint8]], level: Level, there: FrameMap, picture: NDArray[np.uint8] | None
) -> Trajectory:
    board = level.board
    scale = min(1.0, _WORKING_UNIT / board.unit)
    scene = scene_of(level, picture, scale)
    starts = [np.array(board.point(board.start))]
    if isinstance(board, SokobanBoard):
        starts.append(np.array(board.point(board.box)))
    height, width = scene.still.shape[:2]
    ratio = np.array([width / board.width, height / board.height])
    found = follow(_shrunk(frames, there, scene), scene, [start * ratio - 0.5 for start in starts])
    placed = [
        Trajectory(there.to_clip((one.points + 0.5) / ratio), one.confidence, one.rivals) for one in found
    ]
    box = placed[1] if len(placed) > 1 else None
    return Trajectory(placed[0].points, placed[0].confidence, placed[0].rivals, box)


def _shrunk(frames: Iterator[NDArray[np.uint8]], there: FrameMap, scene: Scene) -> Iterator[Float]:
    """The level's part of each frame at working size."""
    height, width = scene.still.shape[:2]
    left, top = round(there.offset[0]), round(there.offset[1])
    for frame in frames:
        full_height, full_width = frame.shape[:2]
        part = frame[top : full_height - top or None, left : full_width - left or None]
        yield shrunk(part, width, height)
