"""What stands for a key block that is skipped: its mean key and value, weighted by its length."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def block_means(k: Tensor, v: Tensor, block_k: int) -> tuple[Tensor, Tensor, Tensor]:
    """Means of each block of keys and values.

    Args:
        k: `[B, H, Nk, D]`.
        v: likewise.
        block_k: tokens of a block; the last may be ragged.

    Returns:
        Mean keys and values `[B, H, nK, D]` in k's dtype (fp32 sums), lengths `[nK]` fp32 (fp64 for fp64).
    """
    Nk = k.shape[2]
    nK = -(-Nk // block_k)
    kind = torch.float64 if k.dtype == torch.float64 else torch.float32
    lengths = torch.full((nK,), float(block_k), dtype=kind, device=k.device)
    lengths[-1] = Nk - (nK - 1) * block_k
    found = []
    for x in (k, v):
        padded = F.pad(x, (0, 0, 0, nK * block_k - Nk))
        total = padded.reshape(*x.shape[:2], nK, block_k, x.shape[-1]).sum(3, dtype=kind)
        found.append((total / lengths[:, None]).to(x.dtype))
    return found[0], found[1], lengths


def skipped_weight(counts: Tensor, indices: Tensor, lengths: Tensor) -> Tensor:
    """Log of what a skipped block counts for each query block `[B, H, nQ, nK]`; -inf for listed blocks."""
    nK = indices.shape[-1]
    used = torch.arange(nK, device=indices.device) < counts.unsqueeze(-1)
    target = torch.where(used, indices, nK).long()  # behind the count: a column that is cut off
    listed = torch.zeros((*indices.shape[:-1], nK + 1), dtype=torch.bool, device=indices.device)
    listed = listed.scatter_(-1, target, True)[..., :nK]
    return lengths.log().expand(listed.shape).masked_fill(listed, float("-inf"))
