"""Partial forward: one that starts at a block, so that probes need not repeat what lies before it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from vidkit.hooks.families import ModelFamily, family_of


@dataclass(frozen=True)
class DenseForward:
    """One dense forward.

    Attributes:
        velocity: output of the video, `[B, C, T, H, W]`.
        inputs: what each main block received and handed on: tokens of the video `[B, N, C]`, and in some
            families those of text or sound.
    """

    velocity: Tensor
    inputs: list[tuple[Tensor, ...]]


class _Passed(nn.Module):
    """Stands for a block before the resumed one: what it hands on is not looked at."""

    def __init__(self, family: ModelFamily) -> None:
        super().__init__()
        self._family = family

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self._family.handed_on(self._family.carried(args, kwargs))


class _Resumed(nn.Module):
    """The block that a forward resumes at, with the states it had."""

    def __init__(self, family: ModelFamily, block: nn.Module, states: tuple[Tensor, ...]) -> None:
        super().__init__()
        self._family, self.block, self._states = family, block, states

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = self._family.with_carried(args, kwargs, self._states)
        return self.block(*args, **kwargs)


@torch.no_grad()
def dense_forward(model: Any, inputs: dict[str, Any], store: torch.device | None = None) -> DenseForward:
    """Run the model and keep what enters each block.

    Args:
        model: transformer of a known family.
        inputs: keyword arguments of its forward.
        store: where to keep the hidden states, None: where they are (L x N x C values).
    """
    kept: list[tuple[Tensor, ...]] = []
    family = family_of(model)

    def keep(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        states = family.carried(args, kwargs)
        kept.append(states if store is None else tuple(state.to(store) for state in states))

    blocks = family.blocks(model)
    handles = [block.register_forward_pre_hook(keep, with_kwargs=True) for block in blocks]
    try:
        velocity = velocity_of(model, inputs)
    finally:
        for handle in handles:
            handle.remove()
    return DenseForward(velocity, kept)


@contextmanager
def resumed_at(model: Any, index: int, states: tuple[Tensor, ...]) -> Iterator[None]:
    """Within the context, a forward of the model starts at main block `index` with these states.

    The model's own forward runs, so embedding, output head and what is added between blocks stay its own;
    only the earlier blocks do nothing.
    """
    family = family_of(model)
    blocks = family.blocks(model)
    passed = [_Passed(family) for _ in range(index)]
    resumed = _Resumed(family, blocks[index], states)
    setattr(model, family.blocks_name, nn.ModuleList([*passed, resumed, *blocks[index + 1 :]]))
    try:
        yield
    finally:
        setattr(model, family.blocks_name, blocks)


@torch.no_grad()
def velocity_of(model: Any, inputs: dict[str, Any]) -> Tensor:
    """What a forward says of the video, `[B, C, T, H, W]` fp32."""
    out: Tensor = model(**{**inputs, "return_dict": False})[0]
    family = family_of(model, whole=False)
    latents = family.call((), inputs).latents
    grid = family.grid(model.config, latents) or family.grid_of_call((), inputs)
    return out.float() if grid is None else family.by_frame(out, grid).float()
