"""Triton XAttention scores: GEMM tiles that end in softmax partial sums, then one pass that joins them.

A program owns a tile of query groups x key groups and stores, per row, the tile's maximum and the sum of
exp against it for each key block; a second kernel brings the tiles of a row to their common maximum and
adds the rows of a query block. Scratch is [heads of a group, N/S, N/block_k], never [N/S, N/S].

Two ways of loading: pointers (every GPU, the interpreter, and N that S does not divide) and tensor
descriptors (Hopper and later), which see the tokens as [B, H, N/S, S, D] and so read one token of every group
at a time without any gather. Padding a ragged N for the descriptors took longer than pointers do.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from .._dispatch import interpreting
from .limits import unsupported_reason

LOG2E = 1.4426950408889634
SCRATCH_BYTES = 256 << 20  # heads go in groups whose partial sums fit


@triton.jit
def _place(pid, tiles_m, tiles_n, GROUP: tl.constexpr):
    """Tile of a program: columns of GROUP tiles, so that neighbours share operands in the L2 cache."""
    width = GROUP * tiles_n
    first = pid // width * GROUP
    height = tl.minimum(tiles_m - first, GROUP)
    return first + pid % width % height, pid % width // height


@triton.jit
def _store_tile(
    logits, tile_m, tile_n, local, part_ptr, max_ptr, rows, cols, nK, tiles_n, scale_log2,
    PER_K: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
):  # fmt: skip
    a = tile_m * BLOCK_M + tl.arange(0, BLOCK_M)
    b = tile_n * BLOCK_N + tl.arange(0, BLOCK_N)
    logits = tl.where((b < cols)[None, :], logits, float("-inf"))
    m = tl.max(logits, 1)
    p = tl.exp2(logits * scale_log2 - (m * scale_log2)[:, None])
    tile_sum = tl.sum(tl.reshape(p, (BLOCK_M, BLOCK_N // PER_K, PER_K)), 2)
    row = local.to(tl.int64) * rows + a
    j = tile_n * (BLOCK_N // PER_K) + tl.arange(0, BLOCK_N // PER_K)
    inside = (a < rows)[:, None] & (j < nK)[None, :]
    tl.store(part_ptr + row[:, None] * nK + j[None, :], tile_sum, mask=inside)
    tl.store(max_ptr + row * tiles_n + tile_n, m * scale_log2, mask=a < rows)


@triton.jit
def _pointer_kernel(
    q_ptr, k_ptr, part_ptr, max_ptr, active_ptr,
    stride_qb, stride_qh, stride_qn, stride_kb, stride_kh, stride_kn,
    first_head, H, NQ, NK, rows, cols, nK, tiles_m, tiles_n, scale_log2,
    HAS_ACTIVE: tl.constexpr, S: tl.constexpr, D: tl.constexpr, PER_K: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, GROUP: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    local = tl.program_id(1)
    head = first_head + local
    run = True
    if HAS_ACTIVE:
        run = tl.load(active_ptr + head) != 0
    if run:
        tile_m, tile_n = _place(tl.program_id(0), tiles_m, tiles_n, GROUP)
        q_head = q_ptr + (head // H).to(tl.int64) * stride_qb + (head % H).to(tl.int64) * stride_qh
        k_head = k_ptr + (head // H).to(tl.int64) * stride_kb + (head % H).to(tl.int64) * stride_kh
        a = tile_m * BLOCK_M + tl.arange(0, BLOCK_M)
        b = tile_n * BLOCK_N + tl.arange(0, BLOCK_N)
        d = tl.arange(0, D)
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
        _store_tile(
            logits, tile_m, tile_n, local, part_ptr, max_ptr, rows, cols, nK, tiles_n, scale_log2,
            PER_K, BLOCK_M, BLOCK_N,
        )  # fmt: skip


@triton.jit
def _descriptor_kernel(
    q_desc, k_desc, part_ptr, max_ptr, active_ptr,
    first_head, H, rows, cols, nK, tiles_m, tiles_n, scale_log2,
    HAS_ACTIVE: tl.constexpr, S: tl.constexpr, D: tl.constexpr, PER_K: tl.constexpr, BLOCK_M: tl.constexpr,
    BLOCK_N: tl.constexpr, CHUNK: tl.constexpr, GROUP: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    local = tl.program_id(1)
    head = first_head + local
    run = True
    if HAS_ACTIVE:
        run = tl.load(active_ptr + head) != 0
    if run:
        tile_m, tile_n = _place(tl.program_id(0), tiles_m, tiles_n, GROUP)
        batch, h = head // H, head % H
        logits = tl.zeros([BLOCK_M, BLOCK_N], tl.float32)
        for step in range(0, S * (D // CHUNK)):
            i = step // (D // CHUNK)
            d = step % (D // CHUNK) * CHUNK
            q = q_desc.load([batch, h, tile_m * BLOCK_M, S - 1 - i, d])
            k = k_desc.load([batch, h, tile_n * BLOCK_N, i, d])
            q = tl.reshape(q, (BLOCK_M, CHUNK))
            k = tl.reshape(k, (BLOCK_N, CHUNK))
            logits = tl.dot(q, tl.trans(k), logits, input_precision=PRECISION)
        _store_tile(
            logits, tile_m, tile_n, local, part_ptr, max_ptr, rows, cols, nK, tiles_n, scale_log2,
            PER_K, BLOCK_M, BLOCK_N,
        )  # fmt: skip


@triton.jit
def _combine_kernel(
    part_ptr, max_ptr, active_ptr, out_ptr, first_head, rows, nQ, nK, tiles_n,
    HAS_ACTIVE: tl.constexpr, PER_Q: tl.constexpr, PER_TILE: tl.constexpr, BLOCK_J: tl.constexpr,
):  # fmt: skip
    block = tl.program_id(0)
    local = tl.program_id(1).to(tl.int64)
    head = first_head + local
    run = True
    if HAS_ACTIVE:
        run = tl.load(active_ptr + head) != 0
    if run:
        j = tl.arange(0, BLOCK_J)
        inside = j < nK
        score = tl.zeros([BLOCK_J], tl.float32)
        for a in range(block * PER_Q, tl.minimum(block * PER_Q + PER_Q, rows)):
            row = local * rows + a
            part = tl.load(part_ptr + row * nK + j, mask=inside, other=0.0)
            high = tl.load(max_ptr + row * tiles_n + j // PER_TILE, mask=inside, other=float("-inf"))
            mass = part * tl.exp2(high - tl.max(high, 0))
            score += mass / tl.sum(mass, 0)
        tl.store(out_ptr + (head * nQ + block) * nK + j, score, mask=inside)


@dataclass(frozen=True)
class ScoreConfig:
    """How the scores are computed; the benchmark tries the alternatives.

    Tiles of 128x256 by descriptors are refused: with triton 3.6 on an H200 their sums were off by 2-6 % and
    differed from run to run, while 64x256, 128x128 and the same tile by pointers were right.

    Attributes:
        block_m: query groups a tile.
        block_n: key groups a tile.
        warps: warps a program.
        stages: depth of the software pipeline.
        descriptors: load tiles by tensor descriptors.
        chunk: head dimensions a loop turn, with descriptors.
        group: tiles of a column that run side by side.
    """

    block_m: int = 128
    block_n: int = 128
    warps: int = 8
    stages: int = 3
    descriptors: bool = False
    chunk: int = 64
    group: int = 8

    def __post_init__(self) -> None:
        if self.descriptors and self.block_m * self.block_n > 128 * 128:
            raise ValueError(f"tiles of {self.block_m}x{self.block_n} by descriptors give wrong sums")


def default_config(rows: int, cols: int, per_k: int, q: Tensor, can_describe: bool) -> ScoreConfig:
    """A configuration for this problem and GPU; small problems get small tiles."""
    block_m = max(16, min(128, triton.next_power_of_2(rows)))
    block_n = max(16, per_k, min(128, triton.next_power_of_2(cols)))
    half = q.dtype in (torch.float16, torch.bfloat16)
    large = q.shape[-1] >= 64 and block_m == block_n == 128
    if q.is_cuda and not interpreting() and half and large and can_describe and _describing_gpu(q.device):
        return ScoreConfig(128, 128, 4, 3, True)
    return ScoreConfig(block_m, block_n, 8 if block_m * block_n >= 128 * 128 else 4)


def _describing_gpu(device: torch.device) -> bool:
    """Hopper or later, and host-side descriptors, which came with triton 3.4."""
    known = importlib.util.find_spec("triton.tools.tensor_descriptor") is not None
    return known and torch.cuda.get_device_capability(device)[0] >= 9


def _grouped(x: Tensor, stride: int, block: int, chunk: int) -> object:
    """Descriptor of `[B, H, N, D]` seen as `[B, H, N/S, S, D]`."""
    from triton.tools.tensor_descriptor import TensorDescriptor

    B, H, N, D = x.shape
    sb, sh, sn, _ = x.stride()
    shape, strides = [B, H, N // stride, stride, D], [sb, sh, stride * sn, sn, 1]
    return TensorDescriptor(x, shape, strides, [1, 1, block, 1, chunk])


def _describable(x: Tensor, stride: int) -> bool:
    aligned = x.data_ptr() % 16 == 0 and all(s * x.element_size() % 16 == 0 for s in x.stride()[:-1])
    return aligned and x.shape[2] % stride == 0


def xattention_score_triton(
    q: Tensor,
    k: Tensor,
    block_q: int,
    block_k: int,
    stride: int,
    norm: float,
    active: Tensor | None,
    config: ScoreConfig | None = None,
) -> Tensor:
    """See `xattention_score`; `config` overrides the launch configuration."""
    B, H, N, D = q.shape
    Nk = k.shape[2]
    if q.stride(-1) != 1 or k.stride(-1) != 1:
        q, k = q.contiguous(), k.contiguous()
    rows, cols = -(-N // stride), -(-Nk // stride)
    nQ, nK = -(-N // block_q), -(-Nk // block_k)
    per_q, per_k = block_q // stride, block_k // stride
    reason = unsupported_reason(D, q.dtype, block_k, stride)
    if reason is not None:
        raise ValueError(f"the Triton score kernel cannot run this: {reason}")
    can_describe = _describable(q, stride) and _describable(k, stride)
    c = config or default_config(rows, cols, per_k, q, can_describe)
    tiles_m, tiles_n = -(-rows // c.block_m), -(-cols // c.block_n)
    f32 = {"dtype": torch.float32, "device": q.device}
    heads = B * H
    group = max(1, min(heads, SCRATCH_BYTES // (4 * rows * (nK + tiles_n))))
    part, highs = torch.empty(group, rows, nK, **f32), torch.empty(group, rows, tiles_n, **f32)
    out = torch.empty(B, H, nQ, nK, **f32)
    flags = out if active is None else active.to(torch.int8).contiguous()
    shared = {
        "HAS_ACTIVE": active is not None,
        "S": stride,
        "D": D,
        "PER_K": per_k,
        "BLOCK_M": c.block_m,
        "BLOCK_N": c.block_n,
        "GROUP": c.group,
        "num_warps": c.warps,
        "num_stages": c.stages,
        "PRECISION": "ieee" if q.dtype == torch.float32 else "tf32",
    }
    scale_log2 = LOG2E / (D**0.5 * stride * norm)
    described = c.descriptors and can_describe
    if described:
        q_desc, k_desc = (_grouped(x, stride, n, c.chunk) for x, n in ((q, c.block_m), (k, c.block_n)))
    for first in range(0, heads, group):
        n = min(group, heads - first)
        if described:
            _descriptor_kernel[(tiles_m * tiles_n, n)](
                q_desc, k_desc, part, highs, flags, first, H, rows, cols, nK, tiles_m, tiles_n, scale_log2,
                CHUNK=c.chunk, **shared,
            )  # fmt: skip
        else:
            _pointer_kernel[(tiles_m * tiles_n, n)](
                q, k, part, highs, flags,
                q.stride(0), q.stride(1), q.stride(2), k.stride(0), k.stride(1), k.stride(2),
                first, H, N, Nk, rows, cols, nK, tiles_m, tiles_n, scale_log2, **shared,
            )  # fmt: skip
        _combine_kernel[(nQ, n)](
            part, highs, flags, out, first, rows, nQ, nK, tiles_n,
            HAS_ACTIVE=active is not None, PER_Q=per_q, PER_TILE=c.block_n // per_k,
            BLOCK_J=max(16, triton.next_power_of_2(nK)), num_warps=4,
        )  # fmt: skip
    return out
