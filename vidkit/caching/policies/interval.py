"""Compute every k-th step, whatever the content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from vidkit.caching.context import BlockContext
from vidkit.caching.decision import FULL, SKIP, Decision, Kind
from vidkit.caching.policies.base import CachePolicy, Forecast, ReusedValue


@dataclass(frozen=True)
class IntervalConfig:
    """Settings of `Interval`."""

    every: int = 2  # a step is computed and every - 1 reuse it; 1: no cache
    warmup: int = 4  # first steps of a block that are computed
    last: bool = True  # the last step is computed
    reuse: str = "velocity"  # velocity or residual
    forecast: str = "hold"  # hold, linear or fitted

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"every must be >= 1, got {self.every}")
        if self.warmup < 1:
            raise ValueError(f"warmup must be >= 1, got {self.warmup}")
        ReusedValue(self.reuse), Forecast(self.forecast)


class Interval(CachePolicy):
    """Computes the warm-up, then every k-th step of each block, and the last one.

    A second-order solver reuses pairs of velocities, so even intervals do much better than odd ones.
    """

    name = "interval"
    config = IntervalConfig
    cfg: IntervalConfig

    def __init__(self, cfg: IntervalConfig) -> None:
        super().__init__(cfg)
        self.reuse, self.forecast = ReusedValue(cfg.reuse), Forecast(cfg.forecast)

    def decide(self, ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
        return FULL if self.scheduled(ctx) is Kind.FULL else SKIP

    def scheduled(self, ctx: BlockContext) -> Kind:
        """The warm-up, every k-th step after it, the last one."""
        cfg = self.cfg
        due = (ctx.step - cfg.warmup) % cfg.every == 0
        return Kind.FULL if ctx.step < cfg.warmup or due or (cfg.last and ctx.is_last) else Kind.SKIP
