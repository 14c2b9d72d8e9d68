"""The robust tracker: how near a frame is to the object's look, against the background, and the best chain.

Confidences are those of `finder`, looked for where the frame differs from the background. The way through
the frames is the chain of peaks with the most confidence and the least travel (dynamic programming), so that
a jump is reported where there is one and a moment behind the goal is bridged. The background follows slow
changes of the clip away from all peaks.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.tracking.appearance import Float, Scene
from vidkit.mazes.tracking.finder import PEAKS, ObjectFinder, Peaks
from vidkit.mazes.tracking.trajectory import SURE, Trajectory
from vidkit.mazes.tracking.windows import changed_windows

_FOLLOW = 0.08  # share of the difference by which the background follows the clip, a frame
_TRAVEL_COST = 0.04  # confidence that a jump of one object's width must be worth
_RIVAL = 0.9  # of the best peak's confidence, from which another peak is a second object


def follow(frames: Iterable[Float], scene: Scene, starts: list[NDArray[np.float64]]) -> list[Trajectory]:
    """Trajectories in working pixels, of the player and, if there is one, of the box.

    Args:
        frames: at working size, RGB float.
        scene: what is known of the level.
        starts: where each object stands in the first frame, (x, y) in working pixels.
    """
    looks = [scene.player, *([scene.box] if scene.box is not None else [])]
    finders = [ObjectFinder(look) for look in looks]
    all_peaks: list[list[Peaks]] = [[] for _ in finders]
    reach = max(round(2 * finder.radius) + finder.margin for finder in finders)
    still = scene.still.copy()
    for frame in frames:
        windows = changed_windows(frame, still, reach)
        for finder, found in zip(finders, all_peaks, strict=True):
            found.append(finder.peaks(frame, still, windows))
        _follow_background(still, frame, finders, all_peaks)
    return [
        _chain(found, finder.radius, start)
        for found, finder, start in zip(all_peaks, finders, starts, strict=True)
    ]


def _follow_background(
    still: Float, frame: Float, finders: list[ObjectFinder], peaks: list[list[Peaks]]
) -> None:
    """Move the background a little towards the frame, but not where an object may be."""
    free = np.ones(still.shape[:2], np.uint8)
    for finder, found in zip(finders, peaks, strict=True):
        reach = round(finder.radius * 1.4) + 1
        for (x, y), sure in zip(found[-1].at, found[-1].confidence, strict=True):
            if sure > 0.2:
                row, column = round(y), round(x)
                free[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1] = 0
    cv2.accumulateWeighted(frame, still, _FOLLOW, free)


def _chain(peaks: list[Peaks], radius: float, start: NDArray[np.float64]) -> Trajectory:
    """The chain of peaks with the most confidence and the least travel; an empty step waits where it is."""
    count = len(peaks)
    points, confidence = np.empty((count, 2)), np.zeros(count)
    rivals = np.zeros(count, dtype=np.int64)
    states: list[NDArray[np.float64]] = [start[None]]
    scores = np.zeros(1)
    back: list[NDArray[np.int64]] = []
    for found in peaks:
        # every peak, and every place of before, unseen
        here = np.concatenate([found.at, states[-1][: PEAKS + 1]])
        gain = np.concatenate([found.confidence - SURE / 2, np.zeros(len(here) - len(found.at))])
        travel = np.sqrt(((here[:, None] - states[-1][None]) ** 2).sum(-1)) / (2 * radius)
        unseen = np.arange(len(here)) >= len(found.at)
        cost = np.where(unseen[:, None] & (travel > 1e-9), np.inf, _TRAVEL_COST * np.minimum(travel, 8))
        total = scores[None] - cost
        best = total.argmax(1)
        scores = gain + total[np.arange(len(here)), best]
        keep = np.argsort(-scores, kind="stable")[: 2 * PEAKS]
        states.append(here[keep])
        back.append(np.stack([best[keep], np.where(unseen[keep], -1, keep)], axis=1))
        scores = scores[keep]
    at = int(scores.argmax()) if count else 0
    for index in range(count - 1, -1, -1):
        points[index] = states[index + 1][at]
        previous, peak = back[index][at]
        if peak >= 0:
            sure = peaks[index].confidence
            confidence[index] = sure[peak]
            away = np.sqrt(((peaks[index].at - points[index]) ** 2).sum(-1)) > 2 * radius
            rivals[index] = int(((sure >= _RIVAL * sure[peak]) & (sure >= SURE) & away).sum())
        at = int(previous)
    return Trajectory(points, confidence, rivals)
