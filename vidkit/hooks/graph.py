"""Operators that a compiled graph calls back by: what is decided in them is decided when they run.

The compiler does not look into them. They take their objects by a number in a tensor, not in the graph,
which would be compiled for each.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

_objects: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
_numbers = itertools.count()

# CUDA graphs replay kernels, not decisions
_TAGS = tuple(getattr(torch.Tag, name) for name in ("cudagraph_unsafe",) if hasattr(torch.Tag, name))


def new_key(owner: Any) -> Tensor:
    """A number for an object, int64 `[1]` on the CPU; it holds as long as the object lives."""
    number = next(_numbers)
    _objects[number] = owner
    return torch.tensor([number])


def owner_of(key: Tensor) -> Any:
    """The object of a number."""
    return _objects[int(key)]


def define(name: str, schema: str, run: Callable[..., Tensor], like: Callable[..., Tensor]) -> None:
    """Define the operator `vidkit::name`.

    Args:
        name: of the operator.
        schema: arguments and result, in torch's notation.
        run: computes it, on any device.
        like: an empty tensor of the result's shape, for the compiler.
    """
    torch.library.define(f"vidkit::{name}", schema, tags=_TAGS)
    torch.library.impl(f"vidkit::{name}", "CompositeExplicitAutograd", run)
    torch.library.register_fake(f"vidkit::{name}", like)


def keep_nothing(ctx: Any, inputs: Any, output: Any) -> None:
    """For `register_autograd`: the backward pass needs nothing of the forward."""


def _begin(key: Tensor, timestep: Tensor, latents: Tensor, conditions: Sequence[Tensor]) -> Tensor:
    owner_of(key).begin(timestep, latents, conditions)
    return timestep.clone()


def _begin_like(key: Tensor, timestep: Tensor, latents: Tensor, conditions: Sequence[Tensor]) -> Tensor:
    return torch.empty_like(timestep)


def _begin_backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor, None, None]:
    return None, grad, None, None


define(
    "begin",
    "(Tensor key, Tensor timestep, Tensor latents, Tensor[] conditions) -> Tensor",
    _begin,
    _begin_like,
)
torch.library.register_autograd("vidkit::begin", _begin_backward, setup_context=keep_nothing)


def begin_in_graph(
    key: Tensor, timestep: Tensor | float, latents: Tensor, conditions: list[Tensor]
) -> Tensor:
    """Call `begin` of the key's owner within a graph; a timestep that exists only after it has run."""
    begun: Tensor = torch.ops.vidkit.begin(key, torch.as_tensor(timestep), latents, conditions)
    return begun
