"""LTX-2 on `LTX2Pipeline`: video and sound together."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vidkit.generation.load_options import LoadOptions
from vidkit.generation.loaded import LoadedModel
from vidkit.generation.random_weights import random_model
from vidkit.generation.spec import ModelSpec, Request
from vidkit.generation.stock.base import (
    Given,
    Latents,
    OnStep,
    Stock,
    branch_names,
    common_arguments,
    pipeline_prompts,
    random_states,
    step_callback,
)
from vidkit.utils.seeding import derive_seed

# the schedule's shift grows with the number of tokens
_SCHEDULE = {
    "use_dynamic_shifting": True,
    "base_shift": 0.95,
    "max_shift": 2.05,
    "base_image_seq_len": 1024,
    "max_image_seq_len": 4096,
    "shift_terminal": 0.1,
}
# scales of guidance beside the prompt's, video and sound: the pipeline's own defaults, none without guidance
_UNGUIDED = {
    "stg_scale": 0.0,
    "modality_scale": 1.0,
    "guidance_rescale": 0.0,
    "audio_guidance_scale": 1.0,
    "audio_stg_scale": 0.0,
    "audio_modality_scale": 1.0,
    "audio_guidance_rescale": 0.0,
}
_NAMES = ("prompt_embeds", "prompt_attention_mask")


class LTX2(Stock):
    """Text to video; guidance is by prompt, by sound and, where attention can be perturbed, by that."""

    pipeline = "LTX2Pipeline"
    transformer = "LTX2VideoTransformer3DModel"
    vae = "AutoencoderKLLTX2Video"

    def other_parts(self, spec: ModelSpec, options: LoadOptions) -> dict[str, Any]:
        from diffusers import AutoencoderKLLTX2Audio, FlowMatchEulerDiscreteScheduler
        from diffusers.pipelines.ltx2 import LTX2TextConnectors, LTX2Vocoder

        made = {
            name: random_model(
                kind,
                spec.parts.get(name, {}),
                derive_seed(options.weights_seed, name),
                options.first_place,
                options.dtype,
            )
            for name, kind in (
                ("connectors", LTX2TextConnectors),
                ("audio_vae", AutoencoderKLLTX2Audio),
                ("vocoder", LTX2Vocoder),
            )
        }
        absent = dict.fromkeys(("text_encoder", "tokenizer"))
        return {**absent, **made, "scheduler": FlowMatchEulerDiscreteScheduler(**_SCHEDULE)}

    def set_sampler(self, pipe: Any, request: Request) -> None:
        """Its own scheduler, begun anew."""
        from diffusers import FlowMatchEulerDiscreteScheduler

        pipe.scheduler = FlowMatchEulerDiscreteScheduler.from_config(pipe.scheduler.config)

    def random_prompts(self, model: LoadedModel, request: Request) -> dict[str, Any]:
        config, device, dtype = model.pipe.connectors.config, model.options.device, model.options.dtype
        length = request.max_sequence_length
        found: dict[str, Any] = {}
        for name, prefix in zip(branch_names(request), ("", "negative_"), strict=False):
            size = (1, length, config.caption_channels * config.text_proj_in_factor)
            states = (
                random_states(request.seed, name, size, device, dtype),
                torch.ones(1, length).to(device),
            )
            found |= {prefix + key: value for key, value in zip(_NAMES, states, strict=True)}
        return found

    def prompts(self, model: LoadedModel, request: Request) -> dict[str, Any]:
        states = pipeline_prompts(model, request)
        names = (*_NAMES, *(f"negative_{name}" for name in _NAMES))
        return {key: value for key, value in zip(names, states, strict=True) if value is not None}

    def denoise(
        self, model: LoadedModel, request: Request, prompts: dict[str, Any], given: Given, on_step: OnStep
    ) -> Latents:
        """Latents of the video `[1, C, F, h, w]`, and of the sound `[1, C, T, mel]`."""
        shape = model.spec.transformer
        more: dict[str, Any]
        if request.branches == 1:
            more = _UNGUIDED
        elif not shape["perturbed_attn"]:  # a second pass would only repeat the first
            more = {"stg_scale": 0.0, "audio_stg_scale": 0.0}
        else:
            more = {"spatio_temporal_guidance_blocks": [_perturbed_block(int(shape["num_layers"]))]}
        frames = model.spec.latent_frames(request.frames)

        def by_frame(index: int, level: float, packed: Tensor) -> None:
            batch, tokens, channels = packed.shape
            by_place = packed.view(batch, frames, tokens // frames, channels)
            on_step(index, level, by_place.permute(0, 3, 1, 2)[..., None])

        made = model.pipe(
            **common_arguments(request),
            **prompts,
            **step_callback(by_frame),
            **more,
            frame_rate=float(request.fps),
            guidance_scale=request.guidance,
            use_cross_timestep=bool(shape["cross_attn_mod"]),  # as version 2.3 was trained
            max_sequence_length=request.max_sequence_length,
        )
        speaks = request.sound and model.pipe.vocoder is not None
        return Latents(made.frames, made.audio if speaks else None)


def _perturbed_block(layers: int) -> int:
    """The published block of 48, or the one at the same height."""
    return 28 if layers == 48 else layers * 28 // 48
