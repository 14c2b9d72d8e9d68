"""Clips made chunk by chunk: what a chunk sees, what is kept, what a new prompt changes."""

import math

import pytest
import torch
from causal_clips import LEVELS, SHAPE, clip, plan, text, tiny_transformer
from forcing_clips import embeds

from vidkit.errors import NotFinite
from vidkit.generation.causal.loop import ChunkLoop
from vidkit.generation.causal.plan import noise_levels
from vidkit.generation.causal.rolling import RollingKeyValues
from vidkit.generation.forcing import DiffusionForcingPipeline, ForcingOptions
from vidkit.hooks.blocks import SkyReelsBlocks, WanBlocks
from vidkit.hooks.blocks.rotary import rotary_tables, time_tables


@pytest.fixture(scope="module")
def model():
    return tiny_transformer()


def test_levels_are_those_of_the_published_models() -> None:
    told = [1000 * level for level in noise_levels(4, [1000, 750, 500, 250], 5.0, True)]
    assert told == pytest.approx([1000, 937.5, 833.3333, 625])
    assert noise_levels(4, [], 5.0, True) == noise_levels(4, [1000, 750, 500, 250], 5.0, True)
    assert noise_levels(3, [1000, 757, 522], 8.0, False) == (1.0, 0.757, 0.522)


def test_wan_as_blocks_is_wans_own_forward(model) -> None:
    blocks, latents = WanBlocks(model), torch.randn(1, 8, 3, 8, 8)
    with torch.no_grad():
        entered = blocks.enter(latents, torch.full((3,), 937.5), blocks.condition(text()), 0)
        made = blocks.run_layers(entered, lambda layer, k, v, q: (k, v))
        made = blocks.to_latents(entered, blocks.head(entered, made))
        own = model(latents, torch.tensor([937.5]), text(), return_dict=False)[0]
    torch.testing.assert_close(made, own, rtol=0, atol=1e-5)


def test_rotary_tables_of_a_block_are_the_clips_and_go_on_beyond_its_end(model) -> None:
    whole = model.rope(torch.empty(1, 1, 14, 8, 8))
    part = rotary_tables(model.rope, 10, (4, 4, 4))
    assert all(torch.equal(a[:, 10 * 16 :], b) for a, b in zip(whole, part, strict=True))
    computed = time_tables(model.rope, torch.arange(17))  # one more than the table has
    torch.testing.assert_close(computed[0][:16], time_tables(model.rope, torch.arange(16))[0])
    assert torch.isfinite(rotary_tables(model.rope, 5000, (1, 4, 4))[0]).all()


def test_keys_moved_in_time_are_the_keys_of_that_time(model) -> None:
    blocks, latents = WanBlocks(model), torch.randn(1, 8, 2, 8, 8)
    found = []
    for first in (0, 40):
        entered = blocks.enter(latents, torch.zeros(2), blocks.condition(text()), first)
        blocks.run_layers(entered, lambda layer, k, v, q: (found.append(k), (k, v))[1], stop=1)
    torch.testing.assert_close(blocks.moved(found[0], 40), found[1], rtol=0, atol=1e-5)


def test_chunks_with_plain_steps_are_the_diffusion_forcing_loops(tiny_model, monkeypatch) -> None:
    pipe = DiffusionForcingPipeline.from_pretrained(tiny_model)
    pipe.set_progress_bar_config(disable=True)
    from vidkit.generation.load import set_sampler

    set_sampler(pipe, "euler", 4.0)
    states = embeds(pipe, "a red ball")
    noise = torch.randn((1, 8, 8, 8, 8), generator=torch.Generator().manual_seed(7))
    options = ForcingOptions(
        ar_step=4, block_size=2, causal_attention=True, active_only=True, clean_refresh=True
    )
    expected = pipe.denoise(
        prompt_embeds=states, negative_prompt_embeds=None, image=None, height=32, width=32, num_frames=29,
        num_inference_steps=4, guidance_scale=1.0, fps=24, options=options,
        generator=torch.Generator().manual_seed(7),
    )  # fmt: skip
    chosen = plan(8, chunk=2, levels=tuple(pipe.scheduler.sigmas.tolist()[:4]), renoise=False, window=8)
    loop = ChunkLoop(SkyReelsBlocks(pipe.transformer, 1, 8), chosen, [(0, states)], (8, 8, 8), 0)
    monkeypatch.setattr(loop, "_noise", lambda chunk, step: noise[:, :, 2 * chunk : 2 * chunk + 2].clone())
    made = torch.cat(list(loop.chunks()), dim=2)
    torch.testing.assert_close(made, expected, rtol=0, atol=2e-4)


def test_a_window_that_holds_the_clip_changes_nothing_and_a_shorter_one_does(model) -> None:
    whole = clip(model, plan(window=12))
    assert torch.equal(clip(model, plan(window=40)), whole)
    short = clip(model, plan(window=6))
    assert torch.equal(short[:, :, :6], whole[:, :, :6])  # two chunks fit
    assert not torch.allclose(short[:, :, 6:], whole[:, :, 6:])


def test_a_longer_clip_begins_with_the_shorter_one(model) -> None:
    assert torch.equal(clip(model, plan(15, window=6))[:, :, :12], clip(model, plan(12, window=6)))


def test_what_is_kept_does_not_grow_with_length(model) -> None:
    sizes: list[int] = []
    for frames in (12, 48):
        kept: list[int] = []
        texts = [(0, text()), (2, text(2))]
        changes = {"window": 6, "sink": 1, "moving_sink": True}
        clip(
            model,
            plan(frames, **changes),
            texts,
            look=lambda loop, _, kept=kept: kept.append(loop.state_bytes),
        )
        assert kept[-1] == max(kept) or frames == 12
        sizes.append(kept[-1])
    assert sizes[0] == sizes[1]
    assert sizes[0] >= 2 * 2 * 6 * 16 * 24 * 4  # K and V, layers, frames, tokens, width, fp32


def test_every_chunk_but_the_last_passes_once_without_noise(model) -> None:
    counts: list[int] = []
    clip(model, plan(12), look=lambda loop, _: counts.append(loop.clean_passes))
    assert counts == [0, 1, 2, 3]


def test_kept_keys_are_those_of_the_finished_chunk_alone(model) -> None:
    """Whatever the noisy passes wrote is gone: a pass over finished latents gives the same buffer."""
    loops: list[ChunkLoop] = []
    made = clip(model, plan(6), look=lambda loop, _: loops.append(loop))
    fresh = ChunkLoop(WanBlocks(model), plan(6), [(0, text())], SHAPE, 0)
    fresh._condition = fresh._conditions[0]
    with torch.no_grad():
        fresh._remember(made[:, :, :3], 0)
    own = [held.keys[:, : 3 * 16] for held in loops[0].memory._layers.values()]
    again = [held.keys[:, : 3 * 16] for held in fresh.memory._layers.values()]
    assert all(torch.equal(a, b) for a, b in zip(own, again, strict=True))


@pytest.mark.parametrize("changes", [{}, {"window": 6}, {"window": 7, "sink": 1, "moving_sink": True}])
def test_a_new_prompt_changes_what_follows_and_nothing_before(model, changes) -> None:
    chosen = plan(15, **changes)
    plain = clip(model, chosen)
    other = clip(model, chosen, [(0, text()), (3, text(2))])
    assert torch.equal(other[:, :, :9], plain[:, :, :9])
    assert not torch.allclose(other[:, :, 9:], plain[:, :, 9:])
    kept = clip(model, plan(15, refresh=False, **changes), [(0, text()), (3, text(2))])
    assert not torch.allclose(kept[:, :, 9:], other[:, :, 9:])


def test_keys_remade_under_the_same_prompt_are_the_same_keys(model) -> None:
    same = clip(model, plan(12), [(0, text()), (2, text())])
    torch.testing.assert_close(same, clip(model, plan(12)), rtol=0, atol=1e-5)


def test_given_frames_stay_and_are_told_as_clean(model) -> None:
    given = torch.randn(1, 8, 1, 8, 8)
    told: list[tuple[float, float]] = []
    loop = ChunkLoop(WanBlocks(model), plan(6), [(0, text())], SHAPE, 5, given)
    made = torch.cat(list(loop.chunks(lambda index, levels: told.append(levels))), dim=2)
    assert torch.equal(made[:, :, :1], given)
    assert told[0] == (0, 1000)
    assert told[3] == (1000, 1000)


def test_chunks_that_are_given_whole_pass_once(model) -> None:
    given = torch.randn(1, 8, 3, 8, 8)
    told: list[int] = []
    loop = ChunkLoop(WanBlocks(model), plan(6), [(0, text())], SHAPE, 5, given)
    made = torch.cat(list(loop.chunks(lambda index, levels: told.append(index))), dim=2)
    assert torch.equal(made[:, :, :3], given)
    assert told == [3, 4, 5]
    assert loop.clean_passes == 1


def test_not_a_number_stops_with_step_and_frames(model) -> None:
    bad = tiny_transformer()
    with torch.no_grad():
        bad.proj_out.bias[0] = math.nan
    with pytest.raises(NotFinite, match=r"after step 2, in block 0 \(latent frames 0\.\.2\)"):
        clip(bad, plan(6))


def test_executed_flops_are_those_of_the_cost_model(model) -> None:
    from causal_clips import TRANSFORMER

    from vidkit.config.causal_schema import CausalSettings
    from vidkit.generation.causal.cost import chunk_passes
    from vidkit.generation.spec import ModelSpec, Request

    vae = {"dim_mult": [1, 2, 2], "temperal_downsample": [True, True]}
    spec = ModelSpec("tiny", "wan", TRANSFORMER, vae)
    causal = CausalSettings(chunk=3, window=7, sink=1, prompts=["24: another"])
    request = Request(height=32, width=32, frames=57, steps=3, max_sequence_length=6, causal=causal)
    flops: list[float] = []
    chosen = plan(15, window=7, sink=1)
    loop = ChunkLoop(WanBlocks(model, 6), chosen, [(0, text()), (2, text(2))], SHAPE, 5)
    for _ in loop.chunks():
        flops.append(loop.flops)
    assert sum(one.total for one in chunk_passes(spec, request)) == pytest.approx(loop.flops, rel=1e-9)
    assert len(LEVELS) == request.steps


@pytest.mark.parametrize(("window", "sink"), [(6, 0), (7, 1), (5, 2), (9, 4), (3, 0)])
def test_a_ring_holds_the_sink_and_the_last_frames(window: int, sink: int) -> None:
    memory = RollingKeyValues(window, per_frame=2, sink=sink)
    for first in range(0, 30, 3):
        memory.begin(first, 3)
        frames = torch.arange(first, first + 3).repeat_interleave(2).view(1, 6, 1, 1).float()
        keys, values = memory(0, frames, -frames, frames)
        last = first + 3
        expected = sorted(
            {*range(min(sink, last)), *range(max(last - (window - sink), min(sink, last)), last)}
        )
        assert sorted(keys.flatten().unique().int().tolist()) == expected
        assert torch.equal(values, -keys)
    memory.restart(21)
    memory.begin(21, 3)
    assert memory(0, frames, frames, frames)[0].shape[1] == 2 * min(window, sink + 3)
