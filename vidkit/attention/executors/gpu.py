"""Executors for GPUs: our Triton kernel, compiled FlexAttention, FlashAttention-4."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from vidkit_kernels.block_sparse import block_sparse_attention

from vidkit.attention.plan import BlockPlan
from vidkit.hooks.dense.fa4 import fa4_forward, fa4_problem

HALF = (torch.float16, torch.bfloat16)


class TritonExecutor:
    """`vidkit_kernels.block_sparse`: per-head lists, ragged last block, fp16, bf16 or fp32."""

    name = "triton"
    compensates = True

    def unsupported(self, q: Tensor, plan: BlockPlan) -> str | None:
        """CUDA tensors, block sizes and head sizes the kernel knows."""
        if not q.is_cuda:
            return f"it needs a GPU, tensors are on {q.device}"
        if importlib.util.find_spec("triton") is None:
            return "triton is not installed"
        from vidkit_kernels.block_sparse.triton import unsupported_reason

        return unsupported_reason(q.shape[-1], q.dtype, plan.block_q, plan.block_k)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, plan: BlockPlan) -> Tensor:
        """See `Executor.attend`."""
        out = block_sparse_attention(
            q,
            k,
            v,
            plan.counts,
            plan.indices,
            block_q=plan.block_q,
            block_k=plan.block_k,
            compensate=plan.compensate,
            backend="triton",
        )
        assert isinstance(out, Tensor)
        return out


@cache
def _compiled_flex() -> Callable[..., Any]:
    from torch.nn.attention.flex_attention import flex_attention

    return torch.compile(flex_attention, dynamic=False)


class FlexExecutor:
    """FlexAttention compiled once a shape; the lists go in as tensors, so new plans do not recompile."""

    name = "flex"

    def unsupported(self, q: Tensor, plan: BlockPlan) -> str | None:
        """CUDA tensors, power-of-two heads, blocks of 128."""
        D = q.shape[-1]
        if not q.is_cuda:
            return f"it needs a GPU, tensors are on {q.device}"
        if D & (D - 1) or not 16 <= D <= 256:
            return f"head_dim {D} is not a power of two in 16..256"
        if plan.block_q % 128 or plan.block_k % 64:
            return f"block {plan.block_q}x{plan.block_k} is not a multiple of 128x64"
        return None

    def attend(self, q: Tensor, k: Tensor, v: Tensor, plan: BlockPlan) -> Tensor:
        """See `Executor.attend`."""
        out: Tensor = _compiled_flex()(q, k, v, block_mask=plan.flex_block_mask)
        return out


class FA4Executor:
    """FlashAttention-4 block-sparse (package `flash-attn-4`, extra `fa4`): the fastest on Hopper."""

    name = "fa4"

    def unsupported(self, q: Tensor, plan: BlockPlan) -> str | None:
        """Hopper or later, half precision, blocks the package has kernels for."""
        if not q.is_cuda:
            return f"it needs a GPU, tensors are on {q.device}"
        if torch.cuda.get_device_capability(q.device)[0] < 9:
            return "it needs a Hopper GPU or later"
        if (problem := fa4_problem()) is not None:
            return problem
        if q.dtype not in HALF:
            return f"dtype {q.dtype} is not fp16 or bf16"
        if q.shape[-1] not in (64, 128):
            return f"head_dim {q.shape[-1]} is not 64 or 128"
        if (plan.block_q, plan.block_k) != (128, 128):
            return f"block {plan.block_q}x{plan.block_k} is not 128x128"
        return None

    def attend(self, q: Tensor, k: Tensor, v: Tensor, plan: BlockPlan) -> Tensor:
        """See `Executor.attend`."""
        return fa4_forward(q, k, v, plan.fa4_tensors)
