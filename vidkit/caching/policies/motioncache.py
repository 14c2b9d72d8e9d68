"""MotionCache: FlowCache's clock for each token, faster where neighbouring frames differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from vidkit.caching.context import BlockContext, Outcome, RunContext, signal
from vidkit.caching.decision import FULL, Decision, Kind, tokens_where
from vidkit.caching.policies.base import CachePolicy
from vidkit.caching.policies.relative_change import WITH_RETAINED_STEPS, Rescaled, relative_change


@dataclass(frozen=True)
class MotionCacheConfig:
    """Settings of `MotionCache`; defaults are those of its authors' SkyReels-V2 script."""

    threshold: float = 0.1  # accumulated change at which a token is computed; 0: no cache
    signal: str = "time"  # time: the timestep's projection; embedded: the noisy latents' embedding
    floor: float = 0.6  # weight of the token with the least motion, of 1 for the one with most
    warmup: int = 4  # first steps of a block that are computed
    phase1_updates: int = 6  # updates of the block as a whole before tokens are told apart
    vote: bool = True  # a place is computed in all frames of a block if most of them ask for it, else in none
    min_share: float = 0.4  # fewer tokens than this share wait for the next step

    def __post_init__(self) -> None:
        if self.threshold < 0:
            raise ValueError(f"threshold must be >= 0, got {self.threshold}")
        if self.signal not in ("time", "embedded"):
            raise ValueError(f"signal must be time or embedded, got {self.signal}")
        for name in ("floor", "min_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")
        if self.warmup < 1:
            raise ValueError(f"warmup must be >= 1, got {self.warmup}")
        if self.phase1_updates < 0:
            raise ValueError(f"phase1_updates must be >= 0, got {self.phase1_updates}")


@dataclass
class _Block:
    """State of a (branch, block).

    Attributes:
        sums: accumulated weighted change, `[B, P]`.
        before: the signal at the last step.
        weights: `[B, P]`; None in phase 1.
        updates: of the block as a whole, in phase 1.
    """

    sums: Tensor
    before: Tensor
    weights: Tensor | None = None
    updates: int = 0


class MotionCache(CachePolicy):
    """Source: MotionCache (arXiv 2605.01725), tokenwise rule of its SkyReels-V2 code.

    Differs: a token whose motion is not known (no earlier frame) has weight 1, not the floor; modulation is
    gathered by token; the polynomial is clamped (`Rescaled`).
    """

    name = "motioncache"
    config = MotionCacheConfig
    cfg: MotionCacheConfig
    partial = True

    def __init__(self, cfg: MotionCacheConfig) -> None:
        super().__init__(cfg)
        self._rescaled = Rescaled(None)
        self._blocks: dict[tuple[str, int], _Block] = {}
        self._last_frames: dict[tuple[str, int], Tensor] = {}

    def begin(self, run: RunContext) -> None:
        self.end()
        table = WITH_RETAINED_STEPS if self.cfg.signal == "time" else {}
        self._rescaled = Rescaled(table.get(run.width))

    def decide(self, ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
        cfg, state = self.cfg, self._blocks.get(ctx.key)
        now = signal(signals, cfg.signal, self.name)
        if state is None or ctx.step <= cfg.warmup:
            sums = torch.zeros(now.shape[0], ctx.grid.tokens, device=now.device)
            weights = None if state is None else state.weights
            self._blocks[ctx.key] = _Block(sums, now.detach().clone(), weights)
            return FULL
        change = self._rescaled(relative_change(now, state.before))
        state.before = now.detach().clone()
        state.sums = state.sums + change * (1.0 if state.weights is None else state.weights)
        due = state.sums >= cfg.threshold
        if cfg.vote:
            due = voted(due, ctx)
        share = due.float().mean(1)  # too few wait, and keep what they have accumulated
        due = due & ((share >= cfg.min_share) | (share == 1))[:, None]
        state.sums = state.sums.masked_fill(due, 0.0)
        decision = tokens_where(due)
        if state.weights is None and decision.kind is not Kind.SKIP:
            state.updates += 1
        return decision

    def observe(self, ctx: BlockContext, outcome: Outcome) -> None:
        """Weights out of the hidden states, after every step from the end of phase 1 on."""
        state = self._blocks.get(ctx.key)
        if state is None or outcome.output is None:
            return
        frames = _by_frame(outcome.output, ctx)
        if state.updates >= self.cfg.phase1_updates or state.weights is not None:
            earlier = self._last_frames.get((ctx.branch, ctx.block - 1))
            state.weights = motion_weights(frames, earlier, self.cfg.floor, first=ctx.block == 0)
        self._last_frames[ctx.key] = frames[:, -1].detach().clone()

    def end(self) -> None:
        self._blocks.clear()
        self._last_frames.clear()

    def tensors(self) -> list[Tensor]:
        kept = [t for s in self._blocks.values() for t in (s.sums, s.before, s.weights) if t is not None]
        return [*kept, *self._last_frames.values()]


def voted(due: Tensor, ctx: BlockContext) -> Tensor:
    """`[B, P]`: a place is due in every frame if it is in more than half of them, else in none."""
    by_frame = _by_frame(due, ctx)
    most = by_frame.float().mean(1, keepdim=True) > 0.5
    return most.expand_as(by_frame).flatten(1)


def _by_frame(x: Tensor, ctx: BlockContext) -> Tensor:
    return x.view(x.shape[0], ctx.grid.frames, ctx.grid.per_frame, *x.shape[2:])


def motion_weights(frames: Tensor, earlier: Tensor | None, floor: float, first: bool) -> Tensor:
    """Weight of every token, floor .. 1, `[B, P]`.

    Args:
        frames: hidden states `[B, m, S, C]`.
        earlier: last frame of the block before, `[B, S, C]`; None: not known.
        floor: of the token with the least motion of its frame.
        first: the clip's first block, whose first frame takes its second one's motion.
    """
    frames = frames.float()
    before = frames[:, :-1]
    motion = (frames[:, 1:] - before).abs().mean(-1) / (before.abs().mean(-1) + 1e-8)
    known = _spread(motion, floor)
    if earlier is not None and not first:
        earlier = earlier.float()
        leading = (frames[:, 0] - earlier).abs().mean(-1) / (earlier.abs().mean(-1) + 1e-8)
        return torch.cat([_spread(leading[:, None], floor), known], 1).flatten(1)
    if first and known.shape[1]:
        return torch.cat([known[:, :1], known], 1).flatten(1)
    return torch.cat([torch.ones_like(frames[:, :1, :, 0]), known], 1).flatten(1)  # unknown counts as moving


def _spread(motion: Tensor, floor: float) -> Tensor:
    """Each frame from its least to its most motion; a frame without any difference has weight 1."""
    low, high = motion.amin(-1, keepdim=True), motion.amax(-1, keepdim=True)
    apart = high - low
    share: Tensor = torch.where(apart > 1e-12, (motion - low) / apart.clamp_min(1e-12), 1.0)
    return floor + (1 - floor) * share
