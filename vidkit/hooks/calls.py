"""What a forward of a transformer was called with, in one read from the device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from vidkit.hooks.clock import Inputs, Signature
from vidkit.hooks.token_grid import TokenGrid


class Call(NamedTuple):
    """Arguments of a forward.

    Attributes:
        timestep: of any shape.
        latents: noisy video.
        conditions: every other tensor: prompt, image, control.
    """

    timestep: Tensor | float
    latents: Tensor
    conditions: list[Tensor]


def call_of(args: Sequence[Any], kwargs: dict[str, Any], timestep_at: int = 1) -> Call:
    """Arguments of `forward(hidden_states, timestep, ...)`, as diffusers' video transformers have it.

    Args:
        args: positional.
        kwargs: by name.
        timestep_at: place of the timestep among the positional ones.
    """
    timestep = kwargs["timestep"] if "timestep" in kwargs else args[timestep_at]
    latents = kwargs["hidden_states"] if "hidden_states" in kwargs else args[0]
    named = (x for n, x in kwargs.items() if n != "hidden_states" and "timestep" not in n)
    others = [*(x for n, x in enumerate(args) if n not in (0, timestep_at)), *named]
    return Call(timestep, latents, [x for x in _flat(others) if isinstance(x, Tensor)])


def with_timestep(
    args: tuple[Any, ...], kwargs: dict[str, Any], timestep: Tensor, timestep_at: int = 1
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The same arguments with another timestep."""
    if "timestep" in kwargs:
        return args, {**kwargs, "timestep": timestep}
    return (*args[:timestep_at], timestep, *args[timestep_at + 1 :]), kwargs


def _flat(values: Sequence[Any]) -> Iterator[Any]:
    """Values, those in lists and tuples one by one."""
    for value in values:
        if isinstance(value, list | tuple):
            yield from _flat(value)
        else:
            yield value


def read_call(
    timestep: Tensor | float, latents: Tensor, conditions: Sequence[Tensor]
) -> tuple[Signature, Inputs]:
    """Maximum and mean of the timesteps, and sums of the inputs, in one read from the device."""
    device = latents.device
    t = torch.as_tensor(timestep, dtype=torch.float32, device=device).detach()
    parts = [torch.stack([t.max(), t.mean()]), *(_sums(x).to(device) for x in (latents, *conditions))]
    # not-a-number differs from itself
    highest, mean, *sums = torch.cat(parts).nan_to_num(nan=-1.0).tolist()
    return Signature(highest, mean), Inputs(tuple(sums[:2]), tuple(sums[2:]))


def _sums(x: Tensor) -> Tensor:
    """Sum and sum of magnitudes, fp32 `[2]`."""
    x = x.detach()
    x = torch.view_as_real(x) if x.is_complex() else x
    x = x if x.is_floating_point() else x.float()
    return torch.stack([x.sum(dtype=torch.float32), x.abs().sum(dtype=torch.float32)])


def timestep_signature(timestep: Tensor | float) -> Signature:
    """Maximum and mean of timesteps of any shape, in one read from the device."""
    t = torch.as_tensor(timestep, dtype=torch.float32).detach()
    highest, mean = torch.stack([t.max(), t.mean()]).tolist()
    return Signature(highest, mean)


def grid_of(latents: Tensor, patch_size: Sequence[int] | None) -> TokenGrid | None:
    """Grid after patching of latents `[B, C, F, H, W]`; None for other inputs."""
    if latents.dim() != 5 or patch_size is None:
        return None
    t, h, w = patch_size
    return TokenGrid(latents.shape[2] // t, latents.shape[3] // h, latents.shape[4] // w)
