"""Executors for GPUs: our Triton kernel, compiled FlexAttention, FlashAttention-4."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from vidkit_kernels.block_sparse import block_sparse_attention

from vidkit.attention.plan import BlockPlan

HALF = (torch.float16, torch.bfloat16)


class TritonExecutor:
    """`vidkit_kernels.block_sparse`: per-head lists, ragged last block, fp16, bf16 or fp32."""

    name = "triton"

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
            q, k, v, plan.counts, plan.indices, block_q=plan.block_q, block_k=plan.block_k, backend="triton"
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


def fa4_installed() -> bool:
    """True when FlashAttention-4 can be imported."""
    return fa4_problem() is None


@cache
def fa4_problem() -> str | None:
    """Why FlashAttention-4 cannot be imported, or None; a package that is there but broken is passed over."""
    try:
        importlib.import_module("flash_attn.cute.interface")
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "flash_attn":
            return "flash-attn-4 is not installed (pip install --pre 'vidkit[fa4]')"
        return f"flash-attn-4 is installed without what it needs ({error})"
    except Exception as error:  # its compiler stack fails in many ways when versions do not match
        return f"flash-attn-4 cannot be imported ({type(error).__name__}: {error!s:.120})"
    return None


def fa4_forward(q: Tensor, k: Tensor, v: Tensor, blocks: Any = None) -> Tensor:
    """FlashAttention-4 forward on `[B, H, N, D]`, dense without `blocks`."""
    interface = importlib.import_module("flash_attn.cute.interface")
    tokens_first = (x.transpose(1, 2) for x in (q, k, v))
    extra = {} if blocks is None else {"block_sparse_tensors": blocks}
    out: Tensor = interface._flash_attn_fwd(*tokens_first, **extra)[0]
    return out.transpose(1, 2)
