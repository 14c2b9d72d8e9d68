"""Gradient checkpointing: a block that is run again in the backward pass makes the choices of its forward."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from vidkit.errors import ConfigError
from vidkit.hooks.follower import Follower, Recording

ATTRIBUTE = "_gradient_checkpointing_func"


class Checkpointed:
    """In place of diffusers' checkpointing function, for the length of a forward.

    Args:
        original: the function found there.
        follower: of the transformer.
    """

    def __init__(self, original: Callable[..., Any], follower: Follower) -> None:
        self.original, self.follower = original, follower

    def __call__(self, block: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Checkpoint a block."""
        recording = Recording(self.follower.phase)
        return self.original(functools.partial(_run, self.follower, recording, block), *args, **kwargs)


def _run(follower: Follower, recording: Recording, block: Callable[..., Any], *args: Any) -> Any:
    with _recorded(follower, recording):
        return block(*args)


@contextmanager
def _recorded(follower: Follower, recording: Recording) -> Iterator[None]:
    """The follower as it was for this block; the first run fills the recording."""
    before = follower.phase, follower.recording
    follower.phase, follower.recording = recording.phase, recording
    try:
        yield
    finally:
        recording.made = True
        follower.phase, follower.recording = before


def install(module: Any, follower: Follower) -> None:
    """Put `Checkpointed` on a module; a forward begins."""
    setattr(module, ATTRIBUTE, Checkpointed(getattr(module, ATTRIBUTE), follower))


def release(module: Any, follower: Follower) -> None:
    """Put back what `install` found for this follower, if it was called."""
    found = vars(module).get(ATTRIBUTE)
    if isinstance(found, Checkpointed) and found.follower is follower:
        setattr(module, ATTRIBUTE, found.original)


def refuse_in_graph(checkpointed: bool, follower: Follower) -> None:
    """Raise where a transformer is compiled as a whole with gradient checkpointing on."""
    if checkpointed:
        raise ConfigError(
            f"{follower.what} in a compiled transformer has no gradients to checkpoint",
            "run under torch.no_grad(), or call disable_gradient_checkpointing()",
        )


def refuse_in_backward(follower: Follower) -> None:
    """Raise where somebody else's checkpointing runs a layer or the transformer again.

    Nothing tells then what was chosen in its forward, and other choices would give wrong gradients.
    """
    if follower.chooses and torch._C._current_graph_task_id() != -1:
        raise ConfigError(
            f"{follower.what} does not know the choices of a forward that is run again in the backward pass",
            "use the transformer's enable_gradient_checkpointing(), or call disable() first",
        )
