"""A budget of vision tokens shared among kept frames: few large pictures, many small ones, or both.

A picture of g x h cells costs g h tokens, a cell being patch x merge pixels on a side (28 for Qwen2-VL and
Qwen2.5-VL, 32 for Qwen3-VL). Pictures are made at whole cells, so that a model's own processor keeps them.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vidkit.errors import ConfigError
from vidkit.frames.similarity import UnitRows
from vidkit.frames.spacing import by_value, min_max
from vidkit.frames.types import Candidates, FloatArray, IntArray, Selection

RULES = ("lddr", "qframe", "equal")
_TIERS = ((4, 16.0), (8, 4.0), (32, 1.0))  # Q-Frame: pictures and tokens of its three sizes, in proportion
_LEAST_RELEVANCE = 0.05  # the least relevant frame is not worthless: LDDR's formula gives it nothing


@dataclass(frozen=True)
class VisionTokens:
    """How pictures become tokens, and how a budget is shared.

    Args:
        patch: pixels on a side of the model's patch.
        merge: patches on a side that become one token.
        rule: "lddr" (by what each frame adds), "qframe" (three sizes by rank) or "equal".
        least: tokens of the smallest picture.
        most: tokens of the largest.
    """

    patch: int = 14
    merge: int = 2
    rule: str = "lddr"
    least: int = 64
    most: int = 1024

    def __post_init__(self) -> None:
        for name in ("patch", "merge", "least"):
            if getattr(self, name) < 1:
                raise ConfigError(
                    f"vision.{name} must be >= 1, got {getattr(self, name)}", "give a whole number"
                )
        if self.most < self.least:
            raise ConfigError(
                f"vision.most={self.most} is below vision.least={self.least}", "tokens of the largest picture"
            )
        if self.rule not in RULES:
            raise ConfigError(f"no token rule '{self.rule}'", f"available: {', '.join(RULES)}")

    @property
    def cell(self) -> int:
        """Pixels on a side of what one token stands for."""
        return self.patch * self.merge


class Size(NamedTuple):
    """A picture's size in pixels and its cost."""

    width: int
    height: int
    tokens: int


def picture_sizes(width: int, height: int, vision: VisionTokens) -> list[Size]:
    """Sizes a frame can be shown at, smallest first: whole cells, near its shape, none above its own size.

    A frame that is smaller than `least` tokens has its own size alone.

    Args:
        width: of the frame, pixels.
        height: of the frame, pixels.
        vision: cells and limits.
    """
    across, down = max(1, round(width / vision.cell)), max(1, round(height / vision.cell))
    found: dict[int, tuple[int, int]] = {}
    for step in range(1, 2 * max(across, down) + 1):
        scale = step / (2 * max(across, down))
        grid = max(1, round(width * scale / vision.cell)), max(1, round(height * scale / vision.cell))
        cost = grid[0] * grid[1]
        if vision.least <= cost <= vision.most and grid[0] <= across and grid[1] <= down:
            found.setdefault(cost, grid)
    if not found:
        grid = across, down
        if across * down > vision.most:  # no whole number of cells lies between the limits: the next below
            scale = math.sqrt(vision.most / (across * down))
            grid = max(1, int(across * scale)), max(1, int(down * scale))
        found[grid[0] * grid[1]] = grid
    return [Size(g * vision.cell, h * vision.cell, cost) for cost, (g, h) in sorted(found.items())]


def sizes_within(budget: int, frame: tuple[int, int], vision: VisionTokens) -> list[Size]:
    """The sizes of a frame (width, height), once it is known that a budget holds one picture.

    Raises:
        ConfigError: not one picture fits.
    """
    sizes = picture_sizes(*frame, vision)
    least = sizes[0].tokens
    if budget < least:
        raise ConfigError(
            f"tokens={budget} holds no picture: the smallest takes {least}",
            "raise tokens= or lower vision.least=",
        )
    return sizes


def resized(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """A picture [H, W, 3] at another size, bicubic with the filter widened when it shrinks, as models do."""
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))


def share_tokens(
    selection: Selection, candidates: Candidates, budget: int, frame: tuple[int, int], vision: VisionTokens
) -> tuple[Selection, list[Size]]:
    """Which kept frames are shown, and at which size, within a budget.

    Source: LDDR (arXiv 2605.11477) for `lddr`, Q-Frame for `qframe`. Differs: what a picture at its limit
    cannot use goes to the others, and the least relevant frame counts for something.

    Args:
        selection: the kept frames; those that find no room leave it, and a warning says so.
        candidates: what they were chosen from.
        budget: tokens of all pictures together.
        frame: width and height of the source, pixels.
        vision: cells, limits and rule.

    Raises:
        ConfigError: not one picture fits.
    """
    sizes = sizes_within(budget, frame, vision)
    costs = np.array([size.tokens for size in sizes])
    weight = _weights(selection, candidates, vision.rule)
    shown = _shown(weight, budget, int(costs[0]), int(costs[-1]))
    steps = _steps(weight[shown], budget, costs, floor=vision.rule == "lddr")
    left_out = selection.indices.size - shown.size
    warnings = selection.warnings
    if left_out:
        warnings += (
            f"tokens={budget} holds {shown.size} of {selection.indices.size} frames at {costs[0]} tokens or"
            f" more: the {left_out} least important were left out",
        )
    reasons = tuple(selection.reasons[int(i)] for i in shown)
    kept = dataclasses.replace(
        selection, indices=selection.indices[shown], reasons=reasons, warnings=warnings
    )
    return kept, [sizes[int(step)] for step in steps]


def _weights(selection: Selection, candidates: Candidates, rule: str) -> FloatArray:
    """Importance of each kept frame [K], sum 1."""
    picks = selection.indices
    relevance = candidates.relevance
    quality = np.ones(picks.size)
    if relevance is not None:
        quality = np.maximum(min_max(relevance)[picks], _LEAST_RELEVANCE)
    if rule == "equal" or not picks.size:
        weight = np.ones(picks.size)
    elif rule == "qframe":
        weight = np.empty(picks.size)
        weight[by_value(quality)] = _tiers(picks.size)
    else:
        weight = quality**2 / (quality**2).mean()
        if candidates.features is not None:
            weight = weight * _added(UnitRows(candidates.features[picks]).rows * quality[:, None])
    weight = weight + 1e-9 * quality  # among equals the more relevant frame gets what is left over
    return weight / max(float(weight.sum()), 1e-300)


def _added(rows: FloatArray) -> FloatArray:
    """What each row adds to the volume of all [K]: det G / det G without it = 1 / (G^-1)_ii."""
    gram = rows @ rows.T + 1e-6 * np.eye(len(rows))
    return np.asarray(1.0 / np.diag(np.linalg.inv(gram)))


def _tiers(count: int) -> FloatArray:
    """Weights by rank [K]: Q-Frame's 4 : 8 : 32 pictures of 16 : 4 : 1 tokens, at least one large."""
    whole = sum(number for number, _ in _TIERS)
    edges = np.cumsum([number for number, _ in _TIERS]) * count / whole
    edges[0] = max(1.0, edges[0])
    tier = np.searchsorted(np.round(edges), np.arange(count), side="right")
    return np.array([weight for _, weight in _TIERS])[np.minimum(tier, len(_TIERS) - 1)]


def _shown(weight: FloatArray, budget: int, least: int, most: int) -> IntArray:
    """Places of the frames that get a picture, in order: the most of them that fit at their own share."""
    order = by_value(weight)
    wanted = np.cumsum(np.clip(budget * weight[order], least, most))
    count = max(1, int(np.searchsorted(wanted, budget * (1 + 1e-9), side="right")))
    return np.sort(order[:count])


def _steps(weight: FloatArray, budget: int, costs: IntArray, floor: bool) -> IntArray:
    """Which of the sizes each frame gets [n]: targets by weight, rounded down, the rest by gaps."""
    least, most = float(costs[0]), float(costs[-1])
    base = least if floor else 0.0
    low, high = 0.0, most / max(float(weight.min()), 1e-12)

    def targets(scale: float) -> FloatArray:
        return np.asarray(np.clip(base + scale * weight, least, most))

    if targets(high).sum() > budget:
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if targets(middle).sum() <= budget else (low, middle)
        target = targets(low)
    else:
        target = targets(high)
    steps = np.searchsorted(costs, target + 1e-6, side="right") - 1
    spare = budget - int(costs[steps].sum())
    while True:
        next_cost = costs[np.minimum(steps + 1, costs.size - 1)] - costs[steps]
        able = (next_cost > 0) & (next_cost <= spare)
        if not able.any():
            return np.asarray(steps, dtype=np.int64)
        gap = np.where(able, target - costs[steps], -np.inf)
        raised = int(np.argmax(gap))
        spare -= int(next_cost[raised])
        steps[raised] += 1
