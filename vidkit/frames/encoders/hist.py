"""The embedded visual features: colour, edges and layout. See cuts and repeats; blind to meaning."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.frames.encoders.base import Encoded, Picture, Rows, Scored
from vidkit.frames.types import FloatArray

VERSION = 1
_SIDE = 128  # pixels
_BLOCK_WEIGHTS = (0.5, 0.3, 0.2)  # colour, edges, layout
_COLOUR_BINS = (8, 4, 4)  # hue, saturation, value
_COLOUR_GRID, _EDGE_GRID, _EDGE_BINS, _DCT = 3, 4, 9, 8


class HistEncoder:
    """HSV histograms in 3 x 3 cells, gradient directions in 4 x 4 cells, the low DCT of luma: 1360 values."""

    identity = f"hist-{VERSION}"
    short_side: int | None = _SIDE
    needs_query = False
    is_relevance = False

    def encode(self, pictures: Sequence[Picture], query: str) -> Encoded:
        """Unit rows [B, 1360]."""
        return Encoded(np.stack([picture_features(picture) for picture in pictures]))

    def score(self, rows: Rows, scores: NDArray[np.float32] | None, times: FloatArray, query: str) -> Scored:
        """These features know no words."""
        return Scored(None)


def picture_features(picture: Picture) -> NDArray[np.float32]:
    """Features of one picture, length 1 [1360].

    Args:
        picture: RGB uint8 [H, W, 3].
    """
    small = _to_side(picture)
    blocks = (_colour(small), _edges(small), _layout(small))
    parts = [
        weight * block / max(float(np.linalg.norm(block)), 1e-12)
        for weight, block in zip(_BLOCK_WEIGHTS, blocks, strict=True)
    ]
    row = np.concatenate(parts)
    return np.asarray(row / max(float(np.linalg.norm(row)), 1e-12), dtype=np.float32)


def _to_side(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    scale = _SIDE / min(height, width)
    if scale == 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=kernel), dtype=np.uint8)


def _cells(height: int, width: int, grid: int) -> NDArray[np.int32]:
    rows = np.minimum(np.arange(height) * grid // height, grid - 1)
    columns = np.minimum(np.arange(width) * grid // width, grid - 1)
    return (rows[:, None] * grid + columns[None, :]).astype(np.int32)


def _colour(picture: Picture) -> NDArray[np.float64]:
    hsv = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2HSV), dtype=np.uint8)  # hue in 0..179
    hues, saturations, values = _COLOUR_BINS
    code = hsv[..., 0].astype(np.int32) * hues // 180 * (saturations * values)
    code += (hsv[..., 1] >> 6).astype(np.int32) * values + (hsv[..., 2] >> 6)
    bins = hues * saturations * values
    cell = _cells(picture.shape[0], picture.shape[1], _COLOUR_GRID)
    counts = np.bincount((cell * bins + code).ravel(), minlength=_COLOUR_GRID**2 * bins)
    table = counts.reshape(_COLOUR_GRID**2, bins).astype(np.float64)
    return np.asarray(np.sqrt(table / np.maximum(table.sum(axis=1, keepdims=True), 1)).ravel())


def _edges(picture: Picture) -> NDArray[np.float64]:
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    dx, dy = cv2.Sobel(luma, cv2.CV_32F, 1, 0), cv2.Sobel(luma, cv2.CV_32F, 0, 1)
    strength, angle = cv2.cartToPolar(dx, dy)
    direction = (angle * (_EDGE_BINS / np.pi)).astype(np.int32) % _EDGE_BINS  # unsigned directions
    cell = _cells(luma.shape[0], luma.shape[1], _EDGE_GRID)
    size = _EDGE_GRID**2 * _EDGE_BINS
    histogram = np.bincount((cell * _EDGE_BINS + direction).ravel(), strength.ravel(), minlength=size)
    return np.asarray(histogram, dtype=np.float64)


def _layout(picture: Picture) -> NDArray[np.float64]:
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    low = cv2.dct(cv2.resize(luma, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32))[:_DCT, :_DCT]
    return np.asarray(low, dtype=np.float64).ravel()
