"""The parts of MAGI-1 together, so that offload and placing work as for diffusers' own pipelines."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import DiffusionPipeline
from torch import Tensor

from vidkit.config.magi_schema import MagiSettings
from vidkit.generation.blocks.cached import cache_of
from vidkit.generation.blocks.executor import BlockCache
from vidkit.generation.magi.captions import LearnedTokens, chunk_texts, encode_caption
from vidkit.generation.magi.clip import MagiClip
from vidkit.generation.magi.loop import MagiLoop, StepCallback


class MagiPipeline(DiffusionPipeline):  # type: ignore[misc]
    """Text, or text and a first frame, to the latents of a clip.

    Args:
        tokenizer: of the text encoder; None with random weights.
        text_encoder: T5 v1.1 XXL; None with random weights.
        transformer: `MagiTransformer3DModel`.
        vae: `AutoencoderKLMagi`.
    """

    asks_policies = True  # of a cache: its loop does, nothing is put on the transformer
    model_cpu_offload_seq = "text_encoder->transformer->vae"
    _optional_components = ("tokenizer", "text_encoder")

    def __init__(self, tokenizer: Any, text_encoder: Any, transformer: Any, vae: Any) -> None:
        super().__init__()
        self.register_modules(
            tokenizer=tokenizer, text_encoder=text_encoder, transformer=transformer, vae=vae
        )
        self.learned_tokens: LearnedTokens | None = None
        self.cache_handle: Any = None  # from `vidkit.caching.enable`
        self.report: dict[str, Any] = {}  # of the last clip

    def encode(self, prompt: str, limit: int) -> Tensor:
        """States of the text encoder `[1, S, text_dim]`."""
        return encode_caption(self.tokenizer, self.text_encoder, prompt, limit)

    @torch.no_grad()
    def denoise(
        self,
        *,
        prompt_embeds: Tensor,
        image: Tensor | None,
        height: int,
        width: int,
        num_frames: int,
        num_inference_steps: int,
        guidance_scale: float,
        shift: float,
        generator: torch.Generator,
        settings: MagiSettings,
        text_limit: int,
        kv_budget: int | None = None,
        cache: BlockCache | None = None,
        callback: StepCallback | None = None,
    ) -> Tensor:
        """Make the latents of one clip.

        Args:
            prompt_embeds: `[1, S, text_dim]`.
            image: first frame, `[1, 3, H, W]` in -1..1; None: text to video.
            height: pixels.
            width: pixels.
            num_frames: pixel frames, whole chunks.
            num_inference_steps: N of every chunk.
            guidance_scale: to the text; 1 or less runs the captioned branch alone.
            shift: of the noise levels.
            generator: draws the noise.
            settings: window, ranges, guidance to the history.
            text_limit: text tokens of a chunk at the most.
            kv_budget: chunks' worth of keys and values that finished chunks are squeezed to; None: all stay.
            cache: asked for every chunk; None: the policy that is enabled, or none.
            callback: called after every step, see `MagiLoop.run`.

        Returns:
            Latents `[1, C, F, h, w]`, fp32, as the transformer's.
        """
        device, vae = self._execution_device, self.vae.config
        size = (num_frames // vae.patch_length, height // vae.patch_size, width // vae.patch_size)
        shape = (1, self.transformer.config.in_channels, *size)
        noise = torch.randn(shape, generator=generator, device=generator.device, dtype=torch.float32)
        chunks = size[0] // int(self.transformer.config.chunk_frames)
        texts = chunk_texts(prompt_embeds.to(device), chunks, self.learned_tokens, text_limit)
        clip = MagiClip(
            noise.to(device),
            texts,
            None if image is None else self._encode_image(image),
            num_inference_steps,
            guidance_scale,
            shift,
            settings,
            kv_budget,
        )
        if cache is None and self.cache_handle is not None:
            cache = cache_of(self.cache_handle)
        hook = getattr(self.transformer, "_hf_hook", None)
        if (
            cache is not None or kv_budget is not None
        ) and hook is not None:  # model offload: what its forward would do first
            hook.pre_forward(self.transformer)
        loop = MagiLoop(self.transformer, clip, cache)
        latents = loop.run(callback)
        self.report = loop.passes.report()
        self.maybe_free_model_hooks()
        return latents

    def _encode_image(self, image: Tensor) -> Tensor:
        """One latent frame `[1, C, 1, h, w]`, scaled."""
        pixels = image.unsqueeze(2).to(self._execution_device, self.vae.dtype)
        latent: Tensor = self.vae.encode(pixels).latent_dist.mode().float()
        return latent * float(self.vae.config.scaling_factor)
