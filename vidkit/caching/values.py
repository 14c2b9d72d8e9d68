"""What stands for tokens that are not computed: stored values by branch and block, carried to the present."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vidkit.caching.context import BlockContext
from vidkit.caching.decision import Decision, Kind
from vidkit.caching.policies.base import Forecast


@dataclass
class _Stored:
    """Values of a block.

    Attributes:
        value: as last computed, `[B, P, D]`.
        level: noise level then, `[B, P]` fp32.
        slope: change of the value by noise level, `[B, P, D]`; None: not known, or not wanted.
    """

    value: Tensor
    level: Tensor
    slope: Tensor | None = None


class ValueStore:
    """Stored values of every (branch, block).

    Args:
        forecast: how a value is carried to another noise level.
        weight: share of the step along the line that is taken.
    """

    def __init__(self, forecast: Forecast = Forecast.HOLD, weight: float = 1.0) -> None:
        self.forecast, self.weight = forecast, weight
        self._stored: dict[tuple[str, int], _Stored] = {}

    def has(self, ctx: BlockContext) -> bool:
        """Whether anything can be reused for this block."""
        return ctx.key in self._stored

    def reused(self, ctx: BlockContext) -> Tensor:
        """What stands for the block's tokens at the present noise level, `[B, P, D]`."""
        stored = self._stored[ctx.key]
        if stored.slope is None:
            return stored.value
        return stored.value + stored.slope * self._apart(ctx, stored)

    def _apart(self, ctx: BlockContext, stored: _Stored) -> Tensor:
        return (self.weight * (ctx.level - stored.level))[..., None].to(stored.value.dtype)

    def store(self, ctx: BlockContext, decision: Decision, computed: Tensor) -> tuple[Tensor, Tensor | None]:
        """Take in what was computed.

        Args:
            ctx: of the block.
            decision: as carried out, FULL or TOKENS.
            computed: `[B, U, D]`, of the tokens of the decision in its order; `[B, P, D]` if FULL.

        Returns:
            Values of all tokens at this step `[B, P, D]`, and what reusing would have got wrong at the
            computed ones, `[B, P]` fp32 (zero elsewhere; None before anything was stored).
        """
        computed = computed.detach()
        stored = self._stored.get(ctx.key)
        if stored is None:
            assert decision.kind is Kind.FULL, "nothing is stored yet"
            level = torch.full(computed.shape[:2], ctx.level, device=computed.device)
            self._stored[ctx.key] = _Stored(computed, level)
            return computed, None
        reused = self.reused(ctx)
        if decision.kind is Kind.FULL:
            error = (computed - reused).abs().mean(-1, dtype=torch.float32)
            stored.slope = self._slope(ctx, stored, computed, stored.value, stored.level, stored.slope)
            stored.value, stored.level = computed, torch.full_like(stored.level, ctx.level)
            return computed, error
        assert decision.index is not None
        return self._some(ctx, stored, reused, decision.index, computed)

    def _some(
        self, ctx: BlockContext, stored: _Stored, reused: Tensor, index: Tensor, computed: Tensor
    ) -> tuple[Tensor, Tensor]:
        """TOKENS: everything is scattered to the tokens' own places."""
        index = index.expand(computed.shape[0], -1)
        wide = index[..., None].expand(-1, -1, computed.shape[-1])
        wrong = (computed - reused.gather(1, wide)).abs().mean(-1, dtype=torch.float32)
        error = torch.zeros_like(stored.level).scatter(1, index, wrong)
        if self.forecast is Forecast.LINEAR:
            slope = torch.zeros_like(stored.value) if stored.slope is None else stored.slope
            old, at = stored.value.gather(1, wide), stored.level.gather(1, index)
            fresh = self._slope(ctx, stored, computed, old, at, slope.gather(1, wide))
            stored.slope = slope.scatter(1, wide, slope.gather(1, wide) if fresh is None else fresh)
        stored.value = stored.value.scatter(1, wide, computed)
        stored.level = stored.level.scatter(1, index, ctx.level)
        return reused.scatter(1, wide, computed), error

    def _slope(
        self, ctx: BlockContext, stored: _Stored, new: Tensor, old: Tensor, at: Tensor, before: Tensor | None
    ) -> Tensor | None:
        """Change by noise level between two computed values; two at one level tell nothing new."""
        if self.forecast is not Forecast.LINEAR:
            return None
        apart = (ctx.level - at)[..., None]
        moved = apart.abs() > 1e-6
        slope = ((new - old) / torch.where(moved, apart, torch.ones_like(apart))).to(new.dtype)
        return torch.where(moved, slope, torch.zeros_like(slope) if before is None else before)

    def clear(self) -> None:
        """Give everything up."""
        self._stored.clear()

    def tensors(self) -> list[Tensor]:
        """Every stored tensor."""
        found = [t for s in self._stored.values() for t in (s.value, s.level, s.slope)]
        return [t for t in found if t is not None]
