"""Where one object is seen in one frame: a matched filter that knows the background."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.tracking.appearance import Appearance, Float
from vidkit.mazes.tracking.windows import Window

PEAKS = 5  # candidates of a frame
_LEAST_CONTRAST = 0.4  # of the expected contrast to its surroundings, below which an object fades
_LEAST_PEAK = 0.05  # confidence
_SUM = np.ones((1, 3), np.float32)


@dataclass(frozen=True)
class Peaks:
    """The best places of a frame: x, y in working pixels [K, 2], and their confidence [K]."""

    at: NDArray[np.float64]
    confidence: NDArray[np.float64]


class ObjectFinder:
    """Peaks of the confidence for one object.

    For each place the confidence is 1 - sum |F - S|^2 / sum |B - S|^2 over the object's pixels, with the
    frame F, the object's look S and the picture without it B: 1 for a perfect view and 0 for none. The frame
    is first levelled to B by what surrounds each place.

    Args:
        look: of the object.
    """

    def __init__(self, look: Appearance) -> None:
        self._mask = look.mask
        self._weighted = np.ascontiguousarray(look.look * look.mask[..., None])
        self._energy = float((look.look**2 * look.mask[..., None]).sum())
        self.radius = look.mask.shape[0] / 2
        #: working pixels around an object that decide on its confidence
        self.margin = round(5 * self.radius) + 2

    def peaks(self, frame: Float, still: Float, windows: list[Window]) -> Peaks:
        """The best places in a frame.

        Args:
            frame: [H, W, 3].
            still: the picture without the object [H, W, 3].
            windows: where to look, `margin` wider than what may hold the object.
        """
        found = [self._in_window(frame, still, window) for window in windows]
        places = [(sure, x, y) for at, sures in found for (x, y), sure in zip(at, sures, strict=True)]
        places.sort(reverse=True)
        best = places[:PEAKS]
        at = np.array([(x, y) for _, x, y in best], dtype=np.float64).reshape(-1, 2)
        return Peaks(at, np.array([sure for sure, _, _ in best]))

    def _in_window(
        self, frame: Float, still: Float, window: Window
    ) -> tuple[list[tuple[float, float]], list[float]]:
        height, width = frame.shape[:2]
        part = (slice(window.top, window.bottom), slice(window.left, window.right))
        bare = np.ascontiguousarray(still[part])
        levelled = _levelled(np.ascontiguousarray(frame[part]), bare, self.radius)
        share = self._share(levelled, bare)
        # near an edge that is none of the picture, surroundings are cut off
        edge = round(2 * self.radius)
        for at, side in ((window.left, 0), (window.top, 1)):
            if at > 0:
                share[(slice(None), slice(edge)) if side == 0 else (slice(edge),)] = 0
        if window.right < width:
            share[:, -edge:] = 0
        if window.bottom < height:
            share[-edge:] = 0
        at_found, sure = self._pick(share)
        return [(x + window.left, y + window.top) for x, y in at_found], sure

    def _share(self, frame: Float, still: Float) -> Float:
        """Confidence at every place of the object's centre [H, W]."""
        # sum m |S - B|^2: what a perfect view would show; sum m |F - S|^2: how far the frame is from it
        spare = self._distance(still)
        missing = self._distance(frame)
        # where the object looks like the background there is nothing to be seen: the floor keeps noise down
        floor = 0.02 * self._energy + 400.0 * float(self._mask.sum())
        share = (spare - missing) / np.maximum(spare, floor)
        return np.asarray(share * self._stands_out(frame, still), np.float32)

    def _stands_out(self, frame: Float, still: Float) -> Float:
        """How much a place differs from what surrounds it, of what the object there would, 0..1 [H, W].

        Without it a blank frame would show the object wherever its colour is nearer to the object's than to
        the background's.
        """
        inner, outer = _windows(self.radius)
        cover = float(self._mask.mean())
        colour = self._weighted.sum((0, 1)) / max(float(self._mask.sum()), 1e-6)
        place, around = _means(frame, inner, outer)
        bare, bare_around = _means(still, inner, outer)
        wanted = bare * (1 - cover) + cover * colour - bare_around
        along = _summed((place - around) * wanted) / np.maximum(_summed(wanted * wanted), 25.0)
        return np.asarray(np.clip(along / _LEAST_CONTRAST, 0, 1), np.float32)

    def _distance(self, picture: Float) -> Float:
        """Squared distance of a picture from the object's look, for each place of its centre [H, W]."""
        around = cv2.BORDER_REPLICATE
        out = np.asarray(
            cv2.filter2D(_summed(picture * picture), -1, self._mask, borderType=around), np.float32
        )
        for channel, plane in enumerate(cv2.split(picture)):
            near = cv2.filter2D(plane, -1, self._weighted[..., channel], borderType=around)
            out -= 2 * np.asarray(near, np.float32)
        return np.asarray(out + np.float32(self._energy), np.float32)

    def _pick(self, share: Float) -> tuple[list[tuple[float, float]], list[float]]:
        at: list[tuple[float, float]] = []
        found: list[float] = []
        reach = max(2, round(self.radius * 1.2))
        for _ in range(PEAKS):
            _, value, _, (x, y) = cv2.minMaxLoc(share)
            if value <= _LEAST_PEAK:
                break
            at.append((x + _vertex(share[y], x), y + _vertex(share[:, x], y)))
            found.append(min(1.0, float(value)))
            share[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = 0
        return at, found


def _summed(picture: Float) -> Float:
    """Sum over colours [H, W]."""
    return np.asarray(cv2.transform(picture, _SUM), np.float32)


def _vertex(line: Float, index: int) -> float:
    """Where a parabola through a peak and its neighbours is highest, from the peak, in [-0.5, 0.5]."""
    if not 0 < index < len(line) - 1:
        return 0.0
    before, here, after = (float(line[index + step]) for step in (-1, 0, 1))
    bend = before - 2 * here + after
    return 0.0 if bend >= -1e-9 else max(-0.5, min(0.5, (before - after) / (2 * bend)))


def _windows(radius: float) -> tuple[int, int]:
    """Sides of the squares that are an object's place and its surroundings."""
    return 2 * round(radius) + 1, 8 * round(radius) + 1


def _levelled(frame: Float, still: Float, radius: float) -> Float:
    """The frame with the brightness and colours of the background, as told by the surroundings of each place.

    A black frame thus becomes the background, not a dark object; a dimmed one keeps its objects.
    """
    return np.asarray(frame - _means(frame - still, *_windows(radius))[1], np.float32)


def _means(picture: Float, inner: int, outer: int) -> tuple[Float, Float]:
    """Mean of a square round each place, and of the larger square without it [H, W, 3]."""
    place, all_of_it = (np.asarray(cv2.blur(picture, (side, side)), np.float32) for side in (inner, outer))
    share = outer**2 / (outer**2 - inner**2)
    return place, np.asarray(cv2.addWeighted(all_of_it, share, place, 1 - share, 0), np.float32)
