"""The baseline of every table: no cache, a sampler with fewer steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from vidkit.caching.context import BlockContext
from vidkit.caching.decision import FULL, Decision
from vidkit.caching.policies.base import CachePolicy


@dataclass(frozen=True)
class FewerStepsConfig:
    """Settings of `FewerSteps`."""

    share: float = 0.5  # steps that are run, of those asked for, (0, 1]

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"share must be in (0, 1], got {self.share}")


class FewerSteps(CachePolicy):
    """The sampler runs a share of the steps; each of them computes everything."""

    name = "fewer_steps"
    config = FewerStepsConfig
    cfg: FewerStepsConfig
    changes_steps = True

    def loop_steps(self, steps: int) -> int:
        """At least one."""
        return max(1, round(self.cfg.share * steps))

    def decide(self, ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
        return FULL
