"""Executors by name, and the choice among them."""

from __future__ import annotations

import logging
from typing import Any

from torch import Tensor

from vidkit.attention.executors.base import Executor, run_plan
from vidkit.attention.executors.cpu import GatherExecutor
from vidkit.attention.executors.dense import DenseShare
from vidkit.attention.executors.eight_bit import FP8Executor, Int8Executor
from vidkit.attention.executors.gpu import FA4Executor, FlexExecutor, TritonExecutor
from vidkit.attention.executors.torch_ import MaskedExecutor, ReferenceExecutor
from vidkit.attention.plan import BlockPlan
from vidkit.errors import ConfigError
from vidkit.utils.plugins import is_file_spec, load_class, plugins

__all__ = ["EXECUTORS", "Executor", "ExecutorChooser", "run_plan"]

log = logging.getLogger(__name__)

EXECUTORS: dict[str, Any] = {
    "fa4": FA4Executor,
    "triton": TritonExecutor,
    "flex": FlexExecutor,
    "gather": GatherExecutor,
    "reference": ReferenceExecutor,
    "masked": MaskedExecutor,
    "int8": Int8Executor,  # these two round to 8 bits: never chosen by `auto`
    "fp8": FP8Executor,
}
# fastest first, by the rates in docs/benchmarks.md; `masked` (N^2 memory, short sequences) serves GPUs where
# blocks suit no kernel: there the reference would read the lists on the host
AUTO_ORDER = ("fa4", "triton", "flex", "gather", "masked", "reference")
# on a CPU so few tokens in so small blocks cost less under a mask than gathered
SHORT, SMALL_BLOCK = 512, 32


def _order(q: Tensor, plan: BlockPlan) -> tuple[str, ...]:
    """Fastest first for this case."""
    if q.device.type == "cpu" and plan.block_q < SMALL_BLOCK and plan.k_len <= SHORT:
        return ("fa4", "triton", "flex", "masked", "gather", "reference")
    return AUTO_ORDER


class ExecutorChooser:
    """Picks the executor for a case: the named one, else the next that can take it, said once.

    Args:
        name: an executor's name or `auto`.
        may_be_dense: heads may be computed dense where that is quicker (`auto` on a CPU); else, and by
            default, every mask is obeyed.

    Attributes:
        dense_share: which were.
        used: names of the executors that have run.
        reasons: why each passed-over executor could not take a case.
    """

    def __init__(self, name: str = "auto", may_be_dense: bool = False) -> None:
        name = name if is_file_spec(name) else name.replace("-", "_")
        self._made: dict[str, Executor] = {}
        if is_file_spec(name) or name in plugins("executor"):
            self._made[name] = load_class("executor", name, EXECUTORS, ("unsupported", "attend"))()
            if not hasattr(self._made[name], "name"):
                self._made[name].name = name
        elif name != "auto" and name not in EXECUTORS:
            raise ConfigError(f"unknown executor '{name}'", f"choose from: auto, {', '.join(EXECUTORS)}")
        self.name = name
        self.may_be_dense = may_be_dense and name == "auto"
        self.dense_share = DenseShare()
        self.used: list[str] = []
        self.reasons: dict[str, str] = {}
        self._cases: dict[tuple[object, ...], Executor] = {}

    def choose(self, q: Tensor, plan: BlockPlan) -> Executor:
        """The executor for this device, dtype, head size and block size; remembered per case."""
        case = (q.device, q.dtype, q.shape[-1], q.shape[-2], plan.block_q, plan.block_k, plan.compensate)
        if case not in self._cases:
            self._cases[case] = self._search(q, plan)
        return self._cases[case]

    def settle(self, q: Tensor, plan: BlockPlan) -> BlockPlan:
        """The plan to run: heads that dense attention computes in less time get full lists, if they may."""
        return self.dense_share.relax(q, plan) if self.may_be_dense and q.device.type == "cpu" else plan

    def attend(self, q: Tensor, k: Tensor, v: Tensor, plan: BlockPlan) -> Tensor:
        """Run the plan on the chosen executor."""
        return run_plan(self.choose(q, plan), q, k, v, plan)

    def _search(self, q: Tensor, plan: BlockPlan) -> Executor:
        order = _order(q, plan)
        if self.name != "auto":
            order = (self.name, *(n for n in order if n != self.name))
        for name in order:
            if name not in self._made:
                self._made[name] = EXECUTORS[name]()
            executor = self._made[name]
            reason = executor.unsupported(q, plan)
            if reason is None and plan.compensate and not getattr(executor, "compensates", False):
                reason = "it does not compensate skipped blocks"
            if reason is None:
                self._announce(name, order)
                return executor
            self.reasons[name] = reason
        raise AssertionError("the reference executor takes everything")

    def _announce(self, name: str, order: tuple[str, ...]) -> None:
        if name in self.used:
            return
        self.used.append(name)
        passed = [f"{n}: {self.reasons[n]}" for n in order[: order.index(name)]]
        level = logging.WARNING if self.name not in ("auto", name) else logging.INFO
        log.log(
            level,
            "sparse attention runs on executor '%s'%s",
            name,
            f" ({'; '.join(passed)})" if passed else "",
        )
