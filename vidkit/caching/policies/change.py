"""Ours: whole steps where velocities bend most; between them single tokens, if asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vidkit.caching.context import BlockContext, Outcome, RunContext
from vidkit.caching.decision import FULL, SKIP, TOKENS, Decision, Kind, tokens_where
from vidkit.caching.policies.base import CachePolicy, Forecast, ReusedValue
from vidkit.caching.step_placing import even_steps, placed_steps
from vidkit.caching.velocity_table import SHIPPED, load_velocities

_FAR = 4096  # steps of a loop that does not tell how many it has


@dataclass(frozen=True)
class ChangeConfig:
    """Settings of `Change`."""

    full: float = 0.4  # steps that are computed whole, of all, (0, 1]; 1: no cache
    table: str | None = None  # velocities, a file of vidkit calibrate cache; none: the embedded model's
    early: float = 6.0  # dB by which an error at pure noise counts more than one at the end: errors grow
    full_every: int | None = None  # whole steps evenly spaced, so many steps apart, in place of full
    share: float = 0.0  # tokens computed at each of the other steps, [0, 1]; 1: no cache
    threshold: float | None = (
        None  # latent error at which a token is computed, in place of share; 0: no cache
    )
    stride: int = 1  # steps from one step with computed tokens to the next
    warmup: int = 2  # with full_every: first steps of a block that are computed
    power: float = (
        1.0  # of the age: 1 evens out the bound of the tokens' errors, 1.5 lowers their mean square
    )
    forecast: str = "linear"  # of reused velocities: hold, linear, or fitted to each token's own past
    smoothing: float = 0.0  # weight of the rate before, when a token's rate is measured again, [0, 1)
    last: bool = True  # with full_every: the last step is computed
    tied: bool = True  # other guidance branches take the first one's decision

    def __post_init__(self) -> None:
        if not 0 < self.full <= 1:
            raise ValueError(f"full must be in (0, 1], got {self.full}")
        if not 0 <= self.share <= 1:
            raise ValueError(f"share must be in [0, 1], got {self.share}")
        if self.threshold is not None and self.threshold < 0:
            raise ValueError(f"threshold must be >= 0, got {self.threshold}")
        if self.warmup < 2:
            raise ValueError(f"warmup must be >= 2, got {self.warmup}: a rate takes two values")
        for name in ("full_every", "stride"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be >= 1, got {value}")
        if not 0 <= self.power < math.inf:
            raise ValueError(f"power must be a finite number >= 0, got {self.power}")
        if not math.isfinite(self.early):
            raise ValueError(f"early must be a finite number of dB, got {self.early}")
        if not 0 <= self.smoothing <= 1:
            raise ValueError(f"smoothing must be in [0, 1], got {self.smoothing}")
        Forecast(self.forecast)


@dataclass
class _Block:
    """State of a (branch, block), `[B, P]` each.

    Attributes:
        computed_at: step of each token's last computation.
        rate: error of its velocity per step of age, as last measured; None before a second value.
        bound: sum of the latent errors that reuse has brought so far, as predicted.
    """

    computed_at: Tensor
    rate: Tensor | None
    bound: Tensor


class Change(CachePolicy):
    """Whole steps where velocities bend most, and single tokens between them if asked for.

    Between two computed steps, velocities follow the line through the last two. What that will get wrong in
    any gap is known beforehand from the products of a model's velocities (`VelocityTable`), and so is the
    best schedule with a given number of steps (`placed_steps`).

    Single tokens (`share`): a token computed at step a and reused at step n has the velocity error
    e_i(n) = |v_i(n) - line_i(n)|, and the sampler carries at most |sigma_n+1 - sigma_n| e_i(n) of it into the
    latent. The error is not known, but whenever a token is computed, its error at that age is, and costs
    nothing: rate r_i = e_i / age. Predicted at age k it is r_i k. A token costs the same wherever it lies, so
    the largest error is least where all tokens are computed at the same r_i k: the largest come first.
    `docs/methods/change.md` has the derivation.

    Source: ours.
    """

    name = "change"
    config = ChangeConfig
    cfg: ChangeConfig
    reuse = ReusedValue.VELOCITY

    def __init__(self, cfg: ChangeConfig) -> None:
        super().__init__(cfg)
        self.forecast = Forecast(cfg.forecast)
        self.partial = cfg.share > 0 or cfg.threshold is not None
        self.velocities = load_velocities(cfg.table or str(SHIPPED))
        self._levels: tuple[float, ...] | None = None
        self._blocks: dict[tuple[str, int], _Block] = {}
        self._decided: dict[int, tuple[str, int, Decision]] = {}
        self._bounds: list[tuple[float, float]] = []

    def begin(self, run: RunContext) -> None:
        self.end()
        self._bounds.clear()
        self._levels = run.levels

    def decide(self, ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
        branch, step, decision = self._decided.get(ctx.block, ("", -1, FULL))
        if self.cfg.tied and step == ctx.step and branch != ctx.branch:
            return decision
        decision = self._decide(ctx)
        self._decided[ctx.block] = (ctx.branch, ctx.step, decision)
        return decision

    def scheduled(self, ctx: BlockContext) -> Kind:
        """Whole steps, placed or evenly spaced; between them tokens, `stride` apart, or nothing."""
        cfg = self.cfg
        if cfg.share >= 1 or cfg.threshold == 0:
            return Kind.FULL
        if cfg.full_every is not None:
            since = (ctx.step - cfg.warmup + 1) % cfg.full_every
            whole = ctx.step < cfg.warmup or since == 0 or (cfg.last and ctx.is_last)
        else:
            computed = self.full_steps(ctx.steps)
            before = [step for step in computed if step <= ctx.step]
            since = ctx.step - before[-1] if before else ctx.step
            whole = since == 0
        if whole:
            return Kind.FULL
        return Kind.TOKENS if self.partial and since % cfg.stride == 0 else Kind.SKIP

    def full_steps(self, steps: int | None) -> tuple[int, ...]:
        """Steps that are computed whole: the table's best; even ones where noise levels are not known."""
        if steps is None:  # a bare transformer: nobody knows where it ends
            return tuple(range(0, _FAR, max(1, round(1 / self.cfg.full))))
        count = max(1, math.floor(self.cfg.full * steps + 1e-9))
        if self._levels is None or len(self._levels) != steps + 1:
            return even_steps(steps, count)
        table = self.velocities.levels, self.velocities.products
        return placed_steps(self._levels, count, table, self.cfg.early, held=self.forecast is Forecast.HOLD)

    def _decide(self, ctx: BlockContext) -> Decision:
        cfg, state = self.cfg, self._blocks.get(ctx.key)
        kind = self.scheduled(ctx)
        if state is None or kind is Kind.FULL:
            return FULL
        if state.rate is None and kind is Kind.TOKENS:  # no rate without a second value
            return FULL if cfg.full_every is not None else SKIP
        if kind is Kind.SKIP:
            return SKIP
        assert state.rate is not None
        live = ctx.live(state.rate.device)
        score = self.predicted(ctx, state.rate, state.computed_at)
        if cfg.threshold is not None:
            return tokens_where((score * _length(ctx) >= cfg.threshold) & live)
        wanted = math.ceil(cfg.share * int(live.sum()))
        return TOKENS(score.masked_fill(~live, -1.0).topk(wanted, dim=1).indices)

    def predicted(self, ctx: BlockContext, rate: Tensor, computed_at: Tensor) -> Tensor:
        """What a token is ranked by: its rate times its age, `[B, P]`."""
        age = (ctx.step - computed_at).float()
        return rate * (age if self.cfg.power == 1 else age**self.cfg.power)

    def observe(self, ctx: BlockContext, outcome: Outcome) -> None:
        """Measure the rates of what was computed; the rest grows older."""
        state, decision = self._blocks.get(ctx.key), outcome.decision
        if state is None:
            zeros = torch.zeros(outcome.value.shape[:2], device=outcome.value.device)
            self._blocks[ctx.key] = _Block(zeros + ctx.step, None, zeros)
            return
        age = (ctx.step - state.computed_at).float()
        fresh = torch.zeros_like(age, dtype=torch.bool)
        if decision.index is not None:
            fresh.scatter_(1, decision.index.expand(age.shape[0], -1), True)
        elif decision.kind is Kind.FULL:
            fresh = ~fresh
        if outcome.error is not None:
            measured = outcome.error / age.clamp_min(1)
            if state.rate is not None:
                kept = self.cfg.smoothing
                measured = torch.where(fresh, (1 - kept) * measured + kept * state.rate, state.rate)
            state.rate = measured
        if state.rate is not None:
            state.bound = state.bound + (state.rate * age * _length(ctx)).masked_fill(fresh, 0.0)
        state.computed_at = state.computed_at.masked_fill(fresh, float(ctx.step))
        if ctx.is_last:
            live = state.bound[:, ctx.live(age.device)]
            self._bounds.append((float(live.mean()), float(live.max())))

    def end(self) -> None:
        self._blocks.clear()
        self._decided.clear()

    def tensors(self) -> list[Tensor]:
        kept = [t for s in self._blocks.values() for t in (s.computed_at, s.rate, s.bound)]
        return [t for t in kept if t is not None]

    def report(self) -> dict[str, Any]:
        """Predicted bound of the latent error that reuse has brought: mean and largest of the tokens."""
        if not self._bounds:
            return {}
        means, largest = zip(*self._bounds, strict=True)
        return {"latent_error_mean": sum(means) / len(means), "latent_error_most": max(largest)}


def _length(ctx: BlockContext) -> float:
    """|d sigma| of the step; 1 / N where the schedule is not known."""
    if ctx.next_level is not None:
        return abs(ctx.level - ctx.next_level)
    return 1.0 / (ctx.steps or 1)
