"""Clips that the video autoencoder trains on: rendered levels, cut to the frames and pixels of the phase."""

from __future__ import annotations

import torch
from torch import Tensor

from scripts.maze_training.scene_source import SceneSource
from scripts.maze_training.scenes import draw, stills
from vidkit.mazes.embedded.levels import FRAMES, Levels, Recipe, sample_levels
from vidkit.mazes.embedded.render import render, still


def pixel_weights(levels: Levels, clip: Tensor, now: float = 4.0) -> Tensor:
    """Weights of the pixels of regular mazes; see `motion_weights`."""
    return motion_weights(clip, still(levels)[0], now)


def motion_weights(clip: Tensor, picture: Tensor, now: float = 4.0) -> Tensor:
    """Weight of each pixel [B, T, H, W]: 1 + 3 where anything moves in this clip + `now` where it is now.

    Args:
        clip: [B, T, H, W, 3] in [0, 1].
        picture: the same without anything that moves [B, H, W, 3].
        now: see above.
    """
    moving = ((clip - picture[:, None]).abs().amax(-1) > 0.12).float()
    return 1 + 3 * moving.amax(1, keepdim=True) + now * moving


class Clips:
    """Training clips cut from rendered levels; levels are made many at a time and used once.

    Args:
        generator: random source; its device is where clips are drawn.
        pool: regular levels made at once.
        boards: where scenes of the other types come from, which then are half of the clips.
    """

    def __init__(
        self, generator: torch.Generator, pool: int = 4096, boards: SceneSource | None = None
    ) -> None:
        self.generator, self.size, self.used, self.boards = generator, pool, pool, boards

    def _levels(self, count: int) -> Levels:
        if self.used + count > self.size:
            self.levels = sample_levels(self.size, self.generator, Recipe(uniform_moves=True, extras=0.4))
            self.used = 0
        self.used += count
        return self.levels.select(torch.arange(self.used - count, self.used, device=self.generator.device))

    def _drawn(self, count: int, now: float) -> tuple[Tensor, Tensor]:
        """Whole clips [B, T, 96, 96, 3] in [0, 1] and their weights."""
        others = count // 2 if self.boards is not None else 0
        levels = self._levels(count - others)
        clip = render(levels)
        weight = pixel_weights(levels, clip, now)
        if self.boards is None or not others:
            return clip, weight
        scenes = self.boards.take(others)[0].to(self.generator.device)
        more = draw(scenes)
        return torch.cat([clip, more]), torch.cat([weight, motion_weights(more, stills(scenes), now)])

    def batch(self, frames: int, crop: int, count: int, now: float = 4.0) -> tuple[Tensor, Tensor]:
        """Clips [B, 3, T, h, w] in [-1, 1] and weights [B, T, h, w]; single frames come eight from a clip."""
        single = frames == 1
        clip, weight = self._drawn(max(1, count // 8) if single else count, now)

        def below(limit: int, *shape: int) -> Tensor:
            return torch.randint(limit, shape or (1,), device=self.generator.device, generator=self.generator)

        if single:
            at = below(FRAMES, len(clip), 8)
            rows = torch.arange(len(clip), device=at.device)[:, None]
            clip, weight = clip[rows, at].flatten(0, 1)[:, None], weight[rows, at].flatten(0, 1)[:, None]
            first = 0
        else:
            first = int(below(FRAMES - frames + 1))
        y, x = (int(v) for v in below(96 - crop + 1, 2))
        window = (slice(None), slice(first, first + frames), slice(y, y + crop), slice(x, x + crop))
        return clip[window].permute(0, 4, 1, 2, 3) * 2 - 1, weight[window]
