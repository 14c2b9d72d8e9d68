"""Plain-torch reference of block-sparse attention: gathers one query block's keys at a time, in fp32."""

from __future__ import annotations

import torch
from torch import Tensor

from .summaries import block_means, skipped_weight


def block_sparse_attention_reference(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    counts: Tensor,
    indices: Tensor,
    block_q: int,
    block_k: int,
    scale: float,
    compensate: bool = False,
) -> tuple[Tensor, Tensor]:
    """See `vidkit_kernels.block_sparse.block_sparse_attention`; fp64 inputs are computed in fp64."""
    B, H, N, D = q.shape
    Nk = k.shape[2]
    kind = torch.float64 if q.dtype == torch.float64 else torch.float32
    out = torch.zeros(B, N, H, D, dtype=q.dtype, device=q.device).transpose(1, 2)
    lse = torch.full((B, H, N), float("-inf"), dtype=kind, device=q.device)
    offsets = torch.arange(block_k, device=q.device)
    counts_host = counts.tolist()
    if compensate:
        mean_k, mean_v, lengths = block_means(k.to(kind), v.to(kind), block_k)
        weight = skipped_weight(counts, indices, lengths)
    for b in range(B):
        for h in range(H):
            keys, values = k[b, h].to(kind), v[b, h].to(kind)
            for i, count in enumerate(counts_host[b][h]):
                if count == 0 and not compensate:
                    continue
                rows = slice(i * block_q, min((i + 1) * block_q, N))
                token = (indices[b, h, i, :count, None].long() * block_k + offsets).flatten()
                token = token[token < Nk]
                logits = q[b, h, rows].to(kind) @ keys[token].T * scale
                taken = values[token]
                if compensate:
                    tail = q[b, h, rows].to(kind) @ mean_k[b, h].T * scale + weight[b, h, i]
                    logits, taken = torch.cat([logits, tail], -1), torch.cat([taken, mean_v[b, h]])
                lse[b, h, rows] = logits.logsumexp(-1)
                out[b, h, rows] = (logits.softmax(-1) @ taken).to(q.dtype)
    return out, lse
