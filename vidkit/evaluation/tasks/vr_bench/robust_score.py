"""One clip judged by our rules, which a static frame, a jump or a line through walls cannot satisfy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidkit.evaluation.tasks.vr_bench.legality import find_fault
from vidkit.evaluation.tasks.vr_bench.metrics import Points, arc_length, resample
from vidkit.evaluation.tasks.vr_bench.scene_change import changed_share
from vidkit.mazes.level import Level
from vidkit.mazes.tracking.frame_map import find_map
from vidkit.mazes.tracking.trajectory import Trajectory

LEAST_TRACKED = 0.8  # of the frames, below which a clip is not scored as a success
MOST_DOUBLED = 0.05  # of the frames in which a second player may be seen
MOST_CHANGED = 0.01  # of the picture
_EPS = 0.05  # of the picture's width and height, as in the official metrics
_SAMPLES = 1000
_NO_STEP = 1e-6  # relative length difference that is rounding


@dataclass(frozen=True)
class RobustScore:
    """What happened in a clip.

    Attributes:
        success: it starts where it should, keeps to the ways, ends on the goal, and can be believed.
        failure: why not, as one word; None for a success.
        frame: where the failure was seen, None where it belongs to the whole clip.
        sr_end: the player (sokoban: the box) ends on the goal, whatever the way.
        pr: precision rate on the smoothed way, best over the optimal routes.
        sd: extra length, relative; None where the goal is not reached. Never negative for a legal way.
        tracked_ratio: share of frames in which the player was seen.
        changed: share of the picture that no longer shows the level.
    """

    success: bool
    failure: str | None
    frame: int | None
    sr_end: bool
    pr: float
    sd: float | None
    tracked_ratio: float
    changed: float


def robust_score(
    frames: Sequence[NDArray[np.uint8]], level: Level, found: Trajectory, truths: Sequence[Points]
) -> RobustScore:
    """Judge a clip.

    Args:
        frames: RGB uint8, all of one size.
        level: what the clip is meant to solve.
        found: of the robust tracker, in pixels of the clip.
        truths: optimal ways of the player in native pixels, each [K, 2].
    """
    board = level.board
    there = find_map(frames[0], (board.width, board.height), level.picture())
    player = _smoothed(there.to_native(found.points))
    box = None if found.box is None else _smoothed(there.to_native(found.box.points))
    arriving = player if box is None else box
    sr_end = bool(found.tracked.any()) and _on_goal(level, arriving[-1])
    changed = changed_share(frames, level, found)
    failure, frame = _failure(level, found, player, box, sr_end, changed)
    size = np.array([board.width, board.height], dtype=np.float64)
    pr, true_length = max((_precision(player / size, truth / size) for truth in truths), default=(0.0, 0.0))
    sd = None
    if sr_end and true_length > 0:
        sd = arc_length(player / size) / true_length - 1
        sd = 0.0 if abs(sd) < _NO_STEP else sd
    return RobustScore(failure is None, failure, frame, sr_end, pr, sd, found.tracked_ratio, changed)


def _failure(
    level: Level, found: Trajectory, player: Points, box: Points | None, sr_end: bool, changed: float
) -> tuple[str | None, int | None]:
    seen = found.tracked
    if found.tracked_ratio < LEAST_TRACKED:
        return "lost", None
    if found.doubled_ratio > MOST_DOUBLED:
        return "doubled", int(np.flatnonzero(found.rivals > 0)[0])
    first = int(np.flatnonzero(seen)[0])
    start = np.array(level.board.point(level.board.start))
    if np.sqrt(((player[first] - start) ** 2).sum()) > 0.75 * level.board.unit:
        return "start", first
    fault = find_fault(level.board, player, seen, box)
    if fault is not None:
        return fault.kind, fault.frame
    if changed > MOST_CHANGED:
        return "redrawn", None
    if not sr_end:
        return "goal", None
    return (None, None) if seen[-max(1, len(seen) // 20) :].any() else ("lost", len(seen) - 1)


def _on_goal(level: Level, point: Points) -> bool:
    box = level.board.goal_box()
    return bool(box.x <= point[0] <= box.x + box.width and box.y <= point[1] <= box.y + box.height)


def _smoothed(points: Points, window: int = 5) -> Points:
    """Median over five frames, ends kept: single wild points go, corners stay."""
    if len(points) < window:
        return points
    half = window // 2
    padded = np.concatenate([points[:1].repeat(half, 0), points, points[-1:].repeat(half, 0)])
    views = np.lib.stride_tricks.sliding_window_view(padded, window, axis=0)
    return np.asarray(np.median(views, axis=-1))


def _precision(way: Points, truth: Points) -> tuple[float, float]:
    """Share of the true way that is followed, and its length."""
    length = arc_length(truth)
    at = np.linspace(0.0, length, _SAMPLES)
    away = np.sqrt(((resample(way, at) - resample(truth, at)) ** 2).sum(-1))
    off = np.flatnonzero(away > _EPS)
    return (float(off[0]) / _SAMPLES if off.size else 1.0), length
