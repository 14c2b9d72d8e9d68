"""Block masks as packed bits, and the block lists that attention kernels read.

Bit `j % 32` of word `j // 32` says whether key block `j` is kept. Eight times smaller than bool masks: what a
mask cache stores. Lists are expanded per layer call.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .._dispatch import Backend, use_triton
from .reference import (
    expand_packed_reference,
    list_share_reference,
    pack_mask,
    unpack_mask,
    words_for,
)

__all__ = ["expand_packed", "expand_packed_reference", "list_share", "pack_mask", "unpack_mask", "words_for"]


def expand_packed(packed: Tensor, nK: int, backend: Backend = "auto") -> tuple[Tensor, Tensor]:
    """Packed bits to block lists.

    Args:
        packed: `[B, H, nQ, ceil(nK/32)]` int32.
        nK: number of key blocks.
        backend: `auto`, `triton` or `reference`.

    Returns:
        counts `[B, H, nQ]` int32 and indices `[B, H, nQ, nK]` int32; kept blocks ascending, then zeros.
    """
    if packed.dtype != torch.int32 or packed.shape[-1] != words_for(nK):
        raise ValueError(
            f"packed mask must be int32 with {words_for(nK)} words a row, got {packed.dtype} "
            f"{tuple(packed.shape)}"
        )
    if use_triton(backend, packed):
        from .triton import expand_packed_triton

        return expand_packed_triton(packed, nK)
    return expand_packed_reference(packed, nK)


def list_share(
    counts: Tensor,
    indices: Tensor,
    q_len: int,
    k_len: int,
    block_q: int,
    block_k: int,
    backend: Backend = "auto",
) -> Tensor:
    """Share of query-key pairs that block lists keep, real tokens only, fp32 `[B, H]`.

    Args:
        counts: `[B, H, nQ]` int32.
        indices: `[B, H, nQ, nK]` int32, ascending.
        q_len: query tokens; the last query block may be ragged.
        k_len: key tokens, likewise.
        block_q: tokens of a query block.
        block_k: tokens of a key block.
        backend: `auto`, `triton` or `reference`.
    """
    if use_triton(backend, counts):
        from .triton import list_share_triton

        return list_share_triton(counts, indices, q_len, k_len, block_q, block_k)
    return list_share_reference(counts, indices, q_len, k_len, block_q, block_k)
