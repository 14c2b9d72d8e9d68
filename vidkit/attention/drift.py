"""Drift: how far a head's pooled Q and K have moved since its mask was made."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Pooled:
    """Means over tokens of Q and K, fp32 `[B, H, D]` each."""

    q: Tensor
    k: Tensor


@dataclass
class Anchors:
    """Pooled Q and K at each head's last refresh, and when that was.

    Attributes:
        q: `[B, H, D]` fp32.
        k: `[B, H, D]` fp32.
        step: `[B, H]` int32 step of the last refresh.
    """

    q: Tensor
    k: Tensor
    step: Tensor

    @classmethod
    def at(cls, pooled: Pooled, step: int) -> Anchors:
        """All heads refreshed now."""
        return cls(
            pooled.q,
            pooled.k,
            torch.full(pooled.q.shape[:2], step, dtype=torch.int32, device=pooled.q.device),
        )

    def moved(self, pooled: Pooled, step: int, refresh: Tensor) -> Anchors:
        """Heads in `refresh` move to this step; the others keep their anchors, so small drifts add up."""
        pick = refresh[..., None]
        return Anchors(
            torch.where(pick, pooled.q, self.q),
            torch.where(pick, pooled.k, self.k),
            torch.where(refresh, step, self.step).to(torch.int32),
        )


def pool(q: Tensor, k: Tensor) -> Pooled:
    """Means over tokens, fp32; q, k `[B, H, N, D]`."""
    return Pooled(q.mean(2, dtype=torch.float32), k.mean(2, dtype=torch.float32))


def drift(pooled: Pooled, anchors: Anchors) -> Tensor:
    """`||q - qa||_1 + ||k - ka||_1`, `[B, H]`. Source: HASTE (arXiv 2605.14513), temporal mask reuse."""
    return (pooled.q - anchors.q).abs().sum(-1) + (pooled.k - anchors.k).abs().sum(-1)
