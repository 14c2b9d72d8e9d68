"""Plain-torch reference of the packed-mask operators."""

from __future__ import annotations

import torch
from torch import Tensor


def words_for(nK: int) -> int:
    """Number of int32 words that hold `nK` bits."""
    return (nK + 31) // 32


def pack_mask(mask: Tensor) -> Tensor:
    """Bool `[..., nK]` to int32 `[..., ceil(nK/32)]`, lowest bit first; unused bits are 0."""
    nK = mask.shape[-1]
    padded = torch.nn.functional.pad(mask.to(torch.int64), (0, words_for(nK) * 32 - nK))
    bits = padded.unflatten(-1, (-1, 32)) << torch.arange(32, device=mask.device)
    words = bits.sum(-1)
    return torch.where(words >= 2**31, words - 2**32, words).to(torch.int32)


def unpack_mask(packed: Tensor, nK: int) -> Tensor:
    """Inverse of `pack_mask`: bool `[..., nK]`."""
    bits = (packed.unsqueeze(-1) >> torch.arange(32, device=packed.device, dtype=torch.int32)) & 1
    return bits.flatten(-2)[..., :nK].bool()


def expand_packed_reference(packed: Tensor, nK: int) -> tuple[Tensor, Tensor]:
    """Counts `[..., nQ]` and ascending indices `[..., nQ, nK]` (int32, zeros after the kept ones)."""
    mask = unpack_mask(packed, nK)
    counts = mask.sum(-1).to(torch.int32)
    order = torch.argsort(mask.to(torch.int8), dim=-1, descending=True, stable=True)
    used = torch.arange(nK, device=packed.device) < counts.unsqueeze(-1)
    return counts, torch.where(used, order, 0).to(torch.int32)


def list_share_reference(
    counts: Tensor, indices: Tensor, q_len: int, k_len: int, block_q: int, block_k: int
) -> Tensor:
    """See `vidkit_kernels.packed_mask.list_share`."""
    nQ, nK = indices.shape[2:]
    rows = torch.full((nQ,), float(block_q), device=counts.device)
    rows[-1] = q_len - (nQ - 1) * block_q
    # lists ascend, so only the last used entry can be the ragged block
    last = indices.gather(-1, (counts - 1).clamp_min(0).unsqueeze(-1).long()).squeeze(-1)
    missing = nK * block_k - k_len
    keys = counts * block_k - missing * ((last == nK - 1) & (counts > 0))
    return (keys * rows).sum(-1) / (q_len * k_len)
