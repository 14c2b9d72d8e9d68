"""One clip judged by our rules, which a static frame, a jump or a line through walls cannot satisfy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidkit.evaluation.tasks.vr_bench.clip_watch import ClipWatch
from vidkit.evaluation.tasks.vr_bench.goal_seen import goal_is_seen
from vidkit.evaluation.tasks.vr_bench.legality import Fault, Journey, retrace
from vidkit.evaluation.tasks.vr_bench.metrics import EXACT_PR, EXACT_SD, Points, arc_length, resample
from vidkit.evaluation.tasks.vr_bench.scene_change import changed_share
from vidkit.mazes.level import Level
from vidkit.mazes.tracking.trajectory import Trajectory

LEAST_TRACKED = 0.8  # of the frames, below which a clip is not scored as a success
MOST_DOUBLED = 0.05  # of the frames in which a second player may be seen
MOST_CHANGED = 0.01  # of the picture
_EPS = 0.05  # of the picture's width and height, as in the official metrics
_SAMPLES = 401  # points of the true way
_MOST_DOTS = 4000  # of the way that is judged
_JITTER = 0.08  # of the player's width: departures from a straight line that are the tracker's
_JITTER_PX = 0.75  # the same in pixels of the clip


@dataclass(frozen=True)
class RobustScore:
    """What happened in a clip.

    Attributes:
        success: it starts where it should, keeps to the ways, ends on the goal, and can be believed.
        failure: why not, as one word; None for a success.
        frame: where the failure was seen, None where it belongs to the whole clip.
        sr_end: the player (sokoban: the box) ends on the goal, whatever the way.
        pr: precision rate on the smoothed way, best over the optimal routes.
        sd: extra length, relative, 0 or more; None for a failure.
        tracked_ratio: share of frames in which the player was seen.
        changed: share of the picture that no longer shows the level.
        legal: no wall, trap, jump, haste or box without push; None where the player was not seen enough.
        em: success, the optimal way all along, and no more than 10 % longer.
        best: which of the optimal ways it was compared with.
    """

    success: bool
    failure: str | None
    frame: int | None
    sr_end: bool
    pr: float
    sd: float | None
    tracked_ratio: float
    changed: float
    legal: bool | None = None
    em: bool = False
    best: int = 0


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
    watch = ClipWatch(level)
    for _ in watch.watch(frames):
        pass
    return judge(watch, level, found, truths)


def judge(watch: ClipWatch, level: Level, found: Trajectory, truths: Sequence[Points]) -> RobustScore:
    """Judge a clip that went by once; see `robust_score`."""
    board = level.board
    player = smoothed(watch.there.to_native(found.points))
    box = None if found.box is None else smoothed(watch.there.to_native(found.box.points))
    arriving = player if box is None else box
    changed = changed_share(watch, level, found)
    enough = found.tracked_ratio >= LEAST_TRACKED
    pixel = 1 / min(watch.there.scale)
    journey = retrace(board, player, found.tracked, box, pixel) if enough else Journey(None)
    fault = journey.fault
    # where the ways were left, it is where the player seems to be that counts
    there = journey.ends_at_goal or fault is not None
    sr_end = there and bool(found.tracked.any()) and _on_goal(level, arriving[-1])
    failure, frame = _failure(level, found, player, fault, sr_end, changed)
    if failure not in ("lost", "doubled") and not goal_is_seen(watch, level, found):
        failure, frame = "no goal", None
    size = np.array([board.width, board.height], dtype=np.float64)
    # not the smoothed points: the median cuts the corners of a quick player
    way = without_spikes(watch.there.to_native(found.points), board.unit)
    way = without_jitter(way, max(_JITTER * board.unit, _JITTER_PX * pixel))
    followed = [_precision(way / size, truth / size) for truth in truths] or [(0.0, 0.0)]
    best = max(range(len(followed)), key=lambda place: followed[place])
    pr, true_length = followed[best]
    sd = None
    if failure is None and true_length > 0:
        # a legal way is no shorter than the shortest: what is below 0 is the tracker's or the view's error
        sd = max(0.0, arc_length(way / size) / true_length - 1)
    em = failure is None and pr >= EXACT_PR and (sd or 0.0) <= EXACT_SD
    legal = fault is None if enough else None
    return RobustScore(
        failure is None, failure, frame, sr_end, pr, sd, found.tracked_ratio, changed, legal, em, best
    )


def _failure(
    level: Level, found: Trajectory, player: Points, fault: Fault | None, sr_end: bool, changed: float
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


def smoothed(points: Points, window: int = 5) -> Points:
    """Median over five frames, ends kept: single wild points go, corners stay."""
    if len(points) < window:
        return points
    half = window // 2
    padded = np.concatenate([points[:1].repeat(half, 0), points, points[-1:].repeat(half, 0)])
    views = np.lib.stride_tricks.sliding_window_view(padded, window, axis=0)
    return np.asarray(np.median(views, axis=-1))


def without_spikes(points: Points, unit: float) -> Points:
    """Single points far from both neighbours, which are near each other, move between them.

    Args:
        points: [T, 2].
        unit: how far a player may get from frame to frame.
    """
    if len(points) < 3:
        return points
    before, here, after = points[:-2], points[1:-1], points[2:]
    gap = np.sqrt(((after - before) ** 2).sum(-1))
    off = np.sqrt(((here - (before + after) / 2) ** 2).sum(-1))
    spike = (off > unit) & (gap < unit)
    out = points.copy()
    out[1:-1][spike] = ((before + after) / 2)[spike]
    return out


def without_jitter(points: Points, tolerance: float) -> Points:
    """The corners and turns of a way (Douglas-Peucker): what is within a tolerance of the line between goes.

    Trembling by a fraction of a pixel would add up to a longer way, and shift all that is measured along it.

    Args:
        points: [T, 2].
        tolerance: in their units.
    """
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    parts = [(0, len(points) - 1)]
    while parts:
        first, last = parts.pop()
        if last - first < 2:
            continue
        at = _corner(points[first : last + 1], tolerance)
        if at is not None:
            keep[first + at] = True
            parts += [(first, first + at), (first + at, last)]
    return points[keep]


def _corner(points: Points, tolerance: float) -> int | None:
    """Where a way departs most from the line between its ends, or turns back on it; None: nowhere."""
    along = points[-1] - points[0]
    length = float(np.sqrt(along @ along))
    off = points - points[0]
    shares = np.clip(off @ along / length**2, 0, 1) if length > 0 else np.zeros(len(points))
    away = np.sqrt(((off - shares[:, None] * along) ** 2).sum(-1))
    at = int(away[1:-1].argmax()) + 1
    if away[at] > tolerance:
        return at
    back = (np.maximum.accumulate(shares) - shares) * length
    low = int(back.argmax())
    if back[low] <= tolerance:
        return None
    peak = int(shares[: low + 1].argmax())
    return peak


def _precision(way: Points, truth: Points) -> tuple[float, float]:
    """Share of the true way that is followed before the first departure from it, and its length.

    Not by equal lengths along both, as the authors compare: a quick player's few frames cut corners, and
    what is lost there would add up. Going back on the way is no departure.
    """
    length = arc_length(truth)
    line = resample(truth, np.linspace(0.0, length, _SAMPLES))
    step = length / (_SAMPLES - 1)
    own = arc_length(way)
    dots = resample(way, np.linspace(0.0, own, min(_MOST_DOTS, 2 + int(own / max(2 * step, 1e-9)))))
    ahead = 2 + int(_EPS / max(step, 1e-9))
    reached = 0
    for dot in dots:
        away = np.sqrt(((line[: reached + ahead + 1] - dot) ** 2).sum(-1))
        if away.min() > _EPS:
            break
        # what is near, not what the way passed earlier; where it turns back on itself, what comes later
        first = max(0, reached - ahead)
        local = away[first:]
        if local.min() <= _EPS:
            reached = max(reached, first + int(np.flatnonzero(local <= local.min() + 0.1 * _EPS)[-1]))
    return reached / (_SAMPLES - 1), length
