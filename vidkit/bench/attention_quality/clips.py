"""Clips of the embedded model for measurements: many mazes at once, the noise of each its own.

The loop is that of `vidkit generate` for one window (`vidkit.generation.forcing`) with a batch axis; a test
holds both to the same latents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vidkit.generation.forcing import encoded, latent_statistics
from vidkit.generation.load import LoadedModel, set_sampler
from vidkit.mazes.embedded import Level, render_first_frame, sample_level
from vidkit.mazes.embedded.levels import concatenate
from vidkit.mazes.embedded.skins import SPEEDS
from vidkit.mazes.embedded.track import judge
from vidkit.models.whole_clip import WholeClip
from vidkit.utils.seeding import derive_seed

FRAMES, LATENT_FRAMES, LATENT_SIDE, TEXT_TOKENS = 61, 16, 24, 20
SHIFT = 4.0
FPS = [1]  # as the pipeline passes it; the embedded model does not read it


@dataclass(frozen=True)
class Clip:
    """One maze and the seed of its noise.

    Attributes:
        key: unique name, size and number.
        size: cells a side.
    """

    key: str
    size: int
    level: Level
    caption: str
    seed: int


def draw_clips(sizes: Sequence[int], count: int, seed: int, pool: str) -> list[Clip]:
    """Mazes that the model never saw in training; other pools give other mazes and noise.

    Args:
        sizes: cells a side.
        count: mazes of each size.
        seed: of the whole measurement.
        pool: name of the use: what is tuned or calibrated on one pool is measured on another.
    """
    made = []
    for number in range(count):
        for size in sizes:
            key = f"{pool}-{size}x{size}-{number}"
            level = sample_level(size, derive_seed(seed, key, "maze"))
            caption = level.caption(speed=next(iter(SPEEDS)))
            made.append(Clip(key, size, level, caption, derive_seed(seed, key, "noise")))
    return made


class ClipMaker:
    """Generates batches of clips with whatever policy is enabled on the transformer.

    Args:
        model: the embedded model, loaded.
        latent_frames: of a clip; fewer are its beginning.
    """

    def __init__(self, model: LoadedModel, latent_frames: int = LATENT_FRAMES) -> None:
        self.model, self.pipe, self.latent_frames = model, model.pipe, latent_frames
        self.device: torch.device = model.options.device
        self._text: dict[str, Tensor] = {}
        self._first: dict[str, Tensor] = {}

    @torch.no_grad()
    def latents(
        self, clips: Sequence[Clip], steps: int, after_step: Callable[[int], None] | None = None
    ) -> Tensor:
        """Normalised latents `[B, 8, 16, 24, 24]` fp32; `after_step` hears the number of every step."""
        set_sampler(self.pipe, "unipc", SHIFT)
        scheduler, transformer = self.pipe.scheduler, self.pipe.transformer
        scheduler.set_timesteps(steps, device=self.device)
        scheduler.set_begin_index(0)
        text = torch.cat([self._embedding(clip.caption) for clip in clips])
        x = torch.cat([self._noise(clip) for clip in clips]).to(self.device)
        x[:, :, 0] = torch.cat([self._first_latent(clip) for clip in clips])
        for number, t in enumerate(scheduler.timesteps):
            times = t.repeat(len(clips), self.latent_frames)
            times[:, 0] = 0
            with transformer.cache_context("cond", step_index=number, num_inference_steps=steps):
                velocity = transformer(
                    hidden_states=x.to(transformer.dtype),
                    timestep=times,
                    encoder_hidden_states=text,
                    enable_diffusion_forcing=True,
                    fps=FPS,
                    return_dict=False,
                )[0]
            x[:, :, 1:] = scheduler.step(velocity[:, :, 1:], t, x[:, :, 1:], return_dict=False)[0]
            if after_step is not None:
                after_step(number)
        self.pipe.maybe_free_model_hooks()
        return x

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """RGB uint8 `[B, 61, 96, 96, 3]` on the model's device, as `generate` writes them."""
        vae = self.pipe.vae
        latents = latents.to(dtype=vae.dtype)
        mean, std = latent_statistics(vae, latents)
        video = WholeClip(vae).decode(latents * std + mean).float().clamp(-1, 1)
        return video.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 4, 1)

    def _embedding(self, caption: str) -> Tensor:
        if caption not in self._text:
            prompt, _ = self.pipe.encode_prompt(
                caption, "", do_classifier_free_guidance=False, max_sequence_length=TEXT_TOKENS
            )
            self._text[caption] = prompt.to(self.device, self.pipe.transformer.dtype)
        return self._text[caption]

    def _first_latent(self, clip: Clip) -> Tensor:
        if clip.key not in self._first:
            pixels = torch.from_numpy(render_first_frame(clip.level)).permute(2, 0, 1)[None, :, None]
            latents = encoded(self.pipe.vae, pixels.float() / 127.5 - 1, self.device)
            self._first[clip.key] = latents[:, :, 0]
        return self._first[clip.key]

    def _noise(self, clip: Clip) -> Tensor:
        generator = torch.Generator("cpu").manual_seed(clip.seed)
        channels = self.pipe.transformer.config.in_channels
        noise = torch.randn(1, channels, LATENT_FRAMES, LATENT_SIDE, LATENT_SIDE, generator=generator)
        return noise[:, :, : self.latent_frames]


def solved(clips: Sequence[Clip], frames: Tensor) -> list[dict[str, bool]]:
    """Whether the ball solves each maze, by `success`, `legal`, `reached_goal`; uint8 `[B, T, H, W, 3]`."""
    levels = concatenate([clip.level.levels for clip in clips])
    verdict = judge(levels, frames.cpu().float() / 255)
    return [
        {name: bool(getattr(verdict, name)[n]) for name in ("success", "legal", "reached_goal")}
        for n in range(len(clips))
    ]
