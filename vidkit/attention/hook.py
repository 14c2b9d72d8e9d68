"""The one hook on a transformer's root: tells the runtime branch, step and token grid of every forward."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.hooks.hooks import ModelHook, StateManager
from torch import Tensor, nn

from vidkit.attention.clock import Clock, Signature
from vidkit.attention.geometry import TokenGrid
from vidkit.attention.runtime import SparseRuntime

HOOK_NAME = "vidkit_sparse_attention"


class BranchContext(StateManager):  # type: ignore[misc]
    """Receives `cache_context(name)` from pipelines; keeps the name and step, no state of its own.

    diffusers tells a context to every StateManager of a stateful hook: this is one, with nothing to manage.
    """

    def __init__(self) -> None:
        super().__init__(state_cls=None)
        self.name: str | None = None
        self.step: int | None = None

    def set_context(self, context: Any) -> None:
        """A name, a context object with a name, or None when the block ends."""
        self.name = getattr(context, "name", context)
        self.step = getattr(context, "step_index", None)

    def reset(self, *args: Any, **kwargs: Any) -> None:
        """Forget the context."""
        self.name, self.step = None, None


class SparseRuntimeHook(ModelHook):  # type: ignore[misc]
    """Reads the timestep once a forward and sets the runtime's phase; clears it when a generation ends.

    Args:
        runtime: of this transformer.
        clock: shared by the transformers of a pipeline.
    """

    _is_stateful = True

    def __init__(self, runtime: SparseRuntime, clock: Clock) -> None:
        super().__init__()
        self.runtime: SparseRuntime | None = runtime
        self.clock = clock
        self.context = BranchContext()

    def pre_forward(
        self, module: nn.Module, *args: Any, **kwargs: Any
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Advance the clock."""
        if self.runtime is not None:
            timestep = kwargs["timestep"] if "timestep" in kwargs else args[1]
            latents = kwargs["hidden_states"] if "hidden_states" in kwargs else args[0]
            tick = self.clock.tick(timestep_signature(timestep), self.context.name, self.context.step)
            self.runtime.begin(tick, token_grid(latents, module))
        return args, kwargs

    def post_forward(self, module: nn.Module, output: Any) -> Any:
        """Blocks run outside a forward of the root must not meet a stale phase."""
        if self.runtime is not None:
            self.runtime.sparse = False
        return output

    def reset_state(self, module: nn.Module) -> nn.Module:
        """Pipelines call this at the end of a generation."""
        self.context.reset()
        self.clock.reset()
        if self.runtime is not None:
            self.runtime.finish()
        return module


def timestep_signature(timestep: Tensor | float) -> Signature:
    """Maximum and mean of timesteps of any shape, in one read from the device."""
    if not isinstance(timestep, Tensor):
        return Signature(float(timestep), float(timestep))
    t = timestep.detach().to(torch.float32)
    highest, mean = torch.stack([t.max(), t.mean()]).tolist()
    return Signature(highest, mean)


def token_grid(latents: Tensor, module: Any) -> TokenGrid | None:
    """Grid after patching of latents `[B, C, F, H, W]`; None for other inputs."""
    if latents.dim() != 5:
        return None
    t, h, w = module.config.patch_size
    return TokenGrid(latents.shape[2] // t, latents.shape[3] // h, latents.shape[4] // w)
