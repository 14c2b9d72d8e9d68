"""Predictors that score fixed blocks and keep the top-p of every row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from vidkit_kernels.packed_mask import words_for
from vidkit_kernels.top_p import select_top_p
from vidkit_kernels.xattention_score import unsupported_reason, xattention_score

from vidkit.attention.keep import always_keep_packed, check_rules
from vidkit.attention.plan import BlockPlan, blocks
from vidkit.attention.predictors.base import BackendChooser, PlanState, check_blocks
from vidkit.errors import ConfigError
from vidkit.hooks.token_grid import TokenGrid


class ScoredPredictor:
    """Block scores, then top-p: what the block predictors share.

    Args:
        block_q: tokens of a query block.
        block_k: tokens of a key block.
        always_keep: rules of `vidkit.attention.keep`.
    """

    name = "scored"

    def __init__(self, block_q: int = 128, block_k: int = 128, always_keep: Iterable[str] = ()) -> None:
        check_blocks(block_q, block_k)
        self.block_q, self.block_k = block_q, block_k
        self.always_keep = check_rules(always_keep)
        self._always: dict[tuple[int, TokenGrid | None, torch.device], Tensor | None] = {}

    def describe(self) -> dict[str, Any]:
        """Name, block sizes and rules."""
        return {"name": self.name, "block_q": self.block_q, "block_k": self.block_k,
                "always_keep": list(self.always_keep)}  # fmt: skip

    def scores(self, q: Tensor, k: Tensor, active: Tensor | None) -> Tensor:
        """Block scores `[B, H, nQ, nK]` fp32, not negative."""
        raise NotImplementedError

    def refresh(
        self,
        q: Tensor,
        k: Tensor,
        tau: Tensor,
        state: PlanState,
        active: Tensor | None,
        grid: TokenGrid | None,
    ) -> None:
        """Score and select; see `MaskPredictor.refresh`."""
        B, H, N, _ = q.shape
        shape = (B, H, blocks(N, self.block_q), words_for(blocks(N, self.block_k)))
        if state.packed is None:
            state.packed = torch.zeros(shape, dtype=torch.int32, device=q.device)
        scores = self.scores(q, k, active)
        always = self._always_packed(N, grid, q.device)
        select_top_p(scores, tau, always=always, active=active, out=state.packed)

    def plan(self, N: int, state: PlanState, grid: TokenGrid | None) -> BlockPlan:
        """Expand the cached bits to lists."""
        assert state.packed is not None
        return BlockPlan.from_packed(state.packed, N, N, self.block_q, self.block_k)

    def _always_packed(self, N: int, grid: TokenGrid | None, device: torch.device) -> Tensor | None:
        key = (N, grid, device)
        if key not in self._always:
            self._always[key] = always_keep_packed(
                self.always_keep, N, self.block_q, self.block_k, grid, device
            )
        return self._always[key]


class XAttentionPredictor(ScoredPredictor):
    """Antidiagonal sums. Source: XAttention (arXiv 2503.16428); HASTE uses stride 16 on Wan.

    Args:
        block_q: tokens of a query block, a multiple of `stride`.
        block_k: tokens of a key block, a multiple of `stride`.
        stride: S, tokens a side of the sub-blocks; larger is cheaper and coarser.
        norm: extra divisor of the logits.
        always_keep: rules of `vidkit.attention.keep`; none by default, as published for video.
    """

    name = "xattention"

    def __init__(
        self, block_q: int = 128, block_k: int = 128, stride: int = 16, norm: float = 1.0,
        always_keep: Iterable[str] = (),
    ) -> None:  # fmt: skip
        super().__init__(block_q, block_k, always_keep)
        if stride < 1 or block_q % stride or block_k % stride:
            raise ConfigError(
                f"stride {stride} does not divide the blocks {block_q}x{block_k}",
                "choose a divisor such as 8 or 16",
            )
        if not norm > 0:
            raise ConfigError(f"norm must be positive, got {norm}")
        self.stride, self.norm = stride, norm
        self._backend = BackendChooser("xattention scores are")

    def describe(self) -> dict[str, Any]:
        """Adds stride and norm."""
        return {**super().describe(), "stride": self.stride, "norm": self.norm}

    def scores(self, q: Tensor, k: Tensor, active: Tensor | None) -> Tensor:
        """Estimated softmax mass of the block pairs."""
        reason = unsupported_reason(q.shape[-1], q.dtype, self.block_k, self.stride)
        return xattention_score(
            q, k, block_q=self.block_q, block_k=self.block_k, stride=self.stride, norm=self.norm,
            active=active, backend=self._backend(q, reason),
        )  # fmt: skip


class PooledMeanPredictor(ScoredPredictor):
    """Softmax over products of block means (as SpargeAttn and DFSAttn), key blocks weighted by size."""

    name = "pooled_mean"

    def scores(self, q: Tensor, k: Tensor, active: Tensor | None) -> Tensor:
        """Estimated softmax mass of the block pairs."""
        sizes = block_sizes(k.shape[2], self.block_k, k.device)
        logits = block_means(q, self.block_q) @ block_means(k, self.block_k).mT * q.shape[-1] ** -0.5
        mass: Tensor = (logits + sizes.log()).softmax(-1)
        return mass


class ExactMassPredictor(ScoredPredictor):
    """The oracle: true softmax mass of every block pair, one query block at a time; as slow as attention."""

    name = "exact_mass"

    def scores(self, q: Tensor, k: Tensor, active: Tensor | None) -> Tensor:
        """Mean over a block's queries of the softmax mass in each key block."""
        return exact_block_mass(q, k, self.block_q, self.block_k)


def block_sizes(N: int, block: int, device: torch.device) -> Tensor:
    """Real tokens of each block, fp32 `[ceil(N/block)]`."""
    sizes = torch.full((blocks(N, block),), float(block), device=device)
    sizes[-1] = N - (len(sizes) - 1) * block
    return sizes


def block_means(x: Tensor, block: int) -> Tensor:
    """Means over real tokens of each block: `[B, H, N, D]` to fp32 `[B, H, ceil(N/block), D]`."""
    B, H, N, D = x.shape
    whole = N // block
    means: Tensor = x[:, :, : whole * block].reshape(B, H, whole, block, D).mean(3, dtype=torch.float32)
    if N % block:
        tail = x[:, :, whole * block :].mean(2, keepdim=True, dtype=torch.float32)
        means = torch.cat([means, tail], 2)
    return means


def exact_block_mass(q: Tensor, k: Tensor, block_q: int, block_k: int) -> Tensor:
    """True block mass `[B, H, nQ, nK]` fp32: rows sum to 1. Scratch is one query block against all keys."""
    N, D = q.shape[2:]
    kind = torch.float64 if q.dtype == torch.float64 else torch.float32
    keys = k.to(kind).mT
    pad = -k.shape[2] % block_k
    rows = []
    for start in range(0, N, block_q):
        p = (q[:, :, start : start + block_q].to(kind) @ keys * D**-0.5).softmax(-1)
        mass = torch.nn.functional.pad(p, (0, pad)).reshape(*p.shape[:3], -1, block_k).sum(-1)
        rows.append(mass.mean(2))
    return torch.stack(rows, 2).float()
