"""Triton k-means: assignment as a GEMM with a running argmax, means as one program a cluster."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit
def _assign_kernel(
    x_ptr, c_ptr, half_norm_ptr, labels_ptr, active_ptr, stride_xb, stride_xh, stride_xn, H, N, C,
    HAS_ACTIVE: tl.constexpr, D: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_C: tl.constexpr,
    PRECISION: tl.constexpr,
):  # fmt: skip
    tile = tl.program_id(0)
    head = tl.program_id(1).to(tl.int64)
    run = True
    if HAS_ACTIVE:
        run = tl.load(active_ptr + head) != 0
    if run:
        token = tile * BLOCK_M + tl.arange(0, BLOCK_M)
        d = tl.arange(0, D)
        x = tl.load(
            x_ptr
            + (head // H) * stride_xb
            + (head % H) * stride_xh
            + token[:, None].to(tl.int64) * stride_xn
            + d[None, :],
            mask=(token < N)[:, None],
            other=0.0,
        )
        best = tl.full([BLOCK_M], float("-inf"), tl.float32)
        label = tl.zeros([BLOCK_M], tl.int32)
        for start in range(0, C, BLOCK_C):
            c = start + tl.arange(0, BLOCK_C)
            inside = c < C
            centroid = tl.load(
                c_ptr + (head * C + c[None, :]) * D + d[:, None], mask=inside[None, :], other=0.0
            )
            half_norm = tl.load(half_norm_ptr + head * C + c, mask=inside, other=float("inf"))
            score = tl.dot(x, centroid, input_precision=PRECISION) - half_norm[None, :]
            top = tl.max(score, 1)
            where = tl.argmax(score, 1).to(tl.int32) + start
            label = tl.where(top > best, where, label)
            best = tl.maximum(best, top)
        tl.store(labels_ptr + head * N + token, label, mask=token < N)


@triton.jit
def _means_kernel(
    x_ptr, order_ptr, offsets_ptr, centroids_ptr, active_ptr, stride_xb, stride_xh, stride_xn, H, N, C,
    HAS_ACTIVE: tl.constexpr, D: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    cluster = tl.program_id(0)
    head = tl.program_id(1).to(tl.int64)
    run = True
    if HAS_ACTIVE:
        run = tl.load(active_ptr + head) != 0
    if run:
        first = tl.load(offsets_ptr + head * (C + 1) + cluster)
        end = tl.load(offsets_ptr + head * (C + 1) + cluster + 1)
        if end > first:
            d = tl.arange(0, D)
            base = x_ptr + (head // H) * stride_xb + (head % H) * stride_xh
            total = tl.zeros([D], tl.float32)
            for start in range(first, end, BLOCK):
                position = start + tl.arange(0, BLOCK)
                inside = position < end
                token = tl.load(order_ptr + head * N + position, mask=inside, other=0)
                rows = tl.load(
                    base + token[:, None] * stride_xn + d[None, :], mask=inside[:, None], other=0.0
                )
                total += tl.sum(rows.to(tl.float32), 0)
            tl.store(centroids_ptr + (head * C + cluster) * D + d, total / (end - first).to(tl.float32))


def _flags(active: Tensor | None, like: Tensor) -> Tensor:
    return like if active is None else active.to(torch.int8).contiguous()


def assign_triton(x: Tensor, centroids: Tensor, labels: Tensor, active: Tensor | None) -> Tensor:
    """See `vidkit_kernels.kmeans.assign`."""
    B, H, N, D = x.shape
    C = centroids.shape[2]
    x = x if x.stride(-1) == 1 else x.contiguous()
    c = centroids.to(x.dtype).contiguous()
    half_norm = 0.5 * c.float().square().sum(-1)
    block_m = max(16, min(128, triton.next_power_of_2(N)))
    block_c = max(16, min(128, triton.next_power_of_2(C)))
    _assign_kernel[(-(-N // block_m), B * H)](
        x, c, half_norm, labels, _flags(active, labels), x.stride(0), x.stride(1), x.stride(2), H, N, C,
        HAS_ACTIVE=active is not None, D=D, BLOCK_M=block_m, BLOCK_C=block_c,
        PRECISION="ieee" if x.dtype == torch.float32 else "tf32", num_warps=8, num_stages=3,
    )  # fmt: skip
    return labels


def cluster_means_triton(
    x: Tensor, order: Tensor, offsets: Tensor, centroids: Tensor, active: Tensor | None
) -> Tensor:
    """See `vidkit_kernels.kmeans.cluster_means`."""
    B, H, N, D = x.shape
    C = centroids.shape[2]
    x = x if x.stride(-1) == 1 else x.contiguous()
    _means_kernel[(C, B * H)](
        x, order, offsets.contiguous(), centroids, _flags(active, offsets),
        x.stride(0), x.stride(1), x.stride(2),
        H, N, C, HAS_ACTIVE=active is not None, D=D, BLOCK=32, num_warps=4,
    )  # fmt: skip
    return centroids
