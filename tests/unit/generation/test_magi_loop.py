"""MAGI-1's loop over chunks: what it integrates, keeps, mixes and leaves alone."""

from __future__ import annotations

import dataclasses
import itertools
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from magi_published import TINY
from torch import Tensor

from vidkit.config.magi_schema import MagiSettings
from vidkit.generation.magi.loop import MagiClip, MagiLoop
from vidkit.generation.not_finite import NotFinite
from vidkit.models.magi import MagiTransformer3DModel
from vidkit.models.magi.transformer import MagiText

FRAMES = TINY["chunk_frames"]


def model_of(distilled: bool = False) -> MagiTransformer3DModel:
    torch.manual_seed(0)
    model = MagiTransformer3DModel(**TINY, distilled=distilled).eval()
    for name, value in model.named_parameters():
        if value.ndim > 1:
            value.data.normal_(0, value[0].numel() ** -0.5)
        elif name.endswith("bias"):
            value.data.normal_(0, 0.1)
    return model


def clip_of(chunks: int = 4, steps: int = 4, guidance: float = 3.0, **changes: Any) -> MagiClip:
    generator = torch.Generator().manual_seed(5)
    noise = torch.randn(1, TINY["in_channels"], chunks * FRAMES, 4, 4, generator=generator)
    texts = [
        MagiText(torch.randn(1, 5 + i % 2, TINY["text_dim"], generator=generator)) for i in range(chunks)
    ]
    settings = dataclasses.replace(MagiSettings(window=2, kv_range=[3, 2]), **changes)
    return MagiClip(noise, texts, None, steps, guidance, 3.0, settings)


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
                at = torch.tensor([[0.9999] * chunk + [loop.levels[step]]])
                texts = [MagiText()] * chunk + [clip.texts[chunk]]
                seen = x[:, :, : own.stop]
                velocity = model(seen, at, texts, kv_range=[1] * chunk + [None]).sample[:, :, own]
                x[:, :, own] += (loop.levels[step + 1] - loop.levels[step]) * velocity
    torch.testing.assert_close(made, x, rtol=0, atol=1e-4)


def test_three_passes_are_mixed_as_published() -> None:
    model, clip = model_of(), clip_of(guidance=7.5, kv_range=[])
    loop = MagiLoop(model, clip)
    row = next(row for row in loop.rows if row.steps[0].chunk == 0 and len(row.steps) == 2)
    levels = [loop.levels[one.step] for one in row.steps]
    assert max(levels) < 0.3
    got = loop.velocity(row)
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
    row = next(r for r in loop.rows if r.steps[0].chunk == 1 and loop.levels[r.steps[0].step] > 0.3)
    loop._keep_finished(dataclasses.replace(row, finished=(0,)))
    got = loop.velocity(row)
    count = len(row.steps)
    frames = slice(FRAMES, (1 + count) * FRAMES)
    at = torch.tensor([[loop.levels[one.step] for one in row.steps]])
    more: dict[str, Any] = {"first_chunk": 1, "step_size": 4.0}
    with torch.no_grad():
        text = model(clip.noise[:, :, frames], at, clip.texts[1 : 1 + count], cache=loop.cache, **more).sample
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
    loop.run(lambda number, at: held.append(loop.cache.chunks))
    # the newer of two chunks in flight sees two before it: one of them is the older, one is finished
    assert max(len(chunks) for chunks in held) == 1
    assert loop.cache.chunks == ()
    assert loop.most_bytes == 2 * TINY["num_layers"] * FRAMES * 4 * 2 * 16 * 4
    everything = MagiLoop(model, clip_of(chunks=6, kv_range=[]))
    everything.run()
    assert everything.most_bytes > 3 * loop.most_bytes


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
