"""Colours that no style has, at random, and the one look that training must not see."""

from __future__ import annotations

import math
import random

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

#: order of the colour channels in looks that are measured and never trained on: hues turned by a third
UNSEEN_SWAP = (1, 2, 0)
_NEAR_UNSEEN = math.radians(40)  # hues turned by nearly as much are left out, too
_MIRRORED, _INVERTED = 0.4, 0.3  # shares of the looks
_CHROMA = (0.6, 1.0)  # of the colours before
_PLAIN = np.concatenate([np.eye(3), np.zeros((3, 1))], axis=1)


def plain_look() -> NDArray[np.float32]:
    """Colours as they are drawn: matrix and offset [3, 4]."""
    return _PLAIN.astype(np.float32)


def random_look(source: random.Random) -> NDArray[np.float32]:
    """Hues turned by any angle but about a third, mirrored or not, brightness inverted or not [3, 4].

    Grey stays without a hue, so that distractors stay grey.
    """
    third = 2 * math.pi / 3
    angle = third + source.uniform(_NEAR_UNSEEN, 2 * math.pi - _NEAR_UNSEEN)
    matrix = _turn(angle)
    if source.random() < _MIRRORED:
        matrix = matrix[[1, 0, 2]]
    grey = np.full((3, 3), 1 / 3)
    matrix = grey + source.uniform(*_CHROMA) * (matrix - grey)
    offset = np.zeros((3, 1))
    if source.random() < _INVERTED:
        # brightness upside down, hues kept: chroma is what is left beside the mean
        matrix, offset = matrix - 2 * grey, offset + 1
    return np.concatenate([matrix, offset], axis=1).astype(np.float32)


def _turn(angle: float) -> NDArray[np.float64]:
    """Rotation of RGB about the line of greys (Rodrigues); a third of a turn is `UNSEEN_SWAP`."""
    axis = np.full(3, 1 / math.sqrt(3))
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turned: NDArray[np.float64] = (
        np.eye(3) * math.cos(angle) - cross * math.sin(angle) + np.outer(axis, axis) * (1 - math.cos(angle))
    )
    return turned


def shown(colours: Tensor, look: Tensor) -> Tensor:
    """Colours [B, ..., 3] in [0, 1] as looks [B, 3, 4] show them."""
    with torch.autocast(colours.device.type, enabled=False):  # pictures are drawn in the midst of training
        mixed = colours.flatten(1, -2) @ look[:, :, :3].transpose(1, 2) + look[:, None, :, 3]
    return mixed.clamp(0, 1).view_as(colours)


def looks_of(count: int, share: float, source: random.Random) -> tuple[Tensor, list[bool]]:
    """Looks [B, 3, 4] of which a share is random, and which these are."""
    other = [source.random() < share for _ in range(count)]
    made = np.stack([random_look(source) if one else plain_look() for one in other])
    return torch.from_numpy(made), other
