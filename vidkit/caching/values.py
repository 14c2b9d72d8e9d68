"""What stands for tokens that are not computed: stored values by branch and block, carried to the present."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vidkit.caching.context import BlockContext
from vidkit.caching.decision import Decision, Kind
from vidkit.caching.policies.base import Forecast

_PRIOR = 1e-6  # so many squares speak for the whole line before anything is known
_MOST = 1.5  # of the line
_KEPT = 0.5  # of the sums, from one measurement to the next


@dataclass
class _Stored:
    """Values of a block.

    Attributes:
        value: as last computed, `[B, P, D]`.
        level: noise level then, `[B, P]` fp32.
        slope: change of the value by noise level, `[B, P, D]`; None: not known, or not wanted.
        fit: FITTED: sums over the token's past, `[2, B, P]` fp32: how far values went along the line, and how
            far the line said. Their ratio is the share of the line that is followed.
    """

    value: Tensor
    level: Tensor
    slope: Tensor | None = None
    fit: Tensor | None = None

    def share(self) -> Tensor | float:
        """Of the line, `[B, P]`."""
        return 1.0 if self.fit is None else ((self.fit[0] + _PRIOR) / (self.fit[1] + _PRIOR)).clamp(0, _MOST)


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
        return (self.weight * stored.share() * (ctx.level - stored.level))[..., None].to(stored.value.dtype)

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
            stored.fit = self._fit(ctx, stored, computed, None)
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
        if self.forecast is not Forecast.HOLD:
            stored.fit = self._fit(ctx, stored, computed, index)
            slope = torch.zeros_like(stored.value) if stored.slope is None else stored.slope
            old, at = stored.value.gather(1, wide), stored.level.gather(1, index)
            fresh = self._slope(ctx, stored, computed, old, at, slope.gather(1, wide))
            stored.slope = slope.scatter(1, wide, slope.gather(1, wide) if fresh is None else fresh)
        stored.value = stored.value.scatter(1, wide, computed)
        stored.level = stored.level.scatter(1, index, ctx.level)
        return reused.scatter(1, wide, computed), error

    def _fit(self, ctx: BlockContext, stored: _Stored, new: Tensor, index: Tensor | None) -> Tensor | None:
        """How far computed tokens went along their line: least squares over their values and their past."""
        if self.forecast is not Forecast.FITTED or stored.slope is None:
            return stored.fit
        slope, old, at = stored.slope, stored.value, stored.level
        if index is not None:
            wide = index[..., None].expand(-1, -1, new.shape[-1])
            slope, old, at = slope.gather(1, wide), old.gather(1, wide), at.gather(1, index)
        line = (slope * (ctx.level - at)[..., None].to(slope.dtype)).float()
        went = torch.stack([((new - old).float() * line).mean(-1), line.square().mean(-1)])
        before = torch.zeros(2, *stored.level.shape, device=went.device) if stored.fit is None else stored.fit
        if index is None:
            return _KEPT * before + went
        both = index.expand(2, -1, -1)
        return before.scatter(2, both, _KEPT * before.gather(2, both) + went)

    def _slope(
        self, ctx: BlockContext, stored: _Stored, new: Tensor, old: Tensor, at: Tensor, before: Tensor | None
    ) -> Tensor | None:
        """Change by noise level between two computed values; two at one level tell nothing new."""
        if self.forecast is Forecast.HOLD:
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
        found = [t for s in self._stored.values() for t in (s.value, s.level, s.slope, s.fit)]
        return [t for t in found if t is not None]
