"""Cache policies on block-by-block execution: identity, partial passes, accounting, isolation."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.support.forcing_clips import ACTIVE, denoise
from vidkit.caching import (
    FULL,
    SKIP,
    TOKENS,
    BlockContext,
    CachePolicy,
    Decision,
    Outcome,
    ReusedValue,
    enable,
    policy,
)
from vidkit.errors import ConfigError
from vidkit.generation.blocks.cached import PolicyCache
from vidkit.generation.forcing import DiffusionForcingPipeline
from vidkit.generation.load import set_sampler


@pytest.fixture(scope="module")
def pipe(tiny_model: Path) -> Any:
    made = DiffusionForcingPipeline.from_pretrained(tiny_model, local_files_only=True)
    made.set_progress_bar_config(disable=True)
    set_sampler(made, "unipc", 4.0)
    return made


@pytest.fixture(scope="module")
def plain(pipe: Any) -> Tensor:
    return denoise(pipe, **ACTIVE)


class Chosen(CachePolicy):
    """Decides by a function, and keeps what it was told."""

    name = "chosen"
    partial = True

    def __init__(self, decide: Any, reuse: ReusedValue = ReusedValue.RESIDUAL) -> None:
        super().__init__()
        self.choose, self.reuse = decide, reuse
        self.asked: list[BlockContext] = []
        self.seen: list[tuple[BlockContext, Outcome]] = []
        self.ended = 0

    def decide(self, ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
        self.asked.append(ctx)
        return self.choose(ctx, signals)

    def observe(self, ctx: BlockContext, outcome: Outcome) -> None:
        self.seen.append((ctx, outcome))

    def end(self) -> None:
        self.ended += 1


def everything(ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
    return TOKENS(torch.arange(ctx.grid.tokens))


def half(ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
    return FULL if ctx.step < 2 else TOKENS(torch.arange(0, ctx.grid.tokens, 2))


MODES = {
    "causal": ACTIVE,
    "causal-dense": {**ACTIVE, "active_only": False},
    "causal-refresh": {**ACTIVE, "clean_refresh": True},
    "bidirectional": {**ACTIVE, "causal_attention": False},
}


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
@pytest.mark.parametrize("name", ["none", "interval"])
def test_a_policy_that_computes_everything_changes_no_bit(pipe: Any, mode: dict[str, Any], name: str) -> None:
    made = policy(name, **({"every": 1} if name == "interval" else {}))
    assert torch.equal(denoise(pipe, cache=PolicyCache(made), **mode), denoise(pipe, **mode))


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
@pytest.mark.parametrize("reuse", list(ReusedValue))
def test_all_tokens_equal_the_whole_block(pipe: Any, mode: dict[str, Any], reuse: ReusedValue) -> None:
    some = denoise(pipe, cache=PolicyCache(Chosen(everything, reuse)), **mode)
    torch.testing.assert_close(some, denoise(pipe, **mode), atol=1e-5, rtol=0)


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
@pytest.mark.parametrize("reuse", list(ReusedValue))
def test_some_tokens_and_skips_stay_finite_and_differ(
    pipe: Any, mode: dict[str, Any], reuse: ReusedValue
) -> None:
    def choose(ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
        return SKIP if ctx.step == 3 else half(ctx, signals)

    chosen = Chosen(choose, reuse)
    made = denoise(pipe, cache=PolicyCache(chosen), **mode)
    assert torch.isfinite(made).all()
    assert not torch.allclose(made, denoise(pipe, **mode), atol=1e-4)
    kinds = {(ctx.step, outcome.decision.kind) for ctx, outcome in chosen.seen}
    assert kinds == {(0, "full"), (1, "full"), (2, "tokens"), (3, "skip")}


def test_blocks_and_steps_are_told_as_they_are(pipe: Any) -> None:
    chosen = Chosen(lambda ctx, signals: FULL)
    denoise(pipe, cache=PolicyCache(chosen), frames=45, base=8, overlap=4, **ACTIVE)
    first = [ctx for ctx in chosen.asked if ctx.block < 4]
    steps: dict[tuple[str, int], list[int]] = {}
    for ctx in chosen.asked:
        steps.setdefault(ctx.key, []).append(ctx.step)
        assert ctx.grid.frames == 2
        assert ctx.next_level is not None
        assert ctx.level > ctx.next_level
        assert ctx.is_last == (ctx.step == 3)
    # the second window begins at block 2, of which blocks 2 and 3 are given
    assert {key[1] for key in steps} == {0, 1, 2, 3, 4, 5}
    assert all(taken == [0, 1, 2, 3] for taken in steps.values())
    assert {ctx.branch for ctx in first} == {"cond", "uncond"}


@pytest.mark.parametrize("name", ["time", "embedded", "latents", "first_layer"])
def test_signals_are_of_the_block(pipe: Any, name: str) -> None:
    shapes: set[tuple[int, ...]] = set()

    def look(ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
        shapes.add(tuple(signals[name].shape))
        return FULL

    made = denoise(pipe, cache=PolicyCache(Chosen(look)), **ACTIVE)
    width, tokens = pipe.transformer.config.num_attention_heads * 12, 32
    expected = {"time": (1, 2, 6 * width), "latents": (1, 8, 2, 8, 8)}
    assert shapes == {expected.get(name, (1, tokens, width))}
    assert torch.equal(made, denoise(pipe, **ACTIVE))  # looking changes nothing


def test_executed_and_skipped_flops_are_those_of_the_decisions(pipe: Any) -> None:
    full = PolicyCache(Chosen(lambda ctx, signals: FULL))
    denoise(pipe, cache=full, **ACTIVE)
    every_second = PolicyCache(policy("interval", every=2, warmup=1, last=False))
    denoise(pipe, cache=every_second, **ACTIVE)
    whole, rows = full.ledger.summary(), every_second.ledger.rows()
    assert whole["skipped_flops"] == 0
    assert every_second.ledger.summary()["decisions"] == {"full": 24, "skip": 8}
    total = sum(row.executed_flops + row.skipped_flops for row in rows)
    assert total == pytest.approx(whole["executed_flops"], rel=1e-9)
    report = pipe.block_report
    assert report["executed_flops"] == pytest.approx(sum(row.executed_flops for row in rows), rel=1e-9)
    assert report["state_bytes"] == every_second.ledger.most_bytes > 0


def test_nothing_is_kept_after_a_clip_and_runs_are_alike(pipe: Any) -> None:
    cache = PolicyCache(Chosen(half))
    first = denoise(pipe, cache=cache, **ACTIVE)
    assert cache.values.tensors() == []
    assert cache.policy.ended >= 1
    denoise(pipe, cache=cache, frames=45, base=8, overlap=4, **ACTIVE)
    assert torch.equal(denoise(pipe, cache=cache, **ACTIVE), first)


def test_branches_do_not_see_each_other(pipe: Any) -> None:
    def by_branch(ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
        return FULL if ctx.branch == "uncond" or ctx.step < 1 else SKIP

    both = denoise(pipe, cache=PolicyCache(Chosen(by_branch)), **ACTIVE)
    alone = denoise(pipe, 1.0, cache=PolicyCache(Chosen(by_branch)), **ACTIVE)
    assert torch.isfinite(both).all()
    only = PolicyCache(Chosen(lambda ctx, signals: FULL if ctx.step < 1 else SKIP))
    assert torch.equal(alone, denoise(pipe, 1.0, cache=only, **ACTIVE))


def test_a_policy_put_on_the_pipeline_runs_block_by_block_too(pipe: Any) -> None:
    handed = denoise(pipe, cache=PolicyCache(policy("interval", every=2)), steps=8, **ACTIVE)
    with enable(pipe, policy("interval", every=2)) as handle:
        put_on = denoise(pipe, steps=8, **ACTIVE)
        report = handle.step_report()
    assert torch.equal(put_on, handed)
    assert report["skipped_tokens"] == pytest.approx(1 / 8)  # step 5 of 0..7
    assert handle.report()["decisions"]["skip"] > 0


def test_tokens_of_a_policy_that_did_not_say_so_are_refused(pipe: Any) -> None:
    chosen = Chosen(half)
    chosen.partial = False
    with pytest.raises(ConfigError, match="chose single tokens"):
        denoise(pipe, cache=PolicyCache(chosen), **ACTIVE)


def test_a_constant_velocity_is_integrated_whatever_is_skipped(pipe: Any) -> None:
    """The applied steps add up: with the same velocity everywhere, skips change nothing."""
    set_sampler(pipe, "euler", 4.0)
    weight, bias = pipe.transformer.proj_out.weight, pipe.transformer.proj_out.bias
    kept = weight.detach().clone(), bias.detach().clone()
    weight.data.zero_()
    bias.data.fill_(0.25)
    try:
        exact = denoise(pipe, **ACTIVE)
        pattern = Chosen(lambda ctx, s: FULL if ctx.step in (0, 2) else SKIP, ReusedValue.VELOCITY)
        skipped = denoise(pipe, cache=PolicyCache(pattern), **ACTIVE)
    finally:
        weight.data.copy_(kept[0])
        bias.data.copy_(kept[1])
        set_sampler(pipe, "unipc", 4.0)
    torch.testing.assert_close(skipped, exact, atol=1e-6, rtol=0)
    noise = torch.randn((1, 8, 8, 8, 8), generator=torch.Generator().manual_seed(7))
    torch.testing.assert_close(exact, noise - 0.25, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    "name", ["teacache", "first_block", "seacache", "flowcache", "motioncache", "change"]
)
def test_threshold_zero_changes_no_bit(pipe: Any, name: str, plain: Tensor) -> None:
    cache = PolicyCache(policy(name, threshold=0.0))
    assert torch.equal(denoise(pipe, cache=cache, **ACTIVE), plain)
    assert cache.ledger.summary()["decisions"] == {"full": 32}


@pytest.mark.parametrize("name", ["flowcache", "motioncache"])
def test_an_endless_threshold_computes_the_forced_steps_alone(pipe: Any, name: str) -> None:
    """Executed FLOPs are those of the first and the forced last steps, in closed form."""
    whole = PolicyCache(policy("none"))
    denoise(pipe, 1.0, cache=whole, steps=8, **ACTIVE)
    made = policy(name, threshold=1e9)
    cache = PolicyCache(made)
    denoise(pipe, 1.0, cache=cache, steps=8, **ACTIVE)
    computed = {
        (row.block, row.step): row.executed_flops for row in cache.ledger.rows() if row.kind != "skip"
    }
    full = {(row.block, row.step): row.executed_flops for row in whole.ledger.rows()}
    last = {(block, 7) for block in range(4)} if name == "flowcache" else set()
    first = {(block, step) for block in range(4) for step in range(made.cfg.warmup + (name == "motioncache"))}
    assert set(computed) == first | last
    assert computed == {key: full[key] for key in computed}


@pytest.mark.parametrize("name", ["flowcache", "motioncache", "change"])
def test_a_static_clip_stays_finite(pipe: Any, name: str) -> None:
    """All latent frames are alike: no division by a change of zero."""
    weight, bias = pipe.transformer.proj_out.weight, pipe.transformer.proj_out.bias
    kept = weight.detach().clone(), bias.detach().clone()
    weight.data.zero_()
    bias.data.zero_()
    try:
        made = denoise(pipe, cache=PolicyCache(policy(name)), steps=12, **ACTIVE)
    finally:
        weight.data.copy_(kept[0])
        bias.data.copy_(kept[1])
    assert torch.isfinite(made).all()


@torch.no_grad()
def test_the_order_of_branches_does_not_matter(pipe: Any) -> None:
    """Interleaved in any order, each branch has the velocities that it has alone."""
    from tests.support.forcing_clips import embeds
    from vidkit.generation.blocks.forcing_velocity import ForcingVelocity, WindowPlan
    from vidkit.hooks.blocks import SkyReelsBlocks
    from vidkit.models.block_runs import ForcingMode
    from vidkit.models.block_schedule import block_rows

    rows = block_rows(6, 2, 2)
    plan = WindowPlan(rows, 2, 0, 0, [1 - n / 6 for n in range(7)])
    draw = torch.Generator().manual_seed(4)
    steps = [torch.randn(1, 8, 4, 8, 8, generator=draw) for _ in rows]
    timesteps = [
        torch.tensor([int(999 * (1 - max(level, 0) / 6)) for level in row.level]).repeat_interleave(2)
        for row in rows
    ]
    texts = {"cond": embeds(pipe, "a red ball"), "uncond": embeds(pipe, "dark")}

    def velocities(order: tuple[str, ...]) -> dict[str, list[Tensor]]:
        cache = PolicyCache(policy("motioncache", warmup=1, threshold=0.01))
        prompts = {name: texts[name] for name in order}
        made = ForcingVelocity(
            SkyReelsBlocks(pipe.transformer), prompts, 3.0, ForcingMode.of("block_causal+active"), cache
        )
        made.begin(plan, steps[0])
        found: dict[str, list[Tensor]] = {name: [] for name in order}
        for number, (latents, times) in enumerate(zip(steps, timesteps, strict=True)):
            for branch in made.branches:
                found[branch.name].append(made._branch(branch, latents, times, number))
        return found

    together, reverse = velocities(("cond", "uncond")), velocities(("uncond", "cond"))
    for name in texts:
        alone = velocities((name,))[name]
        for a, b, c in zip(together[name], reverse[name], alone, strict=True):
            assert torch.equal(a, b)
            assert torch.equal(a, c)
