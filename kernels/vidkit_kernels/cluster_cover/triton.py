"""Triton kernels over rows of the cluster map: one program per query block, or a query cluster."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit
def _range_kernel(offsets_ptr, range_ptr, N, C, blocks, block, BINS: tl.constexpr, BLOCK_J: tl.constexpr):
    head = tl.program_id(1).to(tl.int64)
    j = tl.program_id(0) * BLOCK_J + tl.arange(0, BLOCK_J)
    c = tl.arange(0, BINS)
    end = tl.load(offsets_ptr + head * (C + 1) + 1 + c, mask=c < C, other=2147483647)
    # the cluster of a sorted position is the number of clusters that end at or before it
    first = tl.sum((end[None, :] <= (j * block)[:, None]).to(tl.int32), 1)
    final = tl.minimum(j * block + block, N) - 1
    last = tl.sum((end[None, :] <= final[:, None]).to(tl.int32), 1)
    place = range_ptr + (head * blocks + j) * 2
    tl.store(place, first, mask=j < blocks)
    tl.store(place + 1, last, mask=j < blocks)


@triton.jit
def _cover_kernel(
    packed_ptr, offsets_q_ptr, offsets_k_ptr, range_q_ptr, range_k_ptr, counts_ptr, indices_ptr,
    Cq, Ck, clusters, n_words, nQ, nK, BINS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    i = tl.program_id(0)
    head = tl.program_id(1).to(tl.int64)
    c = tl.arange(0, BINS)
    inside = c < Ck
    kept = tl.zeros([BINS], tl.int32)
    first = tl.load(range_q_ptr + (head * nQ + i) * 2)
    last = tl.load(range_q_ptr + (head * nQ + i) * 2 + 1)
    for row in range(first, last + 1):
        begin = tl.load(offsets_q_ptr + head * (Cq + 1) + row)
        end = tl.load(offsets_q_ptr + head * (Cq + 1) + row + 1)
        bits = tl.where(end > begin, clusters, 0)
        word = tl.load(packed_ptr + (head * Cq + row) * n_words + c // 32, mask=c < bits, other=0)
        kept |= (word >> (c % 32)) & 1
    # clusters without bits are always kept; empty ones touch nothing
    kept = tl.where(c >= clusters, 1, kept)
    offset = offsets_k_ptr + head * (Ck + 1) + c
    size = tl.load(offset + 1, mask=inside, other=0) - tl.load(offset, mask=inside, other=0)
    kept = tl.where(inside & (size > 0), kept, 0)
    running = tl.cumsum(kept, 0)
    j = tl.arange(0, BLOCK)
    place = range_k_ptr + (head * nK + j) * 2
    k0 = tl.load(place, mask=j < nK, other=0)
    k1 = tl.load(place + 1, mask=j < nK, other=0)
    hits = tl.gather(running, k1, 0) - tl.gather(running, k0, 0) + tl.gather(kept, k0, 0)
    hit = (hits > 0) & (j < nK)
    rank = tl.cumsum(hit.to(tl.int32), 0)
    count = tl.sum(hit.to(tl.int32), 0)
    out = (head * nQ + i) * nK
    tl.store(counts_ptr + head * nQ + i, count)
    tl.store(indices_ptr + out + rank - 1, j, mask=hit)
    tl.store(indices_ptr + out + j, 0, mask=(j < nK) & (j >= count))


@triton.jit
def _share_kernel(
    packed_ptr, offsets_q_ptr, offsets_k_ptr, pairs_ptr, Cq, Ck, clusters, n_words, scale, BINS: tl.constexpr
):
    row = tl.program_id(0)
    head = tl.program_id(1).to(tl.int64)
    c = tl.arange(0, BINS)
    inside = c < Ck
    word = tl.load(packed_ptr + (head * Cq + row) * n_words + c // 32, mask=c < clusters, other=0)
    kept = (((word >> (c % 32)) & 1) == 1) | (c >= clusters)
    offset = offsets_k_ptr + head * (Ck + 1) + c
    size = tl.load(offset + 1, mask=inside, other=0) - tl.load(offset, mask=inside, other=0)
    keys = tl.sum(tl.where(kept, size, 0), 0)
    begin = tl.load(offsets_q_ptr + head * (Cq + 1) + row)
    end = tl.load(offsets_q_ptr + head * (Cq + 1) + row + 1)
    tl.store(pairs_ptr + head * Cq + row, keys.to(tl.float32) * (end - begin).to(tl.float32) * scale)


def cover_pairs_triton(
    packed: Tensor, offsets_q: Tensor, offsets_k: Tensor, clusters: int, N: int, block_q: int, block_k: int
) -> tuple[Tensor, Tensor]:
    """See `vidkit_kernels.cluster_cover.cover_pairs`."""
    B, H, Cq, n_words = packed.shape
    Ck = offsets_k.shape[-1] - 1
    packed, offsets_q, offsets_k = packed.contiguous(), offsets_q.contiguous(), offsets_k.contiguous()
    nQ, nK = triton.cdiv(N, block_q), triton.cdiv(N, block_k)
    counts = torch.empty(B, H, nQ, dtype=torch.int32, device=packed.device)
    indices = torch.empty(B, H, nQ, nK, dtype=torch.int32, device=packed.device)
    bins = max(32, triton.next_power_of_2(Ck))
    _cover_kernel[(nQ, B * H)](
        packed, offsets_q, offsets_k, _ranges(offsets_q, N, nQ, block_q), _ranges(offsets_k, N, nK, block_k),
        counts, indices, Cq, Ck, clusters, n_words, nQ, nK,
        BINS=bins, BLOCK=max(32, triton.next_power_of_2(nK)), num_warps=4,
    )  # fmt: skip
    return counts, indices


def _ranges(offsets: Tensor, N: int, blocks: int, block: int) -> Tensor:
    """First and last cluster of each block of sorted tokens, `[B * H, blocks, 2]` int32."""
    B, H, edges = offsets.shape
    found = torch.empty(B * H, blocks, 2, dtype=torch.int32, device=offsets.device)
    bins = max(32, triton.next_power_of_2(edges - 1))
    _range_kernel[(triton.cdiv(blocks, 16), B * H)](
        offsets, found, N, edges - 1, blocks, block, BINS=bins, BLOCK_J=16, num_warps=4
    )
    return found


def kept_share_triton(packed: Tensor, offsets_q: Tensor, offsets_k: Tensor, clusters: int, N: int) -> Tensor:
    """See `vidkit_kernels.cluster_cover.kept_share`."""
    B, H, Cq, n_words = packed.shape
    Ck = offsets_k.shape[-1] - 1
    pairs = torch.empty(B, H, Cq, dtype=torch.float32, device=packed.device)
    _share_kernel[(Cq, B * H)](
        packed.contiguous(), offsets_q.contiguous(), offsets_k.contiguous(), pairs, Cq, Ck, clusters, n_words,
        1 / N**2, BINS=max(32, triton.next_power_of_2(Ck)), num_warps=4,
    )  # fmt: skip
    return pairs.sum(-1)
