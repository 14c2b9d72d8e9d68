"""The executor for CPUs: equal to the reference, one parallel region, and dense where that is quicker."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from vidkit_kernels._testing import make_block_mask, make_qkv, poisoned_empty, relative_error

from vidkit.attention import sparse_attention
from vidkit.attention.executors import ExecutorChooser
from vidkit.attention.executors.cpu import GATHERED_ELEMENTS, GatherExecutor, batches
from vidkit.attention.executors.dense import break_even, dense_is_quicker
from vidkit.attention.executors.workers import run_tasks
from vidkit.attention.plan import BlockPlan, blocks


@contextmanager
def threads(number):
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def plan_of(B=1, H=3, N=300, density=0.4, block_q=48, block_k=48, seed=0, k_len=None):
    k_len = k_len or N
    mask = make_block_mask(B, H, blocks(N, block_q), blocks(k_len, block_k), density, "cpu", seed)
    return BlockPlan.from_mask(mask, N, k_len, block_q, block_k)


CASES = {
    "even": {"N": 288},
    "ragged": {"N": 301},
    "one-token-over": {"N": 289},
    "wide-keys": {"N": 301, "block_k": 64},
    "small-blocks": {"N": 301, "block_q": 16, "block_k": 16},
    "batch": {"B": 2, "N": 301},
    "sparse": {"N": 700, "density": 0.05},
    "dense": {"N": 301, "density": 0.95},
    "one-block": {"N": 40},
}


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_gather_equals_the_reference(case, number):
    p = plan_of(**case)
    q, k, v = make_qkv(*p.counts.shape[:2], p.q_len, 40)
    with threads(number), poisoned_empty():
        found = sparse_attention(q, k, v, p, "gather")
    exact = sparse_attention(q.double(), k.double(), v.double(), p, "reference")
    assert relative_error(found, exact) < 2e-5


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float64, 1e-12), (torch.bfloat16, 1.5e-2)])
def test_gather_takes_other_dtypes_after_fp32_in_the_same_threads(dtype, limit):
    p = plan_of(N=301)
    q, k, v = make_qkv(1, 3, 301, 32)
    sparse_attention(q, k, v, p, "gather")
    found = sparse_attention(q.to(dtype), k.to(dtype), v.to(dtype), p, "gather")
    assert found.dtype == dtype
    exact = sparse_attention(*(x.to(dtype).double() for x in (q, k, v)), p, "reference")
    assert relative_error(found, exact) < limit


def test_full_lists_are_torchs_attention_itself_and_full_heads_are_dense():
    q, k, v = make_qkv(1, 3, 301, 32)
    full = BlockPlan.full(1, 3, 301, 301, 48, 48)
    assert torch.equal(sparse_attention(q, k, v, full, "gather"), F.scaled_dot_product_attention(q, k, v))
    heads = torch.tensor([[True, False, True]])
    mixed = plan_of(N=301).with_full_heads(heads)
    out = sparse_attention(q, k, v, mixed, "gather")
    dense = F.scaled_dot_product_attention(q, k, v)
    assert relative_error(out[heads], dense[heads]) < 1e-6
    assert relative_error(out, sparse_attention(q, k, v, mixed, "reference")) < 2e-5


def test_permuted_plans_keys_of_another_length_and_strides_are_taken():
    N = 301
    q, k, v = (x.transpose(1, 2).contiguous().transpose(1, 2) for x in make_qkv(1, 3, N, 32))
    order = torch.stack([torch.randperm(N) for _ in range(3)])[None]
    p = replace(plan_of(N=N), q_order=order, k_order=order.flip(-1))
    with threads(2):
        found = sparse_attention(q, k, v, p, "gather")
    assert relative_error(found, sparse_attention(q, k, v, p, "reference")) < 2e-5
    cross = plan_of(N=N, k_len=130)
    found = sparse_attention(q, k[:, :, :130], v[:, :, :130], cross, "gather")
    expected = sparse_attention(q, k[:, :, :130], v[:, :, :130], cross, "reference")
    assert relative_error(found, expected) < 2e-5


def test_a_query_block_without_keys_gives_zeros_as_in_the_reference():
    p = plan_of(N=288)
    p.counts[0, 1, 2] = 0
    q, k, v = make_qkv(1, 3, 288, 32)
    with poisoned_empty():
        found = sparse_attention(q, k, v, p, "gather")
    assert (found[0, 1, 96:144] == 0).all()
    assert relative_error(found, sparse_attention(q, k, v, p, "reference")) < 2e-5


def test_gradients_are_those_of_the_reference():
    p = plan_of(N=130).with_full_heads(torch.tensor([[False, True, False]]))
    found = []
    for name in ("gather", "reference"):
        q, k, v = (x.double().requires_grad_() for x in make_qkv(1, 3, 130, 16))
        sparse_attention(q, k, v, p, name).square().sum().backward()
        found.append([x.grad for x in (q, k, v)])
    for ours, theirs in zip(*found, strict=True):
        assert relative_error(ours, theirs) < 1e-9


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
def test_it_runs_in_every_mode_and_leaves_torchs_threads_alone(mode):
    p = plan_of(N=301)
    q, k, v = make_qkv(1, 3, 301, 32)
    with threads(2), mode():
        sparse_attention(q, k, v, p, "gather")
        seen = [torch.get_num_threads()]
        other = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
        other.start()
        other.join()
    assert seen == [2, 2]


def test_tasks_run_side_by_side_with_one_torch_thread_each_and_errors_come_out():
    seen = set()

    def task():
        seen.add((threading.get_ident(), torch.get_num_threads(), torch.is_inference_mode_enabled()))
        time.sleep(0.002)

    with threads(3):
        run_tasks([task] * 30)
        assert len(seen) == 3 and {x[1:] for x in seen} == {(1, True)}
        with pytest.raises(ZeroDivisionError):
            run_tasks([task, lambda: 1 // 0, task])
        run_tasks([task])
    with threads(1):
        run_tasks([lambda: seen.add(threading.get_ident())])
    assert threading.get_ident() in seen


def test_batches_cover_every_list_once_and_stay_small():
    p = plan_of(H=4, N=2304)
    found = list(batches(p, p.full_heads, 64))
    queries = torch.cat([batch.queries for batch in found])
    assert queries.sort().values.equal(torch.arange(4 * 48))
    assert all(len(b.keys) == b.count * len(b.queries) for b in found)
    assert all(len(b.keys) * 48 * 64 <= GATHERED_ELEMENTS for b in found)
    sizes = [b.count for b in found]
    assert sizes == sorted(sizes, reverse=True)


def test_it_pays_at_the_embedded_models_shape():
    # processor time of one thread; other work only ever adds to it, so the best of some rounds counts
    q, k, v = (x.transpose(1, 2).contiguous().transpose(1, 2) for x in make_qkv(1, 4, 2304, 64))
    gather, plans = GatherExecutor(), {d: plan_of(H=4, N=2304, density=d) for d in (0.26, 0.6)}
    calls = {d: lambda p=p: gather.attend(q, k, v, p) for d, p in plans.items()}
    calls[1.0] = lambda: F.scaled_dot_product_attention(q, k, v)
    best = dict.fromkeys(calls, float("inf"))
    # the copies and products of torch 2.6 gain 1.9 to 2.0 and .94 to .97
    least = (1.5, 1.0) if torch.__version__ >= "2.13" else (1.5, 0.9)
    with threads(1):
        for _ in range(60):
            for density, call in calls.items():
                start = time.thread_time()
                call()
                best[density] = min(best[density], time.thread_time() - start)
            gains = best[1.0] / best[0.26], best[1.0] / best[0.6]
            if gains[0] >= least[0] and gains[1] >= least[1]:
                return
    pytest.fail(f"times as fast as dense: {gains[0]:.2f} at density .26, {gains[1]:.2f} at .6")


def test_break_even_rises_with_the_block_and_lies_above_the_densities_that_must_pay():
    found = [break_even(block, 64) for block in (16, 32, 48, 64, 128, 256)]
    assert found == sorted(found) and found[-1] < 1
    assert min(break_even(48, 64), break_even(48, 128)) > 0.6


def test_heads_that_cost_more_than_dense_are_dense_unless_the_call_is_too_short_to_matter():
    p = plan_of(H=4, N=2304, density=0.3)
    p = p.with_full_heads(torch.tensor([[False, True, False, False]]))
    assert dense_is_quicker(p, 64).tolist() == [[False, True, False, False]]
    assert dense_is_quicker(plan_of(H=4, N=2304, density=0.9), 64).all()
    assert not dense_is_quicker(plan_of(H=2, N=200, density=0.9), 32).any()


def test_auto_takes_dense_only_where_it_may_and_the_plan_says_so():
    mixed = torch.cat([plan_of(H=2, N=2304, density=d).mask() for d in (0.3, 0.85)], 1)
    p = BlockPlan.from_mask(mixed, 2304, 2304, 48, 48)
    q, k, v = make_qkv(1, 4, 2304, 64)
    for obeys in (ExecutorChooser(), ExecutorChooser("gather", may_be_dense=True)):
        assert obeys.settle(q, p) is p
    chooser = ExecutorChooser(may_be_dense=True)
    relaxed = chooser.settle(q, p)
    assert relaxed.full_heads.tolist() == [[False, False, True, True]]
    assert relaxed.selected_density.equal(p.head_density)
    assert relaxed.head_density[0, 2:].tolist() == [1.0, 1.0]
    assert chooser.dense_share.describe() == {
        "dense_heads_ratio": 0.5,
        "dense_above_density": break_even(48, 64),
    }
    assert (
        relative_error(chooser.attend(q, k, v, relaxed), sparse_attention(q, k, v, relaxed, "reference"))
        < 2e-5
    )
    sparse = plan_of(H=4, N=2304, density=0.3)
    assert chooser.settle(q, sparse) is sparse and chooser.dense_share.describe()["dense_heads_ratio"] == 0.25
