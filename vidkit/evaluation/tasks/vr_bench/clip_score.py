"""One clip of one level scored: by the authors' metrics and by ours, side by side, as one row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import VideoError
from vidkit.evaluation.tasks.vr_bench.clip_reading import Clip, UnusableClip, open_clip
from vidkit.evaluation.tasks.vr_bench.clip_watch import ClipWatch
from vidkit.evaluation.tasks.vr_bench.fidelity import official_fidelity, robust_fidelity, whole_box
from vidkit.evaluation.tasks.vr_bench.level_set import LoadedLevel
from vidkit.evaluation.tasks.vr_bench.metrics import Points, best_candidate, trajectory_metrics
from vidkit.evaluation.tasks.vr_bench.robust_score import RobustScore, judge, smoothed
from vidkit.evaluation.tasks.vr_bench.truths import OfficialTruth, OfficialTruths, level_ways, nearest_way
from vidkit.mazes.boards.sokoban import SokobanBoard
from vidkit.mazes.level import Level
from vidkit.mazes.tracking import Trajectory, track

#: what each failure means; the gallery and the docs show these sentences
FAILURES = {
    "missing": "there is no clip of this level",
    "unreadable": "the file cannot be decoded",
    "long": "the clip is far longer than a solution",
    "small": "the picture is too small to see anything",
    "one frame": "the clip has one frame",
    "black": "the clip is black",
    "blank": "the clip shows one colour",
    "size": "the picture has other proportions than the level and does not show it",
    "lost": "the player cannot be seen in a fifth of the frames or at the end",
    "doubled": "a second player is seen",
    "no goal": "the goal is never visible",
    "start": "the player does not start where the level has it",
    "wall": "the player goes through a wall",
    "trap": "the player enters a trap",
    "road": "the player leaves the road",
    "cubes": "the player leaves the cubes and ladders",
    "outside": "the player leaves the board",
    "jump": "the player jumps",
    "speed": "the player moves faster than can be followed",
    "push": "the box moves without being pushed",
    "redrawn": "the level is redrawn midway",
    "goal": "the goal is not reached at the end",
}
_MOST_DIFFERENT = 24.0  # grey levels between first frame and picture, above which proportions decide
_POINTS = 96  # of a way that is kept for the gallery


@dataclass(frozen=True)
class Metrics:
    """How the authors' metrics are computed.

    Attributes:
        tracker: of the authors' trajectories: ncc, csrt or robust.
        eps: largest distance that counts as on the way.
        samples: points at which ways are compared.
    """

    tracker: str = "ncc"
    eps: float = 0.05
    samples: int = 1000


def failed_row(kind: str, reason: str = "") -> dict[str, Any]:
    """The scores of a clip that cannot be looked at: nothing followed, the rest undefined."""
    robust = {"success": 0.0, "em": 0.0, "sr_end": 0.0, "legal": None, "pr": 0.0, "sd": None, "mf": None}
    return {
        "failure": kind,
        "reason": reason or FAILURES[kind],
        "frame": None,
        "robust": {**robust, "tracked_ratio": None, "changed": None},
        "official": None,
    }


def score_file(path: Path, loaded: LoadedLevel, truths: OfficialTruths, metrics: Metrics) -> dict[str, Any]:
    """Score a clip's file; whatever is wrong with it is a failure with a name."""
    try:
        return score_clip(open_clip(path), loaded, truths, metrics)
    except UnusableClip as error:
        return failed_row(error.kind, error.reason)
    except VideoError as error:
        return failed_row("unreadable", error.message)


def score_clip(clip: Clip, loaded: LoadedLevel, truths: OfficialTruths, metrics: Metrics) -> dict[str, Any]:
    """Score a readable clip.

    Raises:
        UnusableClip: black, blank, or another picture in other proportions.
    """
    level = loaded.level
    watch = ClipWatch(level, loaded.picture)
    found = track(watch.watch(clip.frames()), level, "robust", loaded.picture)
    _refuse_unseen(watch)
    player = smoothed(watch.there.to_native(found.points))
    ways = [*level_ways(level), *nearest_way(level, player)]
    score = judge(watch, level, found, ways)
    own = (
        found if metrics.tracker == "robust" else track(clip.frames(), level, metrics.tracker, loaded.picture)
    )
    official = _official(watch, loaded, own, truths.of_size(watch.size), metrics)
    reason = "" if score.failure is None else FAILURES[score.failure]
    return {
        "failure": score.failure,
        "reason": reason,
        "frame": score.frame,
        "frames": watch.count,
        "size": list(watch.size),
        "robust": _ours(score, robust_fidelity(watch, level, found)),
        "official": official,
        "way": thinned(player),
        "true_way": thinned(ways[score.best]),
        "box_way": None if found.box is None else thinned(smoothed(watch.there.to_native(found.box.points))),
    }


def score_frames(frames: NDArray[np.uint8], level: Level) -> dict[str, Any]:
    """Our rules alone, on the frames of a clip as a model made them, RGB uint8 [T, H, W, 3]."""
    watch = ClipWatch(level)
    found = track(watch.watch(frames), level)
    try:
        _refuse_unseen(watch)
    except UnusableClip as error:
        return failed_row(error.kind, error.reason)
    player = smoothed(watch.there.to_native(found.points))
    score = judge(watch, level, found, [*level_ways(level), *nearest_way(level, player)])
    reason = "" if score.failure is None else FAILURES[score.failure]
    ours = _ours(score, robust_fidelity(watch, level, found))
    return {"failure": score.failure, "reason": reason, "frame": score.frame, "robust": ours}


def _refuse_unseen(watch: ClipWatch) -> None:
    if watch.count < 2:
        raise UnusableClip("one frame", FAILURES["one frame"])
    if watch.dark == watch.count:
        raise UnusableClip("black", FAILURES["black"])
    if watch.plain == watch.count:
        raise UnusableClip("blank", FAILURES["blank"])
    if not watch.keeps_aspect and watch.first_difference() > _MOST_DIFFERENT:
        width, height = watch.size
        raise UnusableClip("size", f"{width}x{height} pixels: {FAILURES['size']}")


def _ours(score: RobustScore, fidelity: float | None) -> dict[str, Any]:
    return {
        "success": float(score.success),
        "em": float(score.em),
        "sr_end": float(score.sr_end),
        "legal": None if score.legal is None else float(score.legal),
        "pr": score.pr,
        "sd": score.sd,
        "mf": fidelity,
        "tracked_ratio": score.tracked_ratio,
        "changed": score.changed,
    }


def _official(
    watch: ClipWatch, loaded: LoadedLevel, found: Trajectory, truth: OfficialTruth, metrics: Metrics
) -> dict[str, Any]:
    """The authors' metrics against the candidate that fits best."""
    board, size = loaded.level.board, watch.size
    goal = whole_box(board.goal_box(), watch.there)
    start = whole_box(board.player_box(board.start), watch.there)
    box = found.box.points if isinstance(board, SokobanBoard) and found.box is not None else None
    rows = [
        trajectory_metrics(
            found.points, _in_clip(way, watch, loaded), goal, size, metrics.eps, metrics.samples, box
        )
        for way in truth.ways
    ]
    best = best_candidate(rows)
    return {
        **rows[best],
        "mf": official_fidelity(watch, found.points, start, goal),
        "tracked_ratio": found.tracked_ratio,
        "truth": truth.origin,
        "candidate": best,
    }


def _in_clip(way: Points, watch: ClipWatch, loaded: LoadedLevel) -> Points:
    """A way in units of width and height, in pixels of the clip; within its bars where it has some."""
    if watch.there.offset == (0.0, 0.0):
        return np.asarray(way * np.array(watch.size, dtype=np.float64))
    board = loaded.level.board
    return watch.there.to_clip(way * np.array([board.width, board.height], dtype=np.float64))


def thinned(points: NDArray[np.float64]) -> list[list[float]]:
    """A way as the gallery draws it: some of its points."""
    places = np.unique(np.linspace(0, len(points) - 1, min(len(points), _POINTS)).round().astype(int))
    return [[round(float(x), 1), round(float(y), 1)] for x, y in points[places]]
