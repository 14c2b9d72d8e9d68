"""Semantic permutation: tokens of every head put in another order, or put back."""

from __future__ import annotations

import torch
from torch import Tensor

from .._dispatch import Backend, use_triton
from .reference import put_rows_reference, take_rows_reference

__all__ = ["put_rows", "take_rows"]


def take_rows(x: Tensor, order: Tensor, backend: Backend = "auto") -> Tensor:
    """`out[b, h, p] = x[b, h, order[b, h, p]]`.

    Args:
        x: `[B, H, N, D]`, any strides with a contiguous last axis.
        order: `[B, H, N]` int64, a permutation of the tokens of each head.
        backend: `auto`, `triton` or `reference`.

    Returns:
        `[B, H, N, D]`, contiguous.
    """
    if use_triton(backend, x, order):
        from .triton import move_rows_triton

        return move_rows_triton(x, order, torch.empty(x.shape, dtype=x.dtype, device=x.device), put=False)
    return take_rows_reference(x, order)


def put_rows(x: Tensor, order: Tensor, backend: Backend = "auto") -> Tensor:
    """The inverse, `out[b, h, order[b, h, p]] = x[b, h, p]`, strided like `[B, N, H, D]`."""
    if use_triton(backend, x, order):
        from .triton import move_rows_triton

        B, H, N, D = x.shape
        out = torch.empty(B, N, H, D, dtype=x.dtype, device=x.device).transpose(1, 2)
        return move_rows_triton(x, order, out, put=True)
    return put_rows_reference(x, order)
