"""One level at a time: what `vidkit generate image=maze` draws, shows and judges."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from vidkit.errors import ConfigError
from vidkit.mazes.embedded.levels import Levels, Recipe, sample_levels
from vidkit.mazes.embedded.render import PIXELS, render
from vidkit.mazes.embedded.skins import BALLS, DISTRACTOR, SPEEDS, STYLES
from vidkit.mazes.embedded.track import judge as judge_batch

SIZES = range(4, 9)
SPLITS = ("train", "test", "any")


@dataclass(frozen=True)
class Level:
    """A maze with a start and a goal, as drawn from `seed`."""

    levels: Levels  # a batch of one
    seed: int

    @property
    def size(self) -> int:
        """Cells a side."""
        return int(self.levels.walls.size[0])

    @property
    def moves(self) -> int:
        """Length of the shortest path."""
        return int(self.levels.moves[0])

    @property
    def style(self) -> str:
        return list(STYLES)[int(self.levels.style[0])]

    @property
    def ball(self) -> str:
        return list(BALLS)[int(self.levels.ball[0])]

    def caption(self, speed: str | None = None) -> str:
        """The prompt that describes this level; `speed` is "fast", "slow" or None for the level's own."""
        levels = self.levels
        if speed is not None:
            levels = replace(levels, speed=torch.full_like(levels.speed, SPEEDS[speed]))
        return levels.captions()[0]


@dataclass(frozen=True)
class ClipVerdict:
    """Whether one clip solves its level; `reason` continues "the ball ..."."""

    success: bool
    reached_goal: bool
    legal: bool
    moves: int
    bad_frames: int
    reason: str


def _choice(what: str, value: str, choices: list[str]) -> int:
    if value not in choices:
        raise ConfigError(f"unknown {what} '{value}'", f"choose one of {', '.join(choices)}")
    return choices.index(value)


def sample_level(
    size: int, seed: int, skin: str | None = None, ball: str | None = None, split: str = "test"
) -> Level:
    """Draw one perfect maze of `size` cells a side.

    Args:
        size: cells a side, 4..8.
        seed: the same seed gives the same level.
        skin: a style of `STYLES`; None draws one.
        ball: a colour of `BALLS`; None draws one.
        split: "test" draws mazes the embedded model never saw in training, "train" the others, "any" both.

    Raises:
        ConfigError: a size, skin, ball or split that does not exist.
    """
    if size not in SIZES:
        raise ConfigError(
            f"a maze of {size}x{size} cells cannot be drawn", f"choose a size from {SIZES[0]} to {SIZES[-1]}"
        )
    _choice("split", split, list(SPLITS))
    generator = torch.Generator().manual_seed(seed)
    recipe = Recipe(sizes=(size,), extras=0.0, slow=0.0)
    while True:
        batch = sample_levels(16, generator, recipe)
        held_out = batch.held_out()
        wanted = torch.ones_like(held_out) if split == "any" else held_out == (split == "test")
        if bool(wanted.any()):
            break
    levels = batch.select(wanted.nonzero()[0])
    style = int(levels.style[0]) if skin is None else _choice("skin", skin, list(STYLES))
    colour = int(levels.ball[0]) if ball is None else _choice("ball", ball, list(BALLS))
    palette = torch.tensor([[*list(STYLES.values())[style], list(BALLS.values())[colour], DISTRACTOR]])
    levels = replace(levels, style=torch.tensor([style]), ball=torch.tensor([colour]), colours=palette)
    return Level(levels, seed)


def render_first_frame(level: Level) -> NDArray[np.uint8]:
    """The picture a clip of this level starts from, uint8 [96, 96, 3]."""
    return to_uint8(render(level.levels, frames=1)[0, 0])


def to_uint8(clip: torch.Tensor) -> NDArray[np.uint8]:
    """RGB in [0, 1] to uint8, rounded."""
    out: NDArray[np.uint8] = (clip.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    return out


def judge_clip(level: Level, frames: NDArray[np.uint8]) -> ClipVerdict:
    """Judge uint8 frames [T, 96, 96, 3]; see `vidkit.mazes.embedded.track.judge`.

    Raises:
        ConfigError: frames of another size.
    """
    if frames.ndim != 4 or frames.shape[1:] != (PIXELS, PIXELS, 3):
        raise ConfigError(
            f"a maze clip has frames of {PIXELS}x{PIXELS} pixels, not {frames.shape[1]}x{frames.shape[2]}",
            "generate at the size the maze was drawn",
        )
    clip = torch.from_numpy(np.ascontiguousarray(frames)).float()[None] / 255
    verdict = judge_batch(level.levels, clip)
    return ClipVerdict(
        success=bool(verdict.success[0]),
        reached_goal=bool(verdict.reached_goal[0]),
        legal=bool(verdict.legal[0]),
        moves=int(verdict.moves[0]),
        bad_frames=int(verdict.bad_frames[0]),
        reason=verdict.reason(0),
    )
