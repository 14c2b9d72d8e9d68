"""Triton top-p selection: one program per row, the cut found by bisecting the bits of a float.

Non-negative floats order like their bit patterns, so 31 halvings of an integer find the largest score v with
`sum(scores >= v) >= tau * total` and `count(scores >= v) >= min_keep`. Scores above v are kept; among scores
equal to v the lower indices are, until mass and count are reached. No sort, no scratch memory.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit
def _top_p_kernel(
    scores_ptr, tau_ptr, always_ptr, active_ptr, out_ptr,
    R, C, n_words, min_keep, always_stride_head,
    HAS_ALWAYS: tl.constexpr, HAS_ACTIVE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0)
    head = tl.program_id(1)
    run = True
    if HAS_ACTIVE:
        run = tl.load(active_ptr + head) != 0
    if run:
        j = tl.arange(0, BLOCK)
        inside = j < C
        base = (head.to(tl.int64) * R + row) * C
        score = tl.load(scores_ptr + base + j, mask=inside, other=0.0)
        tau = tl.load(tau_ptr + head)
        total = tl.sum(score, 0)
        target = tau * total
        need = tl.minimum(min_keep, C)
        bits = score.to(tl.int32, bitcast=True)
        # the bit pattern of the cut: 0 always qualifies, infinity never does
        low = 0
        high = 0x7F800000
        for _ in range(31):
            middle = low + (high - low) // 2
            above = (bits >= middle) & inside
            mass = tl.sum(tl.where(above, score, 0.0), 0)
            count = tl.sum(above.to(tl.int32), 0)
            enough = tl.where(mass >= target, count, -1) >= need
            low = tl.where(enough, middle, low)
            high = tl.where(enough, high, middle)
        above = (bits > low) & inside
        tied = (bits == low) & inside
        mass_above = tl.sum(tl.where(above, score, 0.0), 0)
        count_above = tl.sum(above.to(tl.int32), 0)
        cut = low.to(tl.float32, bitcast=True)
        tie_rank = tl.cumsum(tied.to(tl.int32), 0) - 1
        before = mass_above + tie_rank.to(tl.float32) * cut
        short = (before < target) | (count_above + tie_rank < tl.maximum(need, 1))
        kept = above | (tied & short)
        kept = tl.where(tau >= 1.0, inside, kept)
        word = tl.reshape(kept.to(tl.int32) << (j % 32), (BLOCK // 32, 32))
        packed = tl.sum(word, 1)
        w = tl.arange(0, BLOCK // 32)
        if HAS_ALWAYS:
            always_base = head.to(tl.int64) * always_stride_head + row * n_words
            packed = packed | tl.load(always_ptr + always_base + w, mask=w < n_words, other=0)
        out_base = (head.to(tl.int64) * R + row) * n_words
        tl.store(out_ptr + out_base + w, packed, mask=w < n_words)


def select_top_p_triton(
    scores: Tensor, tau: Tensor, min_keep: int, always: Tensor | None, active: Tensor | None, out: Tensor
) -> Tensor:
    """See `vidkit_kernels.top_p.select_top_p`."""
    B, H, R, C = scores.shape
    scores, tau = scores.contiguous(), tau.contiguous()
    always_stride = 0
    if always is not None:
        always = always.contiguous()
        always_stride = 0 if always.dim() == 2 else R * out.shape[-1]
    active_int = None if active is None else active.to(torch.int8).contiguous()
    block = max(64, triton.next_power_of_2(C))
    _top_p_kernel[(R, B * H)](
        scores, tau, always if always is not None else out, active_int if active is not None else out, out,
        R, C, out.shape[-1], min_keep, always_stride,
        HAS_ALWAYS=always is not None, HAS_ACTIVE=active is not None, BLOCK=block,
        num_warps=4 if block > 256 else 1,
    )  # fmt: skip
    return out
