"""Attention that reads only the listed key blocks of each query block."""

from __future__ import annotations

import torch
from torch import Tensor

from .._dispatch import Backend, use_triton
from .reference import block_sparse_attention_reference

__all__ = ["block_sparse_attention", "block_sparse_attention_reference"]


def block_sparse_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    counts: Tensor,
    indices: Tensor,
    *,
    block_q: int = 128,
    block_k: int = 128,
    scale: float | None = None,
    return_lse: bool = False,
    compensate: bool = False,
    backend: Backend = "auto",
) -> Tensor | tuple[Tensor, Tensor]:
    """`softmax(q k^T * scale) v` over the key blocks in each query block's list; non-causal, forward only.

    Args:
        q: `[B, H, N, D]`, any strides with a contiguous last axis; fp16, bf16 or fp32.
        k: `[B, H, Nk, D]`.
        v: `[B, H, Nk, D]`.
        counts: `[B, H, nQ]` int32, entries used of each list.
        indices: `[B, H, nQ, nK]` int32, key block numbers, ascending, no repeats.
        block_q: tokens of a query block; nQ = ceil(N / block_q), the last block may be ragged.
        block_k: tokens of a key block.
        scale: logit factor, 1/sqrt(D) when None.
        return_lse: also return the natural log of the softmax denominator, `[B, H, N]` fp32.
        compensate: blocks that are not listed take part in the softmax with their mean key, as often as they
            have tokens, and their mean value.
        backend: `auto`, `triton` or `reference`.

    Returns:
        `[B, H, N, D]` in q's dtype, strided like `[B, N, H, D]`; rows with an empty list are 0 with LSE -inf.
    """
    B, H, N, D = q.shape
    nQ, nK = -(-N // block_q), -(-k.shape[2] // block_k)
    if counts.shape != (B, H, nQ) or indices.shape != (B, H, nQ, nK):
        raise ValueError(
            f"lists {tuple(counts.shape)} / {tuple(indices.shape)} do not fit {nQ}x{nK} blocks, [{B}, {H}]"
        )
    if counts.dtype != torch.int32 or indices.dtype != torch.int32:
        raise ValueError(f"lists must be int32, got {counts.dtype} and {indices.dtype}")
    scale = D**-0.5 if scale is None else scale
    if use_triton(backend, q, k, v):
        from .triton import block_sparse_attention_triton

        out, lse = block_sparse_attention_triton(
            q, k, v, counts, indices, block_q, block_k, scale, return_lse, compensate=compensate
        )
    else:
        out, lse = block_sparse_attention_reference(
            q, k, v, counts, indices, block_q, block_k, scale, compensate
        )
    return (out, lse) if return_lse else out
