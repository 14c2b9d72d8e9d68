"""Single tokens with sparse attention: masks are re-indexed to the computed tokens."""

import pytest
import torch

from tests.support.tiny_cache import TOKENS, Pipe
from vidkit import attention, caching
from vidkit.attention import AttentionPolicy
from vidkit.attention.executors import ExecutorChooser
from vidkit.attention.plan import BlockPlan
from vidkit.attention.predictors import make_predictor
from vidkit.attention.reuse import make_reuse
from vidkit.attention.some_queries import plan_of_some
from vidkit.caching import FULL, CachePolicy, ReusedValue

PREDICTORS = {
    "xattention": {"block_q": 8, "block_k": 8, "stride": 2},
    "svg2": {"query_clusters": 4, "key_clusters": 4, "block_q": 8, "block_k": 8},
}


def sparse(name: str, tau: float, executor: str = "auto", **changes) -> AttentionPolicy:
    return AttentionPolicy(
        make_predictor(name, **PREDICTORS[name]),
        changes.pop("reuse", make_reuse("never")),
        tau,
        executor=ExecutorChooser(executor),
        **changes,
    )


class Some(CachePolicy):
    """Everything at first and at `full`, between them the tokens of `choose`."""

    name, partial, reuse = "some", True, ReusedValue.VELOCITY

    def __init__(self, choose, full=(0, 4)):
        super().__init__()
        self.choose, self.full = choose, full

    def decide(self, ctx, signals):
        return FULL if ctx.step in self.full else caching.TOKENS(self.choose(ctx))


def third(ctx):
    return torch.arange(ctx.step % 3, TOKENS, 3)


def made(choose, policy=None, batch=1, cache_first=False, **run):
    pipe = Pipe()
    if cache_first:
        with caching.enable(pipe, Some(choose)), attention.enable(pipe, policy) as handle:
            return pipe(batch=batch, **run), handle
    if policy is None:
        with caching.enable(pipe, Some(choose)) as handle:
            return pipe(batch=batch, **run), handle
    with attention.enable(pipe, policy) as handle, caching.enable(pipe, Some(choose)):
        return pipe(batch=batch, **run), handle


@pytest.mark.parametrize("name", PREDICTORS)
@pytest.mark.parametrize("executor", ["gather", "masked", "reference"])
def test_masks_that_keep_everything_change_nothing(name, executor):
    dense, _ = made(third, branches=("cond", "uncond"))
    found, handle = made(third, sparse(name, 1.0, executor), branches=("cond", "uncond"))
    torch.testing.assert_close(found, dense, atol=1e-5, rtol=1e-5)
    assert handle.report()["density"] == pytest.approx(1)


@pytest.mark.parametrize("name", PREDICTORS)
def test_all_tokens_by_the_masks_of_the_last_full_forward_equal_a_full_forward_by_them(name):
    """Masks frozen after the first step: a whole forward and one of all tokens in any order are the same."""
    policy = {"reuse": make_reuse("freeze")}
    everything, _ = made(lambda ctx: torch.randperm(TOKENS), sparse(name, 0.6, **policy))
    pipe = Pipe()
    with attention.enable(pipe, sparse(name, 0.6, reuse=make_reuse("freeze"))):
        plain = pipe()
    torch.testing.assert_close(everything, plain, atol=1e-5, rtol=1e-5)
    dense, _ = made(lambda ctx: torch.randperm(TOKENS))
    assert not torch.allclose(everything, dense, atol=1e-4)  # the masks do leave something out


def test_order_of_enabling_does_not_matter_and_everything_comes_back():
    policy = sparse("xattention", 0.6)
    first, _ = made(third, policy)
    second, _ = made(third, sparse("xattention", 0.6), cache_first=True)
    assert torch.equal(first, second)
    pipe = Pipe()
    before = [block.attn1.processor for block in pipe.transformer.blocks]
    for order in (("cache", "sparse"), ("sparse", "cache")):
        handles = {}
        for one in order:
            if one == "cache":
                handles[one] = caching.enable(pipe, Some(third))
            else:
                handles[one] = attention.enable(pipe, sparse("xattention", 0.6))
        for one in order:  # not the reverse order
            handles[one].disable()
        assert [block.attn1.processor for block in pipe.transformer.blocks] == before


def test_without_a_mask_yet_tokens_attend_to_all_keys():
    pipe = Pipe()
    with caching.enable(pipe, Some(third, full=(0,))):
        dense = pipe()
    # the only full step is dense here, so that no mask is ever made
    policy = sparse("xattention", 0.6, dense_steps=1)
    with attention.enable(pipe, policy), caching.enable(pipe, Some(third, full=(0,))):
        torch.testing.assert_close(pipe(), dense, atol=1e-5, rtol=1e-5)


def test_compiled_blocks_and_offload_with_masks_and_tokens():
    plain, _ = made(third, sparse("xattention", 0.6))
    cpu = torch.device("cpu")
    pipe = Pipe()
    pipe.transformer.enable_group_offload(onload_device=cpu, offload_device=cpu, offload_type="leaf_level")
    with attention.enable(pipe, sparse("xattention", 0.6)), caching.enable(pipe, Some(third)):
        assert torch.equal(pipe(), plain)
    pipe = Pipe()
    for block in pipe.transformer.blocks:
        block.compile(backend="eager")
    with attention.enable(pipe, sparse("xattention", 0.6)), caching.enable(pipe, Some(third)):
        torch.testing.assert_close(pipe(), plain, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("ordered", [False, True])
def test_a_tile_reads_what_any_of_its_tokens_query_blocks_reads(ordered):
    g = torch.Generator().manual_seed(0)
    B, H, N, block = 2, 3, 60, 8
    mask = torch.rand(B, H, 8, 8, generator=g) < 0.4
    mask[..., 0] = True
    orders = {}
    if ordered:
        orders = {f"{x}_order": torch.rand(B, H, N, generator=g).argsort(-1) for x in "qk"}
    plan = BlockPlan.from_mask(mask, N, N, block, block, **orders)
    index = torch.stack([torch.randperm(N, generator=g)[:21].sort().values for _ in range(B)])
    some = plan_of_some(plan, index)
    assert (some.q_len, some.k_len) == (21, N)
    asked = plan.token_mask().gather(2, index[:, None, :, None].expand(-1, H, -1, N))
    given = some.token_mask()
    assert bool((given | ~asked).all())  # never less than was asked for
    # tiles of one query block alone read exactly that
    every = torch.arange(N).expand(B, -1)
    assert torch.equal(plan_of_some(plan, every).token_mask(), plan.token_mask())
    one = plan_of_some(plan, torch.arange(16, 24).expand(B, -1)) if not ordered else None
    if one is not None:
        assert torch.equal(one.token_mask(), plan.token_mask()[:, :, 16:24])


def test_clips_of_a_batch_have_tokens_and_masks_of_their_own():
    def own(ctx):
        return torch.stack([torch.arange(0, 20), torch.arange(30, 50)])

    pipe = Pipe()
    with attention.enable(pipe, sparse("xattention", 0.6)), caching.enable(pipe, Some(own)):
        both = pipe(batch=2)
    with (
        attention.enable(pipe, sparse("xattention", 0.6)),
        caching.enable(pipe, Some(lambda ctx: own(ctx)[:1])),
    ):
        torch.testing.assert_close(both[:1], pipe(batch=1), atol=1e-5, rtol=1e-5)
