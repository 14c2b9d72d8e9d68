"""Triton XAttention scores: GEMM, online softmax and tile sums in one pass over the keys.

A program owns BLOCK_M query groups of one head and walks over all key groups. Per (row, key block) it
stores the
sum of exp against the row's running maximum, and that maximum; the second kernel brings them to the final
maximum and adds the rows of a block. Scratch is [heads of a group, N/S, N/block_k], never [N/S, N/S].
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

LOG2E = 1.4426950408889634
SCRATCH_BYTES = 256 << 20  # heads go in groups whose partial sums fit


@triton.jit
def _partial_kernel(
    q_ptr, k_ptr, part_ptr, part_max_ptr, row_max_ptr, row_sum_ptr, active_ptr,
    stride_qb, stride_qh, stride_qn, stride_kb, stride_kh, stride_kn,
    first_head, H, NQ, NK, rows, cols, nK, n_tiles, scale_log2,
    HAS_ACTIVE: tl.constexpr, S: tl.constexpr, D: tl.constexpr, PER_K: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    tile_m = tl.program_id(0)
    local = tl.program_id(1)
    head = first_head + local
    run = True
    if HAS_ACTIVE:
        run = tl.load(active_ptr + head) != 0
    if run:
        q_head = q_ptr + (head // H).to(tl.int64) * stride_qb + (head % H).to(tl.int64) * stride_qh
        k_head = k_ptr + (head // H).to(tl.int64) * stride_kb + (head % H).to(tl.int64) * stride_kh
        a = tile_m * BLOCK_M + tl.arange(0, BLOCK_M)
        d = tl.arange(0, D)
        m = tl.full([BLOCK_M], float("-inf"), tl.float32)
        total = tl.zeros([BLOCK_M], tl.float32)
        row = local.to(tl.int64) * rows + a
        for tile_n in range(0, n_tiles):
            b = tile_n * BLOCK_N + tl.arange(0, BLOCK_N)
            logits = tl.zeros([BLOCK_M, BLOCK_N], tl.float32)
            for i in range(0, S):
                q_token = a * S + (S - 1 - i)
                k_token = b * S + i
                q = tl.load(
                    q_head + q_token[:, None].to(tl.int64) * stride_qn + d[None, :],
                    mask=(q_token < NQ)[:, None],
                    other=0.0,
                )
                k = tl.load(
                    k_head + k_token[None, :].to(tl.int64) * stride_kn + d[:, None],
                    mask=(k_token < NK)[None, :],
                    other=0.0,
                )
                logits = tl.dot(q, k, logits, input_precision=PRECISION)
            logits = tl.where((b < cols)[None, :], logits * scale_log2, float("-inf"))
            m_new = tl.maximum(m, tl.max(logits, 1))
            p = tl.exp2(logits - m_new[:, None])
            tile_sum = tl.sum(tl.reshape(p, (BLOCK_M, BLOCK_N // PER_K, PER_K)), 2)
            total = total * tl.exp2(m - m_new) + tl.sum(p, 1)
            m = m_new
            j = tile_n * (BLOCK_N // PER_K) + tl.arange(0, BLOCK_N // PER_K)
            tl.store(
                part_ptr + row[:, None] * nK + j[None, :],
                tile_sum,
                mask=(a < rows)[:, None] & (j < nK)[None, :],
            )
            tl.store(part_max_ptr + row * n_tiles + tile_n, m_new, mask=a < rows)
        tl.store(row_max_ptr + row, m, mask=a < rows)
        tl.store(row_sum_ptr + row, total, mask=a < rows)


@triton.jit
def _combine_kernel(
    part_ptr, part_max_ptr, row_max_ptr, row_sum_ptr, active_ptr, out_ptr, first_head, rows, nQ, nK, n_tiles,
    HAS_ACTIVE: tl.constexpr, PER_Q: tl.constexpr, PER_TILE: tl.constexpr, BLOCK_J: tl.constexpr,
):  # fmt: skip
    block = tl.program_id(0)
    tile_j = tl.program_id(1)
    local = tl.program_id(2).to(tl.int64)
    head = first_head + local
    run = True
    if HAS_ACTIVE:
        run = tl.load(active_ptr + head) != 0
    if run:
        j = tile_j * BLOCK_J + tl.arange(0, BLOCK_J)
        score = tl.zeros([BLOCK_J], tl.float32)
        for a in range(block * PER_Q, tl.minimum(block * PER_Q + PER_Q, rows)):
            row = local * rows + a
            m = tl.load(row_max_ptr + row)
            total = tl.load(row_sum_ptr + row)
            part = tl.load(part_ptr + row * nK + j, mask=j < nK, other=0.0)
            part_max = tl.load(part_max_ptr + row * n_tiles + j // PER_TILE, mask=j < nK, other=float("-inf"))
            score += part * tl.exp2(part_max - m) / total
        tl.store(out_ptr + (head * nQ + block) * nK + j, score, mask=j < nK)


def _tiles(per_q: int, per_k: int, rows: int, cols: int) -> tuple[int, int, int, int]:
    """BLOCK_M, BLOCK_N, warps, stages; small problems get small tiles."""
    block_m = max(16, min(128, triton.next_power_of_2(rows)))
    block_n = max(16, per_k, min(128, triton.next_power_of_2(cols)))
    return block_m, block_n, 8 if block_m * block_n >= 128 * 128 else 4, 3


def xattention_score_triton(
    q: Tensor, k: Tensor, block_q: int, block_k: int, stride: int, norm: float, active: Tensor | None,
    tiles: tuple[int, int, int, int] | None = None,
) -> Tensor:  # fmt: skip
    """See `xattention_score`; `tiles` overrides (BLOCK_M, BLOCK_N, warps, stages)."""
    B, H, N, D = q.shape
    Nk = k.shape[2]
    if q.stride(-1) != 1 or k.stride(-1) != 1:
        q, k = q.contiguous(), k.contiguous()
    rows, cols = -(-N // stride), -(-Nk // stride)
    nQ, nK = -(-N // block_q), -(-Nk // block_k)
    per_q, per_k = block_q // stride, block_k // stride
    if D & (D - 1) or D < 16 or per_k & (per_k - 1):
        raise ValueError(f"the Triton kernel needs powers of two: head_dim {D}, groups a block {per_k}")
    block_m, block_n, warps, stages = tiles or _tiles(per_q, per_k, rows, cols)
    n_tiles = -(-cols // block_n)
    f32 = {"dtype": torch.float32, "device": q.device}
    heads = B * H
    group = max(1, min(heads, SCRATCH_BYTES // (4 * rows * (nK + n_tiles + 2))))
    part = torch.empty(group, rows, nK, **f32)
    part_max = torch.empty(group, rows, n_tiles, **f32)
    row_max, row_sum = torch.empty(group, rows, **f32), torch.empty(group, rows, **f32)
    out = torch.empty(B, H, nQ, nK, **f32)
    flags = out if active is None else active.to(torch.int8).contiguous()
    block_j = max(16, min(1024, triton.next_power_of_2(nK)))
    for first in range(0, heads, group):
        n = min(group, heads - first)
        _partial_kernel[(-(-rows // block_m), n)](
            q, k, part, part_max, row_max, row_sum, flags,
            q.stride(0), q.stride(1), q.stride(2), k.stride(0), k.stride(1), k.stride(2),
            first, H, N, Nk, rows, cols, nK, n_tiles, LOG2E / (D**0.5 * stride * norm),
            HAS_ACTIVE=active is not None, S=stride, D=D, PER_K=per_k, BLOCK_M=block_m, BLOCK_N=block_n,
            PRECISION="ieee" if q.dtype == torch.float32 else "tf32", num_warps=warps, num_stages=stages,
        )  # fmt: skip
        _combine_kernel[(nQ, -(-nK // block_j), n)](
            part, part_max, row_max, row_sum, flags, out, first, rows, nQ, nK, n_tiles,
            HAS_ACTIVE=active is not None, PER_Q=per_q, PER_TILE=block_n // per_k, BLOCK_J=block_j,
            num_warps=4,
        )  # fmt: skip
    return out
