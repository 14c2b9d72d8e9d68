"""Executors and dense kernels in 8 bits: only if asked for, near to exact, on plans of every predictor."""

import pytest
import torch
import torch.nn.functional as F

from vidkit.attention import predict_mask, sparse_attention
from vidkit.attention.executors import AUTO_ORDER, EXECUTORS, ExecutorChooser
from vidkit.attention.plan import BlockPlan
from vidkit.hooks.dense.kernels import KERNELS
from vidkit.hooks.dense.processor import attend_dense


def made(tokens=96, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(1, 2, tokens, 32, generator=generator) for _ in range(3))


@pytest.mark.parametrize("name", ["int8", "fp8"])
def test_a_plan_in_8_bits_is_near_to_the_exact_one(name):
    q, k, v = made()
    plan = predict_mask("xattention", q, k, tau=0.6, stride=4, block_q=16, block_k=16)
    exact, near = (sparse_attention(q, k, v, plan, executor=one) for one in ("reference", name))
    assert 0 < (near - exact).norm() / exact.norm() < 0.1
    plan = predict_mask("svg2", q, k, tau=0.6, query_clusters=4, key_clusters=6, block_q=16, block_k=16)
    exact, near = (sparse_attention(q, k, v, plan, executor=one) for one in ("reference", name))
    assert 0 < (near - exact).norm() / exact.norm() < 0.1


@pytest.mark.parametrize("name", ["int8", "fp8"])
def test_where_8_bits_overflow_the_exact_outcome_is_taken_and_that_is_said_once(name, monkeypatch, caplog):
    monkeypatch.setattr("vidkit.hooks.dense.finite._said", set())

    def overflows(q, *rest, **more):
        return torch.full_like(q, float("nan"))

    monkeypatch.setattr("vidkit.attention.executors.eight_bit.attention_8bit", overflows)
    monkeypatch.setattr("vidkit.hooks.dense.kernels.attention_8bit", overflows)
    q, k, v = made()
    plan = predict_mask("xattention", q, k, tau=0.6, stride=4, block_q=16, block_k=16)
    exact = sparse_attention(q, k, v, plan, executor="reference")
    for _ in range(2):
        assert torch.allclose(sparse_attention(q, k, v, plan, executor=name), exact, atol=1e-5)
    dense = F.scaled_dot_product_attention(q, k, v)
    found = attend_dense(*(x.transpose(1, 2) for x in (q, k, v)), name)
    assert torch.allclose(found.transpose(1, 2), dense, atol=1e-5)
    said = [record.getMessage() for record in caplog.records if "NaN" in record.getMessage()]
    assert said == [f"attention by {name} gave NaN or infinity: such calls are computed exactly"]


@pytest.mark.parametrize("name", ["int8", "fp8"])
def test_8_bits_are_taken_only_if_asked_for(name):
    assert name in EXECUTORS and name not in AUTO_ORDER and not KERNELS[name].is_exact
    q, _, _ = made(5000)
    plan = BlockPlan.full(1, 2, 5000, 5000, 64, 64)
    assert EXECUTORS[name]().unsupported(q, plan) == "on a CPU, 5000 tokens are too many"
    chooser = ExecutorChooser(name)
    assert chooser.choose(q, plan).name != name and name in chooser.reasons


@pytest.mark.parametrize("name", ["int8", "fp8"])
def test_dense_kernels_in_8_bits_are_near_to_exact_attention(name):
    q, k, v = (x.transpose(1, 2) for x in made())
    wanted = F.scaled_dot_product_attention(*(x.transpose(1, 2) for x in (q, k, v))).transpose(1, 2)
    found = KERNELS[name].attend(q, k, v)
    assert found.shape == q.shape and 0 < (found - wanted).norm() / wanted.norm() < 0.1
