"""MAGI-1's loop over chunks: what it integrates, keeps, mixes and leaves alone."""

from __future__ import annotations

import dataclasses
import itertools
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from magi_clips import FRAMES, clip_of, model_of
from magi_published import TINY
from torch import Tensor

from vidkit.generation.magi.loop import MagiLoop
from vidkit.generation.not_finite import NotFinite
from vidkit.models.magi.transformer import MagiText


class Constant:
    """A transformer whose velocity is the same everywhere and always."""

    config = SimpleNamespace(chunk_frames=FRAMES, distilled=False)

    def __init__(self, value: Tensor) -> None:
        self.value, self.seen = value, []

    def __call__(self, latents: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor]:
        self.seen.append(kwargs)
        return (self.value.expand_as(latents),)


@pytest.mark.parametrize("steps", [2, 8, 64])
@pytest.mark.parametrize("guidance", [1.0, 7.5])
def test_a_constant_velocity_is_integrated_exactly(steps: int, guidance: float) -> None:
    clip = clip_of(steps=steps, guidance=guidance)
    value = torch.tensor([1.0, -2.0, 0.5, 3.0]).view(1, 4, 1, 1, 1)
    made = MagiLoop(Constant(value), clip).run()
    torch.testing.assert_close(made - clip.noise, value.expand_as(made), rtol=0, atol=1e-5)


@pytest.mark.parametrize("distilled", [False, True])
@pytest.mark.parametrize("kv_range", [[3, 2], [], [2, 1]])
def test_kept_keys_and_values_equal_passing_finished_chunks_at_every_step(
    distilled: bool, kv_range: list[int]
) -> None:
    model, guidance = model_of(distilled), 1.0 if distilled else 3.0
    made = [
        MagiLoop(model, clip_of(guidance=guidance, kv_range=kv_range, kv_cache=kept)).run()
        for kept in (True, False)
    ]
    torch.testing.assert_close(made[0], made[1], rtol=0, atol=2e-4)


def test_another_range_makes_another_clip() -> None:
    model = model_of()
    long, short = (MagiLoop(model, clip_of(kv_range=r)).run() for r in ([], [1, 1]))
    torch.testing.assert_close(long[:, :, :FRAMES], short[:, :, :FRAMES], rtol=0, atol=1e-4)
    assert not torch.allclose(long[:, :, FRAMES:], short[:, :, FRAMES:], atol=1e-2)


def test_a_window_of_one_is_chunk_after_chunk() -> None:
    """Each chunk then depends on finished chunks alone, and can be made by hand."""
    model, clip = model_of(), clip_of(chunks=2, steps=4, guidance=1.0, window=1, kv_range=[])
    made = MagiLoop(model, clip).run()
    x = clip.noise.clone()
    loop = MagiLoop(model, clip)
    with torch.no_grad():
        for chunk in range(2):
            own = slice(chunk * FRAMES, (chunk + 1) * FRAMES)
            for step in range(4):
                at = torch.tensor([[0.9999] * chunk + [loop.state.levels[step]]])
                texts = [MagiText()] * chunk + [clip.texts[chunk]]
                seen = x[:, :, : own.stop]
                velocity = model(seen, at, texts, kv_range=[1] * chunk + [None]).sample[:, :, own]
                x[:, :, own] += (loop.state.levels[step + 1] - loop.state.levels[step]) * velocity
    torch.testing.assert_close(made, x, rtol=0, atol=1e-4)


def test_three_passes_are_mixed_as_published() -> None:
    model, clip = model_of(), clip_of(guidance=7.5, kv_range=[])
    loop = MagiLoop(model, clip)
    row = next(row for row in loop.rows if row.steps[0].chunk == 0 and len(row.steps) == 2)
    levels = [loop.state.levels[one.step] for one in row.steps]
    assert max(levels) < 0.3
    got = loop.velocity(loop.rows.index(row))
    x, at = clip.noise[:, :, : 2 * FRAMES], torch.tensor([levels])
    with torch.no_grad():
        text = model(x, at, clip.texts[:2]).sample
        history = model(x, at).sample
        alone = torch.cat(
            [model(x[:, :, i : i + FRAMES], at[:, i // FRAMES :][:, :1]).sample for i in (0, FRAMES)], 2
        )
    wanted = (1 - 1.5) * alone + (1.5 - 7.5) * history + 7.5 * text
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-4)


def test_a_distilled_models_foremost_chunk_is_mixed_when_nearly_clean() -> None:
    model, clip = model_of(distilled=True), clip_of(guidance=1.0, kv_range=[], steps=8)
    loop = MagiLoop(model, clip)
    row = next(r for r in loop.rows if r.steps[0].chunk == 1 and loop.state.levels[r.steps[0].step] > 0.3)
    loop.passes.keep(0, row.steps[0].step)
    got = loop.velocity(loop.rows.index(row))
    count = len(row.steps)
    frames = slice(FRAMES, (1 + count) * FRAMES)
    at = torch.tensor([[loop.state.levels[one.step] for one in row.steps]])
    more: dict[str, Any] = {"first_chunk": 1, "step_size": 4.0}
    with torch.no_grad():
        text = model(
            clip.noise[:, :, frames], at, clip.texts[1 : 1 + count], cache=loop.passes.cache, **more
        ).sample
        alone = model(
            clip.noise[:, :, FRAMES : 2 * FRAMES], at[:, :1], clip.texts[1:2], kv_range=[1], **more
        ).sample
    wanted = text.clone()
    wanted[:, :, :FRAMES] = 0.7 * text[:, :, :FRAMES] + 0.3 * alone
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-5)
    assert not torch.allclose(got, text, atol=1e-3)


def test_given_frames_stay_as_they_are_and_shape_the_rest() -> None:
    model, clip = model_of(), clip_of()
    given = torch.full((1, TINY["in_channels"], 1, 4, 4), 0.7)
    free, held = (MagiLoop(model, one).run() for one in (clip, dataclasses.replace(clip, given=given)))
    assert torch.equal(held[:, :, :1], given)
    assert not torch.allclose(free[:, :, 1:FRAMES], held[:, :, 1:FRAMES], atol=1e-3)


def test_given_chunks_are_not_denoised_but_seen() -> None:
    model, clip = model_of(), clip_of()
    given = clip.noise[:, :, :FRAMES] * 0.5
    loop = MagiLoop(model, dataclasses.replace(clip, given=given))
    assert loop.rows[0].finished == (0,)
    made = loop.run()
    assert torch.equal(made[:, :, :FRAMES], given)
    other = MagiLoop(model, dataclasses.replace(clip, given=-given)).run()
    assert not torch.allclose(made[:, :, FRAMES:], other[:, :, FRAMES:], atol=1e-3)


def test_without_refresh_the_last_noisy_keys_and_values_stay() -> None:
    model = model_of()
    with_refresh, without = (MagiLoop(model, clip_of(clean_refresh=on)).run() for on in (True, False))
    assert torch.isfinite(without).all()
    torch.testing.assert_close(with_refresh[:, :, :FRAMES], without[:, :, :FRAMES], rtol=0, atol=1e-4)
    assert not torch.allclose(with_refresh[:, :, FRAMES:], without[:, :, FRAMES:], atol=1e-4)


def test_only_chunks_that_are_still_seen_are_kept() -> None:
    model, held = model_of(), []
    loop = MagiLoop(model, clip_of(chunks=6, kv_range=[3, 2]))
    loop.run(lambda number, at: held.append(loop.passes.cache.chunks))
    # the newer of two chunks in flight sees two before it: one of them is the older, one is finished
    assert max(len(chunks) for chunks in held) == 1
    assert loop.passes.cache.chunks == ()
    assert loop.passes.most_bytes == 2 * TINY["num_layers"] * FRAMES * 4 * 2 * 16 * 4
    everything = MagiLoop(model, clip_of(chunks=6, kv_range=[]))
    everything.run()
    assert everything.passes.most_bytes > 3 * loop.passes.most_bytes


def test_weights_that_are_brought_layer_by_layer_make_the_same_clip() -> None:
    from accelerate import cpu_offload
    from diffusers.hooks import apply_group_offloading

    clip, cpu = clip_of(chunks=2, steps=2, guidance=1.0), torch.device("cpu")
    wanted = MagiLoop(model_of(), clip).run()
    sequential, grouped = model_of(), model_of()
    cpu_offload(sequential, execution_device=cpu)
    assert all(value.is_meta for value in sequential.parameters())
    apply_group_offloading(grouped, onload_device=cpu, offload_device=cpu, offload_type="leaf_level")
    for model in (sequential, grouped):
        assert torch.equal(MagiLoop(model, clip).run(), wanted)


def test_what_is_not_finite_stops_the_loop_with_step_and_chunk() -> None:
    class Broken(Constant):
        def __call__(self, latents: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor]:
            velocity = torch.zeros_like(latents)
            if kwargs["first_chunk"] == 1 and len(kwargs["kv_range"]) == 2:
                velocity[:, :, FRAMES] = torch.nan  # of the second chunk of the window
            return (velocity,)

    told: list[int] = []
    with pytest.raises(NotFinite, match=r"after step 4, in block 2 \(latent frames 4\.\.5\)"):
        MagiLoop(Broken(torch.zeros(1)), clip_of()).run(lambda number, at: told.append(number))
    assert told == [0, 1, 2, 3]


def test_steps_are_told_with_falling_noise() -> None:
    told: list[tuple[int, tuple[float, float]]] = []
    MagiLoop(Constant(torch.zeros(1)), clip_of(chunks=1)).run(lambda *at: told.append(at))
    assert [number for number, _ in told] == [0, 1, 2, 3]
    assert told[0][1] == (1000.0, 1000.0)
    assert all(a[1] > b[1] for a, b in itertools.pairwise(told))
