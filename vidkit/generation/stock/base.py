"""What it takes to run a family on its diffusers pipeline: random parts, prompts, the call, its sampler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import Tensor

from vidkit.generation.load_options import LoadOptions
from vidkit.generation.loaded import LoadedModel
from vidkit.generation.random_weights import random_model
from vidkit.generation.spec import ModelSpec, Request
from vidkit.utils.seeding import derive_seed

# of a step: its number, its noise level, the latents after it
OnStep = Callable[[int, float, Tensor], None]


@dataclass(frozen=True)
class Given:
    """What a clip is made from, beside its prompt.

    Attributes:
        image: first frame of the clip's size.
        last_image: last frame, likewise.
        video: control clip, a picture a frame.
        mask: white where the control clip is made anew.
        references: images of what is to be seen.
    """

    image: Image.Image | None = None
    last_image: Image.Image | None = None
    video: Sequence[Image.Image] = ()
    mask: Sequence[Image.Image] = ()
    references: Sequence[Image.Image] = ()


class Latents(NamedTuple):
    """What comes out of a loop.

    Attributes:
        video: as `vidkit.generation.decode` takes them.
        sound: as the pipeline's sound VAE takes them; None: no sound is wanted, or the model makes none.
    """

    video: Tensor
    sound: Tensor | None = None


class Stock:
    """One family; stateless. Classes of diffusers are named, and imported when needed.

    Attributes:
        pipeline: class of the pipeline.
        transformer: class of the transformer.
        vae: class of the VAE.
    """

    pipeline: str
    transformer: str
    vae: str

    def pipeline_class(self) -> type[Any]:
        """The pipeline's class."""
        return _class(self.pipeline)

    def vae_class(self) -> type[Any]:
        """The VAE's class."""
        return _class(self.vae)

    def random_pipeline(self, spec: ModelSpec, options: LoadOptions) -> Any:
        """The pipeline with random weights, without text encoders."""
        seed, place = options.weights_seed, options.first_place
        parts = {
            name: random_model(_class(kind), arguments, derive_seed(seed, name), place, dtype)
            for name, kind, arguments, dtype in (
                ("transformer", self.transformer, spec.transformer, options.dtype),
                ("vae", self.vae, spec.vae, options.vae_dtype),
            )
        }
        return self.pipeline_class()(**parts, **self.other_parts(spec, options))

    def other_parts(self, spec: ModelSpec, options: LoadOptions) -> dict[str, Any]:
        """What else the pipeline's constructor takes: scheduler, what stands for the text encoders."""
        raise NotImplementedError

    def set_sampler(self, pipe: Any, request: Request) -> None:
        """Give the pipeline its scheduler and guidance."""
        raise NotImplementedError

    def random_prompts(self, model: LoadedModel, request: Request) -> dict[str, Any]:
        """Stand-ins for encoded prompts, as the pipeline's call takes them."""
        raise NotImplementedError

    def prompts(self, model: LoadedModel, request: Request) -> dict[str, Any]:
        """Encoded prompts, as the pipeline's call takes them."""
        raise NotImplementedError

    def denoise(
        self, model: LoadedModel, request: Request, prompts: dict[str, Any], given: Given, on_step: OnStep
    ) -> Latents:
        """Run the pipeline's loop."""
        raise NotImplementedError

    def encode(self, model: LoadedModel, request: Request) -> dict[str, Any]:
        """Prompts for the call, encoded or random."""
        with torch.no_grad():
            return (self.random_prompts if model.is_random else self.prompts)(model, request)


def random_states(
    seed: int, name: str, size: Sequence[int], device: torch.device, dtype: torch.dtype
) -> Tensor:
    """Stand-in for hidden states of a text encoder."""
    generator = torch.Generator("cpu").manual_seed(derive_seed(seed, name))
    return torch.randn(tuple(size), generator=generator).to(device, dtype)


class OneEncoder(Stock):
    """A family with one text encoder, whose states are the pipeline's `prompt_embeds`.

    Attributes:
        text_width: argument of the transformer that holds the width of those states.
    """

    text_width: str

    def random_prompts(self, model: LoadedModel, request: Request) -> dict[str, Any]:
        size = (1, request.max_sequence_length, int(model.spec.transformer[self.text_width]))
        states = [
            random_states(request.seed, name, size, model.options.device, model.options.dtype)
            for name in branch_names(request)
        ]
        return {"prompt_embeds": states[0], "negative_prompt_embeds": states[1] if len(states) > 1 else None}

    def prompts(self, model: LoadedModel, request: Request) -> dict[str, Any]:
        prompt, negative = pipeline_prompts(model, request)
        return {"prompt_embeds": prompt, "negative_prompt_embeds": negative}


def pipeline_prompts(model: LoadedModel, request: Request) -> Any:
    """What the pipeline's own encoder makes of the prompts."""
    return model.pipe.encode_prompt(
        request.prompt,
        request.negative_prompt or "",
        do_classifier_free_guidance=request.branches == 2,
        max_sequence_length=request.max_sequence_length,
    )


def branch_names(request: Request) -> tuple[str, ...]:
    """Prompts that a clip needs."""
    return ("prompt", "negative prompt")[: request.branches]


def common_arguments(request: Request) -> dict[str, Any]:
    """What every pipeline's call takes."""
    return {
        "height": request.height,
        "width": request.width,
        "num_frames": request.frames,
        "num_inference_steps": request.steps,
        "generator": torch.Generator("cpu").manual_seed(request.seed),
        "output_type": "latent",
    }


def step_callback(on_step: OnStep) -> dict[str, Any]:
    """A pipeline's arguments that tell of its steps."""

    def heard(pipe: Any, index: int, timestep: Tensor, tensors: dict[str, Any]) -> dict[str, Any]:
        on_step(index, float(timestep), tensors["latents"])
        return tensors

    return {"callback_on_step_end": heard, "callback_on_step_end_tensor_inputs": ["latents"]}


def _class(name: str) -> type[Any]:
    import diffusers

    found: type[Any] = getattr(diffusers, name)
    return found
