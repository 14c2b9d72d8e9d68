"""Policies on transformers: identities, partial forwards, state by branch, and what is refused."""

import pytest
import torch

from tests.support.tiny_cache import FRAMES, KINDS, TOKENS, Pipe
from vidkit import caching
from vidkit.caching import FULL, SKIP, CachePolicy, ReusedValue
from vidkit.errors import ConfigError, DataError, ModelError, NotFinite
from vidkit.hooks.token_grid import TokenGrid, patched, unpatched

REUSE = list(ReusedValue)


class Some(CachePolicy):
    """FULL at first and at the given steps, else the tokens of `choose`."""

    name, partial = "some", True

    def __init__(self, choose, reuse=ReusedValue.VELOCITY, full=()):
        super().__init__()
        self.choose, self.reuse, self.full = choose, reuse, (0, *full)
        self.seen = []

    def decide(self, ctx, signals):
        return FULL if ctx.step in self.full else caching.TOKENS(self.choose(ctx))

    def observe(self, ctx, outcome):
        self.seen.append((ctx, outcome))


@pytest.fixture(params=KINDS, ids=str)
def pipe(request):
    return Pipe(KINDS[request.param])


@pytest.mark.parametrize("branches", [("cond",), ("cond", "uncond")], ids=["one", "guided"])
def test_no_cache_and_interval_of_one_are_bitwise_the_plain_loop(pipe, branches):
    plain = pipe(branches=branches)
    for policy in (caching.policy("none"), caching.policy("interval", every=1)):
        with caching.enable(pipe, policy):
            assert torch.equal(pipe(branches=branches), plain)
    assert torch.equal(pipe(branches=branches), plain)  # nothing is left behind


@pytest.mark.parametrize("reuse", REUSE)
def test_computing_every_token_in_any_order_equals_computing_everything(pipe, reuse):
    # frames with noise levels of their own: rows of the modulation must be gathered
    levels = torch.tensor([0.2, 1.0, 0.7, 0.4]) if pipe.forcing else None
    plain = pipe(levels=levels)
    with caching.enable(pipe, Some(lambda ctx: torch.randperm(TOKENS), reuse)) as handle:
        torch.testing.assert_close(pipe(levels=levels), plain, atol=1e-6, rtol=1e-5)
        assert {row.kind for row in handle.rows()[1:]} == {"tokens"}


def test_a_partial_forward_equals_attention_over_kept_keys(pipe):
    """Tokens of one frame alone, against a forward whose other tokens are what they were."""
    rows = torch.arange(16)
    frozen = {}

    class Twice(Some):
        def decide(self, ctx, signals):
            frozen.setdefault(ctx.step, signals["embedded"].clone())
            return super().decide(ctx, signals)

    policy = Twice(lambda ctx: rows, ReusedValue.RESIDUAL)
    with caching.enable(pipe, policy) as handle:
        pipe()
        assert [row.computed for row in handle.rows()] == [TOKENS, *[16.0] * 7]
    first, second = policy.seen[0][1].value, policy.seen[1][1].value
    assert torch.equal(first[:, 16:], second[:, 16:])
    assert not torch.equal(first[:, :16], second[:, :16])


def test_each_clip_of_a_batch_has_tokens_of_its_own(pipe):
    mask = torch.zeros(2, TOKENS, dtype=torch.bool)
    mask[0, 5:9] = True
    mask[1, 40] = True

    class Masked(Some):
        def decide(self, ctx, signals):
            return FULL if ctx.step == 0 else caching.tokens_where(mask[: len(signals["embedded"])])

    made = []
    for batch in (2, 1):
        with caching.enable(pipe, Masked(None)) as handle:
            made.append(pipe(batch=batch))
    torch.testing.assert_close(made[0][:1], made[1], atol=1e-6, rtol=1e-5)
    assert handle.rows()[-1].computed == 4


def test_branches_may_come_in_any_order_and_unnamed_after_the_first_step(pipe):
    made = []
    for branches in (("cond", "uncond"), ("uncond", "cond")):
        with caching.enable(pipe, caching.policy("interval", every=2, warmup=1)):
            made.append(pipe(branches=branches))
    assert torch.equal(*made)


def test_two_runs_back_to_back_equal_separate_ones_and_leave_no_tensor(pipe):
    policy = caching.policy("interval", every=3, warmup=1)
    separate = []
    for seed in (0, 1):
        with caching.enable(pipe, policy):
            separate.append(pipe(seed=seed))
    with caching.enable(pipe, policy) as handle:
        for seed in (0, 1):
            assert torch.equal(pipe(seed=seed), separate[seed])
            assert handle.runtimes["transformer"].state_bytes() == 0


@pytest.mark.parametrize("reuse", REUSE)
def test_flops_fall_with_skipped_steps_and_sum_to_those_of_no_cache(pipe, reuse):
    with caching.enable(pipe, caching.policy("none")) as handle:
        pipe()
        whole = handle.report()
    with caching.enable(pipe, caching.policy("interval", every=2, warmup=1, reuse=str(reuse))) as handle:
        pipe()
        half = handle.report()
    assert whole["flops_share"] == 1
    assert half["decisions"] == {"full": 5, "skip": 3}
    assert half["executed_flops"] + half["skipped_flops"] == pytest.approx(whole["executed_flops"])
    assert half["state_bytes"] > 0


def test_given_frames_are_told_to_the_policy():
    pipe, policy = Pipe(), Some(lambda ctx: ctx.live(torch.device("cpu")).nonzero()[:, 0])
    with caching.enable(pipe, policy):
        pipe(given=1)
    ctx = policy.seen[-1][0]
    assert ctx.given == 1 and ctx.grid.frames == FRAMES
    assert ctx.steps == 8 and ctx.is_last


def test_not_a_number_stops_with_step_and_block(pipe):
    with caching.enable(pipe, caching.policy("interval", every=2, warmup=1)) as handle:
        original = pipe.scheduler.step

        def step(velocity, t, x, **kwargs):
            out = original(velocity, t, x, **kwargs)[0]
            return (out * float("nan") if t == pipe.scheduler.timesteps[2] else out,)

        pipe.scheduler.step = step
        with pytest.raises(NotFinite, match="NaN or infinity at step 3 of block 0"):
            pipe()
        assert len(handle.rows()) >= 3  # what was done is kept
    pipe.scheduler.step = original
    assert torch.isfinite(pipe()).all()


def test_a_forward_that_dies_leaves_the_blocks_in_place(pipe):
    blocks = list(pipe.transformer.blocks)

    class Broken(CachePolicy):
        def decide(self, ctx, signals):
            raise RuntimeError("broken")

    with caching.enable(pipe, Broken()), pytest.raises(RuntimeError, match="broken"):
        pipe()
    assert list(pipe.transformer.blocks) == blocks
    assert "vidkit" not in type(pipe.transformer.blocks[0].attn1.processor).__module__


def test_weights_keep_their_names_and_processors_come_back(pipe):
    names = set(pipe.transformer.state_dict())
    processors = [block.attn1.processor for block in pipe.transformer.blocks]
    with caching.enable(pipe, Some(lambda ctx: torch.arange(3))):
        pipe()
        assert set(pipe.transformer.state_dict()) == names
    assert [block.attn1.processor for block in pipe.transformer.blocks] == processors


def test_refusals_say_what_to_do(pipe):
    with pytest.raises(ConfigError, match="changes the sampler's steps"):
        caching.enable(pipe, "fewer_steps")
    with caching.enable(pipe, "interval"), pytest.raises(ConfigError, match="already enabled"):
        caching.enable(pipe, "interval")
    with pytest.raises(ModelError, match="no transformer"):
        caching.enable(object(), "interval")
    with pytest.raises(ConfigError, match="no cache policy 'intervall'"):
        caching.policy("intervall")
    with pytest.raises(ConfigError, match="every must be >= 1, got 0"):
        caching.policy("interval", every=0)
    with pytest.raises(ConfigError, match="'every' of 'interval' cannot be") as error:
        caching.policy("interval", every=1.5)
    assert error.value.hint == "give a whole number"
    for name in (None, 3):
        with pytest.raises(ConfigError, match=f"a cache policy cannot be {name}"):
            caching.policy(name)
    with pytest.raises(ConfigError, match="a cache policy cannot be dict"):
        caching.enable(pipe, {"name": "interval"})


def test_single_tokens_from_a_policy_that_did_not_say_so_are_refused(pipe):
    class Silent(CachePolicy):
        name = "silent"

        def decide(self, ctx, signals):
            return caching.TOKENS(torch.arange(2))

    with caching.enable(pipe, Silent()), pytest.raises(ConfigError, match="does not say that it may"):
        pipe()


def test_an_empty_index_is_skip_and_other_indices_are_refused():
    assert caching.TOKENS(torch.zeros(0, dtype=torch.int64)) is SKIP
    with pytest.raises(DataError, match="int64"):
        caching.TOKENS(torch.ones(3))


def test_tokens_where_fills_up_with_the_clips_own_tokens():
    mask = torch.tensor([[True, False, True, True], [False, True, False, False]])
    decision = caching.tokens_where(mask)
    assert decision.index.tolist() == [[0, 2, 3], [1, 1, 1]]
    assert decision.counts == (3, 1)
    assert caching.tokens_where(mask & False) is SKIP
    assert caching.tokens_where(mask | True) is FULL


def test_patching_and_its_inverse():
    x = torch.randn(2, 3, 4, 6, 8)
    grid = TokenGrid(4, 3, 4)
    tokens = patched(x, grid)
    assert tokens.shape == (2, 48, 12)
    assert torch.equal(tokens[0, 4].view(3, 2, 2), x[0, :, 0, 2:4, 0:2])
    assert torch.equal(unpatched(tokens, x.shape, grid), x)


def test_a_policy_of_one_file(pipe, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from vidkit.caching import FULL, SKIP, CachePolicy\n"
        "class Odd(CachePolicy):\n"
        "    def decide(self, ctx, signals):\n"
        "        return FULL if ctx.step % 2 == 0 else SKIP\n"
    )
    with caching.enable(pipe, caching.policy(f"{tmp_path}/mine.py:Odd")) as handle:
        pipe()
        assert [row.kind for row in handle.rows()] == ["full", "skip"] * 4


@pytest.mark.parametrize(
    ("name", "cfg"),
    [("interval", {"every": 3}), ("taylor", {"every": 3}), ("change", {"share": 0.1, "warmup": 2})],
)
def test_the_steps_of_a_constant_velocity_add_up_to_the_whole_way(name, cfg):
    """Velocities are reused with the present step's length, so time is never lost."""
    pipe = Pipe(steps=10)
    head = pipe.transformer.proj_out
    head.weight.zero_()
    head.bias.fill_(1.0)
    plain = pipe()
    with caching.enable(pipe, caching.policy(name, **cfg)) as handle:
        torch.testing.assert_close(pipe(), plain, atol=1e-6, rtol=0)
        assert handle.report()["flops_share"] < 0.9


def test_two_windows_of_one_clip_keep_nothing_of_each_other(pipe):
    policy = caching.policy("change", share=0.25, warmup=2)
    with caching.enable(pipe, policy):
        first, second = pipe(seed=3), pipe(seed=4)
    with caching.enable(pipe, policy):
        assert torch.equal(pipe(seed=4), second)
        assert torch.equal(pipe(seed=3), first)
