"""Encoded clips waiting on the GPU, refreshed a little at every step, so that data never run out."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import torch
from diffusers import AutoencoderKLWan
from torch import Tensor
from torch.nn import functional as F

from scripts.maze_training import text
from scripts.maze_training.clips import motion_weights, pixel_weights
from scripts.maze_training.looks import looks_of, shown
from scripts.maze_training.scene_source import SceneSource
from scripts.maze_training.scenes import draw, stills
from scripts.maze_training.vae import encode_clip
from vidkit.mazes.embedded.grid import FAR, distances
from vidkit.mazes.embedded.levels import FRAMES, Levels, Recipe, concatenate, sample_levels
from vidkit.mazes.embedded.render import BALL_RADIUS, PIXELS, ball_px, cell_px, origin_px, render

LATENT = 24  # latent pixels per side
FAR_CLASS = 23  # "further than any path"
OUTSIDE = 255
NEVER = 16  # latent frame in which the player comes to places where it does not come


@dataclass
class Batch:
    latents: Tensor  # [B, 8, F, 24, 24], standardised
    weights: Tensor  # [B, F, 24, 24]
    distance: Tensor  # [B, 2, 24, 24] moves from start and from goal, 0..23; 255 outside the maze
    on_path: Tensor  # [B, 24, 24] 0 / 1
    prompts: Tensor  # [B, 20] token ids
    player: Tensor  # [B, F, 24, 24] 0 / 1: the player is there
    determined: Tensor  # [B] 2: by the first frame; 1: the player's way alone is; 0: not even that
    arrival: Tensor  # [B, 24, 24] latent frame in which the player first is there, 0..15; 16: never


def training_levels(count: int, generator: torch.Generator, recipe: Recipe) -> Levels:
    """Levels without held-out mazes."""
    levels = sample_levels(count + count // 8 + 8, generator, recipe)
    kept = (~levels.held_out()).nonzero()[:count, 0]
    levels = levels.select(kept)
    return (
        levels
        if len(levels) == count
        else concatenate([levels, levels.select(torch.arange(count - len(levels)))])
    )


def cell_of_latents(levels: Levels) -> tuple[Tensor, Tensor]:
    """Row/column cell of each latent pixel's centre [B, 24] and whether it lies in the maze."""
    size = levels.walls.size.view(-1, 1)
    centre = (torch.arange(LATENT, device=size.device) + 0.5) * (PIXELS / LATENT)
    unit = ((centre - origin_px(size)) / cell_px(size)).floor().long()
    return unit.clamp(0, 7).minimum(size - 1), (unit >= 0) & (unit < size)


def distance_maps(levels: Levels) -> tuple[Tensor, Tensor]:
    """What a solver knows: moves from start and goal at each latent pixel, and whether it is on the path."""
    cell, inside = cell_of_latents(levels)
    ends = [distances(levels.walls, levels.path[:, i], FAR_CLASS).clamp_max(FAR) for i in (0, -1)]
    visited = torch.zeros_like(ends[0])
    batch = torch.arange(len(levels), device=cell.device)
    visited[batch[:, None], levels.path[..., 0], levels.path[..., 1]] = 1
    rows, columns = cell[:, :, None], cell[:, None, :]
    maps = torch.stack([m[batch[:, None, None], rows, columns].clamp_max(FAR_CLASS) for m in ends], dim=1)
    outside = ~(inside[:, :, None] & inside[:, None, :])
    maps = maps.masked_fill(outside[:, None], OUTSIDE)
    return maps.to(torch.uint8), (visited[batch[:, None, None], rows, columns] * ~outside).to(torch.uint8)


def player_mask(at: Tensor, radius: Tensor) -> Tensor:
    """Latent cells that a player covers, uint8 [B, F, 24, 24]; `at` [B, T, 2] pixel (row, column)."""
    pixel = torch.arange(PIXELS, device=at.device) + 0.5
    rows, columns = (pixel - at[..., :1]) ** 2, (pixel - at[..., 1:]) ** 2
    inside = rows[..., :, None] + columns[..., None, :] <= radius.view(-1, 1, 1, 1) ** 2
    return _pooled(inside.to(torch.float16)).to(torch.uint8)


def arrivals(at: Tensor, radius: Tensor) -> Tensor:
    """When a player first covers each latent cell, uint8 [B, 24, 24]; arguments as in `player_mask`.

    It is the plan of a clip: where distances say which way, this says when, at whatever pace a type moves.
    """
    there = player_mask(at, radius)
    time = torch.arange(there.shape[1], device=at.device).view(1, -1, 1, 1)
    return torch.where(there > 0, time, NEVER).amin(1).to(torch.uint8)


def other_looks(levels: Levels, share: float, source: random.Random) -> tuple[Levels, list[bool]]:
    """Levels of which a share has colours of its own, and which they are."""
    looks, other = looks_of(len(levels), share, source)
    return replace(levels, colours=shown(levels.colours, looks.to(levels.colours.device))), other


class LevelPool:
    """Training levels with their captions and maps, made thousands at a time.

    Making levels is hundreds of tiny kernels whatever their number, so it is done rarely and for many.
    """

    def __init__(self, generator: torch.Generator, seed: int, size: int = 4096, looks: float = 0.0) -> None:
        self.generator, self.size, self.looks = generator, size, looks
        self.chooser = random.Random(seed)
        self.tokenizer = text.build_tokenizer()
        self.recipe: Recipe | None = None
        self.used = 0

    def take(self, count: int, recipe: Recipe) -> tuple[Levels, Tensor]:
        """`count` levels and their places in the pool's tables; a new recipe starts a new pool."""
        if recipe != self.recipe or self.used + count > self.size:
            self.recipe, self.used = recipe, 0
            self.levels = training_levels(self.size, self.generator, recipe)
            self.distance, self.on_path = distance_maps(self.levels)
            self.levels, unnamed = other_looks(self.levels, self.looks, self.chooser)
            prompts = text.training_prompts(self.levels, self.chooser, unnamed=unnamed)
            self.prompts = text.tokenise(self.tokenizer, prompts).to(self.generator.device)
        at = torch.arange(self.used, self.used + count, device=self.generator.device)
        self.used += count
        return self.levels.select(at), at


class LatentBank:
    """Up to `capacity` encoded clips of `frames` pixel frames; `draw` mixes old and new ones.

    Args:
        vae: encodes them.
        capacity: clips.
        frames: of a clip.
        seed: of the regular mazes.
        device: of everything.
        pool: regular levels made at once.
        boards: where scenes of the other types come from; None: regular mazes alone.
        share: of the other types among new clips.
        looks: share of regular mazes with colours of their own.
    """

    def __init__(
        self,
        vae: AutoencoderKLWan,
        capacity: int,
        frames: int,
        seed: int,
        device: torch.device,
        pool: int = 4096,
        boards: SceneSource | None = None,
        share: float = 0.0,
        looks: float = 0.0,
    ) -> None:
        self.boards, self.share = boards, share if boards is not None else 0.0
        self.vae, self.capacity, self.frames, self.device = vae, capacity, frames, device
        self.generator = torch.Generator(device).manual_seed(seed)
        self.pool = LevelPool(self.generator, seed, pool, looks)
        count = (frames - 1) // 4 + 1
        shape = (capacity, 8, count, LATENT, LATENT)
        self.latents = torch.empty(shape, dtype=torch.bfloat16, device=device)
        self.weights = torch.empty(capacity, count, LATENT, LATENT, dtype=torch.uint8, device=device)
        self.distance = torch.empty(capacity, 2, LATENT, LATENT, dtype=torch.uint8, device=device)
        self.on_path = torch.empty(capacity, LATENT, LATENT, dtype=torch.uint8, device=device)
        self.prompts = torch.zeros(capacity, text.MAX_LENGTH, dtype=torch.long, device=device)
        self.player = torch.empty(capacity, count, LATENT, LATENT, dtype=torch.uint8, device=device)
        self.determined = torch.zeros(capacity, dtype=torch.uint8, device=device)
        self.arrival = torch.empty(capacity, LATENT, LATENT, dtype=torch.uint8, device=device)
        self.filled = self.head = self.made = 0
        self.mean = torch.tensor(vae.config.latents_mean, device=device).view(1, -1, 1, 1, 1)
        self.std = torch.tensor(vae.config.latents_std, device=device).view(1, -1, 1, 1, 1)

    def add(self, count: int, recipe: Recipe) -> None:
        """Encode `count` new clips over the oldest ones."""
        chosen = torch.rand(count, device="cpu") < self.share
        others = int(chosen.sum())
        if count > others:
            self._add_regular(count - others, recipe)
        if others:
            self._add_boards(others)

    def _add_regular(self, count: int, recipe: Recipe) -> None:
        levels, source = self.pool.take(count, recipe)
        clip = render(levels, self.frames)
        radius = BALL_RADIUS * cell_px(levels.walls.size).float()
        free = (levels.wanderers > 0) | (levels.texture[:, 0] != 0)
        self._keep(
            clip,
            pixel_weights(levels, clip),
            self.pool.distance[source],
            self.pool.on_path[source],
            self.pool.prompts[source],
            player_mask(ball_px(levels, self.frames), radius),
            torch.where(levels.loops, 0, torch.where(free, 1, 2)).to(torch.uint8),
            arrivals(ball_px(levels, FRAMES), radius),
        )

    def _add_boards(self, count: int) -> None:
        assert self.boards is not None
        made, prompts = self.boards.take(count)
        scenes = made.to(self.device)
        clip = draw(scenes, self.frames)
        at = scenes.at[:, 1, : self.frames].flip(-1)
        wandering = (scenes.wanderers[:, :, 0] > -100).flatten(1).any(1)
        self._keep(
            clip,
            motion_weights(clip, stills(scenes)),
            scenes.distance,
            scenes.on_path,
            text.tokenise(self.pool.tokenizer, prompts).to(self.device),
            player_mask(at, scenes.extent[:, 1] * 0.4),
            torch.where(wandering, 1, 2).to(torch.uint8),
            arrivals(scenes.at[:, 1].flip(-1), scenes.extent[:, 1] * 0.4),
        )

    @torch.no_grad()
    def _keep(
        self,
        clip: Tensor,
        weight: Tensor,
        distance: Tensor,
        on_path: Tensor,
        prompts: Tensor,
        player: Tensor,
        determined: Tensor,
        arrival: Tensor,
    ) -> None:
        count = clip.shape[0]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            mean, _ = encode_clip(self.vae, clip.permute(0, 4, 1, 2, 3) * 2 - 1)
        at = (self.head + torch.arange(count, device=self.device)) % self.capacity
        self.latents[at] = ((mean.float() - self.mean) / self.std).to(torch.bfloat16)
        self.weights[at] = _pooled(weight).to(torch.uint8)
        self.distance[at], self.on_path[at], self.prompts[at] = distance, on_path, prompts
        self.player[at], self.determined[at], self.arrival[at] = player, determined, arrival
        self.head = (self.head + count) % self.capacity
        self.filled = min(self.capacity, self.filled + count)
        self.made += count

    def draw(self, count: int) -> Batch:
        index = torch.randint(self.filled, (count,), device=self.device, generator=self.generator)
        return Batch(
            self.latents[index].float(),
            self.weights[index].float(),
            self.distance[index],
            self.on_path[index],
            self.prompts[index],
            self.player[index],
            self.determined[index],
            self.arrival[index],
        )


def _pooled(weight: Tensor) -> Tensor:
    """Pixel weights [B, T, 96, 96] to the largest in each latent cell [B, F, 24, 24]."""
    first = F.max_pool2d(weight[:, :1], 4)
    if weight.shape[1] == 1:
        return first
    rest = F.max_pool3d(weight[:, None, 1:], (4, 4, 4))[:, 0]
    return torch.cat([first, rest], dim=1)
