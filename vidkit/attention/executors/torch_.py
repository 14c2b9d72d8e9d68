"""Executors in plain torch: the fp32 oracle, and the quick path for CPUs."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from vidkit_kernels.block_sparse import block_sparse_attention

from vidkit.attention.plan import BlockPlan


class ReferenceExecutor:
    """fp32 gather, any device: what the others are compared with."""

    name = "reference"

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
            backend="reference",
        )
        assert isinstance(out, Tensor)
        return out


class GatherExecutor:
    """SDPA over the gathered keys of one query block at a time; heads with full lists go through dense SDPA.

    The lists are read on the host, which a GPU would have to wait for: meant for CPUs.
    """

    name = "gather"

    def unsupported(self, q: Tensor, plan: BlockPlan) -> str | None:
        """CPU tensors only."""
        return None if q.device.type == "cpu" else "it would stall the GPU to read the lists"

    def attend(self, q: Tensor, k: Tensor, v: Tensor, plan: BlockPlan) -> Tensor:
        """See `Executor.attend`."""
        B, H, N, D = q.shape
        nK = plan.indices.shape[-1]
        full = plan.counts.eq(nK).all(-1)
        if bool(full.all()):
            return F.scaled_dot_product_attention(q, k, v)
        out = torch.empty(B, N, H, D, dtype=q.dtype).transpose(1, 2)
        offsets = torch.arange(plan.block_k)
        counts = plan.counts.tolist()
        for b, h in torch.cartesian_prod(torch.arange(B), torch.arange(H)).tolist():
            one = (slice(b, b + 1), slice(h, h + 1))
            if bool(full[b, h]):
                out[one] = F.scaled_dot_product_attention(q[one], k[one], v[one])
                continue
            # tokens of a head side by side: gathering is then a copy of whole rows
            keys, values = k[b, h].contiguous(), v[b, h].contiguous()
            for i, count in enumerate(counts[b][h]):
                rows = slice(i * plan.block_q, min((i + 1) * plan.block_q, N))
                token = (plan.indices[b, h, i, :count, None] * plan.block_k + offsets).flatten()
                token = token[token < plan.k_len]
                # four dimensions, or torch takes the path that stores the scores
                out[b, h, rows] = F.scaled_dot_product_attention(
                    q[one][:, :, rows], keys[None, None, token], values[None, None, token]
                )[0, 0]
        return out


class MaskedExecutor:
    """Dense SDPA under a bool token mask `[B, H, N, Nk]`: blocks of any size, short sequences, N^2 memory.

    No faster than dense attention, but it never waits for the lists: for GPUs and blocks without a kernel,
    and for small blocks on a CPU, where one call a query block costs more than it saves.
    """

    name = "masked"
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
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
