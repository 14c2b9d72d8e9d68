"""Wan pipelines of diffusers, with the one seam that random weights need."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import WanImageToVideoPipeline
from torch import Tensor


class WanImagePipeline(WanImageToVideoPipeline):  # type: ignore[misc]
    """Image to video that can do without CLIP.

    Upstream refuses an image together with ready image embeddings, though it needs the image for the latents.
    """

    fixed_image_embeds: Tensor | None = None  # [1, 257, image_dim]; None: CLIP encodes the image

    def encode_image(self, image: Any, device: torch.device | None = None) -> Tensor:
        if self.fixed_image_embeds is not None:
            made = self.fixed_image_embeds.to(device or self._execution_device)
            return made.repeat(len(image), 1, 1) if isinstance(image, list) else made
        encoded: Tensor = super().encode_image(image, device)
        return encoded
