"""Pooled means: products of block means score the blocks (baseline)."""

from __future__ import annotations

import torch
from torch import Tensor

from vidkit.attention.plan import blocks
from vidkit.attention.predictors.scoring import ScoredPredictor


class PooledMeanPredictor(ScoredPredictor):
    """Softmax over products of block means (as SpargeAttn and DFSAttn), key blocks weighted by size."""

    name = "pooled_mean"

    def scores(self, q: Tensor, k: Tensor, active: Tensor | None) -> Tensor:
        """Estimated softmax mass of the block pairs."""
        sizes = block_sizes(k.shape[2], self.block_k, k.device)
        logits = block_means(q, self.block_q) @ block_means(k, self.block_k).mT * q.shape[-1] ** -0.5
        mass: Tensor = (logits + sizes.log()).softmax(-1)
        return mass


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
