"""What only a GPU can show: every executor against the oracle, memory, and masks without host reads."""

import pytest
import torch

from vidkit.attention import BlockPlan, predict_mask, sparse_attention
from vidkit.bench.attention import SHAPES, verify

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.mark.compiles
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_every_kernel_and_executor_on_this_gpu(dtype):
    failed = [check for check in verify(torch.device("cuda"), dtype) if not check.passed]
    assert failed == []


@pytest.mark.parametrize("name", ["xattention", "svg2"])
def test_peak_memory_stays_far_below_a_score_matrix(name):
    shape = SHAPES["wan-1.3b-480p"]
    q, k, v = shape.qkv(torch.device("cuda"), torch.bfloat16)
    options = {"stride": 16} if name == "xattention" else {"first_iterations": 2}
    plan = predict_mask(name, q, k, 0.5, **options)
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    plan = predict_mask(name, q, k, 0.5, **options)
    sparse_attention(q, k, v, plan)
    torch.cuda.synchronize()
    extra = torch.cuda.max_memory_allocated() - before
    N, H = shape.grid.tokens, shape.heads
    # [H, N, N] in bf16 is 24 GiB, [H, N/S, N/S] in fp32 192 MiB, a sorted copy of q, k, v or out 96 MiB
    sorted_copies = 4 * q.nbytes if name == "svg2" else q.nbytes
    assert extra < sorted_copies + 4 * H * (N / 16) * (N / 16)
    assert extra < H * N * N / 8


def test_prediction_and_attention_never_wait_for_the_gpu():
    from vidkit.attention import AttentionPolicy
    from vidkit.attention.predictors import make_predictor
    from vidkit.attention.reuse import make_reuse
    from vidkit.attention.runtime import SparseRuntime
    from vidkit.hooks.clock import Tick

    shape = SHAPES["odd"]
    q, k, v = shape.qkv(torch.device("cuda"), torch.bfloat16)
    predictor = make_predictor("xattention", block_q=64, block_k=64, stride=16)
    runtime = SparseRuntime(AttentionPolicy(predictor, make_reuse("tmr", delta=1.0), tau=0.7), 1, shape.heads)
    runtime.begin(Tick("cond", 0, 1), shape.grid)
    runtime.attend(q, k, v, 0)  # compiles
    runtime.begin(Tick("cond", 1, 1), shape.grid)
    torch.cuda.set_sync_debug_mode("error")
    try:
        runtime.attend(q * 1.1, k, v, 0)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_full_plan_equals_dense_on_the_gpu():
    q, k, v = SHAPES["odd"].qkv(torch.device("cuda"), torch.bfloat16)
    plan = BlockPlan.full(1, q.shape[1], q.shape[2], q.shape[2], 64, 64, "cuda")
    dense = torch.nn.functional.scaled_dot_product_attention(q.float(), k.float(), v.float())
    assert (sparse_attention(q, k, v, plan).float() - dense).abs().max() < 2e-2
