"""The two points where a compiled graph calls back into the runtime: a forward begins, a layer attends.

Both are operators that the compiler does not look into: which mask, and whether any, is decided when they
run. They take their objects by a number in a tensor, not in the graph, which would be compiled for each.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from vidkit.errors import ConfigError
from vidkit.hooks.calls import split_call

if TYPE_CHECKING:
    from vidkit.attention.hook import SparseRuntimeHook
    from vidkit.attention.processor import SparseAttnProcessor

_objects: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
_numbers = itertools.count()


def new_key(owner: Any) -> Tensor:
    """A number for an object, int64 `[1]` on the CPU; it holds as long as the object lives."""
    number = next(_numbers)
    _objects[number] = owner
    return torch.tensor([number])


def _owner(key: Tensor) -> Any:
    return _objects[int(key)]


# CUDA graphs replay kernels, not decisions
_TAGS = tuple(getattr(torch.Tag, name) for name in ("cudagraph_unsafe",) if hasattr(torch.Tag, name))


def _begin(key: Tensor, timestep: Tensor, latents: Tensor, conditions: Sequence[Tensor]) -> Tensor:
    _owner(key).begin(timestep, latents, conditions)
    return timestep.clone()


def _begin_like(key: Tensor, timestep: Tensor, latents: Tensor, conditions: Sequence[Tensor]) -> Tensor:
    return torch.empty_like(timestep)


def _attend(
    key: Tensor, q: Tensor, k: Tensor, v: Tensor, raw_q: Tensor | None, raw_k: Tensor | None
) -> Tensor:
    out: Tensor = _owner(key).attend(q, k, v, raw_q, raw_k)
    return out.contiguous()


def _attend_like(
    key: Tensor, q: Tensor, k: Tensor, v: Tensor, raw_q: Tensor | None, raw_k: Tensor | None
) -> Tensor:
    return torch.empty_like(q, memory_format=torch.contiguous_format)


def _no_gradient(grad: Tensor) -> Tensor:
    raise ConfigError(
        "there are no gradients through sparse attention in a compiled transformer",
        "train without compile, or call disable() first",
    )


def _no_gradient_like(grad: Tensor) -> Tensor:
    return torch.empty_like(grad)


_SCHEMAS: dict[str, tuple[str, Callable[..., Tensor], Callable[..., Tensor]]] = {
    "begin": (
        "(Tensor key, Tensor timestep, Tensor latents, Tensor[] conditions) -> Tensor", _begin, _begin_like,
    ),
    "attend": (
        "(Tensor key, Tensor q, Tensor k, Tensor v, Tensor? raw_q, Tensor? raw_k) -> Tensor",
        _attend, _attend_like,
    ),
    "no_gradient": ("(Tensor grad) -> Tensor", _no_gradient, _no_gradient_like),
}  # fmt: skip

for _name, (_schema, _run, _like) in _SCHEMAS.items():
    torch.library.define(f"vidkit::{_name}", _schema, tags=_TAGS)
    torch.library.impl(f"vidkit::{_name}", "CompositeExplicitAutograd", _run)
    torch.library.register_fake(f"vidkit::{_name}", _like)


def _keep_nothing(ctx: Any, inputs: Any, output: Any) -> None:
    pass


def _begin_backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor, None, None]:
    return None, grad, None, None


def _attend_backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor, Tensor, Tensor, None, None]:
    refused = torch.ops.vidkit.no_gradient(grad)
    return None, refused, refused, refused, None, None


torch.library.register_autograd("vidkit::begin", _begin_backward, setup_context=_keep_nothing)
torch.library.register_autograd("vidkit::attend", _attend_backward, setup_context=_keep_nothing)


def begin_in_graph(
    hook: SparseRuntimeHook, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """`hook.begin` within a graph; the arguments, with a timestep that exists only after it has run."""
    timestep, latents, conditions = split_call(args, kwargs)
    begun = torch.ops.vidkit.begin(hook.key, torch.as_tensor(timestep), latents, conditions)
    if "timestep" in kwargs:
        return args, {**kwargs, "timestep": begun}
    return (args[0], begun, *args[2:]), kwargs


def attend_in_graph(
    processor: SparseAttnProcessor,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    raw_q: Tensor | None,
    raw_k: Tensor | None,
) -> Tensor:
    """`processor.attend` within a graph; `[B, N, H, D]`."""
    out: Tensor = torch.ops.vidkit.attend(processor.key, q, k, v, raw_q, raw_k)
    return out
