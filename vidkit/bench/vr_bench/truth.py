"""Trackers on clips whose way is known: ours as the maker writes them, and those of a folder."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.bench.vr_bench.samples import Sample, clip_length
from vidkit.errors import DataError
from vidkit.evaluation.tasks.vr_bench.clip_watch import ClipWatch
from vidkit.evaluation.tasks.vr_bench.fidelity import robust_fidelity
from vidkit.evaluation.tasks.vr_bench.metrics import best_candidate, maze_fidelity, trajectory_metrics
from vidkit.evaluation.tasks.vr_bench.robust_score import robust_score
from vidkit.mazes.boards.base import Box
from vidkit.mazes.drawing.clip_file import write_clip
from vidkit.mazes.drawing.skins import find_skin
from vidkit.mazes.level import Level
from vidkit.mazes.motion import solution_motion
from vidkit.mazes.state_file import read_state
from vidkit.mazes.tracking import track
from vidkit.video.image import read_image
from vidkit.video.reader import open_video

Clip = list[NDArray[np.uint8]]
_ROUTES = 40  # optimal ways that a clip of unknown choice is compared with


@dataclass(frozen=True)
class TruthTask:
    """One clip of ours.

    Attributes:
        sample: the level.
        trackers: by name.
        size: side of the clip, None: native.
        frames: of the clip at most.
    """

    sample: Sample
    trackers: tuple[str, ...]
    size: int | None
    frames: int

    @property
    def key(self) -> str:
        """Unique in a log."""
        return f"{self.sample.key}/{self.size}/{self.frames}/{'+'.join(self.trackers)}"


@dataclass(frozen=True)
class FolderTask:
    """One clip of a folder.

    Attributes:
        state: its state file.
        picture: its first frame.
        video: the clip.
        trackers: by name.
    """

    state: Path
    picture: Path
    video: Path
    trackers: tuple[str, ...]

    @property
    def key(self) -> str:
        """Unique in a log."""
        return f"{self.video}/{'+'.join(self.trackers)}"


def folder_tasks(folder: Path, trackers: Sequence[str]) -> list[FolderTask]:
    """Levels with picture and clip in the published tree.

    Raises:
        DataError: there is none.
    """
    found = []
    for state in sorted(folder.rglob("states/*.json")):
        picture = state.parents[1] / "images" / f"{state.stem}.png"
        video = state.parents[1] / "videos" / f"{state.stem}.mp4"
        if picture.is_file() and video.is_file():
            found.append(FolderTask(state, picture, video, tuple(trackers)))
    if not found:
        raise DataError(
            f"'{folder}' holds no level with state, picture and clip (truth.levels)",
            "give a folder with states/, images/ and videos/ somewhere below it",
        )
    return found


def measure_truth(task: TruthTask | FolderTask) -> list[dict[str, Any]]:
    """Rows of one clip, one a tracker."""
    if isinstance(task, FolderTask):
        return _from_folder(task)
    level = task.sample.level()
    motion = level.motion(clip_length(level, task.frames))
    with tempfile.TemporaryDirectory(prefix="vidkit-truth-") as folder:
        path = Path(folder) / "clip.mp4"
        write_clip(path, level.stage, motion, task.size)
        clip = _read(path)
    about = {
        "key": task.key,
        "source": "made",
        "type": task.sample.type,
        "difficulty": task.sample.difficulty,
        "skin": task.sample.skin,
    }
    return [about | _row(level, clip, [motion.player], None, name) for name in task.trackers]


def _from_folder(task: FolderTask) -> list[dict[str, Any]]:
    board = read_state(task.state)
    level = Level(board, find_skin(board.type, None))
    picture = _picture(task.picture)
    clip = _read(task.video)
    routes = itertools.islice(board.routes, _ROUTES)
    truths = [solution_motion(board, route).player for route in routes]
    about = {
        "key": task.key,
        "source": "folder",
        "type": str(board.type),
        "difficulty": task.state.parents[1].name,
        "skin": task.state.parents[2].name,
    }
    return [about | _row(level, clip, truths, picture, name) for name in task.trackers]


def _picture(path: Path) -> NDArray[np.uint8]:
    return np.array(read_image(path), np.uint8)


def _read(path: Path) -> Clip:
    video = open_video(path)
    return [frame.pixels for frame in video.read(list(range(len(video.timeline))))]


def _row(
    level: Level,
    clip: Clip,
    truths: list[NDArray[np.float64]],
    picture: NDArray[np.uint8] | None,
    tracker: str,
) -> dict[str, Any]:
    height, width = clip[0].shape[:2]
    watch = ClipWatch(level, picture)
    for _ in watch.watch(clip):
        pass
    begin = time.process_time()
    found = track(clip, level, tracker, picture)
    seconds = time.process_time() - begin
    scale = np.array([width / level.board.width, height / level.board.height])
    goal = scaled(level.board.goal_box(), scale)
    own = None if found.box is None else found.box.points
    scores = [
        trajectory_metrics(found.points, truth * scale, goal, (width, height), generated_box=own)
        for truth in truths
    ]
    best = scores[best_candidate(scores)]
    start = scaled(level.board.player_box(level.board.start), scale)
    row: dict[str, Any] = {
        "tracker": tracker,
        **best,
        "mf": robust_fidelity(watch, level, found) or 0.0,
        "official_mf": maze_fidelity(clip, found.points, start, goal),
        "tracked_ratio": found.tracked_ratio,
        "off_px": _off(found.points, truths[0] * scale) if len(truths[0]) == len(found) else None,
        "frames": len(clip),
        "seconds": seconds,
    }
    if tracker == "robust" and picture is None:
        judged = robust_score(clip, level, found, truths)
        row |= {"success": judged.success, "failure": judged.failure}
    return row


def scaled(box: Box, scale: NDArray[np.float64]) -> list[float]:
    """A box of native pixels in a clip: x, y, width, height."""
    return [box.x * scale[0], box.y * scale[1], box.width * scale[0], box.height * scale[1]]


def _off(points: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Largest distance to the true place in a frame, pixels of the clip."""
    return float(np.sqrt(((points - truth) ** 2).sum(-1)).max())
