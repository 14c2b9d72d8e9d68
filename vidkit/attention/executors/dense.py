"""Where dense attention is quicker than a sparse plan on a CPU: a rule of cost, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vidkit.attention.plan import BlockPlan

# calls of fewer FLOPs, some 2 ms of a thread, obey their masks: there is nothing to gain
WORTHWHILE_FLOPS = 2e8


def break_even(block_q: int, head_dim: int) -> float:
    """Density below which `gather` is quicker than dense attention.

    Short query blocks make small matrix products, and every kept pair costs more. Measured on Zen 4 at 2,304
    tokens: .42, .66, .70, .75, .81 for blocks of 16, 32, 48, 64, 128 and heads of 64; .46, .58, .65, .67, .77
    for heads of 128 (`vidkit bench attention sections=[rates]` shows the gain at other densities).
    """
    rows = 22 if head_dim <= 64 else 30
    return min(0.78, block_q / (block_q + rows))


def dense_is_quicker(plan: BlockPlan, head_dim: int) -> Tensor:
    """`[B, H]` bool: heads whose lists cost more than dense attention."""
    density = plan.head_density
    if 4.0 * density.numel() * plan.q_len * plan.k_len * head_dim < WORTHWHILE_FLOPS:
        return torch.zeros_like(density, dtype=torch.bool)
    return density > break_even(plan.block_q, head_dim)


@dataclass
class DenseShare:
    """Heads that `auto` computed dense although their mask was not full.

    Attributes:
        dense: of those.
        heads: that came with a mask.
        above: density above which dense is taken; None before the first call.
    """

    dense: int = 0
    heads: int = 0
    above: float | None = None

    def relax(self, q: Tensor, plan: BlockPlan) -> BlockPlan:
        """The plan with full lists for the heads that dense attention computes in less time."""
        quicker = dense_is_quicker(plan, q.shape[-1])
        self.above = break_even(plan.block_q, q.shape[-1])
        self.heads += quicker.numel()
        self.dense += int((quicker & ~plan.full_heads).sum())
        return plan.with_full_heads(quicker) if bool(quicker.any()) else plan

    def clear(self) -> None:
        """Forget what was counted."""
        self.dense, self.heads = 0, 0

    def describe(self) -> dict[str, float | None]:
        """For records: the share, and the density above which dense is quicker."""
        share = self.dense / self.heads if self.heads else None
        return {"dense_heads_ratio": share, "dense_above_density": self.above}
