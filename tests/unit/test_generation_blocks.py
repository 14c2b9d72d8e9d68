"""Block-by-block execution: equal to whole forwards where it must be, and what each switch changes."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from tests.support.forcing_clips import CAUSAL, FRAMES, SIZE, STEPS, denoise, embeds
from vidkit.caching import ClipSchedule, flops
from vidkit.errors import ConfigError
from vidkit.generation.blocks.key_values import Exchanging, KeyValues
from vidkit.generation.decode import image_tensor
from vidkit.generation.forcing import DiffusionForcingPipeline
from vidkit.generation.load import set_sampler
from vidkit.generation.not_finite import NotFinite, check_finite
from vidkit.hooks.blocks import SkyReelsBlocks


@pytest.fixture(scope="module")
def pipe(tiny_model: Path) -> Any:
    made = DiffusionForcingPipeline.from_pretrained(tiny_model, local_files_only=True)
    made.set_progress_bar_config(disable=True)
    set_sampler(made, "unipc", 4.0)
    return made


def every_step(pipe: Any, **options: Any) -> list[Tensor]:
    """Latents that the model is given at every row, by the blocks that enter; the clip last."""
    seen: list[Tensor] = []
    hook = pipe.transformer.patch_embedding.register_forward_pre_hook(
        lambda module, given: seen.append(given[0].clone())
    )
    try:
        clip = denoise(pipe, **options)
    finally:
        hook.remove()
    return [*seen, clip]


@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize("ar_step", [0, 1, 2, 5])
def test_active_blocks_with_a_refresh_equal_dense_masked_forwards(
    pipe: Any, ar_step: int, guidance: float
) -> None:
    dense = denoise(pipe, guidance, ar_step=ar_step, **CAUSAL)
    active = denoise(pipe, guidance, ar_step=ar_step, active_only=True, clean_refresh=True, **CAUSAL)
    torch.testing.assert_close(active, dense, atol=1e-5, rtol=0)


def test_every_step_equals_the_dense_masked_forward_of_the_window(pipe: Any) -> None:
    dense = every_step(pipe, ar_step=2, **CAUSAL)
    active = every_step(pipe, ar_step=2, active_only=True, clean_refresh=True, **CAUSAL)
    assert len(active) < len(dense)
    left = list(dense)
    for found in active:  # what is computed is the dense run's own, in the same order
        while not (left[0].shape == found.shape and torch.allclose(left[0], found, atol=1e-5, rtol=0)):
            left.pop(0)
        left.pop(0)


def test_without_a_refresh_later_blocks_see_the_last_noisy_keys(pipe: Any) -> None:
    dense = denoise(pipe, ar_step=2, **CAUSAL)
    stale = denoise(pipe, ar_step=2, active_only=True, **CAUSAL)
    difference = (stale - dense).abs().amax(dim=(0, 1, 3, 4))
    assert difference[:2].max() == 0  # the first block sees nobody else
    assert difference[2:].min() > 1e-6


@pytest.mark.parametrize("ar_step", [0, 2])
def test_dense_blocks_equal_the_whole_forward_in_both_directions(pipe: Any, ar_step: int) -> None:
    whole = denoise(pipe, ar_step=ar_step, block_size=4)
    together = denoise(pipe, ar_step=ar_step, block_size=4, active_only=True)
    if ar_step == 0:  # all blocks are active in every row: nothing is stale
        torch.testing.assert_close(together, whole, atol=1e-5, rtol=0)
    else:
        assert (together - whole).abs().max() > 1e-6
        assert torch.isfinite(together).all()


def test_given_frames_and_windows_keep_the_equality(pipe: Any) -> None:
    picture = image_tensor(Image.effect_noise((SIZE, SIZE), 90).convert("RGB"))
    options = {"image": picture, "frames": 45, "base": 8, "overlap": 4, "ar_step": 2, **CAUSAL}
    dense = denoise(pipe, **options)
    active = denoise(pipe, active_only=True, clean_refresh=True, **options)
    torch.testing.assert_close(active, dense, atol=1e-5, rtol=0)
    assert active.shape[2] == 12


def test_runs_back_to_back_do_not_touch_each_other(pipe: Any) -> None:
    options = {"ar_step": 2, "active_only": True, **CAUSAL}
    first = denoise(pipe, **options)
    denoise(pipe, frames=45, base=8, overlap=4, **options)
    assert torch.equal(denoise(pipe, **options), first)


def test_what_runs_is_what_the_flop_model_counts(pipe: Any) -> None:
    done: list[int] = []
    hook = pipe.transformer.patch_embedding.register_forward_pre_hook(
        lambda module, given: done.append(given[0].shape[2])
    )
    try:
        denoise(pipe, ar_step=2, active_only=True, clean_refresh=True, **CAUSAL)
    finally:
        hook.remove()
    config = {"transformer": dict(pipe.transformer.config), "vae": dict(pipe.vae.config)}
    schedule = ClipSchedule(FRAMES, SIZE, SIZE, STEPS, 3.0, None, None, 2, 2)
    report = flops(config, schedule, "block_causal+active+refresh")
    assert done == [2] * (2 * len(report.passes))


def block(pipe: Any, frames: int = 2) -> tuple[SkyReelsBlocks, Any]:
    model = SkyReelsBlocks(pipe.transformer)
    draw = torch.Generator().manual_seed(1)
    latents = torch.randn(1, 8, frames, 8, 8, generator=draw)
    with torch.no_grad():
        condition = model.condition(embeds(pipe, "a red ball"))
        entered = model.enter(latents, torch.tensor([700, 300][:frames]), condition, 3)
    return model, entered


@torch.no_grad()
def test_some_tokens_that_are_all_equal_the_whole_block(pipe: Any) -> None:
    model, entered = block(pipe)  # its frames have different timesteps
    tokens = entered.hidden.shape[1]
    memory = KeyValues(tokens)
    whole = model.run_layers(entered, Exchanging([memory], 0, 0, 1))
    for rows in (torch.arange(tokens), torch.randperm(tokens, generator=torch.Generator().manual_seed(2))):
        some = model.run_layers(entered, Exchanging([memory], 0, 0, 1, rows), rows)
        torch.testing.assert_close(some, whole[:, rows], atol=1e-6, rtol=0)
        torch.testing.assert_close(
            model.head(entered, some, rows), model.head(entered, whole)[:, rows], atol=1e-6, rtol=0
        )


@torch.no_grad()
def test_some_tokens_attend_to_the_kept_keys_of_the_others(pipe: Any) -> None:
    model, entered = block(pipe)
    memory = KeyValues(entered.hidden.shape[1])
    whole = model.run_layers(entered, Exchanging([memory], 0, 0, 1))
    rows = torch.tensor([1, 7, 20])
    some = model.run_layers(entered, Exchanging([memory], 0, 0, 1, rows), rows)
    torch.testing.assert_close(some, whole[:, rows], atol=1e-6, rtol=0)  # the same inputs, the same keys
    keys = memory.read(0, 0, 1)[0].clone()
    entered.hidden = entered.hidden * 1.5
    model.run_layers(entered, Exchanging([memory], 0, 0, 1, rows), rows)
    changed = (memory.read(0, 0, 1)[0] != keys).flatten(2).any(-1)[0]
    assert changed.nonzero().flatten().tolist() == rows.tolist()


def test_kept_keys_are_bounded_by_the_budget() -> None:
    draw = torch.Generator().manual_seed(0)
    memory = KeyValues(6, 3, keep_queries=True)
    for number in range(5):
        keys, values = (torch.randn(1, 6, 2, 4, generator=draw) for _ in range(2))
        memory.write(0, number, keys, values)
        memory.note_queries(0, torch.randn(1, 6, 4, 4, generator=draw))
        memory.squeeze(number, 8, sink=2, recent=2)
        kept = memory.read(0, 0, number + 1)[0]
        assert kept.shape[1] <= 8 + 6
        assert torch.equal(kept[:, -6:], keys)  # the present block stays whole
        if number == 0:
            first = keys
        assert torch.equal(kept[:, :2], first[:, :2])
    with pytest.raises(ConfigError, match="block 1 is no longer held"):
        memory.place(1)


def test_a_budget_for_all_blocks_changes_nothing(pipe: Any) -> None:
    options = {"ar_step": 2, "active_only": True, "clean_refresh": True, **CAUSAL}
    plain = denoise(pipe, **options)
    assert torch.equal(denoise(pipe, kv_budget=4, **options), plain)
    tight = denoise(pipe, kv_budget=1, **options)
    assert torch.isfinite(tight).all()
    assert (tight - plain).abs().max() > 1e-6


def test_dropped_blocks_make_room() -> None:
    memory = KeyValues(2, 2)
    for number in range(4):
        memory.write(0, number, torch.full((1, 2, 1, 1), number), torch.zeros(1, 2, 1, 1))
        memory.drop_before(number)
    assert memory.read(0, 3, 4)[0].flatten().tolist() == [3, 3]
    assert memory.tensors()[0].shape[1] == 4
    memory.clear()
    assert memory.tensors() == []
    assert memory.bytes == 0


def test_a_block_of_nan_stops_the_run_with_step_and_block(pipe: Any) -> None:
    weight = pipe.transformer.proj_out.weight
    kept = weight.detach().clone()

    def spoil(row: int, levels: tuple[float, float]) -> None:
        if row == 2:
            weight.data.fill_(torch.nan)

    with pytest.raises(NotFinite, match=r"after step 3, in block 0 \(latent frames 0..1\)"):
        try:
            denoise(pipe, ar_step=2, callback=spoil, **CAUSAL)
        finally:
            weight.data.copy_(kept)


def test_the_block_at_fault_is_named() -> None:
    latents = torch.zeros(1, 2, 6, 2, 2)
    check_finite(latents, 2, [0, 1, 2], 7)
    latents[:, :, 5] = torch.inf
    with pytest.raises(NotFinite, match=r"after step 7, in block 2 \(latent frames 14..15\)"):
        check_finite(latents, 2, [0, 1, 2], 7, offset=10)


def test_layers_that_are_moved_one_by_one_are_refused_or_run_whole(pipe: Any) -> None:
    from vidkit.hooks.blocks import moves_layers

    with torch.device("meta"):
        moved = type(pipe.transformer)(**{**pipe.transformer.config, "num_layers": 1})
    assert moves_layers(moved)
    assert not moves_layers(pipe.transformer)
    with pytest.raises(ConfigError, match="moved one at a time"):
        SkyReelsBlocks(moved)


@pytest.mark.parametrize("mode", ["block_causal+active+refresh", "block_causal"])
def test_velocities_at_every_step_equal_a_masked_forward_of_the_window(
    pipe: Any, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What diffusers' transformer says under its mask, of the blocks that the row changes."""
    from vidkit.generation.blocks.forcing_velocity import ForcingVelocity

    original, text, differences = ForcingVelocity.velocity, embeds(pipe, "a red ball"), []

    def both(self: ForcingVelocity, latents: Tensor, timesteps: Tensor, row: int) -> Tensor:
        made = original(self, latents, timesteps, row)
        pipe.transformer._set_ar_attention(2)
        masked = pipe.transformer(
            hidden_states=latents, timestep=timesteps.unsqueeze(0), encoder_hidden_states=text,
            enable_diffusion_forcing=True, fps=[1], return_dict=False,
        )[0]  # fmt: skip
        pipe.transformer._set_ar_attention(1)
        changed = torch.tensor(self.plan.rows[row].update).repeat_interleave(2)
        differences.append(float((made - masked)[:, :, changed].abs().max()))
        if "active" in mode:
            assert made[:, :, ~changed].abs().sum() == 0
        return made

    monkeypatch.setattr(ForcingVelocity, "velocity", both)
    switches = {"active_only": "active" in mode, "clean_refresh": "refresh" in mode}
    denoise(pipe, 1.0, ar_step=2, **switches, **CAUSAL)
    assert len(differences) == STEPS + 3 * 2
    assert max(differences) <= 1e-5
