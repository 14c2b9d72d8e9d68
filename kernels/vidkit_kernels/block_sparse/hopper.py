"""Block-sparse attention for Hopper in Gluon: a loading warp and two computing warpgroups on a query block.

Each warpgroup owns half of the block's rows. The loading warp walks the list of key blocks and fills a ring
of K and V tiles by bulk copies; a warpgroup starts the next K product before the softmax of the last one is
through, so that the tensor cores work while exponentials are taken. Lists are walked from their end, so that
the ragged key block, which can only be the last entry, is masked before the loop and nothing inside it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language.nvidia.hopper import (
    fence_async_shared,
    mbarrier,
    tma,
    warpgroup_mma,
    warpgroup_mma_wait,
)
from triton.experimental.gluon.nvidia.hopper import TensorDescriptor

# renamed in triton 3.8
_copy = tma.async_load if hasattr(tma, "async_load") else tma.async_copy_global_to_shared


@gluon.jit
def _load(
    q_desc, k_desc, v_desc, list_ptr, tiles, b, h, row, q_smem, k_smem, v_smem, q_full, k_full, k_empty,
    v_full, v_empty, HALF: gl.constexpr, BLOCK_N: gl.constexpr, SPLIT_K: gl.constexpr, STAGES: gl.constexpr,
):  # fmt: skip
    """The loading warp: Q once, then K and V tile by tile as buffers fall free."""
    if tiles > 0:
        for half in gl.static_range(2):
            mbarrier.expect(q_full.index(half), q_desc.block_type.nbytes)
            _copy(q_desc, [b, h, row + half * HALF, 0], q_full.index(half), q_smem.index(half))
        for t in range(tiles):
            stage = t % STAGES
            phase = (t // STAGES) & 1
            place = tiles - 1 - t
            start = (gl.load(list_ptr + place // SPLIT_K) * SPLIT_K + place % SPLIT_K) * BLOCK_N
            mbarrier.wait(k_empty.index(stage), phase ^ 1)
            mbarrier.expect(k_full.index(stage), k_desc.block_type.nbytes)
            _copy(k_desc, [b, h, start, 0], k_full.index(stage), k_smem.index(stage))
            mbarrier.wait(v_empty.index(stage), phase ^ 1)
            mbarrier.expect(v_full.index(stage), v_desc.block_type.nbytes)
            _copy(v_desc, [b, h, start, 0], v_full.index(stage), v_smem.index(stage))


@gluon.jit
def _attend(
    o_ptr, lse_ptr, stride_on, last_start, tiles, row, NQ, NK, scale_log2, q_smem, k_smem, v_smem, q_full,
    k_full, k_empty, v_full, v_empty, HALF_INDEX: gl.constexpr, D: gl.constexpr, HALF: gl.constexpr,
    BLOCK_N: gl.constexpr, SPLIT_K: gl.constexpr, STAGES: gl.constexpr, RAGGED: gl.constexpr,
    WITH_LSE: gl.constexpr,
):  # fmt: skip
    """One warpgroup: rows `row + HALF_INDEX * HALF` on."""
    dtype: gl.constexpr = q_smem.dtype
    s_layout: gl.constexpr = gl.NVMMADistributedLayout(
        version=[3, 0], warps_per_cta=[4, 1], instr_shape=[16, BLOCK_N, 16]
    )
    o_layout: gl.constexpr = gl.NVMMADistributedLayout(
        version=[3, 0], warps_per_cta=[4, 1], instr_shape=[16, D, 16]
    )
    p_layout: gl.constexpr = gl.DotOperandLayout(operand_index=0, parent=o_layout, k_width=2)
    row_layout: gl.constexpr = gl.SliceLayout(1, s_layout)
    out_row_layout: gl.constexpr = gl.SliceLayout(1, o_layout)

    rows = row + HALF_INDEX * HALF + gl.arange(0, HALF, layout=out_row_layout)
    columns = gl.arange(0, D, layout=gl.SliceLayout(0, o_layout))
    acc = gl.zeros([HALF, D], gl.float32, o_layout)
    m = gl.full([HALF], float("-inf"), gl.float32, row_layout)
    total = gl.zeros([HALF], gl.float32, row_layout)
    if tiles > 0:
        none = gl.zeros([HALF, BLOCK_N], gl.float32, s_layout)
        q = q_smem.index(HALF_INDEX).reshape([HALF, D])
        mbarrier.wait(q_full.index(HALF_INDEX), 0)
        mbarrier.wait(k_full.index(0), 0)
        k = k_smem.index(0).reshape([BLOCK_N, D])
        s = warpgroup_mma(q, k.permute((1, 0)), none, use_acc=False, is_async=True)
        s = warpgroup_mma_wait(0, deps=[s])
        mbarrier.arrive(k_empty.index(0), count=1)
        if RAGGED:
            inside = last_start + gl.arange(0, BLOCK_N, layout=gl.SliceLayout(0, s_layout)) < NK
            s = gl.where(inside[None, :], s, float("-inf"))
        m = gl.max(s, 1)
        p = gl.exp2(s * scale_log2 - (m * scale_log2)[:, None])
        total = gl.sum(p, 1)
        p16 = gl.convert_layout(p.to(dtype), p_layout)
        for t in range(1, tiles):
            stage = t % STAGES
            before = (t - 1) % STAGES
            mbarrier.wait(k_full.index(stage), (t // STAGES) & 1)
            k = k_smem.index(stage).reshape([BLOCK_N, D])
            s_later = warpgroup_mma(q, k.permute((1, 0)), none, use_acc=False, is_async=True)
            mbarrier.wait(v_full.index(before), ((t - 1) // STAGES) & 1)
            v = v_smem.index(before).reshape([BLOCK_N, D])
            acc_later = warpgroup_mma(p16, v, acc, is_async=True)
            s = warpgroup_mma_wait(1, deps=[s_later])
            mbarrier.arrive(k_empty.index(stage), count=1)
            m_new = gl.maximum(m, gl.max(s, 1))
            p = gl.exp2(s * scale_log2 - (m_new * scale_log2)[:, None])
            alpha = gl.exp2((m - m_new) * scale_log2)
            total = total * alpha + gl.sum(p, 1)
            m = m_new
            acc = warpgroup_mma_wait(0, deps=[acc_later, p16])[0]
            mbarrier.arrive(v_empty.index(before), count=1)
            acc = acc * gl.convert_layout(alpha, out_row_layout)[:, None]
            p16 = gl.convert_layout(p.to(dtype), p_layout)
        last = (tiles - 1) % STAGES
        mbarrier.wait(v_full.index(last), ((tiles - 1) // STAGES) & 1)
        v = v_smem.index(last).reshape([BLOCK_N, D])
        acc_later = warpgroup_mma(p16, v, acc, is_async=True)
        acc = warpgroup_mma_wait(0, deps=[acc_later, p16])[0]
    empty = total == 0.0
    safe = gl.where(empty, 1.0, total)
    acc = acc / gl.convert_layout(safe, out_row_layout)[:, None]
    target = o_ptr + rows[:, None].to(gl.int64) * stride_on + columns[None, :]
    gl.store(target, acc.to(dtype), mask=(rows < NQ)[:, None])
    if WITH_LSE:
        log2_sum = gl.where(empty, 0.0, m) * scale_log2 + gl.log2(safe)
        lse = gl.where(empty, float("-inf"), log2_sum * 0.6931471805599453)
        gl.store(lse_ptr + rows, gl.convert_layout(lse, out_row_layout), mask=rows < NQ)


@gluon.jit
def attention_hopper_kernel(
    q_desc, k_desc, v_desc, o_ptr, lse_ptr, counts_ptr, indices_ptr,
    stride_ob, stride_oh, stride_on, H, NQ, NK, nQ, nK, scale_log2,
    D: gl.constexpr, HALF: gl.constexpr, BLOCK_N: gl.constexpr, SPLIT_K: gl.constexpr, STAGES: gl.constexpr,
    RAGGED: gl.constexpr, WITH_LSE: gl.constexpr,
):  # fmt: skip
    """Program (block, head): one query block of 2 * HALF rows."""
    block = gl.program_id(0)
    head = gl.program_id(1)
    b, h = head // H, head % H
    row = block * (2 * HALF)
    count = gl.load(counts_ptr + head.to(gl.int64) * nQ + block)
    list_ptr = indices_ptr + (head.to(gl.int64) * nQ + block) * nK
    tiles = count * SPLIT_K
    last_start = 0
    if RAGGED:
        last = gl.load(list_ptr + gl.maximum(count - 1, 0)) * SPLIT_K
        # tiles of the ragged block that hold no key at all are not walked
        parts = gl.minimum((NK - last * BLOCK_N + BLOCK_N - 1) // BLOCK_N, SPLIT_K)
        tiles = gl.maximum(tiles - (SPLIT_K - parts), 0)
        last_start = (last + parts - 1) * BLOCK_N
    o_base = o_ptr + b.to(gl.int64) * stride_ob + h.to(gl.int64) * stride_oh
    lse_base = lse_ptr + head.to(gl.int64) * NQ

    dtype: gl.constexpr = q_desc.dtype
    q_smem = gl.allocate_shared_memory(dtype, [2, 1, 1, HALF, D], q_desc.layout)
    k_smem = gl.allocate_shared_memory(dtype, [STAGES, 1, 1, BLOCK_N, D], k_desc.layout)
    v_smem = gl.allocate_shared_memory(dtype, [STAGES, 1, 1, BLOCK_N, D], v_desc.layout)
    q_full = gl.allocate_shared_memory(gl.int64, [2, 1], mbarrier.MBarrierLayout())
    k_full = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    k_empty = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    v_full = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    v_empty = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    for i in gl.static_range(2):
        mbarrier.init(q_full.index(i), count=1)
    for i in gl.static_range(STAGES):
        mbarrier.init(k_full.index(i), count=1)
        mbarrier.init(k_empty.index(i), count=2)
        mbarrier.init(v_full.index(i), count=1)
        mbarrier.init(v_empty.index(i), count=2)
    fence_async_shared()
    gl.warp_specialize(
        [
            (_attend, (
                o_base, lse_base, stride_on, last_start, tiles, row, NQ, NK, scale_log2, q_smem, k_smem,
                v_smem, q_full, k_full, k_empty, v_full, v_empty, 0, D, HALF, BLOCK_N, SPLIT_K, STAGES,
                RAGGED, WITH_LSE,
            )),
            (_attend, (
                o_base, lse_base, stride_on, last_start, tiles, row, NQ, NK, scale_log2, q_smem, k_smem,
                v_smem, q_full, k_full, k_empty, v_full, v_empty, 1, D, HALF, BLOCK_N, SPLIT_K, STAGES,
                RAGGED, WITH_LSE,
            )),
            (_load, (
                q_desc, k_desc, v_desc, list_ptr, tiles, b, h, row, q_smem, k_smem, v_smem, q_full, k_full,
                k_empty, v_full, v_empty, HALF, BLOCK_N, SPLIT_K, STAGES,
            )),
        ],
        [4, 1],
        [240, 24],
    )  # fmt: skip


def unsupported_reason(D: int, dtype: torch.dtype, block_q: int, block_k: int) -> str | None:
    """Why the Hopper kernel cannot take a case, or None."""
    if D not in (64, 128):
        return f"head_dim {D} is not 64 or 128"
    if dtype not in (torch.float16, torch.bfloat16):
        return f"dtype {dtype} is not fp16 or bf16"
    if block_q != 128 or block_k not in (64, 128):
        return f"block {block_q}x{block_k} is not 128x128 or 128x64"
    return None


def launch(
    q: Tensor, k: Tensor, v: Tensor, counts: Tensor, indices: Tensor, out: Tensor, lse: Tensor, block_k: int,
    scale_log2: float, with_lse: bool, tile_n: int, stages: int,
) -> None:  # fmt: skip
    """Launch on tensors that `unsupported_reason` has passed; tiles are 16-byte aligned."""
    B, H, N, D = q.shape
    kind = gl.bfloat16 if q.dtype == torch.bfloat16 else gl.float16

    def describe(x: Tensor, tokens: int) -> TensorDescriptor:
        block = [1, 1, tokens, D]
        layout = gl.NVMMASharedLayout.get_default_for(block, kind)
        return TensorDescriptor(x, list(x.shape), list(x.stride()), block, layout)

    attention_hopper_kernel[(counts.shape[2], B * H)](
        describe(q, 64), describe(k, tile_n), describe(v, tile_n), out, lse, counts, indices,
        out.stride(0), out.stride(1), out.stride(2), H, N, k.shape[2], counts.shape[2], indices.shape[3],
        scale_log2, D=D, HALF=64, BLOCK_N=tile_n, SPLIT_K=block_k // tile_n, STAGES=stages,
        RAGGED=k.shape[2] % block_k != 0, WITH_LSE=with_lse, num_warps=4,
    )  # fmt: skip
