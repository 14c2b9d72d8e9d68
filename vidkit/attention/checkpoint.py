"""Gradient checkpointing: a block that is run again in the backward pass takes the masks of its forward."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from vidkit.attention.plan import BlockPlan
from vidkit.attention.runtime import SparseRuntime
from vidkit.errors import ConfigError

ATTRIBUTE = "_gradient_checkpointing_func"


@dataclass
class Recording:
    """What one checkpointed block did in its forward.

    Attributes:
        sparse: the forward was in its sparse phase.
        plans: of its layers.
        made: the first run is over, any other one repeats it.
    """

    sparse: bool
    plans: dict[int, BlockPlan] = field(default_factory=dict)
    made: bool = False


class Checkpointed:
    """In place of diffusers' checkpointing function, for the length of a forward.

    Args:
        original: the function found there.
        runtime: of the transformer.
    """

    def __init__(self, original: Callable[..., Any], runtime: SparseRuntime) -> None:
        self.original, self.runtime = original, runtime

    def __call__(self, block: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Checkpoint a block."""
        recording = Recording(self.runtime.sparse)
        return self.original(functools.partial(_run, self.runtime, recording, block), *args, **kwargs)


def _run(runtime: SparseRuntime, recording: Recording, block: Callable[..., Any], *args: Any) -> Any:
    with _recorded(runtime, recording):
        return block(*args)


@contextmanager
def _recorded(runtime: SparseRuntime, recording: Recording) -> Iterator[None]:
    """The runtime as it was for this block; the first run fills the recording."""
    before = runtime.sparse, runtime.recording
    runtime.sparse, runtime.recording = recording.sparse, recording
    try:
        yield
    finally:
        recording.made = True
        runtime.sparse, runtime.recording = before


def install(module: Any, runtime: SparseRuntime) -> None:
    """Put `Checkpointed` on a module; a forward begins."""
    setattr(module, ATTRIBUTE, Checkpointed(getattr(module, ATTRIBUTE), runtime))


def release(module: Any) -> None:
    """Put back what `install` found, if it was called."""
    found = vars(module).get(ATTRIBUTE)
    if isinstance(found, Checkpointed):
        setattr(module, ATTRIBUTE, found.original)


def refuse_in_graph(checkpointed: bool) -> None:
    """Raise where a transformer is compiled as a whole with gradient checkpointing on."""
    if checkpointed:
        raise ConfigError(
            "sparse attention in a compiled transformer has no gradients to checkpoint",
            "run under torch.no_grad(), or call disable_gradient_checkpointing()",
        )


def refuse_in_backward(runtime: SparseRuntime) -> None:
    """Raise where somebody else's checkpointing runs a layer or the transformer again.

    Nothing tells then which masks its forward had, and others would give wrong gradients.
    """
    if runtime.sparse_layers and torch._C._current_graph_task_id() != -1:
        raise ConfigError(
            "sparse attention does not know the masks of a forward that is run again in the backward pass",
            "use the transformer's enable_gradient_checkpointing(), or call disable() first",
        )
