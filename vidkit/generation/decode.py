"""Latents to pixels and first frames to tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vidkit.generation.forcing import latent_statistics


@torch.no_grad()
def decode_latents(pipe: Any, latents: Tensor) -> np.ndarray:
    """Decode one clip.

    Args:
        pipe: has the VAE.
        latents: normalised, [1, C, F, h, w].

    Returns:
        RGB, uint8 [T, H, W, 3].
    """
    device = pipe._execution_device
    latents = latents.to(device=device, dtype=pipe.vae.dtype)
    mean, std = latent_statistics(pipe.vae, latents)
    video = pipe.vae.decode(latents * std + mean, return_dict=False)[0][0]
    pipe.maybe_free_model_hooks()
    return _to_bytes(video)


def _to_bytes(video: Tensor) -> np.ndarray:
    # frame by frame: a second fp32 copy of a 720p clip would cost a gigabyte
    _, count, height, width = video.shape
    frames = np.empty((count, height, width, 3), dtype=np.uint8)
    for index in range(count):
        pixels = video[:, index].float().add(1).mul(127.5).round().clamp(0, 255)
        frames[index] = pixels.to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    return frames


def image_tensor(image: Image.Image) -> Tensor:
    """RGB image to [1, 3, H, W] in [-1, 1], fp32."""
    pixels = torch.from_numpy(np.asarray(image, dtype=np.uint8).copy())
    return pixels.permute(2, 0, 1).unsqueeze(0).float() / 127.5 - 1
