"""Small pictures with transparency, drawn from layered shapes; the same bytes on every machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
Pixels = NDArray[np.uint8]
_FINE = 4  # samples a pixel and direction
_Shape = Callable[[NDArray[np.float64], NDArray[np.float64], float], NDArray[np.bool_]]


def _star(u: NDArray[np.float64], v: NDArray[np.float64], r: float) -> NDArray[np.bool_]:
    """Five points: inside at least four of the five half planes of a pentagram."""
    # unit normals of a regular pentagon, one of them upward
    normals = (
        (0.0, -1.0),
        (0.951057, -0.309017),
        (0.587785, 0.809017),
        (-0.587785, 0.809017),
        (-0.951057, -0.309017),
    )
    inner = 0.38 * r
    inside = sum(((a * u + b * v) * -1 <= inner).astype(int) for a, b in normals)
    out: NDArray[np.bool_] = (inside >= 4) & (u * u + v * v <= r * r)
    return out


#: name -> whether a point (u right, v down, 0 in the middle of the cell) belongs to the shape of size r
SHAPES: dict[str, _Shape] = {
    "disc": lambda u, v, r: u * u + v * v <= r * r,
    "square": lambda u, v, r: np.maximum(abs(u), abs(v)) <= r,
    "diamond": lambda u, v, r: abs(u) + abs(v) <= r,
    "cross": lambda u, v, r: (
        (np.minimum(abs(u - v), abs(u + v)) <= 0.28 * r) & (np.maximum(abs(u), abs(v)) <= r)
    ),
    "plus": lambda u, v, r: (np.minimum(abs(u), abs(v)) <= 0.3 * r) & (np.maximum(abs(u), abs(v)) <= r),
    "triangle": lambda u, v, r: (v <= 0.8 * r) & (v >= 2 * abs(u) - 1.0 * r),
    "hexagon": lambda u, v, r: np.maximum(abs(v), 0.866025 * abs(u) + 0.5 * abs(v)) <= 0.9 * r,
    "star": _star,
    "bar": lambda u, v, r: (abs(v) <= 0.2 * r) & (abs(u) <= r),
    "left_eye": lambda u, v, r: (u + 0.12) ** 2 + (v + 0.06) ** 2 <= r * r,
    "right_eye": lambda u, v, r: (u - 0.12) ** 2 + (v + 0.06) ** 2 <= r * r,
}


@dataclass(frozen=True)
class Layer:
    """One shape of a sprite: `size` is its half width as a share of the cell."""

    shape: str
    size: float
    colour: Colour


@dataclass(frozen=True)
class Sprite:
    """Shapes on top of each other, the last one in front."""

    layers: tuple[Layer, ...]

    @property
    def half_width(self) -> float:
        """Of the largest shape, as a share of the cell."""
        return max(layer.size for layer in self.layers)


def sprite(*layers: tuple[str, float, Colour]) -> Sprite:
    """A sprite from (shape, size, colour) triples."""
    return Sprite(tuple(Layer(*layer) for layer in layers))


@lru_cache(maxsize=256)
def draw_sprite(made: Sprite, side: int) -> Pixels:
    """A sprite as RGBA uint8 [side, side, 4], edges smoothed; alpha is not multiplied in."""
    fine = side * _FINE
    at = (np.arange(fine) + 0.5) / fine - 0.5
    u, v = np.meshgrid(at, at)
    colour, alpha = np.zeros((fine, fine, 3)), np.zeros((fine, fine))
    for layer in made.layers:
        inside = SHAPES[layer.shape](u, v, layer.size)
        colour[inside] = layer.colour
        alpha[inside] = 1.0
    blocks = alpha.reshape(side, _FINE, side, _FINE)
    covered = blocks.mean((1, 3))
    summed = (colour * alpha[..., None]).reshape(side, _FINE, side, _FINE, 3).sum((1, 3))
    mean = summed / np.maximum(blocks.sum((1, 3)), 1)[..., None]
    out: Pixels = np.concatenate([mean, covered[..., None] * 255], axis=-1).round().astype(np.uint8)
    out.setflags(write=False)
    return out


def paste(picture: Pixels, rgba: Pixels, left: int, top: int) -> None:
    """Blend a sprite into a picture [H, W, 3] in place; what lies outside is cut off."""
    height, width = picture.shape[:2]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + rgba.shape[1], width), min(top + rgba.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return
    part = rgba[y0 - top : y1 - top, x0 - left : x1 - left]
    picture[y0:y1, x0:x1] = blend(picture[y0:y1, x0:x1], part)


def blend(under: Pixels, rgba: Pixels) -> Pixels:
    """RGBA over RGB, in whole numbers."""
    alpha = rgba[..., 3:].astype(np.int32)
    mixed = rgba[..., :3] * alpha + under * (255 - alpha) + 127
    out: Pixels = (mixed // 255).astype(np.uint8)
    return out


def shifted(rgba: Pixels, right: int, down: int, steps: int) -> Pixels:
    """A sprite moved by a part of a pixel, in a picture one pixel wider and higher.

    Args:
        rgba: [H, W, 4], read-only as `draw_sprite` makes it.
        right: steps to the right, 0 to `steps`.
        down: steps downward, 0 to `steps`.
        steps: of a pixel.
    """
    return _shifted(_Same(rgba), right, down, steps)


class _Same:
    """A sprite by identity, so that its moved forms can be kept."""

    def __init__(self, rgba: Pixels) -> None:
        self.rgba = rgba

    def __hash__(self) -> int:
        return id(self.rgba)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.rgba is self.rgba


@lru_cache(maxsize=512)
def _shifted(sprite: _Same, x: int, y: int, steps: int) -> Pixels:
    rgba = sprite.rgba
    height, width = rgba.shape[:2]
    # in whole numbers: the same everywhere
    solid = rgba.astype(np.int32)
    solid[..., :3] *= solid[..., 3:]
    out = np.zeros((height + 1, width + 1, 4), np.int32)
    for dy, wy in ((0, steps - y), (1, y)):
        for dx, wx in ((0, steps - x), (1, x)):
            if wy * wx:
                out[dy : dy + height, dx : dx + width] += wy * wx * solid // steps
    colour = out[..., :3] // np.maximum(out[..., 3:], 1)
    made = np.concatenate([colour, (out[..., 3:] + steps // 2) // steps], axis=-1).astype(np.uint8)
    made.setflags(write=False)
    return made
