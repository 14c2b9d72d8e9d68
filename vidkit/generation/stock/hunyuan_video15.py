"""HunyuanVideo-1.5 on `HunyuanVideo15Pipeline`: two text encoders, and a guider instead of a scale."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from vidkit.generation.load_options import LoadOptions
from vidkit.generation.loaded import LoadedModel
from vidkit.generation.spec import ModelSpec, Request
from vidkit.generation.stock.base import (
    Given,
    Latents,
    OnStep,
    Stock,
    branch_names,
    common_arguments,
    random_states,
)
from vidkit.models.layouts.hunyuan_video15 import BYT5_TOKENS
from vidkit.utils.quiet import quiet_libraries

_USED = 8  # a random prompt fills an eighth of its tokens
_NAMES = ("prompt_embeds", "prompt_embeds_mask", "prompt_embeds_2", "prompt_embeds_mask_2")


class HunyuanVideo15(Stock):
    """Text to video; every guidance branch is a forward."""

    pipeline = "HunyuanVideo15Pipeline"
    transformer = "HunyuanVideo15Transformer3DModel"
    vae = "AutoencoderKLHunyuanVideo15"

    def other_parts(self, spec: ModelSpec, options: LoadOptions) -> dict[str, Any]:
        from diffusers import ClassifierFreeGuidance, FlowMatchEulerDiscreteScheduler

        absent = dict.fromkeys(("text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2"))
        return {
            **absent,
            "scheduler": FlowMatchEulerDiscreteScheduler(),
            "guider": ClassifierFreeGuidance(guidance_scale=6.0),
        }

    def set_sampler(self, pipe: Any, request: Request) -> None:
        from diffusers import FlowMatchEulerDiscreteScheduler

        known = {**pipe.scheduler.config, "shift": request.shift}
        pipe.scheduler = FlowMatchEulerDiscreteScheduler.from_config(known)
        scale = request.guidance if request.branches == 2 else 1.0  # which it knows as no guidance
        with quiet_libraries():  # it says of itself that it is experimental
            pipe.guider = pipe.guider.new(guidance_scale=scale)

    def random_prompts(self, model: LoadedModel, request: Request) -> dict[str, Any]:
        shape, device, dtype = model.spec.transformer, model.options.device, model.options.dtype
        length = request.max_sequence_length
        found: dict[str, Any] = {}
        for name, prefix in zip(branch_names(request), ("", "negative_"), strict=False):
            size = (1, length, int(shape["text_embed_dim"]))
            states = (
                random_states(request.seed, name, size, device, dtype),
                (torch.arange(length, device=device) < max(1, length // _USED)).to(dtype)[None],
                torch.zeros(1, BYT5_TOKENS, int(shape["text_embed_2_dim"]), device=device, dtype=dtype),
                torch.zeros(1, BYT5_TOKENS, device=device, dtype=dtype),
            )
            found |= {prefix + key: value for key, value in zip(_NAMES, states, strict=True)}
        return found

    def prompts(self, model: LoadedModel, request: Request) -> dict[str, Any]:
        model.pipe.tokenizer_max_length = request.max_sequence_length
        texts = (request.prompt, request.negative_prompt or "")[: request.branches]
        found: dict[str, Any] = {}
        for text, prefix in zip(texts, ("", "negative_"), strict=False):
            states = model.pipe.encode_prompt(prompt=text, dtype=model.options.dtype)
            found |= {prefix + key: value for key, value in zip(_NAMES, states, strict=True)}
        return found

    def denoise(
        self, model: LoadedModel, request: Request, prompts: dict[str, Any], given: Given, on_step: OnStep
    ) -> Latents:
        """Latents `[1, C, F, h, w]`."""
        with _steps_told(model.pipe.scheduler, on_step):
            latents: Tensor = model.pipe(**common_arguments(request), **prompts).frames
        return Latents(latents)


@contextmanager
def _steps_told(scheduler: Any, on_step: OnStep) -> Iterator[None]:
    """The pipeline has no callback, but it asks its scheduler once a step."""
    taken, original = 0, scheduler.step

    def step(model_output: Tensor, timestep: Tensor, sample: Tensor, *args: Any, **kwargs: Any) -> Any:
        nonlocal taken
        made = original(model_output, timestep, sample, *args, **kwargs)
        on_step(taken, float(timestep), made[0] if isinstance(made, tuple) else made.prev_sample)
        taken += 1
        return made

    scheduler.step = step
    try:
        yield
    finally:
        del scheduler.step
