"""Triton kernels of 8-bit attention: rounding, then online softmax over 8-bit products with fp32 sums.

P and V go to the tensor cores in FP8 with V stored tokens last, since Hopper reads the second factor of an
FP8 product along its inner axis only. Hopper adds FP8 products in fewer than 24 bits, so that only
`IMPRECISE` of them are added there before they go into the sum in fp32.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from .formats import QKV8

LOG2E = 1.4426950408889634
FP8 = torch.float8_e4m3fn


@triton.jit
def _rounded(x, scale, IS_INT: tl.constexpr):
    x = x / scale
    # one return: some versions of Triton look at both branches for its type
    if IS_INT:  # noqa: SIM108
        made = (x + tl.where(x >= 0, 0.5, -0.5)).to(tl.int8)  # halves away from zero
    else:
        made = x.to(tl.float8e4nv)
    return made


@triton.jit
def _quantize_kernel(
    x_ptr, mean_ptr, out_ptr, scale_ptr, stride_b, stride_h, stride_n, H, N, LARGEST: tl.constexpr,
    D: tl.constexpr, BLOCK: tl.constexpr, PER_TOKEN: tl.constexpr, SMOOTH: tl.constexpr, IS_INT: tl.constexpr,
):  # fmt: skip
    block = tl.program_id(0)
    head = tl.program_id(1).to(tl.int64)
    rows, d = block * BLOCK + tl.arange(0, BLOCK), tl.arange(0, D)
    inside = (rows < N)[:, None]
    base = x_ptr + (head // H) * stride_b + (head % H) * stride_h
    x = tl.load(base + rows[:, None].to(tl.int64) * stride_n + d[None, :], mask=inside, other=0.0).to(
        tl.float32
    )
    if SMOOTH:
        x = tl.where(inside, x - tl.load(mean_ptr + head * D + d)[None, :], 0.0)
    largest = tl.max(tl.abs(x), 1)
    if PER_TOKEN:
        scale = tl.maximum(largest / LARGEST, 1e-12)
        tl.store(scale_ptr + head * N + rows, scale, mask=rows < N)
        made = _rounded(x, scale[:, None], IS_INT)
    else:
        one = tl.maximum(tl.max(largest, 0) / LARGEST, 1e-12)
        tl.store(scale_ptr + head * tl.num_programs(0) + block, one)
        made = _rounded(x, one, IS_INT)
    tl.store(out_ptr + (head * N + rows[:, None]) * D + d[None, :], made, mask=inside)


@triton.jit
def _values_kernel(
    v_ptr,
    scale_ptr,
    out_ptr,
    stride_b,
    stride_h,
    stride_n,
    H,
    N,
    PADDED,
    D: tl.constexpr,
    BLOCK: tl.constexpr,
):
    start = tl.program_id(0) * BLOCK
    head = tl.program_id(1).to(tl.int64)
    rows, d = start + tl.arange(0, BLOCK), tl.arange(0, D)
    base = v_ptr + (head // H) * stride_b + (head % H) * stride_h
    place = base + rows[:, None].to(tl.int64) * stride_n + d[None, :]
    v = tl.load(place, mask=(rows < N)[:, None], other=0.0).to(tl.float32)
    made = (v / tl.load(scale_ptr + head * D + d)[None, :]).to(tl.float8e4nv)
    target = out_ptr + (head * D + d[:, None]) * PADDED + rows[None, :]
    tl.store(target, tl.trans(made), mask=(rows < PADDED)[None, :])


@triton.jit
def _step(
    acc, m, total, q, factor, k_ptr, v_ptr, k_scale, start, stride_v, NK,
    D: tl.constexpr, BLOCK_N: tl.constexpr, MASKED: tl.constexpr, PV_FP8: tl.constexpr,
    IMPRECISE: tl.constexpr,
):  # fmt: skip
    """One key block: logits of 8-bit products, online softmax, products with V."""
    cols, d = tl.arange(0, BLOCK_N), tl.arange(0, D)
    place = k_ptr + (start + cols)[:, None].to(tl.int64) * D + d[None, :]
    inside = (start + cols < NK)[:, None]
    k = tl.load(place, mask=inside, other=0.0) if MASKED else tl.load(place)
    logits = tl.dot(q, tl.trans(k)).to(tl.float32)
    if MASKED:
        logits = tl.where((start + cols < NK)[None, :], logits, float("-inf"))
    # the factors are positive, so the largest product is the largest logit
    row = factor * k_scale
    m_new = tl.maximum(m, tl.max(logits, 1) * row)
    p = tl.exp2(logits * row[:, None] - m_new[:, None])
    alpha = tl.exp2(m - m_new)
    total = total * alpha + tl.sum(p, 1)
    acc = acc * alpha[:, None]
    if PV_FP8:
        v = tl.load(v_ptr + d[:, None].to(tl.int64) * stride_v + (start + cols)[None, :])
        acc = tl.dot((p * 256.0).to(tl.float8e4nv), tl.trans(v), acc, max_num_imprecise_acc=IMPRECISE)
    else:
        place = v_ptr + (start + cols)[:, None].to(tl.int64) * stride_v + d[None, :]
        v = tl.load(place, mask=inside, other=0.0) if MASKED else tl.load(place)
        acc = tl.dot(p.to(v.dtype), v, acc)
    return acc, m_new, total


@triton.jit
def _attention_kernel(
    q_ptr, k_ptr, v_ptr, q_scale_ptr, k_scale_ptr, v_scale_ptr, o_ptr, counts_ptr, indices_ptr,
    stride_vb, stride_vh, stride_v, stride_ob, stride_oh, stride_on, H, NQ, NK, nQ, nK, scale_log2,
    D: tl.constexpr, SPLIT_Q: tl.constexpr, SPLIT_K: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, DENSE: tl.constexpr, RAGGED: tl.constexpr,
    PV_FP8: tl.constexpr, IMPRECISE: tl.constexpr,
):  # fmt: skip
    tile = tl.program_id(0)
    block = tile // SPLIT_Q
    head = tl.program_id(1).to(tl.int64)
    b, h = head // H, head % H
    rows, d = tile * BLOCK_M + tl.arange(0, BLOCK_M), tl.arange(0, D)
    q = tl.load(q_ptr + (head * NQ + rows[:, None]) * D + d[None, :], mask=(rows < NQ)[:, None], other=0.0)
    factor = tl.load(q_scale_ptr + head * NQ + rows, mask=rows < NQ, other=1.0) * scale_log2
    k_base, v_base = k_ptr + head * NK * D, v_ptr + b * stride_vb + h * stride_vh
    scales = k_scale_ptr + head * nK
    if DENSE:
        whole = nK - RAGGED
        count = nK
        last = nK - 1
        list_ptr = indices_ptr
    else:
        count = tl.load(counts_ptr + head * nQ + block)
        list_ptr = indices_ptr + (head * nQ + block) * nK
        last = tl.load(list_ptr + tl.maximum(count - 1, 0))
        whole = count
        if RAGGED:
            whole = count - ((count > 0) & (last == nK - 1)).to(tl.int32)
    m = tl.full([BLOCK_M], float("-inf"), tl.float32)
    total = tl.zeros([BLOCK_M], tl.float32)
    acc = tl.zeros([BLOCK_M, D], tl.float32)
    for t in range(0, whole * SPLIT_K):
        key = t // SPLIT_K if DENSE else tl.load(list_ptr + t // SPLIT_K)
        start = (key * SPLIT_K + t % SPLIT_K) * BLOCK_N
        acc, m, total = _step(
            acc, m, total, q, factor, k_base, v_base, tl.load(scales + key), start, stride_v, NK,
            D, BLOCK_N, False, PV_FP8, IMPRECISE,
        )  # fmt: skip
    if RAGGED:  # noqa: SIM102 (known when compiling)
        if whole < count:
            for part in range(0, SPLIT_K):
                start = (last * SPLIT_K + part) * BLOCK_N
                if start < NK:
                    acc, m, total = _step(
                        acc, m, total, q, factor, k_base, v_base, tl.load(scales + last), start, stride_v, NK,
                        D, BLOCK_N, True, PV_FP8, IMPRECISE,
                    )  # fmt: skip
    acc = acc / tl.where(total == 0.0, 1.0, total)[:, None]
    if PV_FP8:
        acc = acc * (tl.load(v_scale_ptr + head * D + d) / 256.0)[None, :]
    target = o_ptr + b * stride_ob + h * stride_oh + rows[:, None].to(tl.int64) * stride_on + d[None, :]
    tl.store(target, acc.to(o_ptr.dtype.element_ty), mask=(rows < NQ)[:, None])


@dataclass(frozen=True)
class LaunchConfig8:
    """How the kernel is compiled; the tuning script tries the alternatives.

    Attributes:
        warps: warps a program.
        stages: depth of the software pipeline.
        tile_m: query rows a program, a divisor of the plan's block; None: the whole block.
        tile_n: keys a loop turn, likewise.
        imprecise: products that Hopper may add in fewer bits before they go into the fp32 sum.
    """

    warps: int = 8
    stages: int = 3
    tile_m: int | None = None
    tile_n: int | None = None
    imprecise: int = 64


def unsupported_reason(D: int, dtype: torch.dtype, block_q: int, block_k: int) -> str | None:
    """Why the kernel cannot take a case, or None."""
    if D not in (32, 64, 128):
        return f"head_dim {D} is not one of 32, 64, 128"
    if dtype not in (torch.float16, torch.bfloat16):
        return f"dtype {dtype} is not fp16 or bf16"
    if block_q not in (16, 32, 64, 128) or block_k not in (32, 64, 128):
        return f"block {block_q}x{block_k} is not made of 32, 64 or 128"
    return None


def quantize_triton(
    q: Tensor, k: Tensor, v: Tensor, mean: Tensor, v_scale: Tensor, qk: str, pv: str, block_k: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """See `quantize_qkv`."""
    q, k, v = (t if t.stride(-1) == 1 else t.contiguous() for t in (q, k, v))
    B, H, N, D = q.shape
    Nk = k.shape[2]
    dtype = torch.int8 if qk == "int8" else FP8
    q8, k8 = (torch.empty(t.shape, dtype=dtype, device=q.device) for t in (q, k))
    nK = triton.cdiv(Nk, block_k)
    q_scale = torch.empty(B, H, N, dtype=torch.float32, device=q.device)
    k_scale = torch.empty(B, H, nK, dtype=torch.float32, device=q.device)
    kind = {"LARGEST": 127.0 if qk == "int8" else 448.0, "D": D, "IS_INT": qk == "int8"}
    _quantize_kernel[(triton.cdiv(N, 64), B * H)](
        q, mean, q8, q_scale, q.stride(0), q.stride(1), q.stride(2), H, N,
        BLOCK=64, PER_TOKEN=True, SMOOTH=False, **kind,
    )  # fmt: skip
    _quantize_kernel[(nK, B * H)](
        k, mean, k8, k_scale, k.stride(0), k.stride(1), k.stride(2), H, Nk,
        BLOCK=block_k, PER_TOKEN=False, SMOOTH=True, **kind,
    )  # fmt: skip
    if pv != "fp8":
        return q8, k8, v, q_scale, k_scale, v_scale
    padded = nK * block_k
    v8 = torch.empty(B, H, D, padded, dtype=FP8, device=q.device)
    _values_kernel[(triton.cdiv(padded, 64), B * H)](
        v, v_scale, v8, v.stride(0), v.stride(1), v.stride(2), H, Nk, padded, D=D, BLOCK=64
    )
    return q8, k8, v8, q_scale, k_scale, v_scale


def attention_8bit_triton(
    made: QKV8,
    dtype: torch.dtype,
    tokens: int,
    counts: Tensor | None,
    indices: Tensor | None,
    block_q: int,
    block_k: int,
    scale: float,
    config: LaunchConfig8 | None = None,
) -> Tensor:
    """See `attention_8bit`."""
    B, H, N, D = made.q.shape
    reason = unsupported_reason(D, dtype, block_q, block_k)
    if reason or not scale > 0:
        raise ValueError(f"the 8-bit kernel cannot run this: {reason or f'scale {scale} is not positive'}")
    config = config or LaunchConfig8()
    out = torch.empty(B, N, H, D, dtype=dtype, device=made.q.device).transpose(1, 2)
    if not (B and H and N):
        return out
    fp8 = made.v.dtype == FP8
    tile_m, tile_n = config.tile_m or block_q, config.tile_n or block_k
    nQ, nK = triton.cdiv(N, block_q), triton.cdiv(tokens, block_k)
    lists = [x.contiguous() if x is not None else made.k_scale for x in (counts, indices)]
    _attention_kernel[(nQ * block_q // tile_m, B * H)](
        made.q, made.k, made.v, made.q_scale, made.k_scale, made.v_scale, out, *lists,
        made.v.stride(0), made.v.stride(1), made.v.stride(2), out.stride(0), out.stride(1), out.stride(2),
        H, N, tokens, nQ, nK, scale * LOG2E,
        D=D, SPLIT_Q=block_q // tile_m, SPLIT_K=block_k // tile_n, BLOCK_M=tile_m, BLOCK_N=tile_n,
        DENSE=counts is None, RAGGED=tokens % block_k != 0, PV_FP8=fp8, IMPRECISE=config.imprecise,
        num_warps=config.warps, num_stages=config.stages,
    )  # fmt: skip
    return out
