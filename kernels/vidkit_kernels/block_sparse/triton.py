"""Triton block-sparse attention, forward: online softmax over each query block's list of key blocks.

Two ways of loading the tiles: pointers (every GPU, and the interpreter) and tensor descriptors (the bulk copy
engine of Hopper and later). Whole key blocks run without masks; only the ragged last block, if listed, is
masked.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
import triton
import triton.language as tl
from torch import Tensor

from .._dispatch import interpreting
from .summaries import block_means, skipped_weight

LOG2E = 1.4426950408889634


@triton.jit
def _softmax_step(acc, m, total, logits, scale_log2):
    """One online-softmax update; m is of the raw logits, so that the scale folds into a multiply-add."""
    m_new = tl.maximum(m, tl.max(logits, 1))
    p = tl.exp2(logits * scale_log2 - (m_new * scale_log2)[:, None])
    alpha = tl.exp2((m - m_new) * scale_log2)
    return acc * alpha[:, None], m_new, total * alpha + tl.sum(p, 1), p


@triton.jit
def _finish(
    acc, m, total, o_ptr, lse_ptr, rows, NQ, stride_on, scale_log2, D: tl.constexpr, WITH_LSE: tl.constexpr
):
    empty = total == 0.0
    acc = acc / tl.where(empty, 1.0, total)[:, None]
    d = tl.arange(0, D)
    target = o_ptr + rows[:, None].to(tl.int64) * stride_on + d[None, :]
    tl.store(target, acc.to(o_ptr.dtype.element_ty), mask=(rows < NQ)[:, None])
    if WITH_LSE:
        log2_sum = tl.where(empty, 0.0, m) * scale_log2 + tl.log2(tl.where(empty, 1.0, total))
        lse = tl.where(empty, float("-inf"), log2_sum / 1.4426950408889634)
        tl.store(lse_ptr + rows, lse, mask=rows < NQ)


@triton.jit
def _attention_kernel(
    q_ptr, k_ptr, v_ptr, o_ptr, lse_ptr, counts_ptr, indices_ptr,
    stride_qb, stride_qh, stride_qn, stride_kb, stride_kh, stride_kn,
    stride_vb, stride_vh, stride_vn, stride_ob, stride_oh, stride_on,
    H, NQ, NK, nQ, nK, scale_log2,
    D: tl.constexpr, SPLIT_Q: tl.constexpr, SPLIT_K: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
    RAGGED: tl.constexpr, WITH_LSE: tl.constexpr, PRECISION: tl.constexpr,
    mean_k_ptr=None, mean_v_ptr=None, weight_ptr=None, padded=0, MEANS: tl.constexpr = 0,
):  # fmt: skip
    tile = tl.program_id(0)
    block = tile // SPLIT_Q
    head = tl.program_id(1).to(tl.int64)
    b, h = head // H, head % H
    rows = tile * BLOCK_M + tl.arange(0, BLOCK_M)
    cols = tl.arange(0, BLOCK_N)
    d = tl.arange(0, D)
    q_base = q_ptr + b * stride_qb + h * stride_qh
    q = tl.load(
        q_base + rows[:, None].to(tl.int64) * stride_qn + d[None, :], mask=(rows < NQ)[:, None], other=0.0
    )
    k_base = k_ptr + b * stride_kb + h * stride_kh + cols[None, :] * stride_kn + d[:, None]
    v_base = v_ptr + b * stride_vb + h * stride_vh + cols[:, None] * stride_vn + d[None, :]
    count = tl.load(counts_ptr + head * nQ + block)
    list_ptr = indices_ptr + (head * nQ + block) * nK
    whole = count
    if RAGGED:
        last = tl.load(list_ptr + tl.maximum(count - 1, 0))
        whole = count - ((count > 0) & (last == nK - 1)).to(tl.int32)
    m = tl.full([BLOCK_M], float("-inf"), tl.float32)
    total = tl.zeros([BLOCK_M], tl.float32)
    acc = tl.zeros([BLOCK_M, D], tl.float32)
    for t in range(0, whole * SPLIT_K):
        start = (tl.load(list_ptr + t // SPLIT_K) * SPLIT_K + t % SPLIT_K).to(tl.int64) * BLOCK_N
        k = tl.load(k_base + start * stride_kn)
        logits = tl.dot(q, k, input_precision=PRECISION)
        acc, m, total, p = _softmax_step(acc, m, total, logits, scale_log2)
        v = tl.load(v_base + start * stride_vn)
        acc = tl.dot(p.to(v.dtype), v, acc, input_precision=PRECISION)
    if RAGGED:  # noqa: SIM102 (known when compiling)
        if whole < count:
            for part in range(0, SPLIT_K):
                start = (last * SPLIT_K + part).to(tl.int64) * BLOCK_N
                inside = start + cols < NK
                k = tl.load(k_base + start * stride_kn, mask=inside[None, :], other=0.0)
                logits = tl.dot(q, k, input_precision=PRECISION)
                logits = tl.where(inside[None, :], logits, float("-inf"))
                acc, m, total, p = _softmax_step(acc, m, total, logits, scale_log2)
                v = tl.load(v_base + start * stride_vn, mask=inside[:, None], other=0.0)
                acc = tl.dot(p.to(v.dtype), v, acc, input_precision=PRECISION)
    if MEANS > 0:  # blocks that are not listed, by their means; those that are have a weight of -inf
        mean = head * padded + tl.arange(0, MEANS)
        weights = weight_ptr + (head * nQ + block) * padded + tl.arange(0, MEANS)
        for first in range(0, padded, MEANS):
            k = tl.load(mean_k_ptr + (mean[None, :] + first) * D + d[:, None])
            logits = tl.dot(q, k, input_precision=PRECISION) + tl.load(weights + first)[None, :]
            # a group of listed blocks alone leaves everything as it is
            logits = tl.where(tl.max(logits, 1)[:, None] == float("-inf"), -1e30, logits)
            acc, m, total, p = _softmax_step(acc, m, total, logits, scale_log2)
            v = tl.load(mean_v_ptr + (mean[:, None] + first) * D + d[None, :])
            acc = tl.dot(p.to(v.dtype), v, acc, input_precision=PRECISION)
    out = o_ptr + b * stride_ob + h * stride_oh
    _finish(acc, m, total, out, lse_ptr + head * NQ, rows, NQ, stride_on, scale_log2, D, WITH_LSE)


@triton.jit
def _attention_descriptor_kernel(
    q_desc, k_desc, v_desc, o_ptr, lse_ptr, counts_ptr, indices_ptr,
    stride_ob, stride_oh, stride_on, H, NQ, NK, nQ, nK, scale_log2,
    D: tl.constexpr, SPLIT_Q: tl.constexpr, SPLIT_K: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
    RAGGED: tl.constexpr, WITH_LSE: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    tile = tl.program_id(0)
    block = tile // SPLIT_Q
    head = tl.program_id(1)
    b, h = head // H, head % H
    rows = tile * BLOCK_M + tl.arange(0, BLOCK_M)
    q = tl.reshape(q_desc.load([b, h, tile * BLOCK_M, 0]), (BLOCK_M, D))
    count = tl.load(counts_ptr + head.to(tl.int64) * nQ + block)
    list_ptr = indices_ptr + (head.to(tl.int64) * nQ + block) * nK
    whole = count
    if RAGGED:
        last = tl.load(list_ptr + tl.maximum(count - 1, 0))
        whole = count - ((count > 0) & (last == nK - 1)).to(tl.int32)
    m = tl.full([BLOCK_M], float("-inf"), tl.float32)
    total = tl.zeros([BLOCK_M], tl.float32)
    acc = tl.zeros([BLOCK_M, D], tl.float32)
    for t in range(0, whole * SPLIT_K):
        start = (tl.load(list_ptr + t // SPLIT_K) * SPLIT_K + t % SPLIT_K) * BLOCK_N
        k = tl.reshape(k_desc.load([b, h, start, 0]), (BLOCK_N, D))
        logits = tl.dot(q, tl.trans(k), input_precision=PRECISION)
        acc, m, total, p = _softmax_step(acc, m, total, logits, scale_log2)
        v = tl.reshape(v_desc.load([b, h, start, 0]), (BLOCK_N, D))
        acc = tl.dot(p.to(v.dtype), v, acc, input_precision=PRECISION)
    if RAGGED:  # noqa: SIM102 (known when compiling)
        if whole < count:
            for part in range(0, SPLIT_K):
                start = (last * SPLIT_K + part) * BLOCK_N
                k = tl.reshape(k_desc.load([b, h, start, 0]), (BLOCK_N, D))
                logits = tl.dot(q, tl.trans(k), input_precision=PRECISION)
                inside = start + tl.arange(0, BLOCK_N) < NK
                logits = tl.where(inside[None, :], logits, float("-inf"))
                acc, m, total, p = _softmax_step(acc, m, total, logits, scale_log2)
                v = tl.reshape(v_desc.load([b, h, start, 0]), (BLOCK_N, D))
                acc = tl.dot(p.to(v.dtype), v, acc, input_precision=PRECISION)
    out = o_ptr + b.to(tl.int64) * stride_ob + h.to(tl.int64) * stride_oh
    lse = lse_ptr + head.to(tl.int64) * NQ
    _finish(acc, m, total, out, lse, rows, NQ, stride_on, scale_log2, D, WITH_LSE)


@dataclass(frozen=True)
class LaunchConfig:
    """How the kernel is compiled; the benchmark tries the alternatives.

    Attributes:
        warps: warps a program.
        stages: depth of the software pipeline.
        descriptors: load tiles by tensor descriptors.
        tile_m: query rows a program, a divisor of the plan's block; None: the whole block.
        tile_n: keys a loop turn, likewise.
        hopper: the kernel of `hopper.py`, which reads `stages` and `tile_n` alone.
    """

    warps: int = 8
    stages: int = 2
    descriptors: bool = False
    tile_m: int | None = None
    tile_n: int | None = None
    hopper: bool = False


def default_config(
    D: int, dtype: torch.dtype, block_q: int, block_k: int, device: torch.device
) -> LaunchConfig:
    """A launch configuration for this head size and GPU."""
    if device.type != "cuda":
        return LaunchConfig()
    major = torch.cuda.get_device_capability(device)[0]
    special = _hopper() if major == 9 else None
    if special is not None and special.unsupported_reason(D, dtype, block_q, block_k) is None:
        return LaunchConfig(stages=2 if block_k == 128 and D == 128 else 3, hopper=True)
    hopper = major >= 9
    stages = 3 if D <= 64 or block_k <= 64 else 2
    # host-side descriptors came with triton 3.4
    can_describe = importlib.util.find_spec("triton.tools.tensor_descriptor") is not None
    return LaunchConfig(warps=8, stages=stages, descriptors=hopper and can_describe)


@cache
def _hopper() -> ModuleType | None:
    """`hopper.py`; None with a triton whose Gluon, still experimental, is not the one it was written in."""
    try:
        return importlib.import_module(".hopper", __package__)
    except (ImportError, AttributeError):
        return None


def unsupported_reason(D: int, dtype: torch.dtype, block_q: int, block_k: int) -> str | None:
    """Why the Triton kernel cannot take a case, or None."""
    if D not in (16, 32, 64, 128, 256):
        return f"head_dim {D} is not one of 16, 32, 64, 128, 256"
    if dtype not in (torch.float16, torch.bfloat16, torch.float32):
        return f"dtype {dtype} is not fp16, bf16 or fp32"
    if block_q not in (16, 32, 64, 128) or block_k not in (16, 32, 64, 128):
        return f"block {block_q}x{block_k} is not made of 16, 32, 64 or 128"
    return None


def _describable(*tensors: Tensor) -> bool:
    """Whether tensor descriptors can address these: 16-byte aligned base and strides."""
    return all(
        t.data_ptr() % 16 == 0 and all(s * t.element_size() % 16 == 0 for s in t.stride()[:-1])
        for t in tensors
    )


def _means(
    k: Tensor, v: Tensor, counts: Tensor, indices: Tensor, block_k: int, scale: float
) -> dict[str, Any]:
    """What the kernel takes of blocks that are not listed, padded to whole groups."""
    mean_k, mean_v, lengths = block_means(k, v, block_k)
    weight = skipped_weight(counts, indices, lengths) / scale
    group = max(16, min(64, triton.next_power_of_2(len(lengths))))
    short = -len(lengths) % group
    return {
        "mean_k_ptr": F.pad(mean_k, (0, 0, 0, short)).contiguous(),
        "mean_v_ptr": F.pad(mean_v, (0, 0, 0, short)).contiguous(),
        "weight_ptr": F.pad(weight, (0, short), value=float("-inf")).contiguous(),
        "padded": len(lengths) + short,
        "MEANS": group,
    }


def block_sparse_attention_triton(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    counts: Tensor,
    indices: Tensor,
    block_q: int,
    block_k: int,
    scale: float,
    with_lse: bool,
    config: LaunchConfig | None = None,
    compensate: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """See `vidkit_kernels.block_sparse.block_sparse_attention`; compensation is in the kernel of pointers."""
    B, H, N, D = q.shape
    Nk = k.shape[2]
    reason = unsupported_reason(D, q.dtype, block_q, block_k)
    if not scale > 0:
        raise ValueError(f"the Triton block-sparse kernel needs a positive scale, got {scale}")
    if reason:
        raise ValueError(f"the Triton block-sparse kernel cannot run this: {reason}")
    q, k, v = (t if t.stride(-1) == 1 else t.contiguous() for t in (q, k, v))
    config = config or default_config(D, q.dtype, block_q, block_k, q.device)
    out = torch.empty(B, N, H, D, dtype=q.dtype, device=q.device).transpose(1, 2)
    lse = torch.empty(B, H, N, dtype=torch.float32, device=q.device) if with_lse else None
    counts, indices = counts.contiguous(), indices.contiguous()
    nQ, nK = counts.shape[2], indices.shape[3]
    tile_m, tile_n = config.tile_m or block_q, config.tile_n or block_k
    if not (B and H and N):
        return out, lse
    shared = {
        "D": D,
        "SPLIT_Q": block_q // tile_m,
        "SPLIT_K": block_k // tile_n,
        "BLOCK_M": tile_m,
        "BLOCK_N": tile_n,
        "RAGGED": Nk % block_k != 0,
        "WITH_LSE": with_lse,
        "PRECISION": "ieee" if q.dtype == torch.float32 else "tf32",
        "num_warps": config.warps,
        "num_stages": config.stages,
    }
    lse_arg = lse if lse is not None else out
    if compensate:
        shared |= _means(k, v, counts, indices, block_k, scale)
    if config.hopper and not compensate and _describable(q, k, v):
        from .hopper import launch

        launch(
            q, k, v, counts, indices, out, lse_arg, block_k, scale * LOG2E, with_lse, tile_n, config.stages
        )
        return out, lse
    if config.descriptors and not compensate and _describable(q, k, v) and not interpreting():
        from triton.tools.tensor_descriptor import TensorDescriptor

        q_desc = TensorDescriptor(q, list(q.shape), list(q.stride()), [1, 1, tile_m, D])
        k_desc, v_desc = (
            TensorDescriptor(t, list(t.shape), list(t.stride()), [1, 1, tile_n, D]) for t in (k, v)
        )
        _attention_descriptor_kernel[(nQ * block_q // tile_m, B * H)](
            q_desc, k_desc, v_desc, out, lse_arg, counts, indices,
            out.stride(0), out.stride(1), out.stride(2),
            H, N, Nk, nQ, nK, scale * LOG2E, **shared,
        )  # fmt: skip
        return out, lse
    _attention_kernel[(nQ * block_q // tile_m, B * H)](
        q, k, v, out, lse_arg, counts, indices,
        q.stride(0), q.stride(1), q.stride(2), k.stride(0), k.stride(1), k.stride(2),
        v.stride(0), v.stride(1), v.stride(2), out.stride(0), out.stride(1), out.stride(2),
        H, N, Nk, nQ, nK, scale * LOG2E, **shared,
    )  # fmt: skip
    return out, lse
