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

from typing import Any

import torch
from diffusers import SkyReelsV2DiffusionForcingPipeline
from torch import Tensor

from vidkit.errors import ConfigError
from vidkit.generation.blocks.cached import enabled_cache
from vidkit.generation.blocks.executor import BlockCache
from vidkit.generation.blocks.forcing_velocity import ForcingVelocity
from vidkit.generation.forcing_options import ForcingOptions, ForcingStep, StepCallback
from vidkit.generation.forcing_window import ByBlocks, Velocity, WholeWindow, WindowRun
from vidkit.hooks.blocks import SkyReelsBlocks, moves_layers
from vidkit.models.block_schedule import plan_windows

__all__ = ["DiffusionForcingPipeline", "ForcingOptions", "ForcingStep"]


class DiffusionForcingPipeline(SkyReelsV2DiffusionForcingPipeline):  # type: ignore[misc]
    """The parts of SkyReels-V2 diffusion forcing with a loop of our own."""

    forcing_step: ForcingStep | None = None  # while denoising
    block_report: dict[str, Any] | None = None  # of the last clip, if it was made block by block

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
        cache: BlockCache | None = None,
    ) -> Tensor:
        """Make the latents of one clip.

        Args:
            prompt_embeds: [1, S, text_dim].
            negative_prompt_embeds: same shape; needed if guidance_scale > 1.
            image: first frame [1, 3, H, W] in [-1, 1]; or a clip that is carried on, [1, 3, T, H, W] with T =
                4k + 1, of which whole blocks count; None: text to video.
            height: pixels.
            width: pixels.
            num_frames: pixel frames, 4k + 1.
            num_inference_steps: sampler steps a frame.
            guidance_scale: classifier-free guidance; 1 or less runs the conditional branch alone.
            fps: told to models trained with it (16, or anything else for 24).
            generator: draws all noise.
            options: windows, blocks, attention.
            callback: called after every row with its number and the (lowest, highest) timestep.
            cache: decides what is computed of each block; for options that run block by block.

        Returns:
            Normalised latents [1, C, F, h, w], fp32.

        Raises:
            NotFinite: the latents of a block hold NaN or infinity.
            ConfigError: options that this transformer cannot be run with.
        """
        self._guidance_scale = guidance_scale
        latent_frames = (num_frames - 1) // self.vae_scale_factor_temporal + 1
        shape = (height // self.vae_scale_factor_spatial, width // self.vae_scale_factor_spatial)
        prompts = {"cond": prompt_embeds}
        if guidance_scale > 1 and negative_prompt_embeds is not None:
            prompts["uncond"] = negative_prompt_embeds
        model = self._velocity(
            prompts, guidance_scale, fps, options, cache or enabled_cache(self.transformer)
        )
        given = None if image is None else self._given(image, options)
        done: Tensor | None = None
        row_count = 0
        try:
            for window in plan_windows(latent_frames, options.base, options.overlap, options.block_size):
                if done is not None:
                    given = done[:, :, window.start : window.start + window.prefix]
                latents = self._noise(window.frames, shape, generator)
                run = WindowRun(self, model, window, latents, given, num_inference_steps, options, generator)
                row_count = run.all_rows(row_count, callback)
                done = latents if done is None else torch.cat([done, latents[:, :, window.overlap :]], dim=2)
        finally:
            self.forcing_step = None
            self.block_report = model.report()
            model.end()
        assert done is not None
        self.maybe_free_model_hooks()
        return done

    def _velocity(
        self,
        prompts: dict[str, Tensor],
        guidance: float,
        fps: int,
        options: ForcingOptions,
        cache: BlockCache | None,
    ) -> Velocity:
        """What gives velocities: whole forwards, or passes of blocks."""
        transformer, device = self.transformer, self._execution_device
        texts = {name: text.to(device, transformer.dtype) for name, text in prompts.items()}
        rate = rate_index(fps)
        masked = options.causal_attention and moves_layers(transformer)
        whole = not options.by_blocks or (masked and not options.active_only and cache is None)
        # always set: the transformer keeps the value of the run before in its config
        transformer._set_ar_attention(options.block_size if whole and masked else 1)
        if whole:
            return WholeWindow(transformer, texts, guidance, rate)
        hook = getattr(transformer, "_hf_hook", None)
        if hook is not None:  # model offload: what its forward would do first
            hook.pre_forward(transformer)
        model = SkyReelsBlocks(transformer, rate, prompts["cond"].shape[1])
        inner = ForcingVelocity(model, texts, guidance, options.mode, cache, options.kv_budget)
        return ByBlocks(inner, transformer.dtype)

    def _noise(self, frames: int, shape: tuple[int, int], generator: torch.Generator) -> Tensor:
        size = (1, self.transformer.config.in_channels, frames, *shape)
        noise = torch.randn(size, generator=generator, device=generator.device, dtype=torch.float32)
        return noise.to(self._execution_device)

    def _given(self, image: Tensor, options: ForcingOptions) -> Tensor:
        """Latents of what is given; a first frame may be a part of a block, a clip is cut to whole blocks."""
        latents = self._encode_image(image)
        frames = latents.shape[2]
        kept = frames if frames == 1 else frames - frames % options.block_size
        if kept < 1:
            raise ConfigError(
                f"the given clip has {frames} latent frames, less than a block of {options.block_size}",
                "give a longer clip, or smaller blocks",
            )
        return latents[:, :, :kept]

    def _encode_image(self, image: Tensor) -> Tensor:
        pixels = image if image.dim() == 5 else image.unsqueeze(2)
        return encoded(self.vae, pixels, self._execution_device)


def encoded(vae: Any, pixels: Tensor, device: torch.device) -> Tensor:
    """Normalised latents `[1, C, f, h, w]`, fp32, of pictures in [-1, 1], `[1, 3, F, H, W]`."""
    latent = vae.encode(pixels.to(device, vae.dtype)).latent_dist.mode().float()
    mean, std = latent_statistics(vae, latent)
    normalised: Tensor = (latent - mean) / std
    return normalised


def rate_index(fps: int) -> int:
    """Which of the two frame rates that SkyReels-V2 was trained with its transformer is told."""
    return 0 if fps == 16 else 1


def latent_statistics(vae: Any, like: Tensor) -> tuple[Tensor, Tensor]:
    """Per-channel mean and standard deviation of the VAE's latents, [1, C, 1, 1, 1]."""
    shape = (1, -1, 1, 1, 1)
    mean = torch.tensor(vae.config.latents_mean, device=like.device, dtype=like.dtype).view(shape)
    std = torch.tensor(vae.config.latents_std, device=like.device, dtype=like.dtype).view(shape)
    return mean, std
