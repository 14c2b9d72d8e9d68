"""Diffusion forcing on SkyReels-V2 models: text to video and image to video in one loop.

Why not the stock pipelines of diffusers (0.42):
- they switch attention to block-causal whenever a block size is given; the released weights attend in both
  directions, so schedule and attention are separate switches here;
- with blocks of more than one latent frame, the first frame of image to video is denoised away, because only
  whole blocks count as given;
- noise on carried-over frames comes from the global generator, so a seed does not fix the result;
- a clip whose last window is not a whole number of blocks keeps noise in its last frames (such clips are
  refused here before loading);
- one sampler per latent frame costs a Python loop of F small updates a step; frames of a block share their
  levels.
Synchronous clips and block-causal ones equal the stock pipelines' (tested).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import SkyReelsV2DiffusionForcingPipeline
from torch import Tensor

from vidkit.models.block_schedule import Row, Window, block_rows, plan_windows

WAITING_TIMESTEP = 999  # what the model is told of a block at pure noise that has not started
StepCallback = Callable[[int, tuple[float, float]], None]


@dataclass(frozen=True)
class ForcingOptions:
    """How latent frames are scheduled; lengths in latent frames."""

    base: int | None = None
    overlap: int | None = None
    ar_step: int = 0
    block_size: int = 1
    causal_attention: bool = False
    addnoise: float = 0.0  # noise level of given frames, 0..60 of 1000


@dataclass(frozen=True)
class ForcingStep:
    """Where the loop is; set on the pipeline before every forward, for hooks that work block by block.

    Attributes:
        number: row within the window.
        total: rows of the window.
        row: which block performs which sampler step, and which blocks the model sees.
        window: stretch of the clip, in latent frames.
        block_size: latent frames per block; all of them when frames move together.
        prefix: leading latent frames that are given and never updated.
    """

    number: int
    total: int
    row: Row
    window: Window
    block_size: int
    prefix: int


class DiffusionForcingPipeline(SkyReelsV2DiffusionForcingPipeline):  # type: ignore[misc]
    """The parts of SkyReels-V2 diffusion forcing with a loop of our own."""

    forcing_step: ForcingStep | None = None  # while denoising

    def __init__(self, tokenizer: Any, text_encoder: Any, transformer: Any, vae: Any, scheduler: Any) -> None:
        super().__init__(tokenizer, text_encoder, transformer, vae, scheduler)
        # upstream derives the factor from temperal_downsample alone, which is wrong for VAEs that
        # patchify first
        factor = 2 ** (len(vae.config.dim_mult) - 1) * (vae.config.patch_size or 1)
        self.vae_scale_factor_spatial = factor

    @torch.no_grad()
    def denoise(
        self,
        *,
        prompt_embeds: Tensor,
        negative_prompt_embeds: Tensor | None,
        image: Tensor | None,
        height: int,
        width: int,
        num_frames: int,
        num_inference_steps: int,
        guidance_scale: float,
        fps: int,
        generator: torch.Generator,
        options: ForcingOptions,
        callback: StepCallback | None = None,
    ) -> Tensor:
        """Make the latents of one clip.

        Args:
            prompt_embeds: [1, S, text_dim].
            negative_prompt_embeds: same shape; needed if guidance_scale > 1.
            image: first frame, [1, 3, H, W] in [-1, 1]; None: text to video.
            height: pixels.
            width: pixels.
            num_frames: pixel frames, 4k + 1.
            num_inference_steps: sampler steps a frame.
            guidance_scale: classifier-free guidance; 1 or less runs the conditional branch alone.
            fps: told to models trained with it (16, or anything else for 24).
            generator: draws all noise.
            options: windows, blocks, attention.
            callback: called after every row with its number and the (lowest, highest) timestep.

        Returns:
            Normalised latents [1, C, F, h, w], fp32.
        """
        self._guidance_scale = guidance_scale
        # always set: the transformer keeps the value of the run before in its config
        self.transformer._set_ar_attention(options.block_size if options.causal_attention else 1)
        latent_frames = (num_frames - 1) // self.vae_scale_factor_temporal + 1
        shape = (height // self.vae_scale_factor_spatial, width // self.vae_scale_factor_spatial)
        model = _Branches(self, prompt_embeds, negative_prompt_embeds, guidance_scale, fps)
        given = None if image is None else self._encode_image(image)
        done: Tensor | None = None
        row_count = 0
        for window in plan_windows(latent_frames, options.base, options.overlap, options.block_size):
            if done is not None:
                given = done[:, :, window.start : window.start + window.prefix]
            latents = self._noise(window.frames, shape, generator)
            run = _WindowRun(self, model, window, latents, given, num_inference_steps, options, generator)
            row_count = run.all_rows(row_count, callback)
            done = latents if done is None else torch.cat([done, latents[:, :, window.overlap :]], dim=2)
        assert done is not None
        self.forcing_step = None
        self.maybe_free_model_hooks()
        return done

    def _noise(self, frames: int, shape: tuple[int, int], generator: torch.Generator) -> Tensor:
        size = (1, self.transformer.config.in_channels, frames, *shape)
        noise = torch.randn(size, generator=generator, device=generator.device, dtype=torch.float32)
        return noise.to(self._execution_device)

    def _encode_image(self, image: Tensor) -> Tensor:
        device = self._execution_device
        pixels = image.unsqueeze(2).to(device=device, dtype=self.vae.dtype)
        latent = self.vae.encode(pixels).latent_dist.mode().float()
        mean, std = latent_statistics(self.vae, latent)
        normalised: Tensor = (latent - mean) / std
        return normalised


class _Branches:
    """The transformer with guidance: latents and timesteps in, velocity out."""

    def __init__(self, pipe: Any, prompt: Tensor, negative: Tensor | None, guidance: float, fps: int) -> None:
        dtype = pipe.transformer.dtype
        device = pipe._execution_device
        self.transformer = pipe.transformer
        self.dtype = dtype
        self.guidance = guidance
        self.prompt = prompt.to(device, dtype)
        self.negative = None if negative is None else negative.to(device, dtype)
        self.fps = [0 if fps == 16 else 1]  # the two rates the released models were trained with

    def velocity(self, latents: Tensor, timesteps: Tensor, at: ForcingStep) -> Tensor:
        inputs, steps = latents.to(self.dtype), timesteps.unsqueeze(0)
        conditional = self._forward("cond", inputs, steps, self.prompt, at)
        if self.guidance <= 1 or self.negative is None:
            return conditional
        unconditional = self._forward("uncond", inputs, steps, self.negative, at)
        return unconditional + self.guidance * (conditional - unconditional)

    def _forward(
        self, branch: str, latents: Tensor, timesteps: Tensor, text: Tensor, at: ForcingStep
    ) -> Tensor:
        with self.transformer.cache_context(branch, step_index=at.number, num_inference_steps=at.total):
            output: Tensor = self.transformer(
                hidden_states=latents,
                timestep=timesteps,
                encoder_hidden_states=text,
                enable_diffusion_forcing=True,
                fps=self.fps,
                return_dict=False,
            )[0]
        return output


class _WindowRun:
    """Denoises one window in place."""

    def __init__(
        self,
        pipe: Any,
        model: _Branches,
        window: Window,
        latents: Tensor,
        given: Tensor | None,
        steps: int,
        options: ForcingOptions,
        generator: torch.Generator,
    ) -> None:
        self.pipe, self.model, self.window = pipe, model, window
        self.latents, self.generator = latents, generator
        self.prefix = 0 if given is None else given.shape[2]
        if given is not None:
            latents[:, :, : self.prefix] = given
        frames = latents.shape[2]
        # together, all frames are one block: the same numbers as frame by frame, one sampler update a step
        self.block = frames if options.ar_step == 0 else options.block_size
        blocks = frames // self.block
        self.rows = block_rows(
            steps, blocks, options.ar_step, ready=min(self.prefix // self.block, blocks - 1)
        )
        self.addnoise = options.addnoise
        pipe.scheduler.set_timesteps(steps, device=latents.device)
        pipe.scheduler.set_begin_index(0)  # not by value: large shifts repeat a timestep
        self.samplers = [copy.deepcopy(pipe.scheduler) for _ in range(blocks)]
        waiting = torch.tensor([WAITING_TIMESTEP], device=latents.device)
        end = torch.zeros(1, device=latents.device, dtype=torch.long)
        timesteps = pipe.scheduler.timesteps
        self.timesteps = torch.cat([timesteps, end.to(timesteps), waiting.to(timesteps)])  # [-1] is waiting

    def all_rows(self, first: int, callback: StepCallback | None) -> int:
        for number, row in enumerate(self.rows):
            step = ForcingStep(number, len(self.rows), row, self.window, self.block, self.prefix)
            self.pipe.forcing_step = step
            levels = self._row(step)
            if callback is not None:
                callback(first + number, levels)
        return first + len(self.rows)

    def _row(self, step: ForcingStep) -> tuple[float, float]:
        row = step.row
        start, stop = row.start * self.block, row.stop * self.block
        levels = torch.tensor(row.level, device=self.latents.device).repeat_interleave(self.block)
        timesteps = self.timesteps[levels]
        inputs = self.latents
        if start < self.prefix:
            timesteps[: self.prefix] = 0
            inputs, timesteps = self._noised(inputs, timesteps)
        velocity = self.model.velocity(inputs[:, :, start:stop], timesteps[start:stop], step)
        for block in range(row.start, row.stop):
            if row.update[block]:
                self._update(block, row.level[block], velocity, start)
        seen = timesteps[start:stop]
        return float(seen.min()), float(seen.max())

    def _noised(self, latents: Tensor, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        """Fresh noise on given frames at every row, as SkyReels-V2 does (addnoise_condition)."""
        if self.addnoise <= 0:
            return latents, timesteps
        share, given = self.addnoise / 1000, latents[:, :, : self.prefix]
        noise = torch.randn(given.shape, generator=self.generator, device=self.generator.device).to(given)
        latents = latents.clone()
        latents[:, :, : self.prefix] = given * (1 - share) + noise * share
        timesteps = timesteps.clone()
        timesteps[: self.prefix] = int(self.addnoise)
        return latents, timesteps

    def _update(self, block: int, level: int, velocity: Tensor, start: int) -> None:
        first = max(block * self.block, self.prefix)  # given frames inside a block stay as they are
        last = (block + 1) * self.block
        self.latents[:, :, first:last] = self.samplers[block].step(
            velocity[:, :, first - start : last - start],
            self.timesteps[level],
            self.latents[:, :, first:last],
            return_dict=False,
        )[0]


def latent_statistics(vae: Any, like: Tensor) -> tuple[Tensor, Tensor]:
    """Per-channel mean and standard deviation of the VAE's latents, [1, C, 1, 1, 1]."""
    shape = (1, -1, 1, 1, 1)
    mean = torch.tensor(vae.config.latents_mean, device=like.device, dtype=like.dtype).view(shape)
    std = torch.tensor(vae.config.latents_std, device=like.device, dtype=like.dtype).view(shape)
    return mean, std
