"""Antidiagonal block scores of XAttention, without the strided score matrix."""

from __future__ import annotations

from torch import Tensor

from .._dispatch import Backend, use_triton
from .limits import unsupported_reason
from .reference import xattention_score_reference

__all__ = ["unsupported_reason", "xattention_score", "xattention_score_reference"]


def xattention_score(
    q: Tensor,
    k: Tensor,
    *,
    block_q: int = 128,
    block_k: int = 128,
    stride: int = 16,
    norm: float = 1.0,
    active: Tensor | None = None,
    backend: Backend = "auto",
) -> Tensor:
    """Softmax mass of every block pair, estimated from sums over antidiagonals.

    `G[a, b] = sum_i Q[aS + S-1-i] . K[bS + i]` is the sum of q.k over the antidiagonal of sub-block (a, b);
    `A[i, j]` sums `softmax_b(G / (sqrt(D) S norm))` over the sub-blocks of tile (i, j).
    Source: XAttention (arXiv 2503.16428) section 2.1; differs: groups of padding are left out of the
    softmax, and rows of padding out of the sums, so scores do not depend on the padded length.

    Args:
        q: `[B, H, N, D]`, any strides with a contiguous last axis.
        k: `[B, H, Nk, D]`.
        block_q: query tokens per block; a multiple of `stride`.
        block_k: key tokens per block; a multiple of `stride`.
        stride: S, side of the sub-blocks in tokens.
        norm: extra divisor of the logits.
        active: `[B, H]` bool; scores of inactive heads are left undefined and cost nothing. None: all.
        backend: `auto`, `triton` or `reference`.

    Returns:
        A `[B, H, ceil(N/block_q), ceil(Nk/block_k)]` fp32; a row sums to its number of real query groups.
    """
    if block_q % stride or block_k % stride:
        raise ValueError(f"block sizes {block_q}x{block_k} must be multiples of the stride {stride}")
    if use_triton(backend, q, k):
        from .triton import xattention_score_triton

        return xattention_score_triton(q, k, block_q, block_k, stride, norm, active)
    return xattention_score_reference(q, k, block_q, block_k, stride, norm, active)
