"""Plain-torch references: rectangles of the cluster map by four entries of its running sum."""

from __future__ import annotations

import torch
from torch import Tensor

from ..packed_mask.reference import expand_packed_reference, pack_mask, unpack_mask


def _kept(packed: Tensor, offsets_k: Tensor, clusters: int) -> Tensor:
    """Bool `[B, H, Cq, Ck]`; clusters without bits are kept."""
    return torch.nn.functional.pad(
        unpack_mask(packed, clusters), (0, offsets_k.shape[-1] - 1 - clusters), value=True
    )


def cover_pairs_reference(
    packed: Tensor, offsets_q: Tensor, offsets_k: Tensor, clusters: int, N: int, block_q: int, block_k: int
) -> tuple[Tensor, Tensor]:
    """See `vidkit_kernels.cluster_cover.cover_pairs`.

    A block spans a run of clusters, so "any kept pair in a rectangle of the cluster map" is a difference
    of four entries of its 2-D running sum.
    """
    filled = (offsets_q.diff(dim=-1) > 0)[..., :, None] & (offsets_k.diff(dim=-1) > 0)[..., None, :]
    total = (_kept(packed, offsets_k, clusters) & filled).to(torch.int32)
    total = total.cumsum(-1, dtype=torch.int32).cumsum(-2, dtype=torch.int32)
    total = torch.nn.functional.pad(total, (1, 0, 1, 0))
    q0, q1 = _cluster_range(offsets_q, N, block_q)
    k0, k1 = _cluster_range(offsets_k, N, block_k)

    def corner(rows: Tensor, columns: Tensor) -> Tensor:
        picked = total.gather(2, rows[..., None].expand(-1, -1, -1, total.shape[-1]))
        return picked.gather(3, columns[:, :, None].expand(-1, -1, rows.shape[-1], -1))

    mask = corner(q1, k1) - corner(q0, k1) - corner(q1, k0) + corner(q0, k0) > 0
    return expand_packed_reference(pack_mask(mask), mask.shape[-1])


def _cluster_range(offsets: Tensor, N: int, block: int) -> tuple[Tensor, Tensor]:
    """First cluster of each block and one past its last: `[B, H, n]` int64 each."""
    B, H, _ = offsets.shape
    first = torch.arange(0, N, block, device=offsets.device, dtype=torch.int32)
    last = (first + block - 1).clamp_max(N - 1)
    # the cluster of sorted position p is the last one that starts at or before p and is not empty
    ends = offsets[..., 1:].contiguous()
    found = [torch.searchsorted(ends, p.expand(B, H, -1).contiguous(), right=True) for p in (first, last)]
    return found[0], found[1] + 1


def kept_share_reference(
    packed: Tensor, offsets_q: Tensor, offsets_k: Tensor, clusters: int, N: int
) -> Tensor:
    """See `vidkit_kernels.cluster_cover.kept_share`: sum of kept |Q_i||K_j| over N^2."""
    keys = (_kept(packed, offsets_k, clusters).float() * offsets_k.diff(dim=-1)[..., None, :]).sum(-1)
    return (keys * offsets_q.diff(dim=-1)).sum(-1) / N**2
