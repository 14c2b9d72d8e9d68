"""`BlockPlan`: which key blocks each query block reads, and its forms for the executors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from typing import Any

import torch
from torch import Tensor
from vidkit_kernels.packed_mask import expand_packed, list_share, pack_mask


@dataclass(frozen=True)
class BlockPlan:
    """Block lists of one attention call. Who made them does not matter to who runs them.

    Attributes:
        counts: `[B, H, nQ]` int32, used entries of each list, at least 1.
        indices: `[B, H, nQ, nK]` int32, key blocks ascending; zeros after the used entries.
        q_len: query tokens N.
        k_len: key tokens.
        block_q: tokens of a query block (the last one may be ragged).
        block_k: tokens of a key block.
        q_order: `[B, H, N]` int64 or None; position p of the sorted queries is token `q_order[p]`.
        k_order: the same for keys and values.
        selected_density: `[B, H]` share of query-key pairs the predictor asked for, where the block lists
            cover more than that (clusters); None when the lists are exactly what was asked for.
        compensate: blocks that are not listed take part in the softmax with their mean key and value.
    """

    counts: Tensor
    indices: Tensor
    q_len: int
    k_len: int
    block_q: int
    block_k: int
    q_order: Tensor | None = None
    k_order: Tensor | None = None
    selected_density: Tensor | None = None
    compensate: bool = False

    def __post_init__(self) -> None:
        nQ, nK = blocks(self.q_len, self.block_q), blocks(self.k_len, self.block_k)
        if self.counts.shape[2:] != (nQ,) or self.indices.shape[2:] != (nQ, nK):
            raise ValueError(
                f"lists {tuple(self.counts.shape)} / {tuple(self.indices.shape)} do not fit "
                f"{nQ}x{nK} blocks of {self.q_len}x{self.k_len} tokens"
            )

    @classmethod
    def from_packed(
        cls, packed: Tensor, q_len: int, k_len: int, block_q: int, block_k: int, **extra: Any
    ) -> BlockPlan:
        """From packed bits `[B, H, nQ, words]`."""
        counts, indices = expand_packed(packed, blocks(k_len, block_k))
        return cls(counts, indices, q_len, k_len, block_q, block_k, **extra)

    @classmethod
    def from_mask(
        cls, mask: Tensor, q_len: int, k_len: int, block_q: int, block_k: int, **extra: Any
    ) -> BlockPlan:
        """From a bool block mask `[B, H, nQ, nK]`."""
        return cls.from_packed(pack_mask(mask), q_len, k_len, block_q, block_k, **extra)

    @classmethod
    def full(
        cls,
        B: int,
        H: int,
        q_len: int,
        k_len: int,
        block_q: int,
        block_k: int,
        device: torch.device | str = "cpu",
    ) -> BlockPlan:
        """Every block: equals dense attention."""
        mask = torch.ones(
            B, H, blocks(q_len, block_q), blocks(k_len, block_k), dtype=torch.bool, device=device
        )
        return cls.from_mask(mask, q_len, k_len, block_q, block_k)

    def mask(self) -> Tensor:
        """Bool block mask `[B, H, nQ, nK]` (in sorted order where the plan has one)."""
        nK = self.indices.shape[-1]
        used = torch.arange(nK, device=self.indices.device) < self.counts.unsqueeze(-1)
        # unused entries land in an extra column that is cut off
        target = torch.where(used, self.indices, nK).long()
        mask = torch.zeros((*self.indices.shape[:-1], nK + 1), dtype=torch.bool, device=self.indices.device)
        return mask.scatter_(-1, target, True)[..., :nK]

    def pack(self) -> Tensor:
        """Packed bits `[B, H, nQ, words]` int32."""
        return pack_mask(self.mask())

    def token_mask(self) -> Tensor:
        """Bool `[B, H, N, Nk]` in the original token order; small shapes only."""
        mask = self.mask().repeat_interleave(self.block_q, 2)[:, :, : self.q_len]
        mask = mask.repeat_interleave(self.block_k, 3)[..., : self.k_len]
        if self.q_order is not None:
            mask = torch.empty_like(mask).scatter_(2, self.q_order[..., None].expand_as(mask), mask)
        if self.k_order is not None:
            mask = torch.empty_like(mask).scatter_(3, self.k_order[:, :, None].expand_as(mask), mask)
        return mask

    @property
    def full_heads(self) -> Tensor:
        """`[B, H]` bool: heads whose every list is whole."""
        return self.counts.eq(self.indices.shape[-1]).all(-1)

    def with_full_heads(self, heads: Tensor) -> BlockPlan:
        """The same plan, but dense where `heads` (`[B, H]` bool) says; what was selected is kept."""
        nK = self.indices.shape[-1]
        every = torch.arange(nK, dtype=self.indices.dtype, device=self.indices.device)
        selected = self.head_density if self.selected_density is None else self.selected_density
        return replace(
            self,
            counts=self.counts.masked_fill(heads[..., None], nK),
            indices=torch.where(heads[..., None, None], every, self.indices),
            selected_density=selected,
        )

    @property
    def head_density(self) -> Tensor:
        """`[B, H]` kept query-key pairs over all pairs, real tokens only, on the device."""
        return list_share(self.counts, self.indices, self.q_len, self.k_len, self.block_q, self.block_k)

    @property
    def density(self) -> float:
        """Kept query-key pairs over all pairs, mean of batch and heads."""
        return float(self.head_density.mean())

    @property
    def block_density(self) -> float:
        """Kept blocks over all blocks; never to be mixed with `density`."""
        return float(self.counts.float().mean()) / self.indices.shape[-1]

    @cached_property
    def flex_block_mask(self) -> Any:
        """FlexAttention's `BlockMask`, made once a plan; it masks the ragged end by the sequence length."""
        from torch.nn.attention.flex_attention import BlockMask

        counts, indices = self.counts, self.indices
        none = torch.zeros_like(counts)
        return BlockMask.from_kv_blocks(
            none,
            torch.zeros_like(indices),
            counts,
            indices,
            BLOCK_SIZE=(self.block_q, self.block_k),
            seq_lengths=(self.q_len, self.k_len),
        )

    @cached_property
    def fa4_tensors(self) -> Any:
        """FlashAttention-4's `BlockSparseTensorsTorch` (package flash-attn-4), made once a plan."""
        none = torch.zeros_like(self.counts)
        return import_module("flash_attn.cute.block_sparsity").BlockSparseTensorsTorch(
            mask_block_cnt=none,
            mask_block_idx=torch.zeros_like(self.indices),
            full_block_cnt=self.counts,
            full_block_idx=self.indices,
            block_size=(self.block_q, self.block_k),
        )

    def bsr(self) -> tuple[Tensor, Tensor]:
        """Block rows of all heads as CSR `(indptr [B*H*nQ + 1], indices)` int32, FlashInfer's form."""
        indptr = torch.nn.functional.pad(self.counts.flatten().cumsum(0), (1, 0)).to(torch.int32)
        used = torch.arange(self.indices.shape[-1], device=self.indices.device) < self.counts.unsqueeze(-1)
        return indptr, self.indices[used]


def blocks(tokens: int, block: int) -> int:
    """Number of blocks that cover `tokens`."""
    return -(-tokens // block)
