"""Wan VACE on `WanVACEPipeline`: a control clip, a mask, reference images, or first and last frames."""

from __future__ import annotations

from typing import Any

from PIL import Image
from torch import Tensor

from vidkit.generation.load_options import LoadOptions
from vidkit.generation.loaded import LoadedModel
from vidkit.generation.samplers import set_sampler
from vidkit.generation.spec import ModelSpec, Request
from vidkit.generation.stock.base import (
    Given,
    Latents,
    OneEncoder,
    OnStep,
    common_arguments,
    step_callback,
)

_NOTHING = (128, 128, 128)  # of a control clip's pixels that say nothing


class WanVACE(OneEncoder):
    """Every guidance branch is a forward."""

    pipeline = "WanVACEPipeline"
    transformer = "WanVACETransformer3DModel"
    vae = "AutoencoderKLWan"
    text_width = "text_dim"

    def other_parts(self, spec: ModelSpec, options: LoadOptions) -> dict[str, Any]:
        from diffusers import UniPCMultistepScheduler

        scheduler = UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True)
        return {"tokenizer": None, "text_encoder": None, "scheduler": scheduler}

    def set_sampler(self, pipe: Any, request: Request) -> None:
        set_sampler(pipe, request.sampler, request.shift)

    def denoise(
        self, model: LoadedModel, request: Request, prompts: dict[str, Any], given: Given, on_step: OnStep
    ) -> Latents:
        """Latents `[1, C, F, h, w]`, normalised, without those of the reference images."""
        video, mask = control(given, request)
        latents: Tensor = model.pipe(
            **common_arguments(request),
            **prompts,
            **step_callback(on_step),
            video=video,
            mask=mask,
            reference_images=list(given.references) or None,
            conditioning_scale=request.control_scale,
            guidance_scale=request.guidance,
            max_sequence_length=request.max_sequence_length,
        ).frames
        return Latents(latents[:, :, len(given.references) :])


def control(given: Given, request: Request) -> tuple[list[Image.Image] | None, list[Image.Image] | None]:
    """The control clip and its mask; first and last frames are kept in a clip that says nothing else."""
    if given.video:
        return list(given.video), list(given.mask) or None
    if given.image is None and given.last_image is None:
        return None, None
    size = (request.width, request.height)
    video = [Image.new("RGB", size, _NOTHING) for _ in range(request.frames)]
    mask = [Image.new("L", size, 255) for _ in range(request.frames)]
    for place, image in ((0, given.image), (request.frames - 1, given.last_image)):
        if image is not None:
            video[place], mask[place] = image, Image.new("L", size, 0)
    return video, mask
