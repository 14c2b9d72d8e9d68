"""Executors in plain torch, on any device: the fp32 oracle, and attention under a token mask."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from vidkit_kernels.block_sparse import block_sparse_attention
from vidkit_kernels.block_sparse.summaries import block_means, skipped_weight

from vidkit.attention.plan import BlockPlan


class ReferenceExecutor:
    """fp32 gather, any device: what the others are compared with."""

    name = "reference"
    compensates = True

    def unsupported(self, q: Tensor, plan: BlockPlan) -> str | None:
        """Takes everything."""
        return None

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
            backend="reference",
        )
        assert isinstance(out, Tensor)
        return out


class MaskedExecutor:
    """Dense SDPA under a bool token mask `[B, H, N, Nk]`: blocks of any size, short sequences, N^2 memory.

    No faster than dense attention, but it never waits for the lists: for GPUs and blocks without a kernel,
    and for small blocks on a CPU, where one call per query block costs more than it saves.
    """

    name = "masked"
    compensates = True
    max_tokens = 4096

    def unsupported(self, q: Tensor, plan: BlockPlan) -> str | None:
        """Short sequences only."""
        N = max(plan.q_len, plan.k_len)
        return (
            None if self.max_tokens >= N else f"{N} tokens would need an N x N mask (limit {self.max_tokens})"
        )

    def attend(self, q: Tensor, k: Tensor, v: Tensor, plan: BlockPlan) -> Tensor:
        """See `Executor.attend`."""
        mask = plan.mask().repeat_interleave(plan.block_q, 2)[:, :, : plan.q_len]
        mask = mask.repeat_interleave(plan.block_k, 3)[..., : plan.k_len]
        if plan.compensate:
            mean_k, mean_v, lengths = block_means(k, v, plan.block_k)
            weight = skipped_weight(plan.counts, plan.indices, lengths).to(q.dtype)
            weight = weight.repeat_interleave(plan.block_q, 2)[:, :, : plan.q_len]
            listed = torch.zeros_like(mask, dtype=q.dtype).masked_fill_(~mask, float("-inf"))
            k, v = torch.cat([k, mean_k], 2), torch.cat([v, mean_v], 2)
            mask = torch.cat([listed, weight], -1)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
