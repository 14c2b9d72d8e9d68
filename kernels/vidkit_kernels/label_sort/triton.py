"""Triton counting sort: count labels by chunk of tokens, add the counts up, place every token.

A radix sort moves all tokens several times, and those of idle heads too. Labels are few, so counting them is
enough: a token's place is where its label starts, plus equal labels in earlier chunks, plus those before it
in its own chunk. No atomics on places, so the order is stable and always the same.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

CHUNK = 128


@triton.jit
def _count_kernel(
    labels_ptr,
    active_ptr,
    counts_ptr,
    N,
    C,
    chunks,
    HAS_ACTIVE: tl.constexpr,
    CHUNK: tl.constexpr,
    BINS: tl.constexpr,
):
    chunk = tl.program_id(0)
    head = tl.program_id(1).to(tl.int64)
    run = True
    if HAS_ACTIVE:
        run = tl.load(active_ptr + head) != 0
    if run:
        token = chunk * CHUNK + tl.arange(0, CHUNK)
        # tokens past the end count as label C, which is not stored
        label = tl.load(labels_ptr + head * N + token, mask=token < N, other=C).to(tl.int32)
        c = tl.arange(0, BINS)
        tl.store(counts_ptr + (head * chunks + chunk) * C + c, tl.histogram(label, BINS), mask=c < C)


@triton.jit
def _scan_kernel(
    counts_ptr,
    active_ptr,
    totals_ptr,
    C,
    chunks,
    HAS_ACTIVE: tl.constexpr,
    ROWS: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    head = tl.program_id(1).to(tl.int64)
    run = True
    if HAS_ACTIVE:
        run = tl.load(active_ptr + head) != 0
    if run:
        c = tl.program_id(0) * BLOCK_C + tl.arange(0, BLOCK_C)
        before = tl.zeros([BLOCK_C], tl.int32)
        for start in range(0, chunks, ROWS):
            row = start + tl.arange(0, ROWS)
            inside = (row < chunks)[:, None] & (c < C)[None, :]
            place = counts_ptr + (head * chunks + row[:, None]) * C + c[None, :]
            count = tl.load(place, mask=inside, other=0)
            # each chunk's count becomes the number of equal labels in earlier chunks
            tl.store(place, tl.cumsum(count, 0) - count + before[None, :], mask=inside)
            before += tl.sum(count, 0)
        tl.store(totals_ptr + head * C + c, before, mask=c < C)


@triton.jit
def _place_kernel(
    labels_ptr, active_ptr, counts_ptr, totals_ptr, order_ptr, offsets_ptr, N, C, chunks,
    HAS_ACTIVE: tl.constexpr, CHUNK: tl.constexpr, PART: tl.constexpr, BINS: tl.constexpr,
):  # fmt: skip
    chunk = tl.program_id(0)
    head = tl.program_id(1).to(tl.int64)
    run = True
    if HAS_ACTIVE:
        run = tl.load(active_ptr + head) != 0
    c = tl.arange(0, BINS)
    if run:
        total = tl.load(totals_ptr + head * C + c, mask=c < C, other=0)
        start = tl.cumsum(total, 0) - total
        if chunk == 0:
            tl.store(offsets_ptr + head * (C + 1) + c, start, mask=c <= C)
        index = tl.arange(0, CHUNK)
        token = chunk * CHUNK + index
        inside = token < N
        label = tl.load(labels_ptr + head * N + token, mask=inside, other=C).to(tl.int32)
        earlier = tl.load(counts_ptr + (head * chunks + chunk) * C + label, mask=inside, other=0)
        rank = tl.zeros([CHUNK], tl.int32)
        for first in range(0, CHUNK, PART):
            j = first + tl.arange(0, PART)
            other = tl.load(
                labels_ptr + head * N + chunk * CHUNK + j, mask=chunk * CHUNK + j < N, other=C
            ).to(tl.int32)
            # earlier tokens run down, so that most of the sum stays within a thread
            same = (label[None, :] == other[:, None]) & (index[None, :] > j[:, None])
            rank += tl.sum(same.to(tl.int32), 0)
        place = tl.gather(start, label, 0) + earlier + rank
        tl.store(order_ptr + head * N + place, token.to(tl.int64), mask=inside)


def sort_by_label_triton(labels: Tensor, C: int, active: Tensor | None, offsets: Tensor) -> Tensor:
    """See `vidkit_kernels.label_sort.sort_by_label`; offsets of active heads are written into `offsets`."""
    B, H, N = labels.shape
    device = labels.device
    labels = labels.contiguous()
    chunks = triton.cdiv(N, CHUNK)
    counts = torch.empty(B * H, chunks, C, dtype=torch.int32, device=device)
    totals = torch.empty(B * H, C, dtype=torch.int32, device=device)
    order = torch.empty(B, H, N, dtype=torch.int64, device=device)
    flags = labels if active is None else active.to(torch.int8).contiguous()
    # one bin more than labels: for tokens past the end, and for the last offset
    bins = max(64, triton.next_power_of_2(C + 1))
    some = active is not None
    _count_kernel[(chunks, B * H)](
        labels, flags, counts, N, C, chunks, HAS_ACTIVE=some, CHUNK=CHUNK, BINS=bins, num_warps=1
    )
    _scan_kernel[(triton.cdiv(C, 32), B * H)](
        counts, flags, totals, C, chunks, HAS_ACTIVE=some, ROWS=128, BLOCK_C=32, num_warps=4
    )
    _place_kernel[(chunks, B * H)](
        labels, flags, counts, totals, order, offsets, N, C, chunks,
        HAS_ACTIVE=some, CHUNK=CHUNK, PART=16, BINS=bins, num_warps=4,
    )  # fmt: skip
    return order
