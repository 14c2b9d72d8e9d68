"""FlowCache: TeaCache's rule for each block of an autoregressive clip on its own."""

from __future__ import annotations

from dataclasses import dataclass

from vidkit.caching.context import BlockContext
from vidkit.caching.policies.teacache import TeaCache, TeaCacheConfig


@dataclass(frozen=True)
class FlowCacheConfig(TeaCacheConfig):
    """Settings of `FlowCache`."""

    threshold: float = (
        0.1  # accumulated change at which a block is computed; slow 0.1, fast 0.15; 0: no cache
    )
    warmup: int = 5  # first steps of a block that are computed

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.warmup < 1:
            raise ValueError(f"warmup must be >= 1, got {self.warmup}")


class FlowCache(TeaCache):
    """Blocks at one step are at different noise levels, so each has a sum, a test and a residual of its own.

    Source: FlowCache (arXiv 2602.10825), chunkwise rule; the last step of a block is computed. On MAGI-1 its
    signal is `embedded` (threshold 0.01 to 0.015). Differs: what is reused is the velocity or the residual,
    never the latent's last increment, whose step was shorter than the present one.
    """

    name = "flowcache"
    config = FlowCacheConfig
    cfg: FlowCacheConfig
    per_block = True

    def is_forced(self, ctx: BlockContext) -> bool:
        return ctx.step < self.cfg.warmup or ctx.is_last
