"""Scenes: where objects lie, how large they are, their colour, shape and letter."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vidkit.synthetic.zoom_scenes.layout import FEWEST, LARGEST, OBJECTS, SIDE, SMALLEST
from vidkit.synthetic.zoom_scenes.words import COLOURS, LETTERS, SHAPES

_TRIES = 24  # places tried for an object, all at once
_GAP = 6  # source pixels between the boxes of two objects


class Draw:
    """Random numbers of a batch: the same for a seed on a device.

    Args:
        seed: of the batch.
        count: scenes.
        device: on which everything is drawn.
    """

    def __init__(self, seed: int, count: int, device: torch.device) -> None:
        self.count, self.device = count, device
        self._generator = torch.Generator(device=device).manual_seed(seed)

    def uniform(self, *shape: int) -> Tensor:
        """[count, *shape] in [0, 1)."""
        return torch.rand(self.count, *shape, generator=self._generator, device=self.device)

    def below(self, limit: int, *shape: int) -> Tensor:
        """Whole numbers [count, *shape] below `limit`."""
        return (self.uniform(*shape) * limit).long().clamp(max=limit - 1)

    def one_of(self, allowed: Tensor) -> Tensor:
        """A random place [B] where `allowed` [B, K] is true; any place where it never is."""
        return (self.uniform(allowed.shape[1]) + allowed * 10.0).argmax(1)


@dataclass(slots=True)
class Scenes:
    """A batch of scenes; [B, N] each.

    Attributes:
        x: centre, source pixels.
        y: the same from the top.
        size: side of the box.
        colour: index into `COLOURS`.
        shape: index into `SHAPES`.
        letter: index into `LETTERS`.
        exists: whether the object is there.
    """

    x: Tensor
    y: Tensor
    size: Tensor
    colour: Tensor
    shape: Tensor
    letter: Tensor
    exists: Tensor


def draw_scenes(draw: Draw) -> Scenes:
    """Objects of random looks, 6 to 14 a scene, no two of which touch."""
    count = FEWEST + draw.below(OBJECTS - FEWEST + 1)
    size = torch.exp(math.log(SMALLEST) + draw.uniform(OBJECTS) * math.log(LARGEST / SMALLEST))
    size = size.sort(1, descending=True).values  # large ones find a place first
    exists = draw.uniform(OBJECTS).argsort(1).argsort(1) < count[:, None]
    x, y = torch.zeros_like(size), torch.zeros_like(size)
    for place in range(OBJECTS):
        reach = size[:, place : place + 1] / 2 + _GAP / 2
        across = reach + draw.uniform(_TRIES) * (SIDE - 2 * reach)
        down = reach + draw.uniform(_TRIES) * (SIDE - 2 * reach)
        free = torch.ones_like(across, dtype=torch.bool)
        if place:
            needed = (reach + size[:, :place] / 2)[:, None]
            apart = torch.maximum(
                (across[:, :, None] - x[:, None, :place]).abs(), (down[:, :, None] - y[:, None, :place]).abs()
            )
            free = ~((apart < needed) & exists[:, None, :place]).any(2)
        chosen = free.float().argmax(1, keepdim=True)
        x[:, place] = across.gather(1, chosen)[:, 0]
        y[:, place] = down.gather(1, chosen)[:, 0]
        exists[:, place] &= free.any(1)
    return Scenes(
        x,
        y,
        size,
        draw.below(len(COLOURS), OBJECTS),
        draw.below(len(SHAPES), OBJECTS),
        draw.below(len(LETTERS), OBJECTS),
        exists,
    )
