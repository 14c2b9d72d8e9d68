"""Plain-torch reference of the semantic permutation: rows moved by index."""

from __future__ import annotations

import torch
from torch import Tensor


def take_rows_reference(x: Tensor, order: Tensor) -> Tensor:
    """See `vidkit_kernels.row_order.take_rows`."""
    return x.gather(2, order.unsqueeze(-1).expand(*order.shape, x.shape[-1]))


def put_rows_reference(x: Tensor, order: Tensor) -> Tensor:
    """See `vidkit_kernels.row_order.put_rows`."""
    B, H, N, D = x.shape
    out = torch.empty(B, N, H, D, dtype=x.dtype, device=x.device).transpose(1, 2)
    return out.scatter_(2, order.unsqueeze(-1).expand(B, H, N, D), x)
