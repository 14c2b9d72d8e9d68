"""Latents to pixels and first frames to tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vidkit.generation.forcing import latent_statistics
from vidkit.models.magi.autoencoder import AutoencoderKLMagi
from vidkit.models.whole_clip import WholeClip

#: largest buffer (three temporal taps of the last level) up to which a clip is decoded in one pass
WHOLE_CLIP_BYTES = 2**30


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
    if isinstance(pipe.vae, AutoencoderKLMagi):
        pixels = pipe.vae.decode(latents / pipe.vae.config.scaling_factor, return_dict=False)[0][0]
        pipe.maybe_free_model_hooks()
        return to_bytes(pixels)
    mean, std = latent_statistics(pipe.vae, latents)
    latents = latents * std + mean
    if _fits_whole(pipe.vae, latents):
        video = WholeClip(pipe.vae).decode(latents)[0].clamp(-1, 1)
    else:
        video = pipe.vae.decode(latents, return_dict=False)[0][0]
    pipe.maybe_free_model_hooks()
    return to_bytes(video)


def _fits_whole(vae: Any, latents: Tensor) -> bool:
    """Whether a clip is decoded in one pass: about twice as fast on CPUs, but memory grows with it."""
    if latents.device.type != "cpu" or vae.use_tiling or not WholeClip.supports(vae):
        return False
    space, time = vae.config.scale_factor_spatial, vae.config.scale_factor_temporal
    _, _, frames, height, width = latents.shape
    pixels = ((frames - 1) * time + 1) * height * width * space**2
    channels = vae.config.decoder_base_dim or vae.config.base_dim
    return bool(3 * channels * pixels * latents.element_size() <= WHOLE_CLIP_BYTES)


def to_bytes(video: Tensor) -> np.ndarray:
    """Pictures in [-1, 1], `[3, T, H, W]`, as uint8 [T, H, W, 3] on the host."""
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
