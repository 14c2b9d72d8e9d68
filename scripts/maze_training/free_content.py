"""Content that the first frame does not determine: how much of it a clip shows, beside its reconstruction."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vidkit.mazes.embedded.levels import Levels, Recipe, sample_levels
from vidkit.mazes.embedded.render import BALL_RADIUS, cell_px, still

_NEAR = 0.16  # RGB distance from the grey of distractors that counts as theirs
AREA_FRAMES, CONTRAST_FRAMES = (5, 20, 40, 60), (20, 40, 60)


def free_levels(kind: str, count: int, device: torch.device, seed: int = 777) -> Levels:
    """Held-out mazes of 5x5 to 7x7 with distractors alone, or with texture alone."""
    generator = torch.Generator(device).manual_seed(seed)
    drawn = sample_levels(256 * count, generator, Recipe(sizes=(5, 6, 7), extras=1.0, slow=0.0))
    plain, loops = drawn.texture[:, 0] == 0, drawn.loops
    shown = (drawn.wanderers > 0) & plain if kind == "distractors" else (drawn.wanderers == 0) & ~plain
    return drawn.select((drawn.held_out() & shown & ~loops).nonzero()[:count, 0])


def grey_area(levels: Levels, clips: Tensor) -> Tensor:
    """Area of the distractors as a share of what they should have, mean over `AREA_FRAMES` [B]."""
    frames = [frame for frame in AREA_FRAMES if frame < clips.shape[1]]
    grey = levels.colours[:, 4][:, None, None, None]
    seen = ((clips[:, frames] - grey).norm(dim=-1) < _NEAR).float().sum((2, 3))
    radius = BALL_RADIUS * cell_px(levels.walls.size).float()
    return (seen / (levels.wanderers * math.pi * radius**2)[:, None]).mean(1)


def contrast(levels: Levels, clips: Tensor) -> Tensor:
    """Standard deviation of the floor's brightness, mean over `CONTRAST_FRAMES` [B]."""
    floor = still(levels)[1].float()
    area = floor.sum((1, 2))
    found = []
    for frame in CONTRAST_FRAMES:
        if frame < clips.shape[1]:
            light = clips[:, frame].mean(-1)
            mean = (light * floor).sum((1, 2)) / area
            found.append((((light - mean[:, None, None]) ** 2 * floor).sum((1, 2)) / area).sqrt())
    return torch.stack(found, 1).mean(1)
