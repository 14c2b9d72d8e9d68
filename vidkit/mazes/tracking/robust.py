"""The robust tracker: how near a frame is to the object's look, everywhere at once, against the background.

For each place the confidence is 1 - sum |F - S|^2 / sum |B - S|^2 over the object's pixels, with the frame F,
the object's look S and the picture without it B: a matched filter that knows the background, 1 for a perfect
view and 0 for none. The way through the frames is the chain of peaks with the most confidence and the least
travel (dynamic programming), so that a jump is reported where there is one and a moment behind the goal is
bridged. The frame is first
levelled to B by what surrounds each place, and B follows slow changes of the clip away from all peaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.tracking.appearance import Appearance, Float, Scene
from vidkit.mazes.tracking.trajectory import SURE, Trajectory

_PEAKS = 5  # candidates of a frame
_FOLLOW = 0.08  # share of the difference by which the background follows the clip, a frame
_TRAVEL_COST = 0.04  # confidence that a jump of one object's width must be worth
_LEAST_CONTRAST = 0.4  # of the expected contrast to its surroundings, below which an object fades
_RIVAL = 0.9  # of the best peak's confidence, from which another peak is a second object


@dataclass(frozen=True)
class _Peaks:
    at: NDArray[np.float64]  # [K, 2] x, y in working pixels
    confidence: NDArray[np.float64]  # [K]


class ObjectFinder:
    """Peaks of the confidence for one object.

    Args:
        look: of the object.
    """

    def __init__(self, look: Appearance) -> None:
        self._look = look.look
        self._mask = look.mask
        self._weighted = np.ascontiguousarray(look.look * look.mask[..., None])
        self._energy = float((look.look**2 * look.mask[..., None]).sum())
        self.radius = look.mask.shape[0] / 2
        self._edge = int(look.mask.shape[0]) // 2

    def peaks(self, frame: Float, still: Float) -> _Peaks:
        """The best places in a frame.

        Args:
            frame: [H, W, 3].
            still: the picture without the object [H, W, 3].
        """
        # sum m |S - B|^2: what a perfect view would show; sum m |F - S|^2: how far the frame is from it
        spare = self._distance(still)
        missing = self._distance(frame)
        # where the object looks like the background there is nothing to be seen: the floor keeps noise down
        floor = 0.02 * self._energy + 400.0 * float(self._mask.sum())
        share = (spare - missing) / np.maximum(spare, floor)
        return self._pick(np.asarray(share * self._stands_out(frame, still), np.float32))

    def _stands_out(self, frame: Float, still: Float) -> Float:
        """How much a place differs from what surrounds it, of what the object there would, 0..1 [H, W].

        Without it a blank frame would show the object wherever its colour is nearer to the object's than to
        the background's.
        """
        inner, outer = 2 * round(self.radius) + 1, 8 * round(self.radius) + 1
        cover = float(self._mask.mean())
        colour = self._weighted.sum((0, 1)) / max(float(self._mask.sum()), 1e-6)
        place, around = _means(frame, inner, outer)
        bare, bare_around = _means(still, inner, outer)
        wanted = bare + cover * (colour - bare) - bare_around
        along = ((place - around) * wanted).sum(-1) / np.maximum((wanted * wanted).sum(-1), 25.0)
        return np.asarray(np.clip(along / _LEAST_CONTRAST, 0, 1), np.float32)

    def _distance(self, picture: Float) -> Float:
        """Squared distance of a picture from the object's look, for each place of its centre [H, W]."""
        around = cv2.BORDER_REPLICATE
        square = np.asarray((picture * picture).sum(-1), np.float32)
        out = cv2.filter2D(square, -1, self._mask, borderType=around)
        for channel in range(3):
            kernel = self._weighted[..., channel]
            out = out - 2 * cv2.filter2D(picture[..., channel], -1, kernel, borderType=around)
        return np.asarray(out + np.float32(self._energy), np.float32)

    def _pick(self, share: Float) -> _Peaks:
        at, found = [], []
        share = share.copy()
        reach = max(2, round(self.radius * 1.2))
        for _ in range(_PEAKS):
            _, value, _, (x, y) = cv2.minMaxLoc(share)
            if value <= 0.05:
                break
            at.append((x + _vertex(share[y], x), y + _vertex(share[:, x], y)))
            found.append(min(1.0, float(value)))
            share[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = 0
        return _Peaks(np.array(at, dtype=np.float64).reshape(-1, 2), np.array(found))


def _vertex(line: Float, index: int) -> float:
    """Where a parabola through a peak and its neighbours is highest, from the peak, in [-0.5, 0.5]."""
    if not 0 < index < len(line) - 1:
        return 0.0
    before, here, after = (float(line[index + step]) for step in (-1, 0, 1))
    bend = before - 2 * here + after
    return 0.0 if bend >= -1e-9 else max(-0.5, min(0.5, (before - after) / (2 * bend)))


def follow(frames: Iterable[Float], scene: Scene, starts: list[NDArray[np.float64]]) -> list[Trajectory]:
    """Trajectories in working pixels, of the player and, if there is one, of the box.

    Args:
        frames: at working size, RGB float.
        scene: what is known of the level.
        starts: where each object stands in the first frame, (x, y) in working pixels.
    """
    looks = [scene.player, *([scene.box] if scene.box is not None else [])]
    finders = [ObjectFinder(look) for look in looks]
    all_peaks: list[list[_Peaks]] = [[] for _ in finders]
    reach = max(finder.radius for finder in finders)
    for frame, still in _with_background(frames, scene, finders, all_peaks):
        levelled = _levelled(frame, still, reach)
        for finder, found in zip(finders, all_peaks, strict=True):
            found.append(finder.peaks(levelled, still))
    return [
        _chain(found, finder.radius, start)
        for found, finder, start in zip(all_peaks, finders, starts, strict=True)
    ]


def _levelled(frame: Float, still: Float, radius: float) -> Float:
    """The frame with the brightness and colours of the background, as told by the surroundings of each place.

    A black frame thus becomes the background, not a dark object; a dimmed one keeps its objects.
    """
    inner, outer = 2 * round(radius) + 1, 8 * round(radius) + 1
    return np.asarray(frame - _means(np.asarray(frame - still, np.float32), inner, outer)[1], np.float32)


def _means(picture: Float, inner: int, outer: int) -> tuple[Float, Float]:
    """Mean of a square round each place, and of the larger square without it [H, W, 3]."""
    place, all_of_it = (np.asarray(cv2.blur(picture, (side, side)), np.float32) for side in (inner, outer))
    around = (all_of_it * outer**2 - place * inner**2) / (outer**2 - inner**2)
    return place, np.asarray(around, np.float32)


def _with_background(
    frames: Iterable[Float], scene: Scene, finders: list[ObjectFinder], peaks: list[list[_Peaks]]
) -> Iterator[tuple[Float, Float]]:
    still = scene.still.copy()
    for frame in frames:
        yield frame, still
        keep = np.full(still.shape[:2], _FOLLOW, np.float32)
        for finder, found in zip(finders, peaks, strict=True):
            for (x, y), sure in zip(found[-1].at, found[-1].confidence, strict=True):
                if sure > 0.2:
                    reach = round(finder.radius * 1.4) + 1
                    row, column = round(y), round(x)
                    keep[
                        max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1
                    ] = 0
        still += keep[..., None] * (frame - still)


def _chain(peaks: list[_Peaks], radius: float, start: NDArray[np.float64]) -> Trajectory:
    """The chain of peaks with the most confidence and the least travel; an empty step waits where it is."""
    count = len(peaks)
    points, confidence = np.empty((count, 2)), np.zeros(count)
    rivals = np.zeros(count, dtype=np.int64)
    states: list[NDArray[np.float64]] = [start[None]]
    scores = np.zeros(1)
    back: list[NDArray[np.int64]] = []
    for found in peaks:
        # every peak, and every place of before, unseen
        here = np.concatenate([found.at, states[-1][: _PEAKS + 1]])
        gain = np.concatenate([found.confidence - SURE / 2, np.zeros(len(here) - len(found.at))])
        travel = np.sqrt(((here[:, None] - states[-1][None]) ** 2).sum(-1)) / (2 * radius)
        unseen = np.arange(len(here)) >= len(found.at)
        cost = np.where(unseen[:, None] & (travel > 1e-9), np.inf, _TRAVEL_COST * np.minimum(travel, 8))
        total = scores[None] - cost
        best = total.argmax(1)
        scores = gain + total[np.arange(len(here)), best]
        keep = np.argsort(-scores, kind="stable")[: 2 * _PEAKS]
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
