"""Partial forward: one that starts at a block, so that probes need not repeat what lies before it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from vidkit.hooks.families import family_of


@dataclass(frozen=True)
class DenseForward:
    """One dense forward.

    Attributes:
        velocity: output `[B, C, T, H, W]`.
        inputs: hidden states that each main block received, `[B, N, C]`.
    """

    velocity: Tensor
    inputs: list[Tensor]


class _Passed(nn.Module):
    """Stands for a block before the resumed one: what it hands on is not looked at."""

    def forward(self, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return hidden_states


class _Resumed(nn.Module):
    """The block that a forward resumes at, with the hidden states it had."""

    def __init__(self, block: nn.Module, hidden_states: Tensor) -> None:
        super().__init__()
        self.block, self.hidden_states = block, hidden_states

    def forward(self, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Any:
        return self.block(self.hidden_states, *args, **kwargs)


@torch.no_grad()
def dense_forward(model: Any, inputs: dict[str, Any], store: torch.device | None = None) -> DenseForward:
    """Run the model and keep what enters each block.

    Args:
        model: transformer of a known family.
        inputs: keyword arguments of its forward.
        store: where to keep the hidden states, None: where they are (L x N x C values).
    """
    kept: list[Tensor] = []

    def keep(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        hidden = args[0] if args else kwargs["hidden_states"]
        kept.append(hidden if store is None else hidden.to(store))

    blocks = family_of(model).blocks(model)
    handles = [block.register_forward_pre_hook(keep, with_kwargs=True) for block in blocks]
    try:
        velocity = velocity_of(model, inputs)
    finally:
        for handle in handles:
            handle.remove()
    return DenseForward(velocity, kept)


@contextmanager
def resumed_at(model: Any, index: int, hidden_states: Tensor) -> Iterator[None]:
    """Within the context, a forward of the model starts at main block `index` with these hidden states.

    The model's own forward runs, so embedding, output head and what is added between blocks stay its own;
    only the earlier blocks do nothing.
    """
    family = family_of(model)
    blocks = family.blocks(model)
    passed, resumed = [_Passed() for _ in range(index)], _Resumed(blocks[index], hidden_states)
    setattr(model, family.blocks_name, nn.ModuleList([*passed, resumed, *blocks[index + 1 :]]))
    try:
        yield
    finally:
        setattr(model, family.blocks_name, blocks)


@torch.no_grad()
def velocity_of(model: Any, inputs: dict[str, Any]) -> Tensor:
    """Output tensor of a forward, in fp32."""
    out: Tensor = model(**{**inputs, "return_dict": False})[0]
    return out.float()
