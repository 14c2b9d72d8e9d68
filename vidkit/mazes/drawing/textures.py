"""Floors and walls: square tiles in a few patterns, drawn in whole numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.drawing.sprites import Colour, Pixels

_Grid = NDArray[np.int64]


@dataclass(frozen=True)
class Texture:
    """A pattern in a colour, with a second colour where the pattern has one."""

    pattern: str
    colour: Colour
    second: Colour | None = None


def _grain(x: _Grid, y: _Grid) -> _Grid:
    """A number 0..255 for each pixel that looks random and is not."""
    mixed = (x * 374761393 + y * 668265263) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 13)) * 1274126177) & 0xFFFFFFFF
    return (mixed ^ (mixed >> 16)) & 255


def _plain(x: _Grid, y: _Grid, side: int) -> NDArray[np.bool_]:
    return np.zeros(x.shape, dtype=bool)


def _bricks(x: _Grid, y: _Grid, side: int) -> NDArray[np.bool_]:
    row = 4 * y // side
    shift = x + (row % 2) * side // 4
    return (4 * y % side < 4) | (shift % (side // 2) < max(1, side // 24))


#: pattern -> where the second colour shows, for pixels x, y of a tile of `side`
PATTERNS: dict[str, Callable[[_Grid, _Grid, int], NDArray[np.bool_]]] = {
    "plain": _plain,
    "bricks": _bricks,
    "checks": lambda x, y, side: (2 * x // side + 2 * y // side) % 2 == 1,
    "stripes": lambda x, y, side: (x + y) * 6 // side % 2 == 1,
    "planks": lambda x, y, side: (4 * y % side < 4) | (_grain(x // 3, y) < 10),
    "grain": lambda x, y, side: _grain(x, y) < 40,
    "dots": lambda x, y, side: (
        ((x * 4 % side - side // 2) ** 2 + (y * 4 % side - side // 2) ** 2) * 16 < side * side
    ),
    "edge": lambda x, y, side: np.minimum(x, y) < max(1, side // 16),
}


@lru_cache(maxsize=128)
def draw_texture(texture: Texture, side: int) -> Pixels:
    """A tile as RGB uint8 [side, side, 3]."""
    x, y = np.meshgrid(np.arange(side, dtype=np.int64), np.arange(side, dtype=np.int64))
    tile = np.empty((side, side, 3), np.uint8)
    tile[:] = texture.colour
    if texture.second is not None:
        tile[PATTERNS[texture.pattern](x, y, side)] = texture.second
    tile.setflags(write=False)
    return tile
