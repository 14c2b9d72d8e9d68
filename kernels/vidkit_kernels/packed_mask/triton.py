"""Triton kernels: packed block masks to lists, one program per row; what lists keep, one program per head."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit
def _expand_kernel(packed_ptr, counts_ptr, indices_ptr, nK, n_words, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    j = tl.arange(0, BLOCK)
    inside = j < nK
    word = tl.load(packed_ptr + row * n_words + j // 32, mask=inside, other=0)
    kept = (((word >> (j % 32)) & 1) == 1) & inside
    rank = tl.cumsum(kept.to(tl.int32), 0)
    count = tl.sum(kept.to(tl.int32), 0)
    tl.store(counts_ptr + row, count)
    tl.store(indices_ptr + row * nK + rank - 1, j, mask=kept)
    tl.store(indices_ptr + row * nK + j, 0, mask=inside & (j >= count))


@triton.jit
def _share_kernel(
    counts_ptr, indices_ptr, share_ptr, q_len, k_len, nQ, nK, block_q, block_k, scale, BLOCK: tl.constexpr
):
    head = tl.program_id(0).to(tl.int64)
    missing = nK * block_k - k_len
    total = tl.zeros([BLOCK], tl.float32)
    for start in range(0, nQ, BLOCK):
        row = start + tl.arange(0, BLOCK)
        count = tl.load(counts_ptr + head * nQ + row, mask=row < nQ, other=0)
        # lists ascend, so only the last used entry can be the ragged block
        last = tl.load(indices_ptr + (head * nQ + row) * nK + count - 1, mask=count > 0, other=0)
        keys = count * block_k - tl.where((last == nK - 1) & (count > 0), missing, 0)
        rows = tl.minimum(q_len - row * block_q, block_q)
        total += tl.where(row < nQ, keys.to(tl.float32) * rows.to(tl.float32) * scale, 0.0)
    tl.store(share_ptr + head, tl.sum(total, 0))


def expand_packed_triton(packed: Tensor, nK: int) -> tuple[Tensor, Tensor]:
    """See `vidkit_kernels.packed_mask.expand_packed`."""
    packed = packed.contiguous()
    counts = torch.empty(packed.shape[:-1], dtype=torch.int32, device=packed.device)
    indices = torch.empty((*packed.shape[:-1], nK), dtype=torch.int32, device=packed.device)
    rows = counts.numel()
    block = max(32, triton.next_power_of_2(nK))
    if rows:
        _expand_kernel[(rows,)](packed, counts, indices, nK, packed.shape[-1], BLOCK=block, num_warps=4)
    return counts, indices


def list_share_triton(
    counts: Tensor, indices: Tensor, q_len: int, k_len: int, block_q: int, block_k: int
) -> Tensor:
    """See `vidkit_kernels.packed_mask.list_share`."""
    B, H, nQ, nK = indices.shape
    share = torch.empty(B, H, dtype=torch.float32, device=counts.device)
    _share_kernel[(B * H,)](
        counts.contiguous(), indices.contiguous(), share, q_len, k_len, nQ, nK, block_q, block_k,
        1 / (q_len * k_len), BLOCK=1024, num_warps=4,
    )  # fmt: skip
    return share
