"""What an executor is: runs a block plan on Q, K, V."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from vidkit.attention.plan import BlockPlan


class Executor(Protocol):
    """Attends over the listed blocks. Plans with permutations are sorted and unsorted by `run_plan`."""

    name: str

    def unsupported(self, q: Tensor, plan: BlockPlan) -> str | None:
        """Why it cannot take the case, or None."""
        ...

    def attend(self, q: Tensor, k: Tensor, v: Tensor, plan: BlockPlan) -> Tensor:
        """`[B, H, N, D]` from q, k, v in the plan's order."""
        ...


def take_order(x: Tensor, order: Tensor) -> Tensor:
    """Tokens of `[B, H, N, D]` in the order `[B, H, N]`."""
    return x.gather(2, order.unsqueeze(-1).expand(*order.shape, x.shape[-1]))


def run_plan(executor: Executor, q: Tensor, k: Tensor, v: Tensor, plan: BlockPlan) -> Tensor:
    """Sort tokens if the plan asks for it, attend, and put the output back in place."""
    if plan.q_order is None and plan.k_order is None:
        return executor.attend(q, k, v, plan)
    if plan.k_order is not None:
        k, v = take_order(k, plan.k_order), take_order(v, plan.k_order)
    if plan.q_order is None:
        return executor.attend(q, k, v, plan)
    out = executor.attend(take_order(q, plan.q_order), k, v, plan)
    # laid out as [B, N, H, D], the form that the output projection reads
    B, H, N, D = out.shape
    placed = torch.empty(B, N, H, D, dtype=out.dtype, device=out.device).transpose(1, 2)
    return placed.scatter_(2, plan.q_order.unsqueeze(-1).expand(B, H, N, D), out)
