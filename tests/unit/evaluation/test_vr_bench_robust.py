"""Our judgement of clips: the truth is a success, and no cheat is."""

import itertools

import numpy as np
import pytest

from vidkit.bench.vr_bench.adversarial import CHEATS, crosses_nothing
from vidkit.evaluation.tasks.vr_bench.legality import find_fault
from vidkit.evaluation.tasks.vr_bench.robust_score import RobustScore, robust_score
from vidkit.mazes import Level, MazeType, make, track
from vidkit.mazes.motion import solution_motion

SIZE = 192


def judged(level: Level, clip: np.ndarray) -> RobustScore:
    truths = [solution_motion(level.board, route).player for route in itertools.islice(level.solutions, 20)]
    return robust_score(list(clip), level, track(clip, level), truths)


@pytest.mark.parametrize("kind", MazeType)
def test_the_truth_is_a_success_and_no_cheat_is(kind: MazeType) -> None:
    level = make(kind, "medium", 3)
    honest = judged(level, level.render(SIZE, max(61, 4 * len(level.solution) + 1)))
    assert honest.success, honest
    assert honest.pr == 1.0
    assert honest.sr_end
    for name, cheat in CHEATS.items():
        if name in ("straight line", "redrawn") and crosses_nothing(level):
            continue
        assert not judged(level, cheat(level, SIZE, 61)).success, name


def test_failures_are_named_and_placed() -> None:
    level = make("regular", "medium", 3)
    assert judged(level, CHEATS["static"](level, SIZE, 40)).failure == "goal"
    wall = judged(level, CHEATS["straight line"](level, SIZE, 81))
    assert (wall.failure, wall.sr_end) == ("wall", True)
    assert wall.frame is not None
    jump = judged(level, CHEATS["teleport"](level, SIZE, 40))
    assert (jump.failure, jump.frame) == ("jump", 10)
    black = judged(level, np.zeros((40, SIZE, SIZE, 3), np.uint8))
    assert black.failure == "lost"
    assert black.sd is None


def test_a_box_moves_only_when_it_is_pushed() -> None:
    level = make("sokoban", "medium", 3)
    motion = level.motion()
    seen = np.ones(len(motion), dtype=bool)
    assert find_fault(level.board, motion.player, seen, motion.box) is None
    away = np.repeat(motion.player[:1], len(motion), 0)
    fault = find_fault(level.board, away, seen, motion.box)
    assert fault is not None
    assert fault.kind == "push"


def test_a_longer_legal_way_is_a_success_with_a_step_deviation() -> None:
    level = make("trapfield", "medium", 2)
    route = level.solution
    back = type(route)(
        (route.cells[0], route.cells[1], route.cells[0], *route.cells[1:]),
        (route.moves[0], "back", *route.moves),
    )
    from vidkit.mazes.drawing.clip import clip_frames

    clip = np.stack(list(clip_frames(level.stage, solution_motion(level.board, back), SIZE)))
    got = judged(level, clip)
    assert got.success
    assert got.sd == pytest.approx(2 / len(route), abs=0.05)
