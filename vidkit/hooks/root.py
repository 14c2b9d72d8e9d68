"""What sits on a transformer's root: tells a follower branch, step and token grid of every forward.

Module hooks of torch, so that nothing wraps `forward`: they come off whole, whatever was put on in between.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from diffusers.hooks.hooks import HookFunctionReference, HookRegistry, ModelHook
from torch import Tensor, nn

from vidkit.hooks import checkpoint
from vidkit.hooks.calls import read_call
from vidkit.hooks.clock import Clock
from vidkit.hooks.context import BranchContext
from vidkit.hooks.families import ModelFamily
from vidkit.hooks.follower import Follower
from vidkit.hooks.graph import begin_in_graph, new_key
from vidkit.hooks.not_pickled import NotPickled
from vidkit.hooks.schedule import ScheduleWatch


class RootHook(NotPickled, ModelHook):  # type: ignore[misc]
    """Reads the timestep once a forward and tells the follower; tells it when a generation ends.

    A copy (of the transformer it sits on) has a follower and a clock of its own, with nothing in them.

    Args:
        name: in diffusers' list of hooks, one for each kind of follower.
        follower: of this transformer.
        family: of this transformer.
        clock: shared by the transformers of a pipeline.
        schedule: of the pipeline, shared likewise.
    """

    _is_stateful = True

    def __init__(
        self, name: str, follower: Follower, family: ModelFamily, clock: Clock, schedule: ScheduleWatch
    ) -> None:
        super().__init__()
        self.fn_ref = HookFunctionReference()  # diffusers' list of hooks wants one; it wraps nothing
        self.name, self.follower, self.family = name, follower, family
        self.clock, self.schedule = clock, schedule
        self.what = follower.what
        self.context = BranchContext()
        self.config: Any = None
        self.made_registry = False
        self.key = new_key(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> RootHook:
        follower, clock = copy.deepcopy(self.follower, memo), copy.deepcopy(self.clock, memo)
        schedule = copy.deepcopy(self.schedule, memo)
        fresh = RootHook(self.name, follower, self.family, clock, schedule)
        fresh.config, fresh.made_registry = self.config, self.made_registry
        return fresh

    def before(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """A forward begins: advance the clock."""
        checkpointed = torch.is_grad_enabled() and bool(getattr(module, "gradient_checkpointing", False))
        call = self.family.call(args, kwargs)
        if torch.compiler.is_compiling():
            checkpoint.refuse_in_graph(checkpointed, self.follower)
            self.follower.in_graph = True
            return self.family.with_timestep(args, kwargs, begin_in_graph(self.key, *call))
        checkpoint.refuse_in_backward(self.follower)
        self.follower.in_graph = False
        checkpoint.release(module, self.follower)
        if checkpointed:
            checkpoint.install(module, self.follower)
        self.begin(*call)
        return args, kwargs

    def begin(self, timestep: Tensor | float, latents: Tensor, conditions: Sequence[Tensor]) -> None:
        """Tell clock and follower about a forward."""
        self.schedule.follow(self.clock)
        signature, inputs = read_call(timestep, latents, conditions)
        tick = self.clock.tick(signature, self.context.name, self.context.step, inputs)
        self.clock.running = True
        self.follower.begin(tick, self.family.grid(self.config, latents))

    def after(self, module: nn.Module, args: Any, output: Any) -> None:
        """Blocks run outside a forward of the root must not meet a stale phase."""
        self.clock.running = False
        self.follower.phase = self.follower.in_graph = False
        if not torch.compiler.is_compiling():
            checkpoint.release(module, self.follower)

    def reset_state(self, module: nn.Module) -> nn.Module:
        """Pipelines call this at the end of a generation."""
        self.context.reset()
        self.clock.reset()
        self.follower.finish()
        return module


class _Side(NotPickled):
    """Stands among the module's hooks; a copy belongs to the copied hook."""

    def __init__(self, hook: RootHook) -> None:
        self.hook, self.what = hook, hook.what

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


def put_hook(module: Any, hook: RootHook) -> None:
    """Put the hook on; diffusers is told of it, for contexts and the end of a generation."""
    hook.config = module.config
    module.register_forward_pre_hook(_Before(hook), with_kwargs=True)
    module.register_forward_hook(_After(hook))
    hook.made_registry = not hasattr(module, "_diffusers_hook")
    registry = HookRegistry.check_if_exists_or_initialize(module)
    registry.hooks[hook.name] = hook
    # first of all: a hook that diffusers removes mends the one behind it, and ours has nothing to mend
    registry._hook_order.insert(0, hook.name)
    registry._fn_refs.insert(0, hook.fn_ref)


def hook_of(module: Any, name: str) -> RootHook | None:
    """The hook of this name on a transformer, None: none."""
    registry = getattr(module, "_diffusers_hook", None)
    hook: RootHook | None = None if registry is None else registry.get_hook(name)
    return hook


def take_hook(module: Any, name: str) -> RootHook | None:
    """Take the hook off, without a trace."""
    hook = hook_of(module, name)
    if hook is None:
        return None
    for hooks, others in (
        (module._forward_pre_hooks, [module._forward_pre_hooks_with_kwargs]),
        (module._forward_hooks, []),
    ):
        for number in [n for n, x in hooks.items() if isinstance(x, _Side) and x.hook.name == name]:
            del hooks[number]
            for flags in others:
                flags.pop(number, None)
    checkpoint.release(module, hook.follower)
    registry = module._diffusers_hook
    del registry.hooks[name]
    index = registry._hook_order.index(name)
    del registry._hook_order[index], registry._fn_refs[index]
    if hook.made_registry and not registry.hooks:
        del module._diffusers_hook
    elif hook.made_registry:  # the last of ours to leave takes the list along
        for other in registry.hooks.values():
            if isinstance(other, RootHook):
                other.made_registry = True
    return hook
