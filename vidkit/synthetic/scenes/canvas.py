"""Backgrounds, objects over them, and what cameras and codecs do to a picture."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.synthetic.scenes.shapes import stamp
from vidkit.synthetic.scenes.world import COLOURS, PLACES, SIZES, Picture, Thing


def draw_things(things: list[Thing], rng: np.random.Generator, side: int, background: Picture) -> Picture:
    """Draw groups of objects over a background [side, side, 3], without overlap where there is room."""
    scale = 2  # drawn larger and averaged down: smooth edges at small sizes
    canvas = enlarged(background, side * scale)
    taken: list[tuple[float, float, float]] = []
    for thing in things:
        for _ in range(thing.count):
            low, high = SIZES[thing.size] if thing.size else (0.1, 0.26)
            radius = rng.uniform(low, high) / (1 + 0.12 * (thing.count - 1))
            x, y = _free_place(rng, thing.place, radius, taken)
            taken.append((x, y, radius))
            centre = np.array([x, y]) * side * scale
            _draw(canvas, thing, centre, radius * side * scale, rng)
    return np.asarray(cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def enlarged(picture: Picture, side: int) -> Picture:
    """The picture at `side` x `side` pixels."""
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def plain_background(
    rng: np.random.Generator, side: int, avoid: set[str] | None = None
) -> tuple[Picture, str]:
    """A flat, graded, striped or noisy background, and the colour it is."""
    names = [name for name in COLOURS if name not in (avoid or set())]
    name = str(rng.choice(names))
    base = np.array(COLOURS[name], dtype=np.float32) + rng.normal(0, 8, 3)
    canvas = np.tile(base, (side, side, 1)).astype(np.float32)
    kind = rng.integers(4)
    if kind == 1:
        canvas *= np.linspace(rng.uniform(0.6, 1), 1.1, side, dtype=np.float32)[:, None, None]
    elif kind == 2:
        period = int(rng.integers(6, 20))
        canvas += (((np.arange(side) // period) % 2) * rng.uniform(-25, 25))[None, :, None]
    elif kind == 3:
        coarse = rng.normal(0, 22, (side // 6 + 1, side // 6 + 1, 1)).astype(np.float32)
        canvas += cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)[..., None]
    return np.clip(canvas, 0, 255).astype(np.uint8), name


def degrade(picture: Picture, rng: np.random.Generator) -> Picture:
    """What cameras and codecs do: brightness, contrast, blur, noise, blocks."""
    out = np.asarray(picture * rng.uniform(0.8, 1.15) + rng.uniform(-12, 12), dtype=np.float32)
    if rng.random() < 0.3:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.2)), dtype=np.float32)
    if rng.random() < 0.5:
        out = out + np.asarray(rng.normal(0, rng.uniform(1, 9), out.shape), dtype=np.float32)
    result: Picture = np.clip(out, 0, 255).astype(np.uint8)
    return compress(result, rng) if rng.random() < 0.4 else result


def compress(picture: Picture, rng: np.random.Generator) -> Picture:
    """The picture after JPEG of a quality of 25 to 90."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)


def _free_place(
    rng: np.random.Generator, place: str, radius: float, taken: list[tuple[float, float, float]]
) -> tuple[float, float]:
    best, room = (0.5, 0.5), -math.inf
    for _ in range(24):
        if place:
            x, y = (min(max(c + rng.normal(0, 0.05), radius), 1 - radius) for c in PLACES[place])
        else:
            x, y = (float(v) for v in rng.uniform(radius, 1 - radius, 2))
        gap = min((math.hypot(x - a, y - b) - radius - r for a, b, r in taken), default=1.0)
        if gap > room:
            best, room = (x, y), gap
        if gap > 0.02:
            break
    return best


def _draw(
    canvas: Picture, thing: Thing, centre: NDArray[np.float64], radius: float, rng: np.random.Generator
) -> None:
    if thing.moving:  # a trail, as a long exposure leaves
        step = np.array([np.cos(turn := rng.uniform(0, 2 * np.pi)), np.sin(turn)]) * radius * 0.35
        for fade in (0.25, 0.45, 0.65):
            ghost = canvas.copy()
            stamp(ghost, thing, centre - step * (1 - fade) * 6, radius, rng)
            cv2.addWeighted(ghost, fade, canvas, 1 - fade, 0, canvas)
    stamp(canvas, thing, centre, radius, rng)
