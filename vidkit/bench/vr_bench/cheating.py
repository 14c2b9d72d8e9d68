"""One level, every cheat and the honest clip: what our rules and the official metrics make of them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.bench.vr_bench.adversarial import CHEATS, is_cheat
from vidkit.bench.vr_bench.samples import Sample
from vidkit.bench.vr_bench.truth import scaled
from vidkit.evaluation.tasks.vr_bench.metrics import best_candidate, trajectory_metrics
from vidkit.evaluation.tasks.vr_bench.robust_score import robust_score
from vidkit.mazes.level import Level
from vidkit.mazes.motion import natural_paces, solution_motion
from vidkit.mazes.tracking import track

HONEST = "honest"
_ROUTES = 40


@dataclass(frozen=True)
class CheatTask:
    """The clips of one level.

    Attributes:
        sample: the level.
        size: side of the clips.
        frames: of a cheating clip.
        tracker: of the official side.
    """

    sample: Sample
    size: int
    frames: int
    tracker: str

    @property
    def key(self) -> str:
        """Unique in a log."""
        return f"{self.sample.key}/{self.size}/{self.frames}/{self.tracker}"


def measure_cheats(task: CheatTask) -> list[dict[str, Any]]:
    """Rows of one level, one a clip."""
    level = task.sample.level()
    routes = itertools.islice(level.solutions, _ROUTES)
    truths = [solution_motion(level.board, route).player for route in routes]
    about = {
        "key": task.key,
        "type": task.sample.type,
        "difficulty": task.sample.difficulty,
        "skin": task.sample.skin,
    }
    honest = level.render(task.size, honest_length(level, task.frames))
    rows = [about | {"cheat": HONEST} | _judged(level, honest, truths, task)]
    for name, cheat in CHEATS.items():
        if is_cheat(level, name):
            clip = cheat(level, task.size, task.frames)
            rows.append(about | {"cheat": name} | _judged(level, clip, truths, task))
    return rows


def honest_length(level: Level, most: int) -> int:
    """Frames of a clip of the solution: three times the natural pace, four a move, can be followed."""
    return max(most, 1 + math.ceil(sum(natural_paces(level.board, level.solution)) / 3))


def _judged(
    level: Level, clip: NDArray[np.uint8], truths: list[NDArray[np.float64]], task: CheatTask
) -> dict[str, Any]:
    ours = robust_score(list(clip), level, track(clip, level), truths)
    found = track(clip, level, task.tracker)
    scale = np.array([task.size / level.board.width, task.size / level.board.height])
    goal = scaled(level.board.goal_box(), scale)
    own = None if found.box is None else found.box.points
    size = (task.size, task.size)
    scores = [
        trajectory_metrics(found.points, truth * scale, goal, size, generated_box=own) for truth in truths
    ]
    best = scores[best_candidate(scores)]
    return {
        "ours": ours.success,
        "failure": ours.failure,
        "official_sr": bool(best["sr"]),
        "official_em": bool(best["em"]),
    }
