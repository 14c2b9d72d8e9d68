"""Plain places: sky, ground and a few details."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from vidkit.synthetic.scenes.world import Picture

_SKIES = {  # top, horizon
    "night sky": ((5, 8, 30), (25, 30, 70)),
    "day sky": ((90, 160, 235), (190, 220, 250)),
    "sunset": ((90, 50, 120), (250, 150, 60)),
    "snow": ((190, 205, 225), (225, 235, 245)),
    "room": ((205, 190, 170), (205, 190, 170)),
}
_GROUNDS = {
    "forest": (30, 90, 35),
    "sea": (20, 80, 150),
    "road": (85, 85, 88),
    "desert": (215, 180, 110),
    "snow": (245, 248, 250),
    "room": (150, 115, 80),
    "field": (110, 170, 60),
    "sunset": (50, 35, 45),
    "night sky": (12, 14, 25),
    "day sky": (150, 195, 245),
}


def setting_picture(name: str, rng: np.random.Generator, side: int) -> Picture:
    """One of `SETTINGS` [side, side, 3]."""
    top, low = _SKIES.get(name, _SKIES["day sky"])
    mix = np.linspace(0, 1, side, dtype=np.float32)[:, None, None]
    canvas = (1 - mix) * np.array(top, np.float32) + mix * np.array(low, np.float32)
    canvas = np.repeat(canvas, side, axis=1) + rng.normal(0, 4, 3)
    horizon = side if name in ("night sky", "day sky") else int(side * rng.uniform(0.4, 0.65))
    canvas[horizon:] = np.array(_GROUNDS[name], np.float32) + rng.normal(0, 6, 3)
    picture = np.ascontiguousarray(np.clip(canvas, 0, 255).astype(np.uint8))
    if name in _DETAILS:
        _DETAILS[name](picture, horizon, rng)
    return picture


def _stars(picture: Picture, horizon: int, rng: np.random.Generator) -> None:
    for x, y in rng.integers(0, picture.shape[0], (40, 2)):
        cv2.circle(picture, (int(x), int(y)), 0, (255, 255, 230), -1)


def _sun(picture: Picture, horizon: int, rng: np.random.Generator) -> None:
    side = picture.shape[0]
    cv2.circle(picture, (int(rng.integers(20, side - 20)), horizon), side // 8, (255, 210, 90), -1)
    picture[horizon:] = _GROUNDS["sunset"]


def _trees(picture: Picture, horizon: int, rng: np.random.Generator) -> None:
    side = picture.shape[0]
    for x in rng.integers(0, side, 9):
        height = int(rng.integers(side // 5, side // 2))
        corners = np.array([[x - 8, horizon + 6], [x + 8, horizon + 6], [x, horizon - height]], np.int32)
        cv2.fillPoly(picture, [corners], (20, int(rng.integers(60, 110)), 30))


def _waves(picture: Picture, horizon: int, rng: np.random.Generator) -> None:
    side = picture.shape[0]
    for y in range(horizon + 4, side, 7):
        cv2.line(picture, (0, y), (side, y + int(rng.integers(-2, 3))), (70, 140, 200), 1)


def _markings(picture: Picture, horizon: int, rng: np.random.Generator) -> None:
    middle = picture.shape[0] // 2
    for y in range(horizon, picture.shape[0], 12):
        cv2.line(picture, (middle, y), (middle, y + 6), (240, 240, 220), 2)


def _window(picture: Picture, horizon: int, rng: np.random.Generator) -> None:
    third = picture.shape[0] // 3
    cv2.rectangle(picture, (12, 12), (third, third), (170, 210, 240), -1)


_DETAILS: dict[str, Callable[[Picture, int, np.random.Generator], None]] = {
    "night sky": _stars,
    "sunset": _sun,
    "forest": _trees,
    "sea": _waves,
    "road": _markings,
    "room": _window,
}
