"""A transformer forward that starts at a block: probes need not repeat what lies before them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class DenseForward:
    """One dense forward.

    Attributes:
        velocity: output `[B, C, T, H, W]`.
        inputs: hidden states that each block received, `[B, N, C]`.
    """

    velocity: Tensor
    inputs: list[Tensor]


class _Given(nn.Module):
    """Stands for the blocks before the resumed one: its output is already known."""

    def __init__(self, hidden_states: Tensor) -> None:
        super().__init__()
        self.hidden_states = hidden_states

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        return self.hidden_states


@torch.no_grad()
def dense_forward(model: Any, inputs: dict[str, Any], store: torch.device | None = None) -> DenseForward:
    """Run the model and keep what enters each block.

    Args:
        model: transformer with `blocks`.
        inputs: keyword arguments of its forward.
        store: where to keep the hidden states, None: where they are (L x N x C values).
    """
    kept: list[Tensor] = []

    def keep(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        hidden = args[0] if args else kwargs["hidden_states"]
        kept.append(hidden if store is None else hidden.to(store))

    handles = [block.register_forward_pre_hook(keep, with_kwargs=True) for block in model.blocks]
    try:
        velocity = velocity_of(model, inputs)
    finally:
        for handle in handles:
            handle.remove()
    return DenseForward(velocity, kept)


@contextmanager
def resumed_at(model: Any, layer: int, hidden_states: Tensor) -> Iterator[None]:
    """Within the block, a forward of the model starts at block `layer` with these hidden states.

    The model's own forward runs, so embedding and output head stay its own; only its list of blocks is
    shorter.
    """
    blocks = model.blocks
    model.blocks = nn.ModuleList([_Given(hidden_states), *blocks[layer:]])
    try:
        yield
    finally:
        model.blocks = blocks


@torch.no_grad()
def velocity_of(model: Any, inputs: dict[str, Any]) -> Tensor:
    """Output tensor of a forward, in fp32."""
    out: Tensor = model(**{**inputs, "return_dict": False})[0]
    return out.float()
