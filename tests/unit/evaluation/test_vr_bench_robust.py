"""Our judgement of clips: the truth is a success, and no cheat is."""

import itertools

import numpy as np
import pytest

from vidkit.bench.vr_bench.adversarial import CHEATS, is_cheat
from vidkit.evaluation.tasks.vr_bench.legality import find_fault
from vidkit.evaluation.tasks.vr_bench.metrics import arc_length
from vidkit.evaluation.tasks.vr_bench.robust_score import (
    RobustScore,
    robust_score,
    without_jitter,
    without_spikes,
)
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
        if not is_cheat(level, name):
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


def test_a_box_that_creeps_or_slides_aslant_is_not_pushed() -> None:
    # the player of the first walks round the box, that of the second stands behind it all along
    for difficulty, seed in (("easy", 3000), ("medium", 4000)):
        level = make("sokoban", difficulty, seed)
        clip = CHEATS["straight line"](level, SIZE, 61)
        assert judged(level, clip).failure == "push"


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


def test_trembling_goes_and_turns_stay() -> None:
    rng = np.random.default_rng(0)
    way = np.concatenate([np.linspace(0, 100, 60), np.linspace(100, 40, 40), np.full(30, 40.0)])
    points = np.stack([way, np.zeros(130)], axis=1)
    trembling = points + rng.uniform(-0.6, 0.6, points.shape)
    assert arc_length(trembling) > 180
    assert arc_length(without_jitter(trembling, 2.0)) == pytest.approx(160, abs=4)
    assert len(without_jitter(points, 2.0)) <= 4
    wild = points.copy()
    wild[30] = (300, 200)
    assert without_spikes(wild, 30) == pytest.approx(points, abs=2)
    assert without_spikes(points, 30) == pytest.approx(points)


def test_few_frames_that_cut_corners_still_follow_the_way() -> None:
    level = make("regular", "medium", 3)
    clip = level.render(SIZE, 6 * len(level.solution) + 1)
    got = judged(level, clip[::3])
    assert got.success
    assert got.pr > 0.98


def test_the_way_is_followed_up_to_the_first_departure() -> None:
    level = make("regular", "medium", 3)
    cells = len(level.solution)
    motion = level.motion(8 * cells + 1)
    half = level.render(SIZE, 8 * cells + 1)[: 4 * cells + 1]
    got = judged(level, half)
    assert got.failure == "goal"
    assert got.pr == pytest.approx(0.5, abs=0.04)
    assert judged(level, CHEATS["straight line"](level, SIZE, 81)).pr < 0.5
    assert len(motion) == 8 * cells + 1


@pytest.mark.parametrize(("skin", "difficulty"), [("warehouse", "easy"), ("space", "medium")])
def test_a_trembling_box_is_not_pushed_and_a_way_that_crosses_itself_is_followed(
    skin: str, difficulty: str
) -> None:
    level = make("sokoban", difficulty, 101, skin)
    got = judged(level, level.render(384, 61))
    assert got.success, got
    assert (got.pr, got.em) == (1.0, True)
