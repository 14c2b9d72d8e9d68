"""The schedule of the pipeline that a transformer belongs to: a new one is a new generation."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch import Tensor

from vidkit.hooks.clock import Clock


class ScheduleWatch:
    """Sees a pipeline set its timesteps, which it does once a generation.

    Holds nothing: neither the pipeline nor its timesteps.

    Args:
        pipe: with a diffusers `scheduler`; a transformer alone has none and is never seen to begin anew.
    """

    def __init__(self, pipe: Any = None) -> None:
        self._pipe = _weak(pipe)
        self._timesteps = _weak(None)

    def __deepcopy__(self, memo: dict[int, Any]) -> ScheduleWatch:
        return ScheduleWatch()  # a copied transformer belongs to no pipeline yet

    def follow(self, clock: Clock) -> None:
        """Reset the clock where the timesteps are not those of the last call."""
        timesteps = getattr(getattr(self._pipe(), "scheduler", None), "timesteps", None)
        if not isinstance(timesteps, Tensor) or timesteps is self._timesteps():
            return
        self._timesteps = _weak(timesteps)
        clock.reset()
        clock.repeats = len(torch.unique(timesteps)) < timesteps.numel()


def _weak(value: Any) -> Any:
    """A weak reference; of None, or of what can have none, one to nothing."""
    try:
        return weakref.ref(value)
    except TypeError:
        return lambda: None
