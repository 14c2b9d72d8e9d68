"""Executors in 8 bits: Q and K in INT8 or FP8, P and V in FP8. Not exact, so only if asked for."""

from __future__ import annotations

import importlib.util

import torch
from torch import Tensor
from vidkit_kernels.attention_8bit import Kind, attention_8bit
from vidkit_kernels.block_sparse import block_sparse_attention

from vidkit.attention.plan import BlockPlan
from vidkit.hooks.dense.finite import finite_or

MOST_TOKENS = 4096  # of the plain reference on a CPU, which holds all pairs


class _EightBit:
    """`vidkit_kernels.attention_8bit` over block lists; on a CPU its plain reference, for short sequences."""

    name: str
    kind: Kind
    capability: tuple[int, int]
    cards: str

    def unsupported(self, q: Tensor, plan: BlockPlan) -> str | None:
        """Cards with FP8 products; block sizes and head sizes that the kernel knows."""
        if not q.is_cuda:
            return None if plan.k_len <= MOST_TOKENS else f"on a CPU, {plan.k_len} tokens are too many"
        if importlib.util.find_spec("triton") is None:
            return "triton is not installed"
        if torch.cuda.get_device_capability(q.device) < self.capability:
            return f"it needs {self.cards}"
        from vidkit_kernels.attention_8bit.triton import unsupported_reason

        return unsupported_reason(q.shape[-1], q.dtype, plan.block_q, plan.block_k)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, plan: BlockPlan) -> Tensor:
        """See `Executor.attend`; exact where 8 bits overflow."""
        counts, indices, block_q, block_k = plan.counts, plan.indices, plan.block_q, plan.block_k
        out = attention_8bit(q, k, v, counts, indices, block_q=block_q, block_k=block_k, qk=self.kind)

        def exact() -> Tensor:
            found = block_sparse_attention(q, k, v, counts, indices, block_q=block_q, block_k=block_k)
            assert isinstance(found, Tensor)
            return found

        return finite_or(out, exact, self.name)


class Int8Executor(_EightBit):
    """Q and K in INT8, P and V in FP8."""

    name = "int8"
    kind: Kind = "int8"
    capability = (8, 9)
    cards = "an Ada or Hopper GPU, or later"


class FP8Executor(_EightBit):
    """Q, K, P and V in FP8."""

    name = "fp8"
    kind: Kind = "fp8"
    capability = (8, 9)
    cards = "an Ada or Hopper GPU, or later"
