"""Whether footage looks like the drawn scenes that the embedded encoder knows, told by picture statistics.

Drawn scenes are few flat colours with sharp edges; real footage has texture, shades and muted colours nearly
everywhere. Ten statistics of a picture of 48 x 48 pixels, small enough that a codec's noise averages out, go
through a quadratic logistic model. `scripts/calibrate_scene_likeness.py` fits it on drawn scenes against
photographs and prints how both sides fare.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.frames.encoders.base import Picture

IDENTITY = "scene-likeness-1"
FRAMES = 8  # of a video that are looked at
SHORT_SIDE = 192  # pixels they are decoded at
# mean log-odds of "drawn" above which the encoder is asked: every photograph that was left out of the fit is
# below, seven of ten drawn scenes are above; the others fall back, which does less harm than a wrong answer
THRESHOLD = 1.6
_SIDE, _COLOURS = 48, 6
MEAN = (1.7246, 0.1556, 0.5145, 1.1438, 0.7744, 1.6646, 1.1971, 1.3161, 3.4660, 2.3231)
SPREAD = (0.4958, 0.0657, 0.1936, 0.8350, 0.6949, 1.0423, 0.5730, 1.0561, 1.2150, 0.7687)
WEIGHTS = (
    0.0876, -1.4465, -0.0898, -0.4480, 0.1070, 0.0731, -0.3222, -1.5482, 0.6387, 0.8222, 0.0040, -0.1049,
    0.9745, 0.2022, 0.8905, -0.0021, -0.6608, -0.8014, 0.2689, -0.5042, 2.3343,
)  # fmt: skip


def looks_drawn(pictures: Sequence[Picture]) -> tuple[bool, float]:
    """Whether pictures of one video look drawn, and their mean log-odds."""
    odds = float(np.mean([log_odds(statistics(picture)) for picture in pictures]))
    return odds > THRESHOLD, odds


def log_odds(values: NDArray[np.float64]) -> float:
    """Log-odds of "drawn" against "real" of a picture's statistics [10]."""
    return float(design(values[None], np.array(MEAN), np.array(SPREAD))[0] @ np.array(WEIGHTS))


def design(
    values: NDArray[np.float64], mean: NDArray[np.float64], spread: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What the weights are applied to [N, 21]: standard values, their squares, and 1."""
    scaled = np.clip((values - mean) / spread, -4, 4)
    return np.concatenate([scaled, scaled**2, np.ones((len(values), 1))], axis=1)


def statistics(picture: Picture) -> NDArray[np.float64]:
    """Ten numbers of a picture [H, W, 3]: how well few colours do, edges, texture, rows, colourfulness."""
    small = np.asarray(cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    lab = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), dtype=np.float32)
    light, pixels = np.ascontiguousarray(lab[..., 0]), lab.reshape(-1, 3)
    rest = _rest(pixels)
    spread = float(np.linalg.norm(pixels - pixels.mean(axis=0), axis=1).mean()) + 5.0
    slope = np.hypot(cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)).ravel() / 8
    steep = np.sort(slope)[::-1][: slope.size // 10]
    bend = np.abs(cv2.Laplacian(light, cv2.CV_32F))
    grain = np.abs(cv2.medianBlur(small, 3).astype(np.int16) - small).mean()
    rows = np.abs(light - np.median(light, axis=1, keepdims=True))
    chroma = np.hypot(lab[..., 1] - 128, lab[..., 2] - 128)
    logs = [
        np.median(slope),
        np.percentile(slope, 30),
        np.median(bend),
        grain,
        np.median(rows),
        np.percentile(chroma, 90),
        chroma.std(),
    ]
    share = steep.sum() / (slope.sum() + 1e-3)
    return np.array([np.log1p(rest), rest / spread, share, *np.log1p(logs)], dtype=np.float64)


def _rest(pixels: NDArray[np.float32]) -> float:
    """Mean distance of pixels [P, 3] from the nearest of six colours, begun evenly over the lightness."""
    order = np.argsort(pixels[:, 0], kind="stable")
    begin = np.linspace(0, len(pixels) - 1, 2 * _COLOURS + 1).astype(int)[1::2]
    centres = pixels[order[begin]].copy()
    for _ in range(8):
        distance = ((pixels[:, None] - centres[None]) ** 2).sum(axis=2)
        nearest = distance.argmin(axis=1)
        for number in range(_COLOURS):
            if (nearest == number).any():
                centres[number] = pixels[nearest == number].mean(axis=0)
    return float(np.sqrt(((pixels[:, None] - centres[None]) ** 2).sum(axis=2).min(axis=1)).mean())
