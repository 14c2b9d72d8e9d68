"""What an executor is: runs a block plan on Q, K, V."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor
from vidkit_kernels.row_order import put_rows, take_rows

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


def run_plan(executor: Executor, q: Tensor, k: Tensor, v: Tensor, plan: BlockPlan) -> Tensor:
    """Sort tokens if the plan asks for it, attend, and put the output back in place."""
    if plan.q_order is None and plan.k_order is None:
        return executor.attend(q, k, v, plan)
    if plan.k_order is not None:
        k, v = take_rows(k, plan.k_order), take_rows(v, plan.k_order)
    if plan.q_order is None:
        return executor.attend(q, k, v, plan)
    return put_rows(executor.attend(take_rows(q, plan.q_order), k, v, plan), plan.q_order)
