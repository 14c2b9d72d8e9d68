"""Putting followers on the transformers of a pipeline, and taking them off again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diffusers.utils.torch_utils import unwrap_module
from torch import nn

from vidkit.errors import ModelError
from vidkit.hooks.clock import Clock
from vidkit.hooks.families import FAMILIES, ModelFamily, family_of
from vidkit.hooks.follower import Follower
from vidkit.hooks.root import RootHook, hook_of, put_hook, take_hook
from vidkit.hooks.schedule import ScheduleWatch

TRANSFORMERS = ("transformer", "transformer_2")


def find_transformers(pipe: Any) -> dict[str, Any]:
    """Transformers by attribute name, out of any `torch.compile`.

    Args:
        pipe: pipeline with `transformer` (and `transformer_2`), or a transformer.

    Raises:
        ModelError: no transformer.
    """
    found: dict[str, Any] = {
        n: getattr(pipe, n) for n in TRANSFORMERS if isinstance(getattr(pipe, n, None), nn.Module)
    }
    if not found and isinstance(pipe, nn.Module):
        found = {"transformer": pipe}
    if not found:
        raise ModelError(
            f"{type(pipe).__name__} has no transformer",
            f"pass a pipeline or a transformer of one of these classes: {', '.join(FAMILIES)}",
        )
    return {name: unwrap_module(module) for name, module in found.items()}


def families_of(transformers: Mapping[str, Any]) -> dict[str, ModelFamily]:
    """The adapter of each transformer.

    Raises:
        ModelError: one has none.
    """
    return {name: family_of(module, name) for name, module in transformers.items()}


class Installation:
    """Followers of one kind on the transformers of a pipeline, and their one clock.

    Args:
        name: of the hooks; one of a name fits on a transformer.
        transformers: by attribute name.
        followers: of each.
        families: of each.
        pipe: pipeline whose schedule tells generations apart; a bare transformer has none.
    """

    def __init__(
        self,
        name: str,
        transformers: Mapping[str, Any],
        followers: Mapping[str, Follower],
        families: Mapping[str, ModelFamily],
        pipe: Any = None,
    ) -> None:
        self.name, self.followers = name, dict(followers)
        self.clock, schedule = Clock(), ScheduleWatch(pipe)
        self._transformers = dict(transformers)
        for key, model in transformers.items():
            put_hook(model, RootHook(name, followers[key], families[key], self.clock, schedule))

    def mine(self) -> list[Any]:
        """Transformers that these followers are still on."""
        hooks = ((key, model, hook_of(model, self.name)) for key, model in self._transformers.items())
        return [model for key, model, hook in hooks if hook and hook.follower is self.followers[key]]

    def remove(self) -> None:
        """Take the hooks off that are still ours; everything but figures is given up."""
        for model in self.mine():
            take_hook(model, self.name)
        self._transformers.clear()
        self.reset()

    def reset(self) -> None:
        """Forget the generation in progress."""
        self.clock.reset()
        for follower in self.followers.values():
            follower.clear()


def remove(model: Any, name: str) -> None:
    """Take one hook off a transformer; its clock and follower forget what they knew."""
    hook = take_hook(model, name)
    if hook is not None:
        hook.clock.reset()
        hook.follower.clear()
