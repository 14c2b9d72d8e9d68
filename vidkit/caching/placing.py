"""Which blocks a forward holds, where their tokens lie, and how noisy they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from vidkit.hooks.token_grid import TokenGrid


@dataclass(frozen=True)
class Placed:
    """A block within the forward in progress.

    Attributes:
        block: absolute index.
        step: updates it has had.
        first: its first latent frame in what the model sees.
        frames: latent frames.
        given: leading frames that are never updated.
        active: it is updated after this forward.
        level: noise level, 1 pure noise .. 0 clean.
        next_level: after this step; None: not known.
    """

    block: int
    step: int
    first: int
    frames: int
    given: int
    active: bool
    level: float
    next_level: float | None = None

    def rows(self, grid: TokenGrid) -> slice:
        """Its tokens in the forward."""
        per_frame = grid.per_frame
        return slice(self.first * per_frame, (self.first + self.frames) * per_frame)

    def grid(self, whole: TokenGrid) -> TokenGrid:
        """Its own grid."""
        return TokenGrid(self.frames, whole.rows, whole.columns)


def place_blocks(pipe: Any, grid: TokenGrid, step: int, timestep: Tensor | float) -> tuple[Placed, ...]:
    """Blocks of the forward in progress: those of a diffusion-forcing loop of ours, else the whole clip.

    Args:
        pipe: pipeline, None: a bare transformer.
        grid: of all tokens that the model sees.
        step: of the forward, where the loop does not say more.
        timestep: that the model was told, 0..1000: one, one a clip, or one a latent frame `[B, F]`.
    """
    levels = _frame_levels(timestep, grid.frames)
    sigmas = _sigmas(pipe)
    at = getattr(pipe, "forcing_step", None)
    if at is None:
        following = None if sigmas is None or step + 1 >= len(sigmas) else sigmas[step + 1]
        given = sum(level <= 0 for level in levels) if max(levels) > 0 else 0
        return (Placed(0, step, 0, grid.frames, given, True, max(levels), following),)
    placed = []
    for block in range(at.row.start, at.row.stop):
        first = (block - at.row.start) * at.block_size
        done = at.row.level[block]
        following = None if sigmas is None or not 0 <= done < len(sigmas) - 1 else sigmas[done + 1]
        placed.append(
            Placed(
                block=block + at.window.start // at.block_size,
                step=max(done, 0),
                first=first,
                frames=at.block_size,
                given=min(max(at.prefix - block * at.block_size, 0), at.block_size),
                active=at.row.update[block],
                level=max(levels[first : first + at.block_size]),
                next_level=following,
            )
        )
    return tuple(placed)


def steps_of(pipe: Any) -> int | None:
    """Sampler steps of the pipeline's schedule."""
    timesteps = getattr(getattr(pipe, "scheduler", None), "timesteps", None)
    return None if timesteps is None else len(timesteps)


def levels_of(pipe: Any) -> tuple[float, ...] | None:
    """Noise level before each sampler step and after the last one; None: not known, or not falling."""
    sigmas, steps = _sigmas(pipe), steps_of(pipe)
    if sigmas is None or steps is None or len(sigmas) != steps + 1:
        return None
    return tuple(sigmas) if all(a > b for a, b in pairwise(sigmas)) else None


def _sigmas(pipe: Any) -> Sequence[float] | None:
    sigmas = getattr(getattr(pipe, "scheduler", None), "sigmas", None)
    return sigmas.tolist() if isinstance(sigmas, Tensor) else None


def _frame_levels(timestep: Tensor | float, frames: int) -> list[float]:
    """Noise level of every latent frame, in one read from the device."""
    t = torch.as_tensor(timestep, dtype=torch.float32) / 1000
    if t.dim() == 2 and t.shape[1] % frames == 0:
        return [float(x) for x in t[0].view(frames, -1).amax(1).tolist()]
    return [float(t.max())] * frames
