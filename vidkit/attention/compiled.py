"""Where a compiled graph calls back into the runtime: a layer attends.

Which mask, and whether any, is decided when the operator runs; the compiler does not look into it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vidkit.errors import ConfigError
from vidkit.hooks.graph import define, keep_nothing, owner_of


def _attend(
    key: Tensor, q: Tensor, k: Tensor, v: Tensor, raw_q: Tensor | None, raw_k: Tensor | None
) -> Tensor:
    out: Tensor = owner_of(key).attend(q, k, v, raw_q, raw_k)
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


def _attend_backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor, Tensor, Tensor, None, None]:
    refused = torch.ops.vidkit.no_gradient(grad)
    return None, refused, refused, refused, None, None


define(
    "attend",
    "(Tensor key, Tensor q, Tensor k, Tensor v, Tensor? raw_q, Tensor? raw_k) -> Tensor",
    _attend,
    _attend_like,
)
define("no_gradient", "(Tensor grad) -> Tensor", _no_gradient, _no_gradient_like)
torch.library.register_autograd("vidkit::attend", _attend_backward, setup_context=keep_nothing)


def attend_in_graph(
    key: Tensor, q: Tensor, k: Tensor, v: Tensor, raw_q: Tensor | None, raw_k: Tensor | None
) -> Tensor:
    """Call `attend` of the key's owner within a graph; `[B, N, H, D]`."""
    out: Tensor = torch.ops.vidkit.attend(key, q, k, v, raw_q, raw_k)
    return out
