"""Clips of board levels as still pictures, sprites and places, so that a GPU draws thousands at once."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from scripts.maze_training.board_maps import solver_maps
from scripts.maze_training.looks import plain_look, random_look, shown
from vidkit.mazes.drawing.clip import resized
from vidkit.mazes.drawing.skins import SKINS
from vidkit.mazes.embedded.board_levels import (
    BOARD_DIFFICULTIES,
    FRAMES,
    PIXELS,
    BoardLevel,
    sample_board_level,
)
from vidkit.mazes.embedded.skins import DISTRACTOR
from vidkit.mazes.types import MazeType

SPRITE = 32  # samples a side
WANDERERS = 2
_WALK_PACE = 6  # frames a move of a wandering ball
_WANDERER_SIZE = 0.30  # radius, of the player's cell


@dataclass(frozen=True)
class Scenes:
    """B clips before they are drawn; lengths in pixels of the clip.

    Attributes:
        still: without anything that moves, uint8 [B, 96, 96, 3].
        sprites: box and player, RGBA uint8 [B, 2, 32, 32, 4]; no box: all zeros.
        extent: their sides [B, 2].
        at: their centres (x, y) [B, 2, 61, 2].
        wanderers: centres of grey balls [B, 2, 61, 2]; off the picture where there is none.
        radius: of the grey balls [B].
        distance: see `Batch.distance`, uint8 [B, 2, 24, 24].
        on_path: uint8 [B, 24, 24].
        look: how colours are shown, see `looks` [B, 3, 4].
    """

    still: Tensor
    sprites: Tensor
    extent: Tensor
    at: Tensor
    wanderers: Tensor
    radius: Tensor
    distance: Tensor
    on_path: Tensor
    look: Tensor

    def __len__(self) -> int:
        return int(self.still.shape[0])

    def select(self, index: Tensor) -> Scenes:
        return Scenes(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def to(self, device: torch.device) -> Scenes:
        return Scenes(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})


def scene_of(
    drawn: BoardLevel, source: random.Random, wanderers: int = 0, look: NDArray[np.float32] | None = None
) -> dict[str, NDArray[Any]]:
    """One scene as arrays, keys as in `Scenes`; colours as they are drawn unless a look is given."""
    level = drawn.level
    board, stage = level.board, level.stage
    ratio = PIXELS / np.array([board.width, board.height], np.float64)
    sprites = np.zeros((2, SPRITE, SPRITE, 4), np.uint8)
    extent = np.ones(2, np.float32)
    for place, made in enumerate((stage.box, stage.player)):
        if made is not None:
            sprites[place] = cv2.resize(made, (SPRITE, SPRITE), interpolation=cv2.INTER_AREA)
            extent[place] = made.shape[0] * ratio[0]
    motion = drawn.motion
    box = motion.player if motion.box is None else motion.box
    distance, on_path = solver_maps(drawn)
    return {
        "still": resized(stage.picture, PIXELS),
        "sprites": sprites,
        "extent": extent,
        "at": (np.stack([box, motion.player]) * ratio).astype(np.float32),
        "wanderers": (_walks(drawn, source, wanderers) * ratio).astype(np.float32),
        "radius": np.float32(_WANDERER_SIZE * board.unit * ratio[0]),
        "distance": distance,
        "on_path": on_path,
        "look": plain_look() if look is None else look,
    }


def _walks(drawn: BoardLevel, source: random.Random, count: int) -> NDArray[np.float64]:
    """Random walks through what the player may enter, native pixels [2, 61, 2]."""
    board = drawn.level.board
    out = np.full((WANDERERS, FRAMES, 2), -1e4)
    for index in range(count):
        here = source.choice(drawn.level.solution.cells)
        points = [board.point(here)]
        while len(points) < FRAMES // _WALK_PACE + 2:
            open_cells = board.moves(here)
            here = source.choice(open_cells)[1] if open_cells else here
            points.append(board.point(here))
        line, time = np.array(points), np.arange(FRAMES) / _WALK_PACE
        out[index] = np.stack([np.interp(time, np.arange(len(line)), line[:, axis]) for axis in (0, 1)], -1)
    return out


def stacked(made: list[dict[str, NDArray[Any]]]) -> Scenes:
    """One batch of single scenes."""
    return Scenes(**{name: torch.from_numpy(np.stack([one[name] for one in made])) for name in made[0]})


#: how often each type is drawn
Kinds = Mapping[MazeType, float]
EQUAL: Kinds = dict.fromkeys(BOARD_DIFFICULTIES, 1.0)


def kinds_of(words: str) -> Kinds:
    """Weights out of `TYPE:WEIGHT,...`; types that are not named are left out. Nothing: all alike.

    Raises:
        SystemExit: a type that no clip can show, or a weight that is no number above 0.
    """
    if not words:
        return EQUAL
    found = {}
    for part in words.split(","):
        name, _, weight = part.partition(":")
        kind = next((one for one in BOARD_DIFFICULTIES if str(one) == name), None)
        try:
            value = float(weight)
        except ValueError:
            value = 0.0
        if kind is None or not 0 < value < math.inf:
            known = ", ".join(map(str, BOARD_DIFFICULTIES))
            raise SystemExit(f"--kinds: '{part}' is not TYPE:WEIGHT with one of {known} and a weight > 0")
        found[kind] = value
    return found


def training_scene(
    source: random.Random,
    kinds: Kinds = EQUAL,
    looks: float = 0.15,
    distracted: float = 0.12,
    drop: float = 0.1,
) -> tuple[dict[str, NDArray[Any]], str]:
    """A random training level and its prompt, sometimes empty; looks with other colours are not named."""
    (kind,) = source.choices(list(kinds), list(kinds.values()))
    difficulty = source.choice(BOARD_DIFFICULTIES[kind])
    skin = source.choice(list(SKINS[kind]))
    drawn = sample_board_level(kind, difficulty, source.getrandbits(48), skin, "train")
    look = random_look(source) if source.random() < looks else None
    wanderers = source.randint(1, WANDERERS) if source.random() < distracted else 0
    words = drawn.caption()
    if look is not None:
        words = words.replace(f" {skin} ", " ")
    if wanderers:
        words += ", with distractors"
    words = "" if source.random() < drop else words
    return scene_of(drawn, source, wanderers, look), words


def _cover(centre: Tensor, extent: Tensor, samples: int) -> Tensor:
    """How much of each pixel each sample of a sprite covers, [..., 96, samples], along one axis."""
    step = extent / samples
    left = (centre - extent / 2)[..., None] + step[..., None] * torch.arange(samples, device=centre.device)
    pixel = torch.arange(PIXELS, device=centre.device)[:, None]
    low = torch.maximum(left[..., None, :], pixel)
    high = torch.minimum((left + step[..., None])[..., None, :], pixel + 1)
    return (high - low).clamp_min(0)


def draw(scenes: Scenes, frames: int = FRAMES) -> Tensor:
    """Clips RGB in [0, 1], float [B, T, 96, 96, 3], as the project's own renderer draws them at 96 pixels."""
    clip = (scenes.still.float() / 255)[:, None].expand(-1, frames, -1, -1, -1)
    grey = torch.tensor(DISTRACTOR, device=clip.device)
    pixel = torch.arange(PIXELS, device=clip.device) + 0.5
    for index in range(WANDERERS):
        at = scenes.wanderers[:, index, :frames]
        if bool((at > -100).any()):
            away = (pixel[:, None] - at[..., 1, None, None]) ** 2 + (pixel - at[..., 0, None, None]) ** 2
            alpha = (scenes.radius.view(-1, 1, 1, 1) + 0.5 - away.sqrt()).clamp(0, 1)[..., None]
            clip = clip + alpha * (grey - clip)
    for index in range(2):
        rgba = scenes.sprites[:, index].float() / 255
        if not bool((rgba[..., 3] > 0).any()):
            continue
        solid = torch.cat([rgba[..., :3] * rgba[..., 3:], rgba[..., 3:]], dim=-1)  # [B, S, S, 4]
        at, extent = scenes.at[:, index, :frames], scenes.extent[:, index, None].expand(-1, frames)
        rows, columns = _cover(at[..., 1], extent, SPRITE), _cover(at[..., 0], extent, SPRITE)
        part = torch.einsum("btps,bsuc->btpuc", rows, solid)
        over = torch.einsum("btpuc,btqu->btpqc", part, columns)
        clip = clip * (1 - over[..., 3:]) + over[..., :3]
    return shown(clip.clamp(0, 1), scenes.look)


def stills(scenes: Scenes) -> Tensor:
    """Pictures without anything that moves, [B, 96, 96, 3] in [0, 1]."""
    return shown(scenes.still.float() / 255, scenes.look)
