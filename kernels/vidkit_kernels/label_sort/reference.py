"""Plain-torch reference of the counting sort."""

from __future__ import annotations

import torch
from torch import Tensor


def sort_by_label_reference(labels: Tensor, C: int) -> tuple[Tensor, Tensor]:
    """See `vidkit_kernels.label_sort.sort_by_label`."""
    ordered, order = torch.sort(labels, dim=-1, stable=True)
    edges = torch.arange(C + 1, device=labels.device, dtype=ordered.dtype)
    edges = edges.expand(*labels.shape[:2], C + 1).contiguous()
    return order, torch.searchsorted(ordered.contiguous(), edges, out_int32=True)
