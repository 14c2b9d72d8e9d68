"""Sizes of the world in source pixels, and the cells an agent may zoom into."""

from __future__ import annotations

import torch
from torch import Tensor

SIDE = 512
OBJECTS = 14
FEWEST = 6
SMALLEST, LARGEST = 12.0, 112.0
SIZE_BOUNDS = (12, 14, 16, 18, 28, 44, 70, 113)
"""Sides of objects in pixels between which results are reported together."""
SHAPE_READABLE = 28.0
"""Side below which a shape is not told apart in the shrunk picture."""
LETTER_READABLE = 56.0
"""The same of the letter on an object, whose height is .45 of the object's."""
CROP, STRIDE = 128, 64
CELLS_PER_SIDE = (SIDE - CROP) // STRIDE + 1
CELLS = CELLS_PER_SIDE**2
MOST_CROPS = 3


def cell_corners(device: torch.device | str) -> tuple[Tensor, Tensor]:
    """Left and top edge of every cell [CELLS]."""
    place = torch.arange(CELLS, device=device)
    return (place % CELLS_PER_SIDE) * STRIDE, (place // CELLS_PER_SIDE) * STRIDE


def covered(x: Tensor, y: Tensor, size: Tensor) -> Tensor:
    """Whether a cell shows an object whole: [B, N] each -> [B, N, CELLS]."""
    left, top = cell_corners(x.device)
    half = (size / 2)[..., None]
    across = (x[..., None] - half >= left) & (x[..., None] + half <= left + CROP)
    return across & (y[..., None] - half >= top) & (y[..., None] + half <= top + CROP)


def _mixed(seed: int) -> int:
    """A hash of a seed (SplitMix64)."""
    mask = 2**64 - 1
    mixed = (seed + 0x9E3779B97F4A7C15) & mask
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & mask
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
    return mixed ^ (mixed >> 31)


def is_held_out(seed: int) -> bool:
    """Whether a batch's seed is kept for evaluation: 1 in 10, by its hash."""
    return _mixed(seed) % 10 == 0


def split_of(seed: int) -> str:
    """Split of a scene by the hash of its seed: `train`, or of what is held out `calibrate` or `test`."""
    if not is_held_out(seed):
        return "train"
    return "calibrate" if _mixed(seed) // 10 % 2 else "test"
