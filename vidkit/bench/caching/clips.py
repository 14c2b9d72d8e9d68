"""Clips of the two sets, and what is measured of them: fidelity, success, free content."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields

import torch
from torch import Tensor

from vidkit.bench.attention_quality.clips import Clip
from vidkit.config.bench_caching_schema import ClipSet
from vidkit.mazes.embedded import Level
from vidkit.mazes.embedded.grid import Walls
from vidkit.mazes.embedded.levels import Levels, Recipe, concatenate, sample_levels
from vidkit.mazes.embedded.render import BALL_RADIUS, cell_px
from vidkit.mazes.embedded.track import judge
from vidkit.utils.seeding import derive_seed

PSNR_CAP_DB = 100.0
AREA_FRAMES = (5, 20, 40, 60)
NEAR_GREY = 0.16  # distance in RGB, 0..1
_DRAWN = 512


def draw_set(which: ClipSet, size: int, count: int, seed: int, pool: str) -> list[Clip]:
    """Held-out mazes with noise of their own; pools do not share any.

    Args:
        which: plain mazes, or ones with distractor balls (no drifting floor, which has their grey too).
        size: cells a side.
        count: clips.
        seed: of the whole measurement.
        pool: name of the use, such as "tune".
    """
    found: list[Levels] = []
    for round_ in range(100):
        generator = torch.Generator().manual_seed(derive_seed(seed, f"{pool}-{which.value}", str(round_)))
        extras = 1.0 if which is ClipSet.extras else 0.0
        levels = sample_levels(_DRAWN, generator, Recipe(sizes=(size,), extras=extras, slow=0.0))
        fits = levels.held_out()
        if which is ClipSet.extras:
            fits &= (levels.wanderers > 0) & (levels.texture[:, 0] == 0)
        found += [levels.select(index) for index in fits.nonzero()]
        if len(found) >= count:
            break
    clips = []
    for number, one in enumerate(found[:count]):
        key = f"{pool}-{which.value}-{number}"
        noise = derive_seed(seed, key, "noise")
        clips.append(Clip(key, size, Level(one, noise), one.captions()[0], noise))
    return clips


def clip_psnr(frames: Tensor, reference: Tensor) -> Tensor:
    """Decibels from one mean square over the clip, capped, fp64 `[B]`; uint8 `[B, T, H, W, 3]`."""
    error = (frames.double() - reference.double()).square().flatten(1).mean(1)
    floor = 255**2 / 10 ** (PSNR_CAP_DB / 10)
    return 10 * torch.log10(255**2 / error.clamp_min(floor))


def levels_on(clips: Sequence[Clip], device: torch.device) -> Levels:
    """The clips' levels as one batch on a device."""
    levels = concatenate([clip.level.levels for clip in clips])
    walls = Walls(*(getattr(levels.walls, one.name).to(device) for one in fields(Walls)))
    rest = {one.name: getattr(levels, one.name).to(device) for one in fields(Levels) if one.name != "walls"}
    return Levels(walls=walls, **rest)


def solved(clips: Sequence[Clip], frames: Tensor, at_once: int = 16) -> list[bool]:
    """Whether the ball solves each maze, judged on the frames' own device; uint8 `[B, T, H, W, 3]`."""
    found: list[bool] = []
    for first in range(0, len(clips), at_once):
        part = slice(first, first + at_once)
        levels = levels_on(clips[part], frames.device)
        found += judge(levels, frames[part].float() / 255).success.tolist()
    return found


def free_area(clips: Sequence[Clip], frames: Tensor) -> Tensor:
    """Area of the distractors' grey, in areas of the balls that should be there, mean of four frames.

    The balls are drawn at random, so no picture is the right one: what is asked is that they are there.

    Args:
        clips: with distractors.
        frames: uint8 `[B, T, H, W, 3]`.
    """
    levels = levels_on(clips, frames.device)
    grey = levels.colours[:, 4][:, None, None, None]
    at = [n for n in AREA_FRAMES if n < frames.shape[1]] or [frames.shape[1] - 1]
    shown = frames[:, at].float() / 255
    near = ((shown - grey).norm(dim=-1) < NEAR_GREY).float().sum((2, 3))
    radius = BALL_RADIUS * cell_px(levels.walls.size).float()
    whole = levels.wanderers * math.pi * radius**2
    area: Tensor = (near / whole[:, None]).mean(1)
    return area
