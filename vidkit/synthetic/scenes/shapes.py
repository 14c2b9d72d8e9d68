"""Single objects: a shape at a point, in a colour."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.synthetic.scenes.world import COLOURS, Picture, Thing

Colour = tuple[int, ...]
_Outline = tuple[list[tuple[float, float]], float]  # corners in units of the radius, shade

_STAR = [
    (radius * math.cos(turn), radius * math.sin(turn))
    for turn, radius in ((i * math.pi / 5 - math.pi / 2, 0.42 if i % 2 else 1.0) for i in range(10))
]
_OUTLINES: dict[str, list[_Outline]] = {
    "square": [([(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)], 1)],
    "rectangle": [([(-1, -0.5), (1, -0.5), (1, 0.5), (-1, 0.5)], 1)],
    "triangle": [([(0, -1), (0.95, 0.8), (-0.95, 0.8)], 1)],
    "diamond": [([(0, -1), (0.7, 0), (0, 1), (-0.7, 0)], 1)],
    "star": [(_STAR, 1)],
    "cross": [
        ([(-0.28, -1), (0.28, -1), (0.28, 1), (-0.28, 1)], 1),
        ([(-1, -0.28), (1, -0.28), (1, 0.28), (-1, 0.28)], 1),
    ],
    "arrow": [([(-1, -0.25), (0.2, -0.25), (0.2, -0.7), (1, 0), (0.2, 0.7), (0.2, 0.25), (-1, 0.25)], 1)],
    "tree": [
        ([(-0.15, 0.3), (0.15, 0.3), (0.15, 1), (-0.15, 1)], 0.5),
        ([(0, -1), (0.75, 0.4), (-0.75, 0.4)], 1),
    ],
    "house": [
        ([(-0.7, -0.1), (0.7, -0.1), (0.7, 0.9), (-0.7, 0.9)], 1),
        ([(-0.95, -0.1), (0, -1), (0.95, -0.1)], 0.6),
        ([(-0.15, 0.35), (0.2, 0.35), (0.2, 0.9), (-0.15, 0.9)], 0.35),
    ],
    "car": [
        ([(-1, -0.05), (1, -0.05), (1, 0.45), (-1, 0.45)], 1),
        ([(-0.6, -0.05), (-0.35, -0.5), (0.4, -0.5), (0.65, -0.05)], 0.8),
    ],
    "person": [
        ([(-0.3, -0.45), (0.3, -0.45), (0.3, 0.3), (-0.3, 0.3)], 1),
        ([(-0.28, 0.3), (-0.05, 0.3), (-0.12, 1), (-0.32, 1)], 0.7),
        ([(0.05, 0.3), (0.28, 0.3), (0.32, 1), (0.12, 1)], 0.7),
    ],
    "boat": [
        ([(-1, 0.3), (1, 0.3), (0.6, 0.85), (-0.6, 0.85)], 1),
        ([(0, -0.95), (0.7, 0.2), (0, 0.2)], 0.8),
    ],
    "heart": [
        ([(0, 0.95), (-0.95, -0.1), (-0.85, -0.6), (-0.5, -0.8), (-0.15, -0.65), (0, -0.35), (0.15, -0.65),
          (0.5, -0.8), (0.85, -0.6), (0.95, -0.1)], 1),
    ],
}  # fmt: skip


def stamp(
    canvas: Picture, thing: Thing, centre: NDArray[np.float64], radius: float, rng: np.random.Generator
) -> None:
    """Draw one object onto the canvas: centre [2] and radius in pixels, its colour a little off."""
    jitter = rng.normal(0, 8, 3)
    colour = tuple(int(min(max(c + j, 0), 255)) for c, j in zip(COLOURS[thing.colour], jitter, strict=True))
    x, y, r = int(centre[0]), int(centre[1]), max(2, int(radius))
    if thing.shape in _OUTLINES:
        _polygons(canvas, thing.shape, (x, y), r, colour)
    else:
        _ROUND[thing.shape](canvas, x, y, r, colour)


def _polygons(canvas: Picture, shape: str, centre: tuple[int, int], r: int, colour: Colour) -> None:
    x, y = centre
    for outline, shade in _OUTLINES[shape]:
        points = (np.array(outline) * r + centre).astype(np.int32)
        tint = colour if shade == 1 else tuple(int(c * shade) for c in colour)
        cv2.fillPoly(canvas, [points], tint, cv2.LINE_AA)
    if shape == "car":
        for dx in (-0.5, 0.5):
            _disc(canvas, x + dx * r, y + 0.45 * r, 0.22 * r, (15, 15, 15))
    if shape == "person":
        _disc(canvas, x, y - 0.72 * r, 0.26 * r, colour)


def _disc(canvas: Picture, x: float, y: float, r: float, colour: Colour) -> None:
    cv2.circle(canvas, (int(x), int(y)), int(r), colour, -1, cv2.LINE_AA)


def _circle(canvas: Picture, x: int, y: int, r: int, colour: Colour) -> None:
    _disc(canvas, x, y, r, colour)


def _ring(canvas: Picture, x: int, y: int, r: int, colour: Colour) -> None:
    cv2.circle(canvas, (x, y), int(r * 0.8), colour, max(2, int(r * 0.32)), cv2.LINE_AA)


def _moon(canvas: Picture, x: int, y: int, r: int, colour: Colour) -> None:
    cv2.ellipse(canvas, (x, y), (r, r), 0, 60, 300, colour, -1, cv2.LINE_AA)


def _cloud(canvas: Picture, x: int, y: int, r: int, colour: Colour) -> None:
    for dx, dy, part in ((-0.5, 0.1, 0.5), (0.5, 0.1, 0.5), (0, -0.2, 0.6), (0, 0.2, 0.5)):
        _disc(canvas, x + dx * r, y + dy * r, part * r, colour)


def _flower(canvas: Picture, x: int, y: int, r: int, colour: Colour) -> None:
    for turn in (i * 2 * math.pi / 5 for i in range(5)):
        _disc(canvas, x + 0.55 * r * math.cos(turn), y + 0.55 * r * math.sin(turn), 0.38 * r, colour)
    _disc(canvas, x, y, 0.3 * r, (250, 240, 120))


_ROUND = {"circle": _circle, "ring": _ring, "moon": _moon, "cloud": _cloud, "flower": _flower}
