"""EM, SR, PR, SD and MF as the authors' code computes them, undefined values kept undefined.

Source: VR-Bench (its evaluation code; eps 0.05 and 1,000 samples as in its script). Differs: fewer than two
points leave SD undefined instead of 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
EXACT_PR, EXACT_SD = 0.98, 0.1
MF_STEP, MF_LIMIT = 5, 5  # every fifth frame; grey levels


def trajectory_metrics(
    generated: Any,
    truth: Any,
    goal_box: Sequence[float],
    size: Sequence[int],
    eps: float = 0.05,
    samples: int = 1000,
    generated_box: Any | None = None,
) -> dict[str, float | None]:
    """Compare a way with the true one.

    Args:
        generated: points (x, y) of the player in pixels [T, 2].
        truth: points of the true way in the same pixels [K, 2].
        goal_box: x, y, width, height in pixels.
        size: width and height of the clip.
        eps: largest distance that counts as on the way, in units of width and height.
        samples: points at which the two ways are compared.
        generated_box: sokoban: points of the box, which must reach the goal in the player's stead.

    Returns:
        `pr` precision rate, share of the true way that is followed before the first departure; `sr` success
        rate, 1.0 if the goal is touched at any time; `sd` step deviation, relative extra length, None where
        undefined; `em` exact match, 1.0 or 0.0.

    Raises:
        ValueError: arrays of another shape, values that are not finite, or settings that mean nothing.
    """
    _check_settings(goal_box, size, eps, samples)
    way, true = _points(generated, size, "generated"), _points(truth, size, "truth")
    arriving = way if generated_box is None else _points(generated_box, size, "generated_box")
    sr = float(_inside(arriving, goal_box, size).any())
    true_length, length = arc_length(true), arc_length(way)
    at = np.linspace(0.0, true_length, samples)
    away = np.sqrt(((resample(way, at) - resample(true, at)) ** 2).sum(-1))
    off = np.flatnonzero(away > eps)
    pr = float(off[0]) / samples if off.size else 1.0
    sd = None
    if sr and len(way) >= 2 and true_length > 0:
        deviation = length / true_length - 1
        sd = deviation if deviation >= 0 else None
    em = float(bool(sr) and pr >= EXACT_PR and (sd or 0.0) <= EXACT_SD)
    return {"pr": pr, "sr": sr, "sd": sd, "em": em}


def best_candidate(rows: Sequence[dict[str, float | None]]) -> int:
    """The true way that a clip is compared with: the largest PR - |SD|, PR where SD is undefined."""
    return int(np.argmax([(row["pr"] or 0.0) - abs(row["sd"] or 0.0) for row in rows]))


def _points(values: Any, size: Sequence[int], name: str) -> Points:
    try:
        points = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be points [T, 2] of numbers, got {values!r:.60}") from None
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(f"{name} must be points [T, 2], got shape {list(points.shape)}")
    if not np.isfinite(points).all():
        raise ValueError(f"{name} holds values that are not finite")
    return points / np.asarray(size, dtype=np.float64)


def _check_settings(goal_box: Any, size: Any, eps: Any, samples: Any) -> None:
    """Refuse what would give a score all the same: nothing is farther away than NaN."""
    box, sides, limit = (_numbers(value) for value in (goal_box, size, [eps]))
    if len(sides) != 2 or not (sides > 0).all():
        raise ValueError(f"size must be width and height above 0, got {size}")
    if len(box) != 4 or not (box[2:] >= 0).all():
        raise ValueError(f"goal_box must be x, y, width, height in pixels, got {goal_box}")
    if len(limit) != 1 or limit[0] < 0:
        raise ValueError(f"eps must be >= 0, got {eps}")
    if isinstance(samples, bool) or not isinstance(samples, int | np.integer) or samples < 2:
        raise ValueError(f"samples must be a whole number >= 2, got {samples}")


def _numbers(values: Any) -> Points:
    """A row of finite numbers; empty if it is none."""
    try:
        row = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return np.empty(0)
    return row if row.ndim == 1 and np.isfinite(row).all() else np.empty(0)


def _inside(points: Points, box: Sequence[float], size: Sequence[int]) -> NDArray[np.bool_]:
    x, y, width, height = (float(value) for value in box)
    low = np.array([x, y]) / np.asarray(size, dtype=np.float64)
    high = np.array([x + width, y + height]) / np.asarray(size, dtype=np.float64)
    return np.asarray(((points >= low) & (points <= high)).all(-1))


def arc_length(points: Points) -> float:
    """Length of a polyline."""
    return float(np.sqrt(((points[1:] - points[:-1]) ** 2).sum(-1)).sum())


def resample(points: Points, at: NDArray[np.float64]) -> Points:
    """Points of a polyline at given lengths along it; beyond its end, its last point."""
    steps = np.sqrt(((points[1:] - points[:-1]) ** 2).sum(-1))
    along = np.concatenate([[0.0], np.cumsum(steps)])
    return np.stack([np.interp(at, along, points[:, axis]) for axis in (0, 1)], axis=1)


def maze_fidelity(
    frames: Sequence[NDArray[np.uint8]], points: Any, start_box: Sequence[float], goal_box: Sequence[float]
) -> float:
    """MF: share of the picture that stays as it was, away from player and goal.

    Every fifth frame is compared with the first, in grey: a pixel counts as kept up to five levels of
    difference. Boxes of start, goal and player are left out.

    Args:
        frames: RGB uint8, all of one size.
        points: of the player, pixels [T, 2].
        start_box: x, y, width, height in pixels.
        goal_box: the same of the goal.

    Returns:
        Mean over the compared frames, 0.0 where there is none.
    """
    first = grey(frames[0])
    way = np.asarray(points, dtype=np.float64)
    shares = []
    for index in range(MF_STEP, len(frames), MF_STEP):
        at = way[int(index / len(frames) * (len(way) - 1))]
        player = (at[0] - start_box[2] / 2, at[1] - start_box[3] / 2, start_box[2], start_box[3])
        kept = np.abs(grey(frames[index]).astype(np.int16) - first) <= MF_LIMIT
        shares.append(masked_share(kept, (start_box, goal_box, player)))
    return float(np.mean(shares)) if shares else 0.0


def masked_share(kept: NDArray[np.bool_], boxes: Iterable[Sequence[float]]) -> float:
    """Share of pixels that are kept, boxes (x, y, width, height) left out; 0.0 where nothing is left.

    Args:
        kept: [H, W].
        boxes: in pixels.
    """
    seen = np.ones(kept.shape, dtype=bool)
    for box in boxes:
        left, top = max(0, int(box[0])), max(0, int(box[1]))
        seen[top : max(0, int(box[1] + box[3])), left : max(0, int(box[0] + box[2]))] = False
    return float(kept[seen].mean()) if seen.any() else 0.0


def grey(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey levels of an RGB picture [H, W]."""
    import cv2

    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)
