"""Plain-torch reference of top-p selection: a stable sort and a running sum."""

from __future__ import annotations

import torch
from torch import Tensor

from ..packed_mask import pack_mask


def top_p_mask(scores: Tensor, tau: Tensor, min_keep: int = 1) -> Tensor:
    """Bool mask of the kept entries; scores `[..., C]`, tau broadcastable to `[..., 1]`."""
    values, order = torch.sort(scores, dim=-1, descending=True, stable=True)
    before = values.cumsum(-1) - values
    total = values.sum(-1, keepdim=True)
    rank = torch.arange(scores.shape[-1], device=scores.device)
    kept = (before < tau * total) | (rank < max(min_keep, 1)) | (tau >= 1)
    return torch.zeros_like(kept).scatter(-1, order, kept)


def select_top_p_reference(
    scores: Tensor, tau: Tensor, min_keep: int, always: Tensor | None, active: Tensor | None, out: Tensor
) -> Tensor:
    """See `vidkit_kernels.top_p.select_top_p`."""
    if active is None:
        packed = pack_mask(top_p_mask(scores, tau[..., None, None], min_keep))
        out.copy_(packed if always is None else packed | always)
        return out
    b, h = active.nonzero(as_tuple=True)
    packed = pack_mask(top_p_mask(scores[b, h], tau[b, h][:, None, None], min_keep))
    if always is not None:
        packed = packed | (always if always.dim() == 2 else always[b, h])
    out[b, h] = packed
    return out
