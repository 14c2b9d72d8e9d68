"""Attention in 8 bits: Q and K rounded to INT8 or FP8, P and V to FP8 or left in half precision.

K is smoothed first: its mean over tokens is taken off, which moves every logit of a row by the same amount
and so leaves the softmax as it is. Sums are kept in fp32.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from .._dispatch import Backend, use_triton
from .formats import QKV8
from .reference import attention_8bit_reference, dequantized, quantize_reference

__all__ = ["QKV8", "attention_8bit", "attention_8bit_reference", "dequantized", "quantize_qkv"]

Kind = Literal["int8", "fp8"]
PV = Literal["fp8", "half"]
INT8_MAX, FP8_MAX = 127.0, 448.0


def quantize_qkv(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    qk: Kind = "int8",
    pv: PV = "fp8",
    block_k: int = 128,
    backend: Backend = "auto",
) -> QKV8:
    """Round Q, K and V to 8 bits; shapes as in `attention_8bit`."""
    if qk not in ("int8", "fp8") or pv not in ("fp8", "half"):
        raise ValueError(f"qk must be int8 or fp8 and pv fp8 or half, got {qk} and {pv}")
    mean = k.mean(2, dtype=torch.float32)
    v_scale = torch.ones(*v.shape[:2], v.shape[3], dtype=torch.float32, device=v.device)
    if pv == "fp8":
        largest = torch.maximum(v.amax(2), v.amin(2).neg()).float()
        v_scale = (largest / FP8_MAX).clamp_min(1e-12)
    if use_triton(backend, q, k, v):
        from .triton import quantize_triton

        return QKV8(*quantize_triton(q, k, v, mean, v_scale, qk, pv, block_k))
    return QKV8(*quantize_reference(q, k, v, mean, v_scale, qk, pv, block_k))


def attention_8bit(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    counts: Tensor | None = None,
    indices: Tensor | None = None,
    *,
    block_q: int = 128,
    block_k: int = 128,
    scale: float | None = None,
    qk: Kind = "int8",
    pv: PV = "fp8",
    backend: Backend = "auto",
) -> Tensor:
    """`softmax(q k^T * scale) v`, approximately: dense, or over the key blocks in each query block's list.

    Args:
        q: `[B, H, N, D]`, any strides with a contiguous last axis; fp16 or bf16 (fp32 by the reference).
        k: `[B, H, Nk, D]`.
        v: `[B, H, Nk, D]`.
        counts: `[B, H, nQ]` int32, entries used of each list; None: dense.
        indices: `[B, H, nQ, nK]` int32, key block numbers, ascending.
        block_q: tokens of a query block.
        block_k: tokens of a key block; K has one scale for each.
        scale: logit factor, 1/sqrt(D) when None.
        qk: number format of Q and K.
        pv: number format of P and V.
        backend: `auto`, `triton` or `reference`.

    Returns:
        `[B, H, N, D]` in q's dtype, strided like `[B, N, H, D]`; rows with an empty list are 0.
    """
    if (counts is None) != (indices is None):
        raise ValueError("counts and indices come together")
    if counts is not None and indices is not None:
        nQ, nK = -(-q.shape[2] // block_q), -(-k.shape[2] // block_k)
        if counts.shape != (*q.shape[:2], nQ) or indices.shape != (*q.shape[:2], nQ, nK):
            raise ValueError(
                f"lists {tuple(counts.shape)} / {tuple(indices.shape)} do not fit {nQ}x{nK} blocks"
            )
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    rounded = quantize_qkv(q, k, v, qk=qk, pv=pv, block_k=block_k, backend=backend)
    if use_triton(backend, q, k, v):
        from .triton import attention_8bit_triton

        return attention_8bit_triton(rounded, q.dtype, k.shape[2], counts, indices, block_q, block_k, scale)
    return attention_8bit_reference(rounded, q.dtype, k.shape[2], counts, indices, block_q, block_k, scale)
