"""MagCache: reuse while the calibrated magnitudes of the residuals say that little is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from vidkit.caching.context import BlockContext, RunContext
from vidkit.caching.decision import FULL, SKIP, Decision
from vidkit.caching.policies.base import CachePolicy
from vidkit.errors import ConfigError


@dataclass(frozen=True)
class MagCacheConfig:
    """Settings of `MagCache`."""

    threshold: float = 0.06  # summed |1 - product of ratios| up to which is reused; 0: no cache
    table: str | None = None  # magnitudes of the model, a file of vidkit calibrate cache; needed
    most_skipped: int = 3  # steps in a row that may be reused
    retention: float = 0.2  # share of the steps, the first ones, that are computed

    def __post_init__(self) -> None:
        if self.threshold < 0:
            raise ValueError(f"threshold must be >= 0, got {self.threshold}")
        if not 0 <= self.retention <= 1:
            raise ValueError(f"retention must be in [0, 1], got {self.retention}")
        if self.most_skipped < 0:
            raise ValueError(f"most_skipped must be >= 0, got {self.most_skipped}")


@dataclass
class _Due:
    product: float = 1.0
    error: float = 0.0
    skipped: int = 0


class MagCache(CachePolicy):
    """Source: MagCache (arXiv 2506.09045).

    Differs: magnitudes are a curve along the noise level, so that a table made with one number of steps
    serves any other.
    """

    name = "magcache"
    config = MagCacheConfig
    cfg: MagCacheConfig

    def __init__(self, cfg: MagCacheConfig) -> None:
        super().__init__(cfg)
        from vidkit.caching.magnitudes import Magnitudes

        if cfg.table is None:
            raise ConfigError(
                "magcache: no table of magnitudes was given",
                "make one with vidkit calibrate cache -o FILE, and add cache.table=FILE",
            )
        self.magnitudes = Magnitudes.load(cfg.table)
        self._due: dict[tuple[str, int], _Due] = {}
        self._levels: dict[tuple[str, int], float] = {}

    def begin(self, run: RunContext) -> None:
        self.end()

    def decide(self, ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
        if ctx.steps is None:
            raise ConfigError(
                "magcache needs the number of steps, which a bare transformer does not know",
                "enable it on the pipeline",
            )
        cfg, due = self.cfg, self._due.setdefault(ctx.key, _Due())
        before = self._levels.get(ctx.key)
        self._levels[ctx.key] = ctx.level
        if before is None or ctx.step < max(1, round(cfg.retention * ctx.steps)):
            return FULL
        due.product *= self.magnitudes.curve(ctx.branch).ratio(ctx.level, before)
        due.error += abs(1 - due.product)
        due.skipped += 1
        if due.error >= cfg.threshold or due.skipped > cfg.most_skipped:
            self._due[ctx.key] = _Due()
            return FULL
        return SKIP

    def end(self) -> None:
        self._due.clear()
        self._levels.clear()
