"""Triton kernel that expands packed block masks to lists: one program a row."""

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
