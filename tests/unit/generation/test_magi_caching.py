"""MAGI-1 chunk by chunk: equal to whole passes, some tokens equal to all, and what cache policies save."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from magi_clips import FRAMES, clip_of, model_of
from magi_published import TINY, TINY_VAE
from torch import Tensor

from vidkit.caching import FULL, SKIP, TOKENS, CachePolicy, Decision, ReusedValue, policy
from vidkit.caching.decision import Kind
from vidkit.errors import ConfigError, ModelError
from vidkit.generation.blocks.cached import PolicyCache
from vidkit.generation.magi.loop import MagiLoop
from vidkit.models.block_model import Exchange
from vidkit.models.magi.blocks import MagiBlocks

P = FRAMES * 2 * 2  # tokens of a chunk of the tiny clip


class Remembered:
    """An exchange that keeps what it was given and puts earlier keys and values before it."""

    def __init__(self, before: list[tuple[Tensor, Tensor]] | None = None) -> None:
        self.before, self.kept = before, []

    def __call__(self, layer: int, keys: Tensor, values: Tensor, queries: Tensor) -> tuple[Tensor, Tensor]:
        self.kept.append((keys, values))
        if self.before is None:
            return keys, values
        old = self.before[layer]
        return torch.cat([old[0], keys], 1), torch.cat([old[1], values], 1)


class Scattered(Remembered):
    """Puts the computed tokens among those of an earlier pass."""

    def __init__(self, before: list[tuple[Tensor, Tensor]], rows: Tensor) -> None:
        super().__init__(before)
        self.rows = rows

    def __call__(self, layer: int, keys: Tensor, values: Tensor, queries: Tensor) -> tuple[Tensor, Tensor]:
        old = self.before[layer]
        return old[0].index_copy(1, self.rows, keys), old[1].index_copy(1, self.rows, values)


def run(
    model: MagiBlocks, latents: Tensor, chunk: int, exchange: Exchange, rows: Tensor | None = None
) -> Tensor:
    entered = model.enter(
        latents, torch.full((FRAMES,), 0.3), model.condition(clip_of().texts[0]), chunk * FRAMES
    )
    hidden = model.run_layers(entered, exchange, rows)
    return model.head(entered, hidden, rows)


class TestBlocks:
    """The transformer as a block model."""

    @torch.no_grad()
    def test_a_chunk_after_another_equals_the_forward_of_both(self) -> None:
        transformer, clip = model_of(), clip_of()
        model, x = MagiBlocks(transformer), clip.noise[:, :, : 2 * FRAMES]
        first = Remembered()
        run(model, x[:, :, :FRAMES], 0, first)
        made = run(model, x[:, :, FRAMES:], 1, Remembered(first.kept))
        entered = model.enter(
            x[:, :, FRAMES:], torch.full((FRAMES,), 0.3), model.condition(clip.texts[0]), FRAMES
        )
        whole = transformer(x, torch.full((1, 2), 0.3), [clip.texts[0]] * 2).sample
        torch.testing.assert_close(model.to_latents(entered, made), whole[:, :, FRAMES:], rtol=0, atol=1e-5)

    @torch.no_grad()
    def test_some_tokens_against_all_keys_equal_the_same_of_a_full_pass(self) -> None:
        model, x = MagiBlocks(model_of()), clip_of().noise[:, :, :FRAMES]
        full = Remembered()
        everything = run(model, x, 0, full)
        for rows in (torch.tensor([0]), torch.tensor([1, 4, 7]), torch.arange(P)):
            some = run(model, x, 0, Scattered(full.kept, rows), rows)
            torch.testing.assert_close(some, everything[:, rows], rtol=0, atol=1e-5)

    @torch.no_grad()
    def test_signals_and_sizes(self) -> None:
        model, x = MagiBlocks(model_of(), text_tokens=5), clip_of().noise[:, :, :FRAMES]
        entered = model.enter(x, torch.full((FRAMES,), 0.3), model.condition(clip_of().texts[0]), 0)
        assert entered.signals["time"].shape == (1, FRAMES, 16)
        assert entered.signals["embedded"].shape == (1, P, 64)
        assert entered.frame_of.tolist() == [0] * 4 + [1] * 4
        assert model.token_values == run(model, x, 0, Remembered()).shape[2] == 16
        assert (model.layers, model.patch) == (TINY["num_layers"], (1, 2, 2))

    def test_frames_at_different_levels_are_refused(self) -> None:
        model = MagiBlocks(model_of())
        with pytest.raises(ConfigError, match="different noise levels"), torch.no_grad():
            model.enter(
                clip_of().noise[:, :, :FRAMES],
                torch.tensor([0.1, 0.2]),
                model.condition(clip_of().texts[0]),
                0,
            )


@pytest.mark.parametrize("distilled", [False, True], ids=["base", "distilled"])
@pytest.mark.parametrize("changes", [{}, {"kv_range": []}, {"window": 1}, {"clean_refresh": False}], ids=str)
def test_chunk_by_chunk_equals_whole_passes(distilled: bool, changes: dict[str, Any]) -> None:
    model, clip = model_of(distilled), clip_of(guidance=1.0 if distilled else 3.0, **changes)
    whole, chunked = (MagiLoop(model, clip, by_chunks=by_chunks) for by_chunks in (False, True))
    if distilled or changes.get("clean_refresh", True):
        torch.testing.assert_close(chunked.run(), whole.run(), rtol=0, atol=2e-4)
    else:  # then each branch has keys and values of its own, and whole passes those of one
        assert torch.isfinite(chunked.run()).all()


def test_given_frames_and_chunks_pass_alike() -> None:
    model, clip = model_of(), clip_of()
    for count in (1, FRAMES, FRAMES + 1):
        given = dataclasses.replace(clip, given=clip.noise[:, :, :count] * 0.5)
        made = [MagiLoop(model, given, by_chunks=by).run() for by in (False, True)]
        torch.testing.assert_close(made[0], made[1], rtol=0, atol=2e-4)


class Every(CachePolicy):
    """Makes the decision it is told."""

    partial = True

    def __init__(self, make: Any) -> None:
        super().__init__()
        self.make, self.seen = make, []

    def decide(self, ctx: Any, signals: Mapping[str, Tensor]) -> Decision:
        self.seen.append(ctx)
        decision: Decision = self.make(ctx, signals)
        return decision


def made_with(make: Any, **changes: Any) -> tuple[Tensor, PolicyCache, MagiLoop]:
    cache = PolicyCache(Every(make))
    loop = MagiLoop(model_of(), clip_of(**changes), cache)
    return loop.run(), cache, loop


def test_a_policy_that_never_skips_changes_nothing() -> None:
    plain = MagiLoop(model_of(), clip_of(), by_chunks=True).run()
    assert torch.equal(made_with(lambda ctx, signals: FULL)[0], plain)
    assert torch.equal(MagiLoop(model_of(), clip_of(), PolicyCache(policy("none"))).run(), plain)
    order = torch.randperm(P)
    torch.testing.assert_close(made_with(lambda ctx, signals: TOKENS(order))[0], plain, rtol=0, atol=1e-5)


def test_state_belongs_to_branch_and_chunk() -> None:
    _, cache, _ = made_with(lambda ctx, signals: FULL)
    seen = cache.policy.seen  # type: ignore[attr-defined]
    assert {ctx.branch for ctx in seen} == {"text", "history", "alone"}
    for branch in ("text", "history"):
        for chunk in range(4):
            steps = [ctx.step for ctx in seen if (ctx.branch, ctx.block) == (branch, chunk)]
            assert steps == sorted(set(steps))
            assert branch == "text" or steps == [0, 1, 2, 3]
    first = next(ctx for ctx in seen if ctx.step == 1)
    assert 1 > first.level > first.next_level > 0
    assert first.steps == 4


def test_skipped_chunks_cost_nothing_and_the_clip_stays_finite() -> None:
    _, _, whole = made_with(lambda ctx, signals: FULL)
    made, cache, loop = made_with(lambda ctx, signals: SKIP if ctx.step in (1, 2) else FULL)
    assert torch.isfinite(made).all()
    executed, everything = loop.passes.report()["executed_flops"], whole.passes.report()["executed_flops"]
    assert executed < 0.7 * everything
    summary = cache.ledger.summary()
    assert summary["executed_flops"] == pytest.approx(executed)
    assert summary["executed_flops"] + summary["skipped_flops"] == pytest.approx(everything)


def test_single_tokens_are_computed_against_the_kept_rest() -> None:
    rows = torch.arange(0, P, 2)
    made, _, loop = made_with(lambda ctx, signals: FULL if ctx.step == 0 else TOKENS(rows))
    whole, _, full = made_with(lambda ctx, signals: FULL)
    assert torch.isfinite(made).all()
    assert 0.4 < loop.passes.report()["executed_flops"] / full.passes.report()["executed_flops"] < 0.9
    assert not torch.allclose(made, whole, atol=1e-4)


@pytest.mark.parametrize(
    "settings",
    [
        {"name": "teacache", "threshold": 0.0},
        {"name": "flowcache", "threshold": 0.0},
        {"name": "motioncache", "threshold": 0.0},
        {"name": "first_block", "threshold": 0.0},
        {"name": "seacache", "threshold": 0.0},
    ],
    ids=lambda settings: settings["name"],
)
def test_threshold_zero_is_no_cache_to_the_bit(settings: dict[str, Any]) -> None:
    given = dict(settings)
    clip = clip_of(steps=8)
    plain = MagiLoop(model_of(), clip, by_chunks=True).run()
    assert torch.equal(
        MagiLoop(model_of(), clip, PolicyCache(policy(given.pop("name"), **given))).run(), plain
    )


@pytest.mark.parametrize("reuse", list(ReusedValue))
def test_a_constant_velocity_is_integrated_exactly_whatever_is_skipped(reuse: ReusedValue) -> None:
    model = model_of()
    model.norm_out.weight.data.fill_(-1.0)  # gain 0: what leaves the norm is its bias, for every token
    generator = torch.Generator().manual_seed(7)

    def make(ctx: Any, signals: Mapping[str, Tensor]) -> Decision:
        choice = int(torch.randint(3, (1,), generator=generator))
        return (SKIP, FULL, TOKENS(torch.randperm(P, generator=generator)[:3]))[choice]

    chosen = Every(make)
    chosen.reuse = reuse
    clip = clip_of(steps=16)
    made = MagiLoop(model, clip, PolicyCache(chosen)).run()
    with torch.no_grad():
        velocity = model(clip.noise[:, :, :FRAMES], torch.zeros(1, 1)).sample
    torch.testing.assert_close(made - clip.noise, velocity.repeat(1, 1, 4, 1, 1), rtol=0, atol=1e-5)


def test_squeezed_keys_and_values_stay_within_the_budget() -> None:
    model, clip = model_of(), clip_of(chunks=7, kv_range=[])
    free = MagiLoop(model, clip, by_chunks=True)
    bound = MagiLoop(model, dataclasses.replace(clip, kv_budget=2))
    held: list[int] = []
    branches = bound.passes.branches  # type: ignore[union-attr]

    def note(number: int, at: tuple[float, float]) -> None:
        memory = branches["text"].memory
        held.append(memory.place(bound.rows[number].steps[0].chunk))

    plain, squeezed = free.run(), bound.run(note)
    assert max(held) == 2 * P
    assert torch.isfinite(squeezed).all()
    torch.testing.assert_close(squeezed[:, :, : 3 * FRAMES], plain[:, :, : 3 * FRAMES], rtol=0, atol=1e-4)
    assert not torch.allclose(squeezed[:, :, 5 * FRAMES :], plain[:, :, 5 * FRAMES :], atol=1e-4)
    enough = MagiLoop(model, dataclasses.replace(clip, kv_budget=7))
    torch.testing.assert_close(enough.run(), plain, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["interval", "none"])
def test_policies_of_vidkit_run(name: str) -> None:
    cache = PolicyCache(policy(name))
    loop = MagiLoop(model_of(), clip_of(steps=8), cache)
    assert torch.isfinite(loop.run()).all()
    kinds = {row.kind for row in cache.ledger.rows()}
    assert kinds == ({Kind.FULL.value, Kind.SKIP.value} if name == "interval" else {Kind.FULL.value})
    assert cache.values.tensors() == []
    assert loop.passes.report()["state_bytes"] > 0


def test_nothing_kept_and_a_cache_are_refused_together() -> None:
    with pytest.raises(ConfigError, match=r"magi\.kv_cache is false"):
        MagiLoop(model_of(), clip_of(kv_cache=False), PolicyCache(policy("none")))


def test_a_pipeline_asks_the_policy_that_is_enabled_on_it() -> None:
    from vidkit.caching import enable
    from vidkit.generation.magi.pipeline import MagiPipeline
    from vidkit.models.magi import AutoencoderKLMagi

    pipe = MagiPipeline(None, None, model_of(), AutoencoderKLMagi(**TINY_VAE))

    def made() -> Tensor:
        return pipe.denoise(
            prompt_embeds=torch.ones(1, 3, TINY["text_dim"]),
            image=None,
            height=32,
            width=32,
            num_frames=4 * FRAMES * 2,
            num_inference_steps=8,
            guidance_scale=3.0,
            shift=3.0,
            generator=torch.Generator().manual_seed(0),
            settings=clip_of().settings,
            text_limit=800,
        )

    plain = made()
    with enable(pipe, "interval") as handle:
        cached = made()
        with pytest.raises(ConfigError, match="already enabled"):
            enable(pipe, "none")
    assert not torch.equal(plain, cached)
    assert 0 < handle.report()["flops_share"] < 1
    assert handle.map.shares().shape == (2, 8)  # chunks, steps
    assert torch.equal(made(), plain)
    with enable(pipe, "none"):
        torch.testing.assert_close(made(), plain, rtol=0, atol=2e-4)


def test_policies_put_on_the_transformer_are_refused_by_name() -> None:
    from vidkit.attention import enable as enable_attention
    from vidkit.caching import enable

    for put in (lambda model: enable(model, "interval"), lambda model: enable_attention(model, object())):
        with pytest.raises(ModelError, match="MagiTransformer3DModel"):
            put(model_of())
