"""First-block cache: compute the first layer; if it adds what it added before, reuse the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from vidkit.caching.context import BlockContext, RunContext, signal
from vidkit.caching.decision import FULL, SKIP, Decision
from vidkit.caching.policies.base import CachePolicy
from vidkit.caching.policies.relative_change import relative_change


@dataclass(frozen=True)
class FirstBlockConfig:
    """Settings of `FirstBlock`."""

    threshold: float = (
        0.08  # relative change of the first layer's residual up to which is reused; 0: no cache
    )
    warmup: int = 1  # first steps that are computed

    def __post_init__(self) -> None:
        if self.threshold < 0:
            raise ValueError(f"threshold must be >= 0, got {self.threshold}")
        if self.warmup < 1:
            raise ValueError(f"warmup must be >= 1, got {self.warmup}")


class FirstBlock(CachePolicy):
    """Source: FirstBlockCache of diffusers: change against the last computed step, no accumulation."""

    name = "first_block"
    config = FirstBlockConfig
    cfg: FirstBlockConfig

    def __init__(self, cfg: FirstBlockConfig) -> None:
        super().__init__(cfg)
        self._computed: dict[tuple[str, int], Tensor] = {}

    def begin(self, run: RunContext) -> None:
        self.end()

    def decide(self, ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
        if self.cfg.threshold <= 0:
            return FULL
        now, before = signal(signals, "first_layer", self.name), self._computed.get(ctx.key)
        known = before is not None and ctx.step >= self.cfg.warmup
        if known and before is not None and relative_change(now, before) <= self.cfg.threshold:
            return SKIP
        self._computed[ctx.key] = now.detach().clone()
        return FULL

    def end(self) -> None:
        self._computed.clear()

    def tensors(self) -> list[Tensor]:
        return list(self._computed.values())
