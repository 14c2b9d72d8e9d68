"""Small diffusion-forcing clips on the tiny model, for tests of block-by-block execution."""

from typing import Any

import torch
from torch import Tensor

from vidkit.generation.forcing import ForcingOptions

SIZE, FRAMES, STEPS = 32, 29, 4  # 8 latent frames
CAUSAL = {"block_size": 2, "causal_attention": True}
ACTIVE = {"ar_step": 2, "active_only": True, **CAUSAL}


def embeds(pipe: Any, text: str) -> Tensor:
    """States of the text encoder, `[1, 8, D]`."""
    with torch.no_grad():
        states: Tensor = pipe.encode_prompt(text, max_sequence_length=8, do_classifier_free_guidance=False)[0]
    return states


def denoise(pipe: Any, guidance: float = 3.0, frames: int = FRAMES, **options: Any) -> Tensor:
    """Latents of a clip; options are `ForcingOptions`, and image, callback, cache and steps."""
    image, callback, cache = (options.pop(name, None) for name in ("image", "callback", "cache"))
    steps = options.pop("steps", STEPS)
    made: Tensor = pipe.denoise(
        prompt_embeds=embeds(pipe, "a red ball"),
        negative_prompt_embeds=embeds(pipe, "dark"),
        image=image,
        height=SIZE,
        width=SIZE,
        num_frames=frames,
        num_inference_steps=steps,
        guidance_scale=guidance,
        fps=24,
        generator=torch.Generator().manual_seed(7),
        options=ForcingOptions(**options),
        callback=callback,
        cache=cache,
    )
    return made
