"""TeaCache: accumulate the change of the timestep embedding, compute when it is due. One decision a step."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from torch import Tensor

from vidkit.caching.context import BlockContext, RunContext, signal
from vidkit.caching.decision import FULL, SKIP, Decision
from vidkit.caching.policies.base import CachePolicy
from vidkit.caching.policies.relative_change import (
    PLAIN,
    WITH_RETAINED_STEPS,
    Rescaled,
    relative_change,
)


@dataclass(frozen=True)
class TeaCacheConfig:
    """Settings of `TeaCache`."""

    threshold: float = 0.1  # accumulated change at which a step is computed; 0: no cache
    signal: str = "time"  # time: the timestep's projection; embedded: the noisy latents' embedding
    retain_steps: bool = True  # first 5 steps computed and their polynomial; false: first and last one

    def __post_init__(self) -> None:
        if self.threshold < 0:
            raise ValueError(f"threshold must be >= 0, got {self.threshold}")
        if self.signal not in ("time", "embedded"):
            raise ValueError(f"signal must be time or embedded, got {self.signal}")


class TeaCache(CachePolicy):
    """Source: TeaCache (arXiv 2411.19108) with its constants for Wan2.1; other models take the plain change.

    Differs: the polynomial is clamped (`Rescaled`); state belongs to a branch, not to the parity of calls.
    """

    name = "teacache"
    config = TeaCacheConfig
    cfg: TeaCacheConfig
    per_block = False  # one decision for all blocks of a step

    def __init__(self, cfg: TeaCacheConfig) -> None:
        super().__init__(cfg)
        self._rescaled = Rescaled(None)
        self._sums: dict[Hashable, float] = {}
        self._before: dict[Hashable, Tensor] = {}
        self._asked: dict[str, tuple[int, Decision]] = {}

    def begin(self, run: RunContext) -> None:
        self.end()
        table = WITH_RETAINED_STEPS if self.cfg.retain_steps else PLAIN
        self._rescaled = Rescaled(table.get(run.width) if self.cfg.signal == "time" else None)

    def decide(self, ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
        if self.per_block or ctx.row is None:
            return self._decide(ctx, signals, ctx.key)
        row, decision = self._asked.get(ctx.branch, (-1, FULL))
        if row != ctx.row:
            decision = self._decide(ctx, signals, ctx.branch)
            self._asked[ctx.branch] = (ctx.row, decision)
        return decision

    def _decide(self, ctx: BlockContext, signals: Mapping[str, Tensor], key: Hashable) -> Decision:
        now = signal(signals, self.cfg.signal, self.name)
        before = self._before.get(key)
        self._before[key] = now.detach().clone()
        if before is None or self.is_forced(ctx):
            self._sums[key] = 0.0
            return FULL
        due = self._sums.get(key, 0.0) + self._rescaled(relative_change(now, before))
        compute = due >= self.cfg.threshold
        self._sums[key] = 0.0 if compute else due
        return FULL if compute else SKIP

    def is_forced(self, ctx: BlockContext) -> bool:
        """Steps that are computed whatever the signal says."""
        if self.cfg.retain_steps:
            return ctx.step < 5
        return ctx.step < 1 or ctx.is_last

    def end(self) -> None:
        for kept in (self._sums, self._before, self._asked):
            kept.clear()

    def tensors(self) -> list[Tensor]:
        return list(self._before.values())
