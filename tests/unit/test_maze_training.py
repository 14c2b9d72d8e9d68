"""The training code computes what the shipped modules compute, on data that leaves held-out mazes out."""

from __future__ import annotations

import random

import pytest
import torch

from scripts.maze_training import (
    bank,
    checkpoint,
    denoiser,
    evaluation,
    parallel,
    report,
    sampling,
    strict,
    text,
    trainer,
    transformer,
)
from vidkit.mazes.embedded import track
from vidkit.mazes.embedded.grid import distances
from vidkit.mazes.embedded.levels import Recipe, sample_levels
from vidkit.mazes.embedded.render import render


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = transformer.build(layers=2).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return model


@pytest.mark.parametrize("block", [0, 2], ids=["bidirectional", "block-causal"])
def test_training_forward_equals_diffusers(model, block):
    x, level, words = torch.randn(2, 8, 4, 24, 24), torch.rand(2, 4), torch.randn(2, 20, 64)
    model._set_ar_attention(block or 1)
    with torch.no_grad():
        expected = model(x, level * 1000, words, enable_diffusion_forcing=True, return_dict=False)[0]
        got, _ = transformer.forward(model, x, level, words, causal_frames=block)
    model._set_ar_attention(1)
    assert float((got - expected).norm() / expected.norm()) < 1e-5


def test_training_never_sees_held_out_mazes():
    levels = bank.training_levels(300, generator(), Recipe())
    assert len(levels) == 300
    assert not bool(levels.held_out().any())
    held = evaluation.held_out_levels(4, 20, 0, torch.device("cpu"))
    assert bool(held.held_out().all())
    assert not set(held.walls.fingerprint().tolist()) & set(levels.walls.fingerprint().tolist())


def test_solver_targets_are_distances_from_ball_and_goal():
    levels = bank.training_levels(6, generator(3), Recipe(extras=0.0))
    maps, on_path = bank.distance_maps(levels)
    cell, inside = bank.cell_of_latents(levels)
    for index in range(6):
        for end, place in ((0, 0), (1, -1)):
            reach = distances(levels.walls, levels.path[:, place])[index]
            row = col = 12
            expected = reach[cell[index, row], cell[index, col]].clamp_max(bank.FAR_CLASS)
            assert int(maps[index, end, row, col]) == int(expected)
        assert bool((maps[index, 0][~inside[index]] == bank.OUTSIDE).all())
        route = {tuple(c) for c in levels.path[index].tolist()}
        for row in range(0, 24, 5):
            for col in range(0, 24, 5):
                if inside[index, row] and inside[index, col]:
                    here = (int(cell[index, row]), int(cell[index, col]))
                    assert bool(on_path[index, row, col]) == (here in route)


@pytest.mark.parametrize("causal", [False, True])
def test_noise_levels_cover_what_samplers_ask_for(causal):
    level = denoiser.draw_levels(4000, 16, causal, torch.device("cpu"))
    assert float(level.min()) >= 0 and float(level.max()) <= 1
    assert 0.85 < float((level[:, 0] == 0).float().mean()) < 0.97  # a clean first frame, sometimes none
    rest = level[:, 1:]
    assert 0.1 < float((rest == 1).all(1).float().mean()) < 0.35  # pure noise beside a clean first frame
    assert float((rest == rest[:, :1]).all(1).float().mean()) > 0.1
    waiting = (rest[:, -1] == 1) & (rest[:, 0] < 1)
    assert float(waiting.float().mean()) > 0.05  # autoregressive states
    if causal:
        blocks = level[:, 4:].view(-1, 3, 4)
        assert bool((blocks == blocks[..., :1]).all())


def test_prompts_use_known_words_only():
    levels = bank.training_levels(64, generator(1), Recipe())
    prompts = text.training_prompts(levels, random.Random(0))
    assert len(set(prompts)) > 20
    assert set(text.training_prompts(levels, random.Random(1), drop=1.0)) == {""}
    ids = text.tokenise(text.build_tokenizer(), prompts)
    assert not bool((ids == text.WORDS.index("<unk>")).any())
    assert bool((ids[:, -1] == 0).all()), "a caption was cut at the maximum length"
    odd = text.tokenise(text.build_tokenizer(), ["a tartan ball"])
    assert int((odd == text.WORDS.index("<unk>")).sum()) == 1


def test_sampler_keeps_the_first_frame_and_is_reproducible(model):
    words, first = torch.randn(2, 20, 64), torch.randn(2, 8, 24, 24)
    for how in (sampling.Sampler(steps=2), sampling.Sampler(steps=2, block=2, lag=2, causal=True)):
        one = sampling.sample(model, words, first, how, generator(5), frames=4)
        two = sampling.sample(model, words, first, how, generator(5), frames=4)
        assert torch.equal(one, two)
        assert torch.equal(one[:, :, 0], first)
        assert not torch.isnan(one).any()


def test_strict_limits_hold_within_their_block_only():
    levels = sample_levels(4, generator(2), Recipe(extras=0.0))
    clip = render(levels)
    faint = clip + 0.62 * (render(levels, 1)[:, :1] - clip)  # later frames nearly as the first
    before = (track.COLOUR_LIMIT, track.AREA_RATIO, track.SPREAD_RADII)
    with pytest.raises(ZeroDivisionError), strict.strict_tracker():
        assert before[0] > track.COLOUR_LIMIT and before[1] < track.AREA_RATIO
        assert bool(track.judge(levels, clip).success.all()), "the true clip passes the strict limits"
        tight = int(track.follow(levels, faint).good.sum())
        raise ZeroDivisionError
    assert before == (track.COLOUR_LIMIT, track.AREA_RATIO, track.SPREAD_RADII)
    assert int(track.follow(levels, faint).good.sum()) > tight


def test_new_heads_leave_the_network_alone():
    trained = denoiser.Trained(layers=9)
    clips = bank.Batch(
        latents=torch.randn(2, 8, 1, 24, 24),
        weights=torch.ones(2, 1, 24, 24),
        distance=torch.randint(0, 20, (2, 2, 24, 24), dtype=torch.uint8),
        on_path=torch.randint(0, 2, (2, 24, 24), dtype=torch.uint8),
        prompts=torch.ones(2, text.MAX_LENGTH, dtype=torch.long),
        player=torch.zeros(2, 1, 24, 24, dtype=torch.uint8),
        determined=torch.full((2,), 2, dtype=torch.uint8),
        arrival=torch.randint(0, 17, (2, 24, 24), dtype=torch.uint8),
    )
    denoiser.solving_loss(trained, clips, heads_only=True)[0].backward()
    assert all(p.grad is None for p in [*trained.model.parameters(), *trained.encoder.parameters()])
    assert all(float(p.grad.abs().sum()) > 0 for p in trained.heads.parameters())
    denoiser.solving_loss(trained, clips)[0].backward()
    assert trained.model.patch_embedding.weight.grad is not None


def test_averaged_weights_come_back_from_a_checkpoint(tmp_path):
    trained = denoiser.Trained(layers=2)
    average = trainer.Average(trained, 0.9)
    for shadow in average.shadow:
        shadow.add_(1.0)
    torch.save({"average": average.state_dict()}, tmp_path / "checkpoint.pt")
    again = dict(report.load(tmp_path, 2, torch.device("cpu")).named_parameters())
    assert all(torch.equal(again[name], value) for name, value in average.state_dict().items())
    broken = {name: value for name, value in average.state_dict().items() if "patch_embedding" not in name}
    torch.save({"average": broken}, tmp_path / "checkpoint.pt")
    with pytest.raises(SystemExit, match=r"missing \['model\.patch_embedding"):
        report.load(tmp_path, 2, torch.device("cpu"))


def test_sizes_of_training_mazes_can_be_weighed():
    recipe = trainer.recipe_at(0.0, (4, 8, 8, 8), trained=True)
    assert recipe.max_moves == Recipe().max_moves
    assert trainer.recipe_at(0.0, (4, 8)).max_moves < recipe.max_moves
    sizes = sample_levels(400, generator(4), recipe).walls.size
    assert set(sizes.tolist()) == {4, 8}
    assert 0.65 < float((sizes == 8).float().mean()) < 0.85


def test_a_checkpoint_brings_every_part_back(tmp_path):
    def parts(seed):
        torch.manual_seed(seed)
        network = torch.nn.Linear(3, 2)
        average = parallel.Average(network, 0.9)
        optimiser = torch.optim.AdamW(network.parameters(), lr=0.1)
        network(torch.randn(4, 3)).sum().backward()
        optimiser.step()
        average.update(network, step=5)
        return dict(model=network, average=average, optimiser=optimiser)

    saved, fresh = parts(0), parts(1)
    assert checkpoint.restore(tmp_path, fresh, torch.device("cpu")) is None
    checkpoint.save(tmp_path, saved, dict(step=7, seconds=1.5))
    assert not torch.equal(fresh["model"].weight, saved["model"].weight)
    assert checkpoint.restore(tmp_path, fresh, torch.device("cpu")) == dict(step=7, seconds=1.5)
    for name in ("model", "average"):
        for key, value in saved[name].state_dict().items():
            assert torch.equal(fresh[name].state_dict()[key], value)
    moments = (part["optimiser"].state_dict()["state"][0]["exp_avg"] for part in (saved, fresh))
    assert torch.equal(*moments)
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]
