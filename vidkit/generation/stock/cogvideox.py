"""CogVideoX on `CogVideoXPipeline`: its own noise schedule, and guidance that grows with DPM-Solver."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from vidkit.generation.load_options import LoadOptions
from vidkit.generation.loaded import LoadedModel
from vidkit.generation.spec import ModelSpec, Request
from vidkit.generation.stock.base import (
    Given,
    Latents,
    OneEncoder,
    OnStep,
    common_arguments,
    step_callback,
)

# of the 5B model, which folders bring themselves
_SCHEDULE = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "snr_shift_scale": 1.0,
    "timestep_spacing": "trailing",
}


class CogVideoX(OneEncoder):
    """Text to video; the prompt and no prompt are two halves of a batch."""

    pipeline = "CogVideoXPipeline"
    transformer = "CogVideoXTransformer3DModel"
    vae = "AutoencoderKLCogVideoX"
    text_width = "text_embed_dim"

    def other_parts(self, spec: ModelSpec, options: LoadOptions) -> dict[str, Any]:
        from diffusers import CogVideoXDPMScheduler

        return {"tokenizer": None, "text_encoder": None, "scheduler": CogVideoXDPMScheduler(**_SCHEDULE)}

    def set_sampler(self, pipe: Any, request: Request) -> None:
        from diffusers import CogVideoXDDIMScheduler, CogVideoXDPMScheduler

        kind = {"dpmpp": CogVideoXDPMScheduler, "ddim": CogVideoXDDIMScheduler}[request.sampler]
        pipe.scheduler = kind.from_config(pipe.scheduler.config)

    def denoise(
        self, model: LoadedModel, request: Request, prompts: dict[str, Any], given: Given, on_step: OnStep
    ) -> Latents:
        """Latents `[1, C, F, h, w]`, without those that the pipeline adds for whole tokens."""
        made = model.pipe(
            **common_arguments(request),
            **prompts,
            **step_callback(lambda index, level, x: on_step(index, level, x.transpose(1, 2))),
            guidance_scale=request.guidance,
            use_dynamic_cfg=request.sampler == "dpmpp" and request.branches == 2,
            max_sequence_length=request.max_sequence_length,
        ).frames
        wanted = model.spec.latent_frames(request.frames)
        latents: Tensor = made[:, made.shape[1] - wanted :].transpose(1, 2)
        return Latents(latents)
