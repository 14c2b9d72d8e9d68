"""Ours: which tokens are computed, what the predicted bound says, what is tied."""

import itertools
from pathlib import Path

import pytest
import torch
from diffusers import UniPCMultistepScheduler

from tests.support.tiny_cache import Pipe
from vidkit import caching
from vidkit.caching import FULL, SKIP, BlockContext, Kind, Outcome, RunContext, ValueStore
from vidkit.caching.decision import Decision
from vidkit.caching.step_placing import placed_steps
from vidkit.hooks.token_grid import TokenGrid

GRID = TokenGrid(2, 2, 3)
DOC = Path(__file__).resolve().parents[3] / "docs" / "methods" / "change.md"
P = GRID.tokens


def simulate(policy, rates, steps=30, given=0):
    """A toy: every token's velocity drifts at a constant rate; counts, true latent errors, decisions."""
    policy.begin(RunContext(steps, 2))
    store, decisions = ValueStore(), []
    counts, error = torch.zeros(P), torch.zeros(P)
    for step in range(steps):
        level, following = 1 - step / steps, 1 - (step + 1) / steps
        ctx = BlockContext("cond", 0, step, steps, level, GRID, given, following)
        true = (rates * step)[None, :, None]
        decision = policy.decide(ctx, {})
        decisions.append(decision)
        if decision.kind is Kind.SKIP:
            value, wrong = store.reused(ctx), None
        else:
            index = torch.arange(P)[None] if decision.index is None else decision.index
            value, wrong = store.store(ctx, decision, true[:, index[0]])
            counts[index[0]] += 1
        error += (true - value).abs()[0, :, 0] * (level - following)
        policy.observe(ctx, Outcome(decision, value, wrong))
    return counts, error, decisions


def test_tokens_are_computed_in_proportion_to_their_rate_of_change():
    rates = torch.tensor([1.0, 2.0, 4.0] * 4)
    policy = caching.policy("change", share=0.25, warmup=2, full_every=1000, last=False)
    counts, _, _ = simulate(policy, rates, steps=200)
    means = [float(counts[n::3].mean()) for n in range(3)]
    assert means[1] / means[0] == pytest.approx(2, rel=0.15)
    assert means[2] / means[0] == pytest.approx(4, rel=0.15)


def test_the_predicted_bound_is_the_true_latent_error_where_rates_are_constant():
    rates = torch.tensor([1.0, 2.0, 4.0] * 4)
    for cfg in ({"share": 0.25}, {"threshold": 0.05}):
        policy = caching.policy("change", warmup=2, full_every=7, **cfg)
        _, error, _ = simulate(policy, rates)
        told = policy.report()
        assert told["latent_error_mean"] == pytest.approx(float(error.mean()), rel=1e-4)
        assert told["latent_error_most"] == pytest.approx(float(error.max()), rel=1e-4)


def test_the_largest_error_is_smaller_than_with_tokens_drawn_at_random():
    rates = torch.rand(P, generator=torch.Generator().manual_seed(0)) * 4 + 0.1
    policy = caching.policy("change", share=0.25, warmup=2, full_every=1000, last=False)
    _, ours, decisions = simulate(policy, rates, steps=100)
    g = torch.Generator().manual_seed(1)

    class Random(type(policy)):
        def _decide(self, ctx):
            made = super()._decide(ctx)
            n = 0 if made.index is None else made.index.shape[1]
            return caching.TOKENS(torch.randperm(P, generator=g)[None, :n]) if n else made

    _, drawn, others = simulate(Random(policy.cfg), rates, steps=100)
    assert [d.computed(P) for d in decisions] == [d.computed(P) for d in others]
    assert ours.max() < 0.7 * drawn.max() and ours.sum() < drawn.sum()


def test_given_frames_are_never_chosen():
    policy = caching.policy("change", share=0.5, full_every=4)
    _, _, decisions = simulate(policy, torch.ones(P), given=1)
    chosen = [d for d in decisions if d.index is not None]
    assert chosen and all(int(d.index.min()) >= GRID.per_frame for d in chosen)
    assert all(d.index.shape[1] == 3 for d in chosen)  # half of the 6 tokens that are updated


def test_a_share_of_one_and_the_schedule_of_full_steps():
    _, _, decisions = simulate(caching.policy("change", share=1.0), torch.ones(P))
    assert all(d is FULL for d in decisions)
    policy = caching.policy("change", share=0.25, warmup=3, full_every=5, stride=2)
    _, _, decisions = simulate(policy, torch.ones(P), steps=20)
    kinds = [d.kind for d in decisions]
    assert [n for n, k in enumerate(kinds) if k is Kind.FULL] == [0, 1, 2, 7, 12, 17, 19]
    assert [n for n, k in enumerate(kinds) if k is Kind.SKIP] == [3, 5, 8, 10, 13, 15, 18]


def test_other_branches_take_the_first_ones_decision_when_tied():
    pipe = Pipe(steps=10)
    for tied, same in ((True, True), (False, False)):
        with caching.enable(pipe, caching.policy("change", tied=tied, full_every=4, share=0.1)) as handle:
            runtime, seen = handle.runtimes["transformer"], {}
            ask = runtime._ask

            def noted(placed, run, ask=ask, seen=seen):
                asked = ask(placed, run)
                seen.setdefault(asked.ctx.step, []).append(asked.decision)
                return asked

            runtime._ask = noted
            pipe(branches=("cond", "uncond"))
        alike = [_alike(*pair) for pair in seen.values()]
        assert all(alike) == same


def test_full_steps_are_the_best_ones_of_all_schedules():
    """Against every schedule there is, its cost summed up naively."""
    table = bent_table(9)
    levels = (*table[0], 0.0)
    for count, early in ((2, 0.0), (4, 0.0), (4, 12.0), (7, 6.0)):
        found = placed_steps(levels, count, table, early)
        others = [(0, *rest) for rest in itertools.combinations(range(1, 9), count - 1)]
        costs = {steps: naive_cost(levels, table[1], steps, early) for steps in others}
        assert costs[found] == pytest.approx(min(costs.values()), abs=1e-12)


def bent_table(steps):
    """Velocities along a curve that bends late, in three dimensions."""
    levels = torch.linspace(1, 1 / steps, steps).double()
    velocities = torch.stack([torch.exp(-6 * levels), torch.sin(5 * levels), levels], 1)
    rows = (velocities @ velocities.T).tolist()
    return tuple(levels.tolist()), tuple(map(tuple, rows))


def naive_cost(levels, products, steps, early):
    gram, total = torch.tensor(products).double(), 0.0
    ends = [*steps, len(levels) - 1]
    for number, (a, b) in enumerate(itertools.pairwise(ends)):
        wrong = torch.zeros(len(gram)).double()
        for n in range(a + 1, b):
            length = levels[n] - levels[n + 1]
            wrong[n] -= length
            if number == 0:
                wrong[a] += length
            else:
                p = ends[number - 1]
                ahead = (levels[n] - levels[a]) / (levels[a] - levels[p])
                wrong[a] += length * (1 + ahead)
                wrong[p] -= length * ahead
        total += float(wrong @ gram @ wrong) * 10 ** (early / 10 * levels[a])
    return total


def test_where_velocities_bend_late_full_steps_lie_late():
    table = bent_table(50)
    steps = placed_steps((*table[0], 0.0), 10, table)
    assert steps[0] == 0 and len(steps) == 10 == len(set(steps))
    assert steps[5] > 28  # half of them in the last two fifths
    assert placed_steps((*table[0], 0.0), 50, table) == tuple(range(50))


def test_a_loop_of_more_steps_than_were_measured_has_as_many_full_ones_at_the_same_levels():
    table = bent_table(20)
    levels = (*torch.linspace(1, 0.005, 200).double().tolist(), 0.0)
    many, few = placed_steps(levels, 8, table), placed_steps((*table[0], 0.0), 8, table)
    apart = [abs(levels[a] - table[0][b]) for a, b in zip(many, few, strict=True)]
    assert max(apart) < 0.01
    for steps, count in ((21, 19), (24, 15), (30, 7)):
        some = (*torch.linspace(1, 1 / steps, steps).double().tolist(), 0.0)
        found = placed_steps(some, count, table)
        assert len(set(found)) == count and found == tuple(sorted(found)) and found[-1] < steps


def test_without_tokens_between_no_keys_are_kept_and_full_steps_are_those_placed():
    pipe = Pipe(steps=20)
    policy = caching.policy("change", full=0.3)
    assert not policy.partial
    with caching.enable(pipe, policy) as handle:
        pipe()
        rows = handle.rows()
    computed = [row.step for row in rows if row.kind == "full"]
    levels = tuple(pipe.scheduler.sigmas.tolist())
    policy.begin(RunContext(20, 2, 0, levels))
    assert computed == list(policy.full_steps(20)) and len(computed) == 6
    assert {row.kind for row in rows} == {"full", "skip"}


def test_the_shipped_table_places_steps_where_the_docs_say():
    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=4.0
    )
    scheduler.set_timesteps(50)
    policy = caching.policy("change", full=0.2)
    policy.begin(RunContext(50, 12, levels=tuple(scheduler.sigmas.tolist())))
    *first, last = policy.full_steps(50)
    told = " ".join(DOC.read_text(encoding="utf-8").split())
    assert f"10 of 50 steps come to lie at {', '.join(map(str, first))} and {last}:" in told


def test_where_noise_levels_are_not_known_full_steps_are_even():
    policy = caching.policy("change", full=0.25)
    policy.begin(RunContext(21, 2))
    assert policy.full_steps(21) == (0, 5, 10, 15, 20)
    assert policy.full_steps(None)[:3] == (0, 4, 8)


def _alike(a: Decision, b: Decision) -> bool:
    return a.kind is b.kind and (a.index is None or torch.equal(a.index, b.index))


def test_a_step_without_due_tokens_is_skipped():
    policy = caching.policy("change", threshold=1e9, warmup=2, full_every=1000)
    _, _, decisions = simulate(policy, torch.ones(P))
    assert decisions[2:-1] == [SKIP] * 27 and decisions[-1] is FULL
