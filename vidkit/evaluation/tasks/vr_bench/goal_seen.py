"""Whether the goal is visible anywhere in a clip: one that never shows it cannot be called solved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vidkit.evaluation.tasks.vr_bench.clip_watch import ClipWatch
from vidkit.mazes.level import Level
from vidkit.mazes.tracking.trajectory import Trajectory

_LOOKS = 24  # frames that are looked at
_NEAR = 1.1  # units: a player or box so near to the goal may hide some of it
_SEEN = 0.12  # blurred and dimmed clips show little: of the goal's contrast to its surroundings
_LEAST_CONTRAST = 8.0  # grey levels: below, the level itself does not show its goal

Floats = NDArray[np.float64]


def goal_is_seen(watch: ClipWatch, level: Level, found: Trajectory) -> bool:
    """False where no frame shows the goal, among those in which neither player nor box is near it.

    Args:
        watch: of the clip, all frames gone by.
        level: what they are meant to show.
        found: where the player was.
    """
    ratio = watch.still.shape[1] / level.board.width
    box = level.board.goal_box()
    centre = np.array([box.x + box.width / 2, box.y + box.height / 2])
    wanted = _contrast(watch.still, centre * ratio, box.width * ratio / 2)
    energy = float((wanted**2).sum())
    if energy < _LEAST_CONTRAST**2 * wanted.size:
        return True
    judged = False
    for index, look in watch.looks(_LOOKS):
        if _is_hidden(watch, level, found, index, centre):
            continue
        judged = True
        there = _contrast(look.astype(np.float64), centre * ratio, box.width * ratio / 2)
        if float((there * wanted).sum()) > _SEEN * energy:
            return True
    return not judged


def _is_hidden(watch: ClipWatch, level: Level, found: Trajectory, index: int, centre: Floats) -> bool:
    ways = [found, *([found.box] if found.box is not None else [])]
    places = (watch.there.to_native(way.points[min(index, len(way) - 1)]) for way in ways)
    reach = _NEAR * level.board.unit
    return any(float(np.sqrt(((place - centre) ** 2).sum())) < reach for place in places)


def _contrast(picture: Floats, centre: Floats, half: float) -> Floats:
    """The goal's square less the colour of what lies round it [h, w, 3]."""
    inner, outer = (_square(picture, centre, reach) for reach in (half, 2 * half))
    return np.asarray(inner - np.median(outer.reshape(-1, 3), axis=0))


def _square(picture: Floats, centre: Floats, reach: float) -> Floats:
    x, y = centre
    top, left = max(0, int(y - reach)), max(0, int(x - reach))
    return picture[top : int(y + reach) + 1, left : int(x + reach) + 1]
