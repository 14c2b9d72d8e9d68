"""What sits on a transformer's root: tells the runtime branch, step and token grid of every forward.

Module hooks of torch, so that nothing wraps `forward`: they come off whole, whatever was put on in between.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from diffusers.hooks.hooks import HookFunctionReference, HookRegistry, ModelHook
from torch import Tensor, nn

from vidkit.attention import checkpoint
from vidkit.attention.compiled import begin_in_graph, new_key
from vidkit.attention.runtime import SparseRuntime
from vidkit.hooks.calls import read_call, split_call, token_grid
from vidkit.hooks.clock import Clock
from vidkit.hooks.context import BranchContext
from vidkit.hooks.not_pickled import NotPickled
from vidkit.hooks.schedule import ScheduleWatch

HOOK_NAME = "vidkit_sparse_attention"


class SparseRuntimeHook(NotPickled, ModelHook):  # type: ignore[misc]
    """Reads the timestep once a forward and sets the runtime's phase; clears it when a generation ends.

    A copy (of the transformer it sits on) has a runtime and a clock of its own, with nothing in them.

    Args:
        runtime: of this transformer.
        clock: shared by the transformers of a pipeline.
        schedule: of the pipeline, shared likewise.
    """

    _is_stateful = True

    def __init__(self, runtime: SparseRuntime, clock: Clock, schedule: ScheduleWatch) -> None:
        super().__init__()
        self.fn_ref = HookFunctionReference()  # diffusers' list of hooks wants one; it wraps nothing
        self.runtime, self.clock, self.schedule = runtime, clock, schedule
        self.context = BranchContext()
        self.patch_size: tuple[int, int, int] | None = None
        self.made_registry = False
        self.key = new_key(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> SparseRuntimeHook:
        runtime, clock = copy.deepcopy(self.runtime, memo), copy.deepcopy(self.clock, memo)
        fresh = SparseRuntimeHook(runtime, clock, copy.deepcopy(self.schedule, memo))
        fresh.patch_size, fresh.made_registry = self.patch_size, self.made_registry
        return fresh

    def before(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """A forward begins: advance the clock."""
        checkpointed = torch.is_grad_enabled() and bool(getattr(module, "gradient_checkpointing", False))
        if torch.compiler.is_compiling():
            checkpoint.refuse_in_graph(checkpointed)
            self.runtime.in_graph = True
            return begin_in_graph(self, args, kwargs)
        checkpoint.refuse_in_backward(self.runtime)
        self.runtime.in_graph = False
        checkpoint.release(module)
        if checkpointed:
            checkpoint.install(module, self.runtime)
        self.begin(*split_call(args, kwargs))
        return args, kwargs

    def begin(self, timestep: Tensor | float, latents: Tensor, conditions: Sequence[Tensor]) -> None:
        """Tell clock and runtime about a forward."""
        self.schedule.follow(self.clock)
        signature, inputs = read_call(timestep, latents, conditions)
        tick = self.clock.tick(signature, self.context.name, self.context.step, inputs)
        self.clock.running = True
        self.runtime.begin(tick, token_grid(latents, self.patch_size))

    def after(self, module: nn.Module, args: Any, output: Any) -> None:
        """Blocks run outside a forward of the root must not meet a stale phase."""
        self.clock.running = False
        self.runtime.sparse = self.runtime.in_graph = False
        if not torch.compiler.is_compiling():
            checkpoint.release(module)

    def reset_state(self, module: nn.Module) -> nn.Module:
        """Pipelines call this at the end of a generation."""
        self.context.reset()
        self.clock.reset()
        self.runtime.finish()
        return module


class _Side(NotPickled):
    """Stands among the module's hooks; a copy belongs to the copied hook."""

    def __init__(self, hook: SparseRuntimeHook) -> None:
        self.hook = hook

    def __deepcopy__(self, memo: dict[int, Any]) -> _Side:
        return type(self)(copy.deepcopy(self.hook, memo))


class _Before(_Side):
    """Before `forward`."""

    def __call__(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return self.hook.before(module, args, kwargs)


class _After(_Side):
    """After `forward`."""

    def __call__(self, module: nn.Module, args: Any, output: Any) -> None:
        self.hook.after(module, args, output)


def put_hook(module: Any, hook: SparseRuntimeHook) -> None:
    """Put the hook on; diffusers is told of it, for contexts and the end of a generation."""
    hook.patch_size = tuple(module.config.patch_size)
    module.register_forward_pre_hook(_Before(hook), with_kwargs=True)
    module.register_forward_hook(_After(hook))
    hook.made_registry = not hasattr(module, "_diffusers_hook")
    registry = HookRegistry.check_if_exists_or_initialize(module)
    registry.hooks[HOOK_NAME] = hook
    # first of all: a hook that diffusers removes mends the one behind it, and ours has nothing to mend
    registry._hook_order.insert(0, HOOK_NAME)
    registry._fn_refs.insert(0, hook.fn_ref)


def hook_of(module: Any) -> SparseRuntimeHook | None:
    """The hook on a transformer, None: none."""
    registry = getattr(module, "_diffusers_hook", None)
    hook: SparseRuntimeHook | None = None if registry is None else registry.get_hook(HOOK_NAME)
    return hook


def take_hook(module: Any) -> SparseRuntimeHook | None:
    """Take the hook off, without a trace."""
    hook = hook_of(module)
    if hook is None:
        return None
    for hooks, others in (
        (module._forward_pre_hooks, [module._forward_pre_hooks_with_kwargs]), (module._forward_hooks, []),
    ):  # fmt: skip
        for number in [n for n, x in hooks.items() if isinstance(x, _Side)]:
            del hooks[number]
            for flags in others:
                flags.pop(number, None)
    checkpoint.release(module)
    registry = module._diffusers_hook
    del registry.hooks[HOOK_NAME]
    index = registry._hook_order.index(HOOK_NAME)
    del registry._hook_order[index], registry._fn_refs[index]
    if hook.made_registry and not registry.hooks:
        del module._diffusers_hook
    return hook
