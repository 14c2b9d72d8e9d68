"""How often generated clips solve held-out mazes, by size and path length; how well prompts are followed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from diffusers import AutoencoderKLWan
from torch import Tensor, nn
from transformers import UMT5EncoderModel

from scripts.maze_training import text as prompts
from scripts.maze_training.parallel import Group
from scripts.maze_training.sampling import Sampler, sample
from scripts.maze_training.strict import strict_tracker
from scripts.maze_training.vae import decode_clip, encode_clip
from vidkit.mazes.embedded.levels import Levels, Recipe, concatenate, sample_levels
from vidkit.mazes.embedded.read import read_level
from vidkit.mazes.embedded.render import render
from vidkit.mazes.embedded.skins import BALLS, SPEEDS, STYLES
from vidkit.mazes.embedded.track import follow, judge
from vidkit.utils.statistics import share_interval

LENGTHS = ((1, 3), (4, 7), (8, 11), (12, 15), (16, 19), (20, 22))


@dataclass
class Parts:
    """The four networks of the pipeline on one device; without `autocast` they compute in float32."""

    model: nn.Module
    vae: AutoencoderKLWan
    encoder: UMT5EncoderModel
    group: Group
    autocast: bool = True

    def embed(self, captions: list[str]) -> Tensor:
        ids = prompts.tokenise(prompts.build_tokenizer(), captions).to(self.group.device)
        return prompts.encode(self.encoder, ids)

    def statistics(self) -> tuple[Tensor, Tensor]:
        shape = (1, -1, 1, 1, 1)
        values = (self.vae.config.latents_mean, self.vae.config.latents_std)
        mean, std = (torch.tensor(v, device=self.group.device).view(shape) for v in values)
        return mean, std

    @torch.no_grad()
    def first_latents(self, picture: Tensor) -> Tensor:
        """Standardised latents [B, 8, 24, 24] of first frames [B, 96, 96, 3]."""
        mean, std = self.statistics()
        z, _ = encode_clip(self.vae, picture.permute(0, 3, 1, 2)[:, :, None] * 2 - 1)
        return ((z - mean) / std)[:, :, 0]

    @torch.no_grad()
    def pictures(self, latents: Tensor) -> Tensor:
        """Clips in [0, 1], [B, T, 96, 96, 3], rounded to 8 bits as a video file would hold them."""
        mean, std = self.statistics()
        device = self.group.device.type
        with torch.autocast(device, torch.bfloat16, enabled=self.autocast and device == "cuda"):
            clip = decode_clip(self.vae, latents * std + mean).float()
        return ((clip.clamp(-1, 1).permute(0, 2, 3, 4, 1) / 2 + 0.5) * 255).round() / 255


@lru_cache(maxsize=8)
def held_out_levels(size: int, count: int, seed: int, device: torch.device) -> Levels:
    """`count` held-out mazes of one size, no extras, fast: the pilot's distribution of goals."""
    generator = torch.Generator(device).manual_seed(seed * 100 + size)
    parts: list[Levels] = []
    while sum(map(len, parts)) < count:
        batch = sample_levels(2048, generator, Recipe(sizes=(size,), extras=0.0, slow=0.0))
        parts.append(batch.select(batch.held_out()))
    return concatenate(parts).select(torch.arange(count, device=device))


def success(parts: Parts, how: Sampler, mazes: int, seed: int = 1, chunk: int = 128) -> dict[str, Any]:
    """Share of held-out clips that solve their maze.

    Returns:
        By size and by path length: share of successes, clips, 95 % interval; shares of exact routes, legal
        clips and clips that end on the goal; successes by the tracker's strict limits; mean over sizes.
    """
    group = parts.group
    counts: dict[str, Tensor] = defaultdict(lambda: torch.zeros(6))
    for size in range(4, 9):
        levels = held_out_levels(size, mazes, seed, group.device)
        levels = levels.select(torch.arange(group.rank, mazes, group.size, device=group.device))
        for start in range(0, len(levels), chunk):
            part = levels.select(torch.arange(start, min(start + chunk, len(levels)), device=group.device))
            generator = torch.Generator(group.device).manual_seed(seed * 1000 + size + start + 7 * group.rank)
            flags = _verdicts(part, _generate(parts, part, how, generator))
            counts[f"{size}x{size}"] += flags.sum(1).cpu()
            for low, high in LENGTHS:
                chosen = (part.moves >= low) & (part.moves <= high)
                counts[f"{low}-{high} moves"] += flags[:, chosen].sum(1).cpu()
    keys = [f"{n}x{n}" for n in range(4, 9)] + [f"{a}-{b} moves" for a, b in LENGTHS]
    table: dict[str, Any] = {key: _shares(*group.total(counts[key]).tolist()) for key in keys}
    table["mean"] = sum(table[f"{n}x{n}"]["success"] for n in range(4, 9)) / 5
    return dict(sampler=how.name(), **table)


def _generate(parts: Parts, levels: Levels, how: Sampler, generator: torch.Generator) -> Tensor:
    """Clips [B, T, 96, 96, 3] of the first frames and captions of these levels."""
    latents = sample(
        parts.model,
        parts.embed(levels.captions()),
        parts.first_latents(render(levels, 1)[:, 0]),
        how,
        generator,
        null_text=parts.embed([""]),
        autocast=parts.autocast,
    )
    return parts.pictures(latents)


def _verdicts(levels: Levels, shown: Tensor) -> Tensor:
    """Flags [6, B] as floats: success, exact, legal, on the goal, success by the strict limits, and one."""
    verdict = judge(levels, shown)
    with strict_tracker():
        strict = judge(levels, shown).success
    flags = (verdict.success, verdict.exact, verdict.legal, verdict.reached_goal, strict)
    return torch.stack([*flags, torch.ones_like(verdict.success)]).float()


def _shares(
    won: float, exact: float, legal: float, reached: float, strict: float, count: float
) -> dict[str, Any]:
    """A row of the table out of counts of clips."""
    bound = share_interval(round(won), int(count))
    clips = max(count, 1)
    return dict(
        success=won / clips,
        low=bound.low,
        high=bound.high,
        clips=int(count),
        exact=exact / clips,
        legal=legal / clips,
        reached=reached / clips,
        strict=strict / clips,
    )


def speed_control(parts: Parts, how: Sampler, clips: int, seed: int = 3) -> dict[str, float]:
    """Cells a frame of the ball while it moves, for the same first frames asked for as fast and as slow."""
    group = parts.group
    generator = torch.Generator(group.device).manual_seed(seed)
    levels = sample_levels(clips * 24, generator, Recipe(sizes=(4, 5, 6), extras=0.0, slow=0.0, max_moves=10))
    levels = levels.select(levels.held_out().nonzero()[:clips, 0])
    first = parts.first_latents(render(levels, 1)[:, 0])
    result: dict[str, float] = {}
    for word, speed in SPEEDS.items():
        asked = replace(levels, speed=torch.full_like(levels.speed, speed))
        latents = sample(
            parts.model, parts.embed(asked.captions()), first, how, generator, autocast=parts.autocast
        )
        clip = parts.pictures(latents)
        track = follow(asked, clip)
        cells = track.cells.float()
        arrived = ((cells == levels.path[:, -1:].float()).all(-1) & track.good).float()
        frame = torch.where(arrived.any(1), arrived.argmax(1).float(), torch.nan)
        rate = (levels.moves - 0.5) / frame
        result[word] = float(rate.nanmean())
        result[f"{word}_asked"] = speed
        result[f"{word}_success"] = float(judge(asked, clip).success.float().mean())
    return result


def from_text_alone(
    parts: Parts, how: Sampler, clips: int, seed: int = 4, at_once: bool = True
) -> dict[str, float]:
    """Clips with no first frame: is there a maze, is it the one asked for, does the ball solve it?

    `at_once`: all frames come from noise together; False: the first one alone, and the others after it.
    """
    group = parts.group
    generator = torch.Generator(group.device).manual_seed(seed)
    levels = sample_levels(clips, generator, Recipe(extras=0.0, max_moves=10))
    words, first = parts.embed(levels.captions()), None
    if not at_once:
        first = sample(parts.model, words, None, how, generator, 1, autocast=parts.autocast)[:, :, 0]
    latents = sample(parts.model, words, first, how, generator, autocast=parts.autocast)
    shown = parts.pictures(latents).cpu()
    totals: dict[str, float] = defaultdict(float)
    for index in range(group.rank, clips, group.size):
        reading = read_level(shown[index, 0])
        if reading is None:
            continue
        totals["read"] += 1
        totals["style"] += reading.style == list(STYLES)[int(levels.style[index])]
        totals["ball"] += reading.ball == list(BALLS)[int(levels.ball[index])]
        totals["size"] += reading.size == int(levels.walls.size[index])
        totals["connected"] += reading.connected
        totals["perfect"] += reading.perfect
        totals["solved"] += bool(judge(reading.level(), shown[index : index + 1]).success[0])
    keys = ("read", "style", "ball", "size", "connected", "perfect", "solved")
    sums = group.total(torch.tensor([totals[key] for key in keys])).tolist()
    return {key: value / clips for key, value in zip(keys, sums, strict=True)}
