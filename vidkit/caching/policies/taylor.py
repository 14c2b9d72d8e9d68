"""TaylorSeer: compute every k-th step and forecast the steps between along a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from vidkit.caching.context import BlockContext
from vidkit.caching.decision import FULL, SKIP, Decision, Kind
from vidkit.caching.policies.base import CachePolicy, Forecast


@dataclass(frozen=True)
class TaylorConfig:
    """Settings of `Taylor`."""

    every: int = 5  # a step is computed and every - 1 are forecast; 1: no cache
    warmup: int = 3  # first steps that are computed

    def __post_init__(self) -> None:
        for name in ("every", "warmup"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")


class Taylor(CachePolicy):
    """Source: TaylorSeer (arXiv 2503.06923), order 1.

    Differs: forecast in the noise level, which stays well posed where a shifted schedule makes steps of very
    different length, and of the whole stack's residual instead of every module's output.
    """

    name = "taylor"
    config = TaylorConfig
    cfg: TaylorConfig
    forecast = Forecast.LINEAR

    def decide(self, ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
        return FULL if self.scheduled(ctx) is Kind.FULL else SKIP

    def scheduled(self, ctx: BlockContext) -> Kind:
        """The warm-up, then every k-th step."""
        due = (ctx.step - self.cfg.warmup + 1) % self.cfg.every == 0
        return Kind.FULL if ctx.step < self.cfg.warmup or due else Kind.SKIP
