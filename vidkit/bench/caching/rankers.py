"""Other orders of tokens in the place of ours: random, rate alone, frame difference, and the true change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from vidkit.caching import BlockContext, CacheHandle, Outcome
from vidkit.caching.policies.change import Change
from vidkit.hooks.token_grid import patched


class RandomTokens(Change):
    """As many tokens, drawn at random."""

    name = "random"

    def predicted(self, ctx: BlockContext, rate: Tensor, computed_at: Tensor) -> Tensor:
        return torch.rand(rate.shape, device=rate.device)


class RateAlone(Change):
    """By the rate of change, whatever the age."""

    name = "rate"

    def predicted(self, ctx: BlockContext, rate: Tensor, computed_at: Tensor) -> Tensor:
        return rate


class FrameDifference(Change):
    """By the difference of the stored velocity to the one of the frame before."""

    name = "frame_difference"
    _value: Tensor | None = None

    def observe(self, ctx: BlockContext, outcome: Outcome) -> None:
        self._value = outcome.value
        super().observe(ctx, outcome)

    def predicted(self, ctx: BlockContext, rate: Tensor, computed_at: Tensor) -> Tensor:
        assert self._value is not None
        frames = self._value.view(self._value.shape[0], ctx.grid.frames, ctx.grid.per_frame, -1)
        before = torch.cat([frames[:, :1], frames[:, :-1]], dim=1)
        return (frames - before).abs().float().mean(-1).flatten(1)


class Oracle(Change):
    """By the true error: a whole forward on the present latents, against what would stand for it."""

    name = "oracle"
    truth: Tensor | None = None
    reused: Callable[[BlockContext], Tensor] | None = None

    def predicted(self, ctx: BlockContext, rate: Tensor, computed_at: Tensor) -> Tensor:
        assert self.truth is not None and self.reused is not None
        return (self.truth - self.reused(ctx)).abs().float().mean(-1)


@contextmanager
def truth_told(transformer: Any, handle: CacheHandle) -> Iterator[None]:
    """For the length of a block, an `Oracle` is told the true velocity before every forward."""
    policy, runtime = handle.policy, next(iter(handle.runtimes.values()))
    if not isinstance(policy, Oracle):
        yield
        return
    asking = False

    def before(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        nonlocal asking
        if asking:
            return
        asking, runtime.paused = True, True
        try:
            velocity = module(*args, **kwargs)[0]
            assert runtime.grid is not None
            policy.truth = patched(velocity, runtime.grid)
        finally:
            asking, runtime.paused = False, False

    policy.reused = runtime.reused
    hook = transformer.register_forward_pre_hook(before, with_kwargs=True, prepend=True)
    try:
        yield
    finally:
        hook.remove()
        policy.truth = policy.reused = None


RANKERS: dict[str, type[Change]] = {
    kind.name: kind for kind in (RandomTokens, RateAlone, FrameDifference, Oracle)
}
