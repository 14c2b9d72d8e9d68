"""Skipped blocks by their means: executors agree, nothing changes at tau = 1, the error falls."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from vidkit.attention import AttentionSettings, build_policy, predict_mask
from vidkit.attention.executors import EXECUTORS, ExecutorChooser, run_plan
from vidkit.attention.plan import BlockPlan
from vidkit.bench.attention.structured import structured
from vidkit.hooks.token_grid import TokenGrid

GRID = TokenGrid(5, 8, 10)


def qkv(dtype: torch.dtype = torch.float32):
    return structured(GRID, 2, 16, torch.device("cpu"), dtype)


def plan_of(q, k, tau: float, compensate: bool = True, block: int = 16) -> BlockPlan:
    made = predict_mask("pooled_mean", q, k, tau=tau, block_q=block, block_k=block)
    return replace(made, compensate=compensate)


@pytest.mark.parametrize("name", ["gather", "masked"])
@pytest.mark.parametrize("block", [16, 48])
def test_executors_agree_with_the_reference(name: str, block: int) -> None:
    q, k, v = qkv()
    plan = plan_of(q, k, 0.6, block=block)
    assert 0 < plan.density < 0.9
    wanted = run_plan(EXECUTORS["reference"](), q, k, v, plan)
    torch.testing.assert_close(run_plan(EXECUTORS[name](), q, k, v, plan), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["gather", "masked", "reference"])
def test_where_no_block_is_skipped_it_is_dense_attention(name: str) -> None:
    q, k, v = qkv()
    plan = plan_of(q, k, 1.0)
    found = run_plan(EXECUTORS[name](), q, k, v, plan)
    torch.testing.assert_close(found, F.scaled_dot_product_attention(q, k, v), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("tau", [0.3, 0.6, 0.8])
def test_the_error_falls_at_the_same_masks(tau: float) -> None:
    q, k, v = qkv()
    plan = plan_of(q, k, tau)
    dense = F.scaled_dot_product_attention(q, k, v)
    with_, without = (
        float((run_plan(EXECUTORS["reference"](), q, k, v, replace(plan, compensate=on)) - dense).norm())
        for on in (True, False)
    )
    assert with_ < 0.9 * without


def test_sorted_tokens_are_compensated_by_the_means_of_sorted_blocks() -> None:
    q, k, v = qkv()
    settings = {"block_q": 16, "block_k": 16, "query_clusters": 6, "key_clusters": 20, "first_iterations": 4}
    plan = replace(predict_mask("svg2", q, k, tau=0.5, **settings), compensate=True)
    assert plan.k_order is not None and plan.density < 0.9
    wanted = run_plan(EXECUTORS["reference"](), q, k, v, plan)
    torch.testing.assert_close(run_plan(EXECUTORS["gather"](), q, k, v, plan), wanted, rtol=1e-4, atol=1e-5)


def test_an_executor_that_cannot_is_replaced_with_its_reason() -> None:
    q, k, _ = qkv()
    chooser = ExecutorChooser("int8")
    assert chooser.choose(q, plan_of(q, k, 0.5)).name in ("gather", "masked")
    assert chooser.reasons["int8"] == "it does not compensate skipped blocks"


def test_what_an_executor_cannot_anyway_stays_its_reason() -> None:
    q, k, _ = qkv()
    chooser = ExecutorChooser("fa4")
    reason = EXECUTORS["fa4"]().unsupported(q, plan_of(q, k, 0.5))
    assert reason is not None
    chooser.choose(q, plan_of(q, k, 0.5))
    assert chooser.reasons["fa4"] == reason


def test_the_setting_reaches_policy_and_record() -> None:
    policy = build_policy(AttentionSettings("xattention", compensate=True))
    assert policy.compensate and policy.describe()["compensate"] is True
    assert not build_policy(AttentionSettings("xattention")).compensate
