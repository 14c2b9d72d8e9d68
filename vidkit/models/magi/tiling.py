"""A clip in overlapping tiles: the seams fade from one tile into the next."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from vidkit.models.magi.cost import cuts

Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Tiles:
    """Sizes of tiles along (time, rows, columns) of what is cut.

    Attributes:
        size: of a tile.
        stride: from one tile to the next; what is left of the size overlaps.
        factor: output positions for each input position, or its inverse where the output is smaller.
    """

    size: tuple[int, int, int]
    stride: tuple[int, int, int]
    factor: tuple[float, float, float]


def tiled(x: Tensor, tiles: Tiles, function: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply a function to tiles of x and join them.

    Args:
        x: `[B, C, T, H, W]`.
        tiles: how to cut.
        function: keeps the batch, scales the three axes by `tiles.factor`.

    Returns:
        `[B, C', T', H', W']`; where tiles overlap, a mean with weights that rise linearly from each tile's
        edge. Positions that one tile covers alone are as that tile made them.
    """
    shape = tuple(round(n * f) for n, f in zip(x.shape[2:], tiles.factor, strict=True))
    made: Tensor | None = None
    weights = torch.zeros(shape, device=x.device)
    for cut, place in _places(x, tiles):
        out = function(x[:, :, cut[0], cut[1], cut[2]])
        if made is None:
            made = out.new_zeros((*out.shape[:2], *shape), dtype=torch.float32)
        weight = _weight(tiles, place, shape, x.device)
        made[:, :, place[0], place[1], place[2]] += out.float() * weight
        weights[place] += weight
    assert made is not None  # there is a tile
    return (made / weights).to(out.dtype)


def _places(x: Tensor, tiles: Tiles) -> Iterator[tuple[Box, Box]]:
    """Every tile as slices of the input and of the output."""
    places = []
    for count, size, stride, factor in zip(x.shape[2:], tiles.size, tiles.stride, tiles.factor, strict=True):
        found = cuts(count, size, stride)
        places.append([(slice(a, b), slice(round(a * factor), round(b * factor))) for a, b in found])
    for (t, out_t), (h, out_h), (w, out_w) in itertools.product(*places):
        yield (t, h, w), (out_t, out_h, out_w)


def _weight(tiles: Tiles, place: Box, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Weights `[t, h, w]` of one tile: 1 inside, falling where a neighbour overlaps."""
    rows: Tensor = torch.ones((), device=device)
    for axis in range(3):
        part = place[axis]
        overlap = round((tiles.size[axis] - tiles.stride[axis]) * tiles.factor[axis])
        along = torch.arange(part.stop - part.start, device=device, dtype=torch.float32) + 0.5
        weight = torch.ones_like(along)
        if overlap and part.start:
            weight = torch.minimum(weight, along / overlap)
        if overlap and part.stop < shape[axis]:
            weight = torch.minimum(weight, along.flip(0) / overlap)
        rows = rows[..., None] * weight
    return rows
