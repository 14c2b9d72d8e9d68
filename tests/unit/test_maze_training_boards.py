"""Board levels in training: drawn as the renderer draws them, with true distances, and losses that hold."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from scripts.maze_training import (
    bank,
    board_maps,
    board_scoring,
    denoiser,
    free_content,
    looks,
    scene_source,
    scenes,
    text,
    transformer,
)
from vidkit.errors import ConfigError
from vidkit.mazes.embedded.board_levels import BOARDS, FRAMES, sample_board_level
from vidkit.mazes.embedded.levels import Recipe, sample_levels
from vidkit.mazes.embedded.render import BALL_RADIUS, ball_px, cell_px, render


@pytest.mark.parametrize(("kind", "hard"), BOARDS)
def test_a_scene_is_drawn_as_the_renderer_draws_its_level(kind, hard):
    drawn = sample_board_level(kind, hard, 5, "2")
    assert drawn.is_held_out
    assert len(drawn.motion) == FRAMES
    true = np.stack(list(drawn.frames()))
    assert np.array_equal(true[0], drawn.picture())
    made = scenes.draw(scenes.stacked([scenes.scene_of(drawn, random.Random(0))]))[0]
    error = ((made * 255 - torch.from_numpy(true).float()) ** 2).mean()
    assert float(10 * torch.log10(255**2 / error)) > 40
    moved = np.abs(np.diff(drawn.motion.player, axis=0)).sum(-1) > 1e-9
    assert moved[0], "the player moves at once"
    assert not moved[-1] or moved.all(), "and rests on the goal"


def test_levels_that_cannot_be_shown_are_refused():
    with pytest.raises(ConfigError, match="hard levels of trapfield are too fine"):
        sample_board_level("trapfield", "hard", 0)
    with pytest.raises(ConfigError, match="medium levels of maze3d are too fine"):
        sample_board_level("maze3d", "medium", 0)
    with pytest.raises(ConfigError, match="'regular' mazes are drawn by sample_level"):
        sample_board_level("regular", "easy", 0)
    with pytest.raises(ConfigError, match="unknown split 'dev'"):
        sample_board_level("sokoban", "easy", 0, split="dev")


def test_training_takes_no_held_out_board_and_knows_every_word():
    made, prompts = scene_source.SceneSource(3, 0).take(24)
    assert len(made) == 24
    ids = text.tokenise(text.build_tokenizer(), prompts)
    assert not bool((ids == text.WORDS.index("<unk>")).any())
    assert bool((ids[:, -1] == 0).all()), "a caption was cut at the maximum length"
    assert not sample_board_level("sokoban", "easy", 9, split="train").is_held_out
    assert text.WORDS[:4] == ("<pad>", "</s>", "<unk>", "a"), "old words keep their numbers"


@pytest.mark.parametrize("kind", ["trapfield", "sokoban", "irregular", "maze3d"])
def test_maps_lead_from_the_start_to_the_goal(kind):
    drawn = sample_board_level(kind, "easy", 1)
    distance, way = board_maps.solver_maps(drawn)
    board = drawn.level.board
    ratio = 24 / np.array([board.width, board.height])

    def at(cell):
        x, y = (np.array(board.point(cell)) * ratio).astype(int)
        return y, x

    assert way[at(board.start)] == 1
    assert distance[0][at(board.start)] == 0
    assert distance[1][at(board.goal)] == 0
    if kind == "sokoban":
        assert distance[1][at(board.box)] == drawn.level.solution.pushes
    else:
        assert way[at(board.goal)] == 1
        moves = drawn.moves * (1 if kind == "trapfield" else 3)
        # several places of a road may share a latent pixel: the nearest counts
        assert moves - 2 <= distance[1][at(board.start)] <= moves


def test_a_player_mask_covers_the_ball_and_little_else():
    levels = sample_levels(3, torch.Generator().manual_seed(1), Recipe(sizes=(5,), extras=0.0))
    at, radius = ball_px(levels, 9), BALL_RADIUS * cell_px(levels.walls.size).float()
    mask = bank.player_mask(at, radius)
    assert mask.shape == (3, 3, 24, 24)
    y, x = (at[0, 0] / 4).long()
    assert mask[0, 0, y, x] == 1
    assert 0.005 < float(mask[:, 0].float().mean()) < 0.06


def test_other_looks_change_colours_and_lose_their_names():
    levels = sample_levels(64, torch.Generator().manual_seed(2), Recipe(extras=0.0, jitter=0.0))
    shown, unnamed = bank.other_looks(levels, 1.0, random.Random(2))
    assert all(unnamed)
    assert not torch.equal(render(shown, 1), render(levels, 1))
    # floor, wall, goal and ball can be told apart, or there would be nothing to learn
    apart = torch.cdist(shown.colours[:, :4], shown.colours[:, :4]) + torch.eye(4)
    assert float((apart.amin((1, 2)) > 0.15).float().mean()) > 0.95
    assert float(shown.colours[:, 4].std(-1).max()) < 0.02, "distractors are grey"
    same, unnamed = bank.other_looks(levels, 0.0, random.Random(2))
    assert not any(unnamed)
    assert torch.allclose(same.colours, levels.colours)
    assert (
        text.without_colours("an orange ball solves a sea 7x7 maze, fast") == "a ball solves a 7x7 maze, fast"
    )


class Perfect:
    """A network that knows the true latents: from anywhere it leads there."""

    def __init__(self, x0):
        self.x0 = x0

    def __call__(self, model, x, level, words, *_, **__):
        s = level[:, None, :, None, None].clamp_min(1e-3)
        return (x - self.x0) / s, {}


def test_own_noise_gives_the_latents_that_sampling_comes_to(monkeypatch):
    x0 = torch.randn(2, 8, 4, 24, 24)
    level = torch.full((2, 4), 0.5)
    level[:, 0] = 0
    monkeypatch.setattr(transformer, "forward", Perfect(x0))
    noise = denoiser.own_noise(denoiser.Trained(layers=1), x0, level, torch.zeros(2, 1, 64), steps=3)
    s = level[:, None, :, None, None]
    x = (1 - s) * x0 + s * noise
    assert torch.equal(x[:, :, 0], x0[:, :, 0])
    # a perfect network keeps to the straight line from its noise, whose spread is that of the noise
    assert 0.95 < float(noise[:, :, 1:].std()) < 1.05


def two_clips(kind):
    player = torch.zeros(2, 2, 24, 24, dtype=torch.uint8)
    player[:, :, 3, 3] = 1
    return bank.Batch(
        latents=torch.randn(2, 8, 2, 24, 24),
        weights=torch.ones(2, 2, 24, 24),
        distance=torch.zeros(2, 2, 24, 24, dtype=torch.uint8),
        on_path=torch.zeros(2, 24, 24, dtype=torch.uint8),
        prompts=torch.ones(2, text.MAX_LENGTH, dtype=torch.long),
        player=player,
        determined=torch.full((2,), kind, dtype=torch.uint8),
        arrival=torch.full((2, 24, 24), bank.NEVER, dtype=torch.uint8),
    )


@pytest.mark.parametrize(("kind", "share"), [(0, 0.0), (1, 1 / 576), (2, 1.0)])
def test_own_samples_count_where_the_first_frame_determines_the_clip(kind, share, monkeypatch):
    clips = two_clips(kind)
    monkeypatch.setattr(transformer, "forward", Perfect(clips.latents[:1]))
    level, words = torch.full((2, 2), 0.3), torch.zeros(2, text.MAX_LENGTH, 64)
    noise = torch.randn(2, 8, 2, 24, 24)
    now, _, weight = denoiser._with_own(denoiser.Trained(layers=1), clips, level, noise, words, 1)
    assert torch.equal(now[1], level[1]), "other samples are as they were"
    assert bool((weight[1] == 1).all())
    assert float(now[0, 0]) == 0
    assert float((weight[0] > 0).float().mean()) == pytest.approx(share)


def test_all_losses_reach_the_network():
    torch.manual_seed(0)
    trained, clips = denoiser.Trained(layers=9), two_clips(2)
    with torch.autocast("cpu", torch.bfloat16):  # as on a GPU: casts made without gradients must not stay
        loss, metrics = denoiser.video_loss(trained, clips, False, 0.1, denoiser.Plan(own=1, even=0.5))
    loss.backward()
    without = [name for name, p in trained.model.named_parameters() if p.grad is None]
    assert not without
    denoiser.picture_loss(trained, denoiser.first_frames(clips)).backward()
    assert bool(torch.isfinite(loss))
    assert "own" in metrics
    assert float(trained.model.patch_embedding.weight.grad.abs().sum()) > 0


def test_a_held_out_board_is_made_again_from_what_is_handed_on():
    board = board_scoring.held_out_board(("sokoban", "easy", 4))
    again = board.level()
    assert again.is_held_out
    assert again.caption() == board.caption == "a ball solves a candy sokoban 5x5 maze"
    clip = board_scoring.true_clip(board)
    assert np.array_equal(clip[0], board.picture)
    assert board_scoring.score(board, clip) == {"success": True, "em": True, "failure": None}
    assert board_scoring.score(board, clip[:1].repeat(61, 0))["success"] is False


def test_free_content_is_measured_whole_where_it_is_whole():
    for kind, measure in (("distractors", free_content.grey_area), ("texture", free_content.contrast)):
        levels = free_content.free_levels(kind, 2, torch.device("cpu"))
        assert bool(levels.held_out().all())
        assert float(measure(levels, render(levels)).min()) > (0.5 if kind == "distractors" else 0.04)
        bare = replace(levels, wanderers=levels.wanderers * 0, texture=levels.texture * 0)
        found = measure(levels, render(bare))
        # the player is a part of the floor's contrast
        assert float(found.max()) < (0.05 if kind == "distractors" else 0.2)


def test_no_random_look_comes_near_the_one_that_is_measured():
    unseen = np.eye(3)[list(looks.UNSEEN_SWAP)]
    assert np.allclose(looks._turn(2 * math.pi / 3), unseen)
    source = random.Random(3)
    made = [looks.random_look(source) for _ in range(200)]
    chroma = np.array([[1, -1, 0], [1, 1, -2]]) / np.sqrt([[2], [6]])  # the plane of hues
    measured = chroma @ unseen @ chroma.T
    for look in made:
        turn = chroma @ look[:, :3] @ chroma.T
        turn = turn / np.sqrt(abs(np.linalg.det(turn)))
        assert np.abs(turn - measured).max() > 0.3
    scene, _ = scenes.training_scene(random.Random(1), looks=1.0)
    plain = dict(scene, look=looks.plain_look())
    assert not torch.equal(*(scenes.draw(scenes.stacked([one]), 5) for one in (scene, plain)))
    colours = torch.rand(1, 7, 3)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(looks.shown(colours, torch.from_numpy(looks.plain_look())[None]), colours)


@pytest.mark.parametrize("kind", ["trapfield", "irregular", "maze3d"])
def test_times_of_arrival_follow_the_player_along_its_way(kind):
    drawn = sample_board_level(kind, "easy", 1)
    made = scenes.stacked([scenes.scene_of(drawn, random.Random(0))])
    when = bank.arrivals(made.at[:, 1].flip(-1), made.extent[:, 1] * 0.4)[0].long()
    times = []
    for frame in range(0, FRAMES, 4):
        x, y = (made.at[0, 1, frame] / 4).long().tolist()
        times.append(int(when[y, x]))
    assert times[0] == 0
    assert all(time <= frame + 1 for frame, time in enumerate(times)), "a place is reached no later than seen"
    assert times == sorted(times)
    assert times[-1] >= (drawn.motion.player[1:] != drawn.motion.player[:-1]).any(1).sum() / 4 - 2
    assert 0.5 < float((when == bank.NEVER).float().mean()) < 0.99


def test_heads_are_told_when_the_player_comes():
    when = torch.randint(0, 17, (2, 144, 4))
    clean = torch.tensor([True, False])
    sure = 50.0 * torch.nn.functional.one_hot(when, 17).float()
    loss, right = transformer._time_loss(sure, when, clean)
    assert float(loss) < 1e-3 and float(right) == 1
    sure[0] = sure[0].roll(1, -1)
    loss, right = transformer._time_loss(sure, when, clean)
    assert float(loss) > 10 and float(right) == 0
    assert float(transformer._time_loss(sure, when, ~clean)[0]) < 1e-3, "a noisy first frame is not asked"


def test_types_can_be_weighed():
    assert scenes.kinds_of("") == scenes.EQUAL
    weights = scenes.kinds_of("sokoban:1,trapfield:3")
    source = random.Random(5)
    words = [scenes.training_scene(source, weights, 0.0, drop=0.0)[1] for _ in range(40)]
    assert all("sokoban" in one or "trapfield" in one for one in words)
    assert 20 < sum("trapfield" in one for one in words) < 38
    for wrong in ("regular:1", "sokoban", "sokoban:0", "sokoban:x", "sokoban:nan"):
        with pytest.raises(SystemExit, match="TYPE:WEIGHT"):
            scenes.kinds_of(wrong)
