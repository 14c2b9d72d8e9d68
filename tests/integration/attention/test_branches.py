"""Guidance branches and generations: whose masks per forward may use, and when they are made anew."""

import pytest
import torch
import torch._dynamo.testing
from tiny_attention import counting, inputs, loop, make, same, xattention

from vidkit.attention import build_policy, enable
from vidkit.config.attention_schema import AttentionSettings, Reuse
from vidkit.hooks.families.wan import project, rotate


def test_branches_do_not_share_masks():
    # the published SVG2 code keeps one centroid state for both branches
    model = make()
    policy, predictor = counting("freeze")
    with enable(model, policy) as handle:
        both = loop(model, end=False)
        states = handle.runtimes["transformer"].branches
        assert set(states) == {"cond", "uncond"}
        masks = [[s.plan.packed for s in states[b].layers.values()] for b in ("cond", "uncond")]
        assert any(not torch.equal(a, b) for a, b in zip(*masks, strict=True))
        assert len(predictor.calls) == 2 * 3
    with enable(model, counting("freeze")[0]):
        alone = loop(model, branches=("cond",))
    assert all(torch.equal(alone[key], both[key]) for key in alone)


def test_branches_do_not_share_centroids():
    model = make()
    settings = AttentionSettings(
        predictor="svg2", block_q=8, block_k=8, query_clusters=6, key_clusters=12, first_iterations=2, tau=0.5
    )
    with enable(model, settings):
        both = loop(model)
    wanted = loop_of_second_branch(model, settings)
    assert all(torch.equal(wanted[step], both[step, "uncond"]) for step in range(4))


def loop_of_second_branch(model, settings):
    """The unconditional branch's own inputs, with no other branch beside it."""
    x, outputs = inputs(), []
    with enable(model, settings):
        for step in range(4):
            with model.cache_context("uncond"):
                outputs.append(
                    model(
                        hidden_states=x["hidden_states"] * (1 - 0.1 * step),
                        encoder_hidden_states=x["encoder_hidden_states"] * 2,
                        timestep=torch.tensor([900.0 - 200.0 * step]),
                    ).sample
                )
    return outputs


@pytest.mark.parametrize("before", [False, True])
def test_drift_is_measured_after_rotary_embedding_or_before(before):
    model, seen = make(), []
    attn = model.blocks[0].attn1
    attn.register_forward_pre_hook(lambda module, args: seen.append((args[0], args[3])))
    with enable(model, xattention(reuse=Reuse.TMR, pre_rope=before)) as handle:
        loop(model, steps=1, branches=("cond",), end=False)
        anchors = handle.runtimes["transformer"].branches["cond"].layers[0].anchors
    hidden, rotary = seen[0]
    q, k, _ = project(attn, hidden)
    rotated = [rotate(x, *rotary) for x in (q, k)]
    wanted, other = [(q, k), rotated] if before else [rotated, (q, k)]
    for x, y, anchor in zip(wanted, other, (anchors.q, anchors.k), strict=True):
        assert torch.equal(anchor, x.mean(1)) and not torch.allclose(anchor, y.mean(1), atol=1e-3)


def test_share_cfg_mask_predicts_on_the_first_branch_only():
    model = make()
    policy, predictor = counting(share_cfg_mask=True)
    with enable(model, policy) as handle:
        loop(model, end=False)
        states = handle.runtimes["transformer"].branches
        assert len(states["cond"].layers) == 3 and not states["uncond"].layers
    assert len(predictor.calls) == 4 * 3


def test_without_context_calls_with_equal_timesteps_are_the_branches():
    model = make()
    policies = [counting("freeze")[0] for _ in range(2)]
    with enable(model, policies[0]):
        told = loop(model)
    with enable(model, policies[1]) as handle:
        untold = loop(model, context=False, end=False)
        assert set(handle.runtimes["transformer"].branches) == {"cond", "uncond"}
    assert same(told, untold)


def test_stacked_guidance_batch_equals_single_calls():
    model = make()
    x = inputs()
    stacked = {k: torch.cat([v, v * 1.5]) for k, v in x.items()}
    policy = build_policy(xattention())
    with enable(model, policy):
        one = model(timestep=torch.tensor([500.0]), **{k: v[:1] for k, v in stacked.items()}).sample
    with enable(model, build_policy(xattention())):
        two = model(timestep=torch.tensor([500.0, 500.0]), **stacked).sample
    assert (one - two[:1]).abs().max() < 1e-5


def test_delta_minus_one_never_reuses_and_infinity_reuses_for_ever():
    model = make()
    results = {}
    for reuse, delta in (("never", None), ("tmr", -1.0), ("freeze", None), ("tmr", float("inf"))):
        policy, predictor = counting(reuse, **({} if delta is None else {"delta": delta}))
        with enable(model, policy) as handle:
            results[reuse, delta] = loop(model, end=False), len(predictor.calls), handle.report()
    assert same(results["never", None][0], results["tmr", -1.0][0])
    assert same(results["freeze", None][0], results["tmr", float("inf")][0])
    assert results["tmr", -1.0][1] == 4 * 2 * 3 and results["tmr", -1.0][2]["reuse_ratio"] == 0
    assert results["tmr", float("inf")][1] == 2 * 3 and results["freeze", None][2]["reuse_ratio"] == 0.75


def test_state_is_cleared_at_the_end_of_a_generation():
    # SVG2's published cache is never reset between videos
    model = make()
    policy, predictor = counting("freeze")
    with enable(model, policy) as handle:
        first = loop(model)
        assert not handle.runtimes["transformer"].branches
        assert same(loop(model, seed=1), _fresh(model, seed=1))
        assert same(first, _fresh(model, seed=0))
    assert len(predictor.calls) == 2 * 2 * 3


def _fresh(model, seed):
    clean = make()
    with enable(clean, counting("freeze")[0]):
        return loop(clean, seed=seed)


def test_a_rising_timestep_begins_anew_without_reset():
    model = make()
    policy, predictor = counting("freeze", dense_steps=1)
    with enable(model, policy) as handle:
        loop(model, end=False)
        again = loop(model, end=False, seed=1)
        assert [r.step for r in handle.rows()] == [0, 0, 1, 1, 2, 2, 3, 3] * 2
    assert len(predictor.calls) == 2 * 2 * 3
    assert same(
        {k: v for k, v in again.items() if k[0] == 0},
        {k: v for k, v in loop(model, seed=1).items() if k[0] == 0},
    )


def test_another_shape_invalidates_masks():
    model = make()
    policy, predictor = counting("freeze")
    with enable(model, policy):
        loop(model, steps=1, end=False)
        loop(model, steps=2, end=False, frames=3, start=700.0)
    assert len(predictor.calls) == 2 * 2 * 3


def test_warm_up_counts_once_over_two_transformers():
    class Pipe:
        transformer = make()
        transformer_2 = make()

    policy, _ = counting(dense_steps=2)
    x = inputs()
    with enable(Pipe, policy) as handle:
        for step, model in enumerate(
            [Pipe.transformer, Pipe.transformer, Pipe.transformer_2, Pipe.transformer_2]
        ):
            with model.cache_context("cond"):
                model(timestep=torch.tensor([900.0 - 200 * step]), **x)
        rows = handle.rows()
    assert [(r.transformer, r.step, r.heads > 0) for r in rows] == [
        ("transformer", 0, False),
        ("transformer", 1, False),
        ("transformer_2", 2, True),
        ("transformer_2", 3, True),
    ]
