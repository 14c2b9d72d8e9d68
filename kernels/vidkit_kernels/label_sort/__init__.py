"""Tokens of each head sorted by a small integer label: what a cluster's tokens are read through."""

from __future__ import annotations

import torch
from torch import Tensor

from .._dispatch import Backend, use_triton
from .reference import sort_by_label_reference

__all__ = ["sort_by_label"]


def sort_by_label(
    labels: Tensor, C: int, active: Tensor | None = None, backend: Backend = "auto"
) -> tuple[Tensor, Tensor]:
    """Stable order of tokens by label, and where each label starts.

    Args:
        labels: `[B, H, N]` int16 or int32 in `[0, C)`.
        C: number of labels, below 32,768.
        active: `[B, H]` bool, None: all. For the other heads `offsets` is 0 and `order` means nothing.
        backend: `auto`, `triton` or `reference`.

    Returns:
        order `[B, H, N]` int64 and offsets `[B, H, C + 1]` int32.
    """
    if use_triton(backend, labels):
        from .triton import sort_by_label_triton

        make = torch.empty if active is None else torch.zeros
        offsets = make(*labels.shape[:2], C + 1, dtype=torch.int32, device=labels.device)
        return sort_by_label_triton(labels, C, active, offsets), offsets
    order, offsets = sort_by_label_reference(labels, C)
    return order, offsets if active is None else torch.where(active[..., None], offsets, 0)
