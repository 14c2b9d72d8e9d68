"""Our judgement of clips: the truth is a success, and no cheat is."""

import itertools

import numpy as np
import pytest

from vidkit.bench.vr_bench.adversarial import CHEATS, is_cheat, is_way
from vidkit.bench.vr_bench.cheating import honest_length
from vidkit.evaluation.tasks.vr_bench.clip_score import FAILURES
from vidkit.evaluation.tasks.vr_bench.legality import Journey, find_fault, retrace
from vidkit.evaluation.tasks.vr_bench.metrics import arc_length
from vidkit.evaluation.tasks.vr_bench.robust_score import (
    RobustScore,
    robust_score,
    smoothed,
    without_jitter,
    without_spikes,
)
from vidkit.mazes import Level, MazeType, make, track
from vidkit.mazes.boards.trapfield import TrapfieldBoard
from vidkit.mazes.motion import Motion, solution_motion

SIZE = 192


def judged(level: Level, clip: np.ndarray) -> RobustScore:
    truths = [solution_motion(level.board, route).player for route in itertools.islice(level.solutions, 20)]
    return robust_score(list(clip), level, track(clip, level), truths)


@pytest.mark.parametrize("kind", MazeType)
def test_the_truth_is_a_success_and_no_cheat_is(kind: MazeType) -> None:
    level, size = make(kind, "medium", 3), 128
    honest = judged(level, level.render(size, max(61, 4 * len(level.solution) + 1)))
    assert honest.success, honest
    assert honest.pr == 1.0
    assert honest.sr_end
    for name, cheat in CHEATS.items():
        if not is_cheat(level, name):
            continue
        assert not judged(level, cheat(level, size, 61)).success, name


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


def retraced(level: Level, motion: Motion, pixel: float = 0.0) -> Journey:
    """As a tracker that never errs would see it."""
    box = None if motion.box is None else smoothed(motion.box)
    return retrace(level.board, smoothed(motion.player), np.ones(len(motion), dtype=bool), box, pixel)


def is_legal(level: Level, motion: Motion, pixel: float = 0.0) -> bool:
    journey = retraced(level, motion, pixel)
    return journey.fault is None and journey.ends_at_goal


def straight_motion(level: Level, frames: int) -> Motion:
    motion = level.motion()
    share = np.linspace(0, 1, frames)[:, None]
    ways = [way[0] + share * (way[-1] - way[0]) for way in (motion.player, motion.box) if way is not None]
    return Motion(ways[0], ways[1] if len(ways) > 1 else None)


def hasty_motion(level: Level) -> Motion:
    motion = level.motion()
    few = np.linspace(0, len(motion) - 1, min(3, len(level.solution)) + 1).round().astype(int)
    at = np.concatenate([[0] * 15, few, [len(motion) - 1] * 40]).astype(int)
    return Motion(motion.player[at], None if motion.box is None else motion.box[at])


@pytest.mark.parametrize("difficulty", ["easy", "medium", "hard"])
@pytest.mark.parametrize(
    ("kind", "seeds"), [("regular", 4), ("irregular", 1), ("maze3d", 4), ("trapfield", 25), ("sokoban", 8)]
)
def test_no_straight_or_hasty_way_is_legal_and_every_honest_one_is(
    kind: str, difficulty: str, seeds: int
) -> None:
    for seed in range(9000, 9000 + seeds):
        level = make(kind, difficulty, seed)
        assert is_legal(level, level.motion(honest_length(level, 61))), seed
        for pixel in (0.0, level.board.width / 96, level.board.width / 16):
            assert not is_legal(level, hasty_motion(level), pixel), seed
        assert is_way(level) or not is_legal(level, straight_motion(level, 61)), seed


@pytest.mark.parametrize("seed", [3000, 4000])
@pytest.mark.parametrize("cheat", ["straight line", "redrawn"])
def test_half_way_up_a_ladder_is_not_the_goal_that_is_seen_there(seed: int, cheat: str) -> None:
    level = make("maze3d", "easy", seed)
    journey = retraced(level, straight_motion(level, 61))
    assert journey == Journey(None, ends_at_goal=False)
    got = judged(level, CHEATS[cheat](level, SIZE, 61))
    assert (got.success, got.failure, got.sr_end) == (False, "goal", False)


@pytest.mark.parametrize(("seed", "skin"), [(3000, "river"), (4000, "neon")])
def test_long_roads_may_be_taken_as_fast_as_a_short_clip_needs(seed: int, skin: str) -> None:
    level = make("irregular", "hard", seed, skin)
    got = judged(level, level.render(256, 61))
    assert got.success, got


def test_a_step_is_known_to_a_pixel_of_the_clip() -> None:
    level = make("irregular", "easy", 7000)
    pace = 32.0  # pixels a frame, of 64 that count as one step
    motion = level.motion(2 + round(level.board.length(level.solution) / pace))
    at = np.arange(len(motion), dtype=float)
    at[15:] += 0.8  # one step of 1.8 frames: .88 where .8 is the most
    at = np.minimum(at, len(motion) - 1)
    player = np.stack([np.interp(at, np.arange(len(motion)), way) for way in motion.player.T], axis=1)
    for side, kind in ((1024, "speed"), (512, "speed"), (96, None)):
        fault = retraced(level, Motion(player), 1024 / side).fault
        assert (None if fault is None else fault.kind) == kind, side


@pytest.mark.parametrize("kind", MazeType)
def test_no_cheat_is_a_success_in_a_small_picture(kind: MazeType) -> None:
    level = make(kind, "easy", 3)
    for name in ("static", "teleport", "cross-fade", "hasty", "end state"):
        assert not judged(level, CHEATS[name](level, 96, 61)).success, name


@pytest.mark.parametrize("seed", [9009, 9013])
def test_a_solution_of_few_moves_can_be_too_fast_as_well(seed: int) -> None:
    level = make("sokoban", "easy", seed, "candy")
    assert len(level.solution) <= 2
    assert judged(level, CHEATS["hasty"](level, SIZE, 61)).failure in ("speed", "jump")


def test_the_corner_of_a_trap_is_seen_between_two_frames() -> None:
    blocked = np.zeros((3, 3), dtype=bool)
    blocked[0, 1] = True
    board = TrapfieldBoard(blocked, (0, 0), (2, 2))
    way = np.array([(0.5, 0.5), (0.92, 0.6), (1.42, 1.1), (1.5, 1.5)]) * board.cell_px
    fault = find_fault(board, way, np.ones(4, dtype=bool))
    assert fault is not None
    assert (fault.kind, fault.frame) == ("trap", 2)


@pytest.mark.parametrize("kind", MazeType)
def test_a_clip_that_never_shows_the_goal_is_no_success(kind: MazeType) -> None:
    level = make(kind, "easy", 5 if kind != "sokoban" else 24)
    clip = level.render(SIZE, honest_length(level, 61)).copy()
    assert judged(level, clip).failure is None
    box, scale = level.board.goal_box(), SIZE / level.board.width
    x, y = (round((low + side / 2) * scale) for low, side in ((box.x, box.width), (box.y, box.height)))
    half = round(0.7 * box.width * scale)
    part = (slice(max(0, y - half), y + half + 1), slice(max(0, x - half), x + half + 1))
    hidden = clip.copy()
    hidden[:, part[0], part[1]] = np.median(clip[0][part].reshape(-1, 3), axis=0).astype(np.uint8)
    player = np.abs(clip.astype(int) - clip[0]).max(-1) > 8
    hidden[player] = clip[player]  # only the goal is painted over
    got = judged(level, hidden)
    assert (got.success, got.failure) == (False, "no goal")
    assert FAILURES["no goal"] == "the goal is never visible"
