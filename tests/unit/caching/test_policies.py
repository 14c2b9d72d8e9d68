"""The rules of the policies: arithmetic of accumulators, weights, votes, gates, forecasts."""

import math

import pytest
import torch

from tests.support.tiny_cache import FRAMES, KINDS, TOKENS, Pipe, magnitude_table
from vidkit import caching
from vidkit.caching import FULL, SKIP, BlockContext, Kind, Outcome, RunContext, ValueStore
from vidkit.caching.policies import POLICIES, Forecast, policy_class
from vidkit.caching.policies.motioncache import motion_weights
from vidkit.caching.policies.relative_change import WITH_RETAINED_STEPS, Rescaled, polynomial
from vidkit.caching.policies.seacache import filtered
from vidkit.errors import ConfigError
from vidkit.hooks.token_grid import TokenGrid
from vidkit.utils.method_settings import defaults_of

GRID = TokenGrid(2, 2, 3)
OFF = {
    "teacache": {"threshold": 0.0},
    "flowcache": {"threshold": 0.0},
    "motioncache": {"threshold": 0.0},
    "magcache": {"threshold": 0.0, "table": "TABLE"},
    "first_block": {"threshold": 0.0},
    "seacache": {"threshold": 0.0},
    "taylor": {"every": 1},
    "interval": {"every": 1},
    "none": {},
    "change": {"threshold": 0.0},
}
ON = {
    "teacache": {"threshold": 1e9, "retain_steps": False},
    "flowcache": {"threshold": 1e9},
    "motioncache": {"threshold": 1e9},
    "magcache": {"threshold": 1e9, "table": "TABLE", "most_skipped": 99},
    "first_block": {"threshold": 1e9},
    "seacache": {"threshold": 1e9},
    "taylor": {"every": 3},
    "interval": {"every": 3},
    "change": {"share": 0.25, "warmup": 2},
}


def made(name, cfg, folder):
    """The policy; with a table of magnitudes where it wants one."""
    given = {k: magnitude_table(folder) if v == "TABLE" else v for k, v in cfg.items()}
    return caching.policy(name, **given)


def at(step, steps=20, block=0, branch="cond", level=None, **rest):
    level = 1 - step / steps if level is None else level
    return BlockContext(branch, block, step, steps, level, GRID, **rest)


def drive(policy, changes, block=0, output=None, start=None):
    """Decisions for a time signal that changes by these relative amounts from step to step."""
    value, decisions = 1.0, []
    for step, change in enumerate(changes):
        value *= 1 + change
        now = torch.full((1, GRID.frames, 4), value)
        ctx = at(step, len(changes), block)
        decisions.append(policy.decide(ctx, {"time": now, "embedded": now, **(start or {})}))
        shown = torch.zeros(1, 12, 4) if output is None else output
        policy.observe(ctx, Outcome(decisions[-1], shown, output=shown))
    return decisions


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OFF)
def test_a_threshold_of_zero_is_bitwise_no_cache(name, kind, tmp_path):
    pipe = Pipe(KINDS[kind])
    plain = pipe(branches=("cond", "uncond"))
    with caching.enable(pipe, made(name, OFF[name], tmp_path)) as handle:
        assert torch.equal(pipe(branches=("cond", "uncond")), plain)
        assert handle.report()["decisions"] == {"full": 16}


@pytest.mark.parametrize("name", ON)
def test_a_loose_setting_computes_less_and_differs(name, tmp_path):
    pipe = Pipe(steps=10)
    plain = pipe()
    with caching.enable(pipe, made(name, ON[name], tmp_path)) as handle:
        clip = pipe()
        report = handle.report()
    assert report["flops_share"] < 0.95
    assert torch.isfinite(clip).all() and not torch.equal(clip, plain)


def test_an_endless_threshold_leaves_only_forced_steps():
    forced = {"teacache": [0], "flowcache": [0, 1, 2, 3, 4, 19], "motioncache": [0, 1, 2, 3, 4]}
    for name, steps in forced.items():
        decisions = drive(caching.policy(name, threshold=1e9), [0.1] * 20)
        wanted = [0, 1, 2, 3, 4] if name == "teacache" else steps
        assert [n for n, d in enumerate(decisions) if d is FULL] == wanted, name
    plain = drive(caching.policy("teacache", threshold=1e9, retain_steps=False), [0.1] * 20)
    assert [n for n, d in enumerate(plain) if d is FULL] == [0, 19]


def test_a_constant_change_is_computed_every_threshold_over_change_steps():
    # binary fractions, so that sums are exact
    decisions = drive(caching.policy("flowcache", threshold=0.37, warmup=1), [0.125] * 20)
    computed = [n for n, d in enumerate(decisions) if d is FULL]
    assert computed[:-1] == [0, 3, 6, 9, 12, 15, 18]


def test_each_token_updates_after_threshold_over_its_weighted_change():
    policy = caching.policy("motioncache", threshold=1.0, warmup=1, vote=False, min_share=0.0)
    policy.begin(RunContext(40, 2))
    drive(policy, [0.125] * 2)
    state = policy._blocks[("cond", 0)]
    weights = torch.tensor([1.0, 0.5, 0.25, 0.75, 0.125, 1.0] * 2)[None]
    state.weights, state.sums = weights, torch.zeros(1, 12)
    seen = torch.zeros(12, dtype=torch.int64)
    for step in range(2, 66):
        state.before = torch.ones(1, 2, 4)
        decision = policy.decide(at(step, 80), {"time": torch.full((1, 2, 4), 1.125)})
        if decision.kind is Kind.TOKENS:
            seen[decision.index[0]] += 1
    expected = [64 // math.ceil(1.0 / (0.125 * w)) for w in weights[0].tolist()]
    assert seen.tolist() == expected


def test_equal_weights_without_vote_and_gate_decide_as_flowcache():
    g = torch.Generator().manual_seed(0)
    changes = (torch.rand(30, generator=g) * 0.1).tolist()
    hidden = torch.randn(1, 12, 4, generator=g)
    tokens = caching.policy("motioncache", floor=1.0, vote=False, min_share=0.0, warmup=4)
    chunks = caching.policy("flowcache", warmup=5)
    a, b = drive(tokens, changes, output=hidden), drive(chunks, changes)
    assert [d.kind for d in a[:-1]] == [d.kind for d in b[:-1]]  # the last step is forced in one of them
    assert {d.kind for d in a} == {Kind.FULL, Kind.SKIP}


def test_weights_keep_the_order_of_motion_and_unknown_motion_counts_as_full():
    g = torch.Generator().manual_seed(0)
    frames = torch.randn(1, 3, 5, 8, generator=g)
    frames[:, 1, 2] = frames[:, 0, 2]  # does not move
    first = motion_weights(frames, None, 0.6, first=True).view(3, 5)
    assert first.min() == pytest.approx(0.6) and first.max() == 1
    assert torch.equal(first[0], first[1])  # the first frame takes the second one's
    assert first[1].argmin() == 2
    unknown = motion_weights(frames, None, 0.6, first=False).view(3, 5)
    assert torch.equal(unknown[0], torch.ones(5))
    known = motion_weights(frames, frames[:, 0], 0.6, first=False).view(3, 5)
    assert torch.equal(known[0], torch.ones(5))  # alike everywhere: nothing to tell apart
    assert torch.equal(known[1:], first[1:])


def test_a_static_clip_has_finite_weights_and_treats_tokens_alike():
    weights = motion_weights(torch.ones(1, 3, 5, 8), None, 0.6, first=True)
    assert torch.equal(weights, torch.ones(1, 15))
    pipe = Pipe(steps=12)
    for name, cfg in (("motioncache", {"threshold": 0.2}), ("change", {"warmup": 2})):
        with caching.enable(pipe, caching.policy(name, **cfg)):
            assert torch.isfinite(pipe(static=True)).all()


def test_the_vote_raises_majorities_and_cancels_minorities():
    policy = caching.policy("motioncache", threshold=1.0, warmup=1, min_share=0.0)
    policy.begin(RunContext(40, 2))
    drive(policy, [0.0] * 2)
    state = policy._blocks[("cond", 0)]
    sums = torch.zeros(1, 2, 6)
    sums[0, :, 0], sums[0, 0, 1] = 5.0, 5.0  # place 0 in both frames, place 1 in one of two
    state.sums, state.before = sums.flatten(1), torch.ones(1, 2, 4)
    decision = policy.decide(at(2, 40), {"time": torch.ones(1, 2, 4)})
    assert decision.index.tolist() == [[0, 6]]
    assert state.sums.view(2, 6)[:, :2].tolist() == [[0.0, 5.0], [0.0, 0.0]]  # a minority keeps its sum


def test_too_few_tokens_wait_and_keep_what_they_have():
    policy = caching.policy("motioncache", threshold=1.0, warmup=1, vote=False, min_share=0.4)
    policy.begin(RunContext(40, 2))
    drive(policy, [0.0] * 2)
    state = policy._blocks[("cond", 0)]
    state.sums, state.before = torch.tensor([[2.0] * 4 + [0.0] * 8]), torch.ones(1, 2, 4)
    assert policy.decide(at(2, 40), {"time": torch.ones(1, 2, 4)}) is SKIP
    assert state.sums[0, :4].tolist() == [2.0] * 4
    state.sums[0, 4] = 2.0
    assert policy.decide(at(3, 40), {"time": torch.ones(1, 2, 4)}).index.shape == (1, 5)


@pytest.mark.parametrize("width", WITH_RETAINED_STEPS)
def test_the_published_polynomials_are_clamped(width):
    rescaled = Rescaled(WITH_RETAINED_STEPS[width])
    values = [rescaled(n / 1000) for n in range(300)]
    assert min(values) == 0 and values == sorted(values)  # never falls, never negative
    assert polynomial(0.0, WITH_RETAINED_STEPS[width]) < 0
    if width == 1536:
        assert rescaled.peak == pytest.approx(0.08, abs=0.003)
        assert rescaled(0.12) == pytest.approx(0.25, abs=0.01)


def test_one_decision_serves_all_blocks_of_a_row_with_teacache_and_not_with_flowcache():
    def ask(policy, row, block, value):
        ctx = at(9, 50, block, row=row)
        return policy.decide(ctx, {"time": torch.full((1, 2, 4), value)})

    for name, alike in (("teacache", True), ("flowcache", False)):
        policy = caching.policy(name, threshold=0.5)
        for block in (0, 1):
            ask(policy, 0, block, 1.0)
        first, second = ask(policy, 1, 0, 1.0), ask(policy, 1, 1, 9.0)
        assert first is SKIP
        assert (second is SKIP) == alike


def test_a_linear_forecast_is_exact_for_values_linear_in_the_noise_level():
    slope, start = torch.randn(1, 12, 4), torch.randn(1, 12, 4)
    store = ValueStore(Forecast.LINEAR)

    def true(level):
        return start + slope * level

    store.store(at(0), FULL, true(1.0))
    _, error = store.store(at(1, level=0.9), FULL, true(0.9))
    assert error.min() > 0
    torch.testing.assert_close(store.reused(at(2, level=0.55)), true(0.55), atol=1e-5, rtol=1e-5)
    index = torch.tensor([[1, 7]])
    value, error = store.store(at(3, level=0.4), caching.TOKENS(index), true(0.4)[:, index[0]])
    torch.testing.assert_close(value, true(0.4), atol=1e-5, rtol=1e-5)
    assert error.max() < 1e-5
    torch.testing.assert_close(store.reused(at(4, level=0.1)), true(0.1), atol=1e-5, rtol=1e-5)


def test_the_error_is_told_of_the_computed_tokens_alone():
    store = ValueStore()
    store.store(at(0), FULL, torch.zeros(1, 12, 4))
    value, error = store.store(at(1), caching.TOKENS(torch.tensor([3])), torch.full((1, 1, 4), 2.0))
    assert error[0].tolist() == [0, 0, 0, 2, *[0] * 8]
    assert value[0, 3].tolist() == [2.0] * 4 and value[0, 4].tolist() == [0.0] * 4


def test_the_content_filter_passes_the_mean_of_clean_latents_and_weakens_what_is_fine():
    fine = torch.zeros(1, 1, 4, 8, 8)
    fine[..., ::2] = 1.0
    made = filtered(fine, 0.5)
    assert made.mean() == pytest.approx(float(made.mean()))
    assert (made.amax() - made.amin()) / made.mean() < (fine.amax() - fine.amin()) / fine.mean()
    assert torch.isfinite(filtered(torch.randn(1, 2, 4, 8, 8), 1.0)).all()


def test_magcache_needs_a_table_and_the_number_of_steps(tmp_path):
    with pytest.raises(ConfigError, match="no table of magnitudes was given"):
        caching.policy("magcache")
    policy = made("magcache", {"table": "TABLE"}, tmp_path)
    with pytest.raises(ConfigError, match="number of steps"):
        policy.decide(BlockContext("cond", 0, 0, None, 1.0, GRID), {})


@pytest.mark.parametrize(
    ("name", "cfg", "text"),
    [
        ("teacache", {"threshold": -1.0}, "threshold must be >= 0"),
        ("motioncache", {"floor": 2.0}, r"floor must be in \[0, 1\]"),
        ("change", {"full": 0.0}, r"full must be in \(0, 1\], got 0"),
        ("change", {"share": 1.5}, r"share must be in \[0, 1\]"),
        ("change", {"early": math.nan}, "early must be a number, got nan"),
        ("change", {"threshold": -0.5}, "threshold must be >= 0"),
        ("change", {"warmup": 1}, "warmup must be >= 2"),
        ("fewer_steps", {"share": 1.5}, r"share must be in \(0, 1\]"),
        ("taylor", {"every": 0}, "every must be >= 1"),
        ("first_block", {"warmup": -3}, "warmup must be >= 1"),
        ("motioncache", {"phase1_updates": -1}, "phase1_updates must be >= 0"),
        ("change", {"power": -1.0}, "power must be"),
        ("change", {"power": math.inf}, "power must be a finite number, got inf"),
        ("flowcache", {"threshold": math.inf}, "threshold must be a finite number"),
        ("interval", {"reuse": "foo"}, "reuse must be velocity or residual, got foo"),
        ("change", {"forecast": "foo"}, "forecast must be hold, linear or fitted, got foo"),
    ],
)
def test_values_out_of_range_are_refused(name, cfg, text):
    with pytest.raises(ConfigError, match=text):
        caching.policy(name, **cfg)


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_no_number_of_any_policy_may_be_nan(name):
    for key, default in defaults_of(policy_class(name)).items():
        if type(default) in (int, float) or key == "threshold":
            with pytest.raises(ConfigError, match=key):
                caching.policy(name, **{key: math.nan})


def test_policies_give_every_tensor_up_at_the_end(tmp_path):
    pipe = Pipe()
    for name, cfg in ON.items():
        policy = made(name, cfg, tmp_path)
        with caching.enable(pipe, policy) as handle:
            pipe()
            assert policy.tensors() == [] and handle.runtimes["transformer"].state_bytes() == 0, name


def test_grid_sizes_of_this_file():
    assert TOKENS == FRAMES * 16 and GRID.tokens == 12


def test_a_fitted_forecast_follows_the_line_as_far_as_values_did():
    """Half of the tokens move along a line, the others stop after the second value."""
    slope, start = torch.randn(1, 12, 4), torch.randn(1, 12, 4)
    moving = torch.tensor([1.0, 0.0] * 6)[None, :, None]

    def true(level):
        return start + slope * (min(level, 0.8) * moving + max(level, 0.8) * (1 - moving))

    stores = {kind: ValueStore(kind) for kind in Forecast}
    for step, level in enumerate((1.0, 0.8, 0.6)):
        for store in stores.values():
            store.store(at(step, level=level), FULL, true(level))
    wrong = {
        kind: (store.reused(at(3, level=0.4)) - true(0.4)).abs().mean(-1)[0] for kind, store in stores.items()
    }
    assert wrong[Forecast.FITTED].max() < 0.01
    index = torch.tensor([[0, 1]])
    store = stores[Forecast.FITTED]
    store.store(at(3, level=0.4), caching.TOKENS(index), true(0.4)[:, :2])
    torch.testing.assert_close(store.reused(at(4, level=0.2)), true(0.2), atol=0.02, rtol=0.02)
