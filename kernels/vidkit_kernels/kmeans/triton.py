"""Triton k-means: assignment as a GEMM with a running argmax, means as one program a cluster.

A round is six launches, whatever the number of heads; heads that are done skip all of them.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from ..label_sort.triton import sort_by_label_triton


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
            top, where = tl.max(score, 1, return_indices=True)
            label = tl.where(top > best, where.to(tl.int32) + start, label)
            best = tl.maximum(best, top)
        tl.store(labels_ptr + head * N + token, label, mask=token < N)


@triton.jit
def _round_kernel(centroids_ptr, rounded_ptr, half_norm_ptr, rows, D: tl.constexpr, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = row < rows
    place = row[:, None] * D + tl.arange(0, D)[None, :]
    value = tl.load(centroids_ptr + place, mask=inside[:, None], other=0.0)
    value = value.to(rounded_ptr.dtype.element_ty)
    tl.store(rounded_ptr + place, value, mask=inside[:, None])
    exact = value.to(tl.float32)
    tl.store(half_norm_ptr + row, 0.5 * tl.sum(exact * exact, 1), mask=inside)


@triton.jit
def _gate_kernel(left_ptr, active_ptr, moved_ptr, heads, step, tolerance_squared, BLOCK: tl.constexpr):
    head = tl.arange(0, BLOCK)
    inside = head < heads
    run = tl.load(left_ptr + head, mask=inside, other=0) > step
    if step > 0:
        moved = tl.load(moved_ptr + head, mask=inside, other=0).to(tl.float32, bitcast=True)
        # a head that stopped has moved by 0, so it stays where it is
        run = run & (moved >= tolerance_squared)
    tl.store(active_ptr + head, run.to(tl.int8), mask=inside)
    tl.store(moved_ptr + head, tl.zeros([BLOCK], tl.int32), mask=inside)


@triton.jit
def _means_kernel(
    x_ptr, order_ptr, offsets_ptr, centroids_ptr, rounded_ptr, half_norm_ptr, moved_ptr, active_ptr,
    stride_xb, stride_xh, stride_xn, H, N, C,
    HAS_ACTIVE: tl.constexpr, IN_ROUND: tl.constexpr, D: tl.constexpr, BLOCK: tl.constexpr,
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
            mean = total / (end - first).to(tl.float32)
            place = (head * C + cluster) * D + d
            if IN_ROUND:
                shift = mean - tl.load(centroids_ptr + place)
                # bits of non-negative floats order like integers, and a maximum does not depend on order
                tl.atomic_max(moved_ptr + head, tl.sum(shift * shift, 0).to(tl.int32, bitcast=True))
                rounded = mean.to(rounded_ptr.dtype.element_ty)
                tl.store(rounded_ptr + place, rounded)
                exact = rounded.to(tl.float32)
                tl.store(half_norm_ptr + head * C + cluster, 0.5 * tl.sum(exact * exact, 0))
            tl.store(centroids_ptr + place, mean)


def _flags(active: Tensor | None, like: Tensor) -> Tensor:
    return like if active is None else active.to(torch.int8).contiguous()


def _rounded(x: Tensor, centroids: Tensor) -> tuple[Tensor, Tensor]:
    """Contiguous centroids in x's dtype `[B, H, C, D]`, and half their squared norms `[B, H, C]` fp32."""
    D, rows = centroids.shape[-1], centroids[..., 0].numel()
    rounded = torch.empty(centroids.shape, dtype=x.dtype, device=x.device)
    half_norm = torch.empty(centroids.shape[:-1], dtype=torch.float32, device=x.device)
    _round_kernel[(triton.cdiv(rows, 32),)](
        centroids.contiguous(), rounded, half_norm, rows, D=D, BLOCK=32, num_warps=4
    )
    return rounded, half_norm


def _assign(x: Tensor, rounded: Tensor, half_norm: Tensor, labels: Tensor, active: Tensor | None) -> None:
    B, H, N, D = x.shape
    C = rounded.shape[2]
    # 8 warps on 256x64 are the fastest on an H200; fp32 needs twice the shared memory
    half = x.element_size() == 2
    block_m = max(16, min(256 if half else 64, triton.next_power_of_2(N)))
    block_c = max(16, min(64, triton.next_power_of_2(C)))
    _assign_kernel[(-(-N // block_m), B * H)](
        x, rounded, half_norm, labels, _flags(active, labels), x.stride(0), x.stride(1), x.stride(2), H, N, C,
        HAS_ACTIVE=active is not None, D=D, BLOCK_M=block_m, BLOCK_C=block_c,
        PRECISION="tf32" if half else "ieee", num_warps=8 if block_m == 256 else 4,
        num_stages=3 if half else 2,
    )  # fmt: skip


def assign_triton(x: Tensor, centroids: Tensor, labels: Tensor, active: Tensor | None) -> Tensor:
    """See `vidkit_kernels.kmeans.assign`."""
    x = x if x.stride(-1) == 1 else x.contiguous()
    _assign(x, *_rounded(x, centroids), labels, active)
    return labels


def cluster_means_triton(
    x: Tensor, order: Tensor, offsets: Tensor, centroids: Tensor, active: Tensor | None
) -> Tensor:
    """See `vidkit_kernels.kmeans.cluster_means`."""
    x = x if x.stride(-1) == 1 else x.contiguous()
    _means(x, order, offsets, centroids, active, None)
    return centroids


def _means(
    x: Tensor,
    order: Tensor,
    offsets: Tensor,
    centroids: Tensor,
    active: Tensor | None,
    updates: tuple[Tensor, Tensor, Tensor] | None,
) -> None:
    """`updates`: rounded centroids, half norms and movement, kept up to date in the same pass."""
    B, H, N, D = x.shape
    C = centroids.shape[2]
    _means_kernel[(C, B * H)](
        x, order, offsets, centroids, *(updates or (centroids, centroids, offsets)), _flags(active, offsets),
        x.stride(0), x.stride(1), x.stride(2), H, N, C,
        HAS_ACTIVE=active is not None, IN_ROUND=updates is not None, D=D, BLOCK=32, num_warps=1,
    )  # fmt: skip


def kmeans_triton(
    x: Tensor, centroids: Tensor, left: Tensor, rounds: int, labels: Tensor, tolerance: float
) -> Tensor:
    """Rounds in place on `centroids` and `labels`, see `vidkit_kernels.kmeans.kmeans`; returns offsets."""
    B, H = x.shape[:2]
    C = centroids.shape[2]
    x = x if x.stride(-1) == 1 else x.contiguous()
    left = left.contiguous()
    rounded, half_norm = _rounded(x, centroids)
    moved = torch.empty(B, H, dtype=torch.int32, device=x.device)
    active = torch.empty(B, H, dtype=torch.int8, device=x.device)
    found = torch.zeros(B, H, C + 1, dtype=torch.int32, device=x.device)
    for step in range(rounds):
        _gate_kernel[(1,)](
            left, active, moved, B * H, step, tolerance**2, BLOCK=triton.next_power_of_2(B * H), num_warps=1
        )
        _assign(x, rounded, half_norm, labels, active)
        order = sort_by_label_triton(labels, C, active, found)
        _means(x, order, found, centroids, active, (rounded, half_norm, moved))
    return found
