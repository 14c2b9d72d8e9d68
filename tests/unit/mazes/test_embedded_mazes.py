"""Levels are what they claim: trees, shortest paths, clips that the tracker accepts and damage it rejects."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from vidkit.errors import ConfigError
from vidkit.mazes.embedded.grid import FAR, distances, spanning_trees
from vidkit.mazes.embedded.level import judge_clip, render_first_frame, sample_level, to_uint8
from vidkit.mazes.embedded.levels import MAX_MOVES, Recipe, concatenate, sample_levels
from vidkit.mazes.embedded.read import read_level
from vidkit.mazes.embedded.render import render
from vidkit.mazes.embedded.track import follow, judge


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def levels():
    return sample_levels(6, generator(3))


@pytest.fixture(scope="module")
def clips(levels):
    return render(levels)


@pytest.mark.parametrize("size", [2, 4, 5, 8])
def test_spanning_trees_join_every_cell_by_one_path(size):
    walls = spanning_trees(torch.full((32,), size), generator(size))
    reach = distances(walls, torch.zeros(32, 2, dtype=torch.long))
    assert bool((reach[:, :size, :size] < FAR).all())
    assert bool((reach[:, size:] == FAR).all())
    openings = walls.open_moves()[:, :, :size, :size].flatten(1).sum(1) // 2
    assert bool((openings == size * size - 1).all())


def test_paths_are_shortest_and_end_on_the_goal(levels):
    reach = distances(levels.walls, levels.path[:, 0])
    goal = levels.path[:, -1]
    batch = torch.arange(len(levels))
    assert bool((reach[batch, goal[:, 0], goal[:, 1]] == levels.moves).all())
    assert int(levels.moves.max()) <= MAX_MOVES
    step = (levels.path[:, 1:] - levels.path[:, :-1]).abs().sum(-1)
    assert bool((step <= 1).all())


def test_own_clips_are_solved_exactly(levels, clips):
    verdict = judge(levels, clips)
    assert bool(verdict.success.all()) and int(verdict.bad_frames.max()) == 0
    assert bool(verdict.exact[~levels.loops].all())


def test_damage_is_seen(levels, clips):
    frozen = clips[:, :1].expand_as(clips)
    assert not bool(judge(levels, frozen).success.any())
    jump = clips.clone()
    jump[:, 5:] = clips[:, -1:]  # straight to the goal
    far = levels.moves > 4
    assert not bool(judge(levels, jump).legal[far].any())
    other = judge(levels, clips.roll(1, 0))
    assert not bool(other.success.any())
    gone = clips.clone()
    gone[:, 10:20] = clips[:, :1] * 0 + levels.colours[:, None, None, None, 0]
    assert not bool(judge(levels, gone).success.any())


def test_two_balls_in_a_frame_are_a_bad_frame(levels, clips):
    far = levels.moves > 5
    start = (clips[:, :1] - levels.colours[:, None, None, None, 3]).abs().amax(-1, keepdim=True) < 0.01
    both = judge(levels.select(far), torch.where(start, clips[:, :1], clips)[far])
    assert not bool(both.success.any()) and int(both.bad_frames.min()) > 5


def test_reader_recovers_the_level(levels, clips):
    for index in range(len(levels)):
        reading = read_level(clips[index, 0])
        assert reading is not None
        assert reading.size == int(levels.walls.size[index])
        assert bool((reading.walls.vertical[0] == levels.walls.vertical[index]).all())
        assert bool((reading.walls.horizontal[0] == levels.walls.horizontal[index]).all())
        assert reading.start == tuple(levels.path[index, 0].tolist())
        assert reading.goal == tuple(levels.path[index, -1].tolist())
        assert levels.captions()[index].startswith(("a " + reading.ball, "an " + reading.ball))
        assert bool(judge(reading.level(), clips[index : index + 1]).success)


def test_split_is_by_maze_not_by_seed():
    batch = sample_levels(2000, generator(1), Recipe(sizes=(4, 8)))
    held = batch.held_out()
    assert 0.03 < float(held.float().mean()) < 0.1
    again = concatenate([batch.select(held), batch.select(~held)])
    assert bool((again.held_out()[: int(held.sum())]).all())
    assert bool((again.held_out()[int(held.sum()) :] == 0).all())


def test_same_seed_same_level():
    one, two = sample_level(5, seed=7), sample_level(5, seed=7)
    assert (render_first_frame(one) == render_first_frame(two)).all()
    assert one.caption() == two.caption()
    assert bool(one.levels.held_out()[0]) and not bool(sample_level(5, 7, split="train").levels.held_out()[0])
    assert (render_first_frame(one) != render_first_frame(sample_level(5, seed=8))).any()


def test_chosen_look_is_drawn_and_said():
    level = sample_level(4, seed=0, skin="dark", ball="orange")
    assert level.caption() == "an orange ball solves a dark 4x4 maze, fast"
    assert level.caption("slow").endswith("slow")


def test_single_clip_verdict():
    level = sample_level(6, seed=2)
    good = to_uint8(render(level.levels)[0])
    verdict = judge_clip(level, good)
    assert verdict.success and verdict.moves == level.moves
    assert verdict.reason == f"reached the goal in {level.moves} moves, none through a wall"
    still = judge_clip(level, good[:1].repeat(61, axis=0))
    assert still.reason == "did not reach the goal (stopped after 0 moves)"


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"size": 9}, "a maze of 9x9 cells cannot be drawn"),
        ({"size": 5, "skin": "pink"}, "unknown skin 'pink'"),
        ({"size": 5, "ball": "pink"}, "unknown ball 'pink'"),
    ],
)
def test_bad_requests_name_the_value(kwargs, message):
    with pytest.raises(ConfigError) as error:
        sample_level(seed=0, **kwargs)
    assert error.value.message == message


def test_other_frame_size_is_refused():
    level = sample_level(4, seed=0)
    with pytest.raises(ConfigError, match="not 48x48"):
        judge_clip(level, to_uint8(torch.zeros(3, 48, 48, 3)))


def test_a_corner_rounded_out_of_sight_is_no_wall_gone_through(levels, clips):
    track, told = follow(levels, clips), 0
    for at in range(len(levels)):
        path = levels.path[at, : int(levels.moves[at]) + 1]
        turns = [k for k in range(1, len(path) - 1) if int((path[k + 1] - path[k - 1]).abs().max()) == 1]
        if not turns:
            continue
        hidden = (track.cells[at] == path[turns[0]]).all(-1).nonzero().flatten()
        count, back = len(hidden), int(hidden[-1]) + 1
        faded = clips[at : at + 1].clone()
        faded[0, hidden] = levels.colours[at, 0]
        one = levels.select(torch.tensor([at]))
        frames = "1 frame" if count == 1 else f"{count} frames"
        assert judge(one, faded).reason(0) == (
            f"was out of sight for {frames} and came back 2 cells away at frame {back}"
        )
        cut = clips[at : at + 1].clone()
        cut[0, hidden] = clips[at, int(hidden[0]) - 1]  # from one cell to the one behind the corner
        assert judge(one, cut).reason(0) == f"jumped 2 cells at frame {back}"
        told += 1
    assert told > 3


def test_the_reason_says_what_was_seen(levels, clips):
    one = levels.select(torch.tensor([0]))
    clip, floor = clips[:1], levels.colours[0, 0]
    assert judge(one, torch.zeros_like(clip) + floor).reason(0) == "was never seen"
    ended = clip.clone()
    ended[0, 8:] = floor
    moves = int(judge(one, clip[:, :8]).moves[0])
    assert (
        judge(one, ended).reason(0) == f"was last seen at frame 7, after {moves} moves and short of the goal"
    )
    walled = replace(
        one,
        walls=replace(one.walls, vertical=one.walls.vertical | True, horizontal=one.walls.horizontal | True),
    )
    first = int((follow(one, clip).cells[0] != one.path[0, 0]).any(-1).nonzero()[0])
    assert judge(walled, clip).reason(0) == f"went through a wall at frame {first}"
    faded = clip.clone()
    faded[0, first - 1] = floor
    assert judge(walled, faded).reason(0) == (
        f"was out of sight for 1 frame and came back behind a wall at frame {first}"
    )
