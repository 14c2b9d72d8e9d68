"""Latents to pixels, part by part where the VAE allows it, and first frames to tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKLCogVideoX, AutoencoderKLHunyuanVideo15, AutoencoderKLLTX2Video
from PIL import Image
from torch import Tensor

from vidkit.generation.forcing import latent_statistics
from vidkit.models.magi.autoencoder import AutoencoderKLMagi
from vidkit.models.stream_decoder import CogVideoXStreamDecoder, StreamDecoder
from vidkit.models.whole_clip import WholeClip
from vidkit.video.sound import Sound

#: largest buffer (three temporal taps of the last level) up to which a clip is decoded in one pass
WHOLE_CLIP_BYTES = 2**30


def decode_latents(pipe: Any, latents: Tensor) -> np.ndarray:
    """Decode one clip.

    Args:
        pipe: has the VAE.
        latents: normalised, [1, C, F, h, w].

    Returns:
        RGB, uint8 [T, H, W, 3].
    """
    parts = list(decoded_parts(pipe, latents))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def decoded_parts(pipe: Any, latents: Tensor) -> Iterator[np.ndarray]:
    """Decode one clip; its pictures come in order of time, while later ones are still latents.

    Causal VAEs (Wan, CogVideoX) give the pictures of one or two latent frames at a time, so that neither
    they nor the tensors between layers are ever all at hand. Others, and tiles, give all at once.

    Args:
        pipe: has the VAE.
        latents: normalised, [1, C, F, h, w].

    Yields:
        RGB, uint8 [T, H, W, 3].
    """
    latents = latents.to(device=pipe._execution_device, dtype=pipe.vae.dtype)
    for video in _videos(pipe.vae, latents):
        yield to_bytes(video)
        del video
    pipe.maybe_free_model_hooks()


def streams(vae: Any, latents_shape: tuple[int, ...], device: torch.device) -> bool:
    """Whether a clip's pictures come part by part.

    Args:
        vae: of the pipeline.
        latents_shape: `[1, C, F, h, w]`.
        device: where it decodes.
    """
    if isinstance(vae, AutoencoderKLMagi | AutoencoderKLHunyuanVideo15 | AutoencoderKLLTX2Video):
        return False
    if vae.use_tiling:
        return False
    wan = not isinstance(vae, AutoencoderKLCogVideoX)
    return not (wan and _fits_whole(vae, latents_shape, device))


def _videos(vae: Any, latents: Tensor) -> Iterator[Tensor]:
    """Pictures in [-1, 1], `[3, T, H, W]`, without gradients: a generator would carry `no_grad` outside."""
    if isinstance(vae, AutoencoderKLMagi | AutoencoderKLHunyuanVideo15 | AutoencoderKLCogVideoX):
        latents = latents / vae.config.scaling_factor
    elif not isinstance(vae, AutoencoderKLLTX2Video):  # whose pipeline has done it
        with torch.no_grad():
            mean, std = latent_statistics(vae, latents)
            latents = latents * std + mean
    if streams(vae, tuple(latents.shape), latents.device):
        kind = CogVideoXStreamDecoder if isinstance(vae, AutoencoderKLCogVideoX) else StreamDecoder
        decoder = kind(vae)
        for part in decoder.parts(latents):
            yield decoder.push(part)[0]
        return
    yield _whole(vae, latents)


@torch.no_grad()
def decoded_sound(pipe: Any, latents: Tensor) -> Sound:
    """The sound of a clip.

    Args:
        pipe: has a VAE of spectrograms, `audio_vae`, and a vocoder.
        latents: as the pipeline gives them, `[1, C, T, mel]`.
    """
    latents = latents.to(device=pipe._execution_device, dtype=pipe.audio_vae.dtype)
    spectrograms = pipe.audio_vae.decode(latents, return_dict=False)[0]
    wave = pipe.vocoder(spectrograms.to(pipe.vocoder.dtype))[0]
    return Sound(wave.float().cpu().numpy(), int(pipe.vocoder.config.output_sampling_rate))


@torch.no_grad()
def _whole(vae: Any, latents: Tensor) -> Tensor:
    if isinstance(vae, AutoencoderKLLTX2Video):
        level = torch.zeros(1, device=latents.device, dtype=latents.dtype)
        timestep = level if vae.config.timestep_conditioning else None
        video: Tensor = vae.decode(latents, timestep, return_dict=False)[0][0]
        return video
    of_wan = not isinstance(vae, AutoencoderKLMagi | AutoencoderKLHunyuanVideo15 | AutoencoderKLCogVideoX)
    if of_wan and _fits_whole(vae, tuple(latents.shape), latents.device):
        return WholeClip(vae).decode(latents)[0].clamp(-1, 1)
    video = vae.decode(latents, return_dict=False)[0][0]
    return video


def _fits_whole(vae: Any, latents_shape: tuple[int, ...], device: torch.device) -> bool:
    """Whether a clip is decoded in one pass: about twice as fast on CPUs, but memory grows with it."""
    if device.type != "cpu" or vae.use_tiling or not WholeClip.supports(vae):
        return False
    space, time = vae.config.scale_factor_spatial, vae.config.scale_factor_temporal
    _, _, frames, height, width = latents_shape
    pixels = ((frames - 1) * time + 1) * height * width * space**2
    channels = vae.config.decoder_base_dim or vae.config.base_dim
    return bool(3 * channels * pixels * vae.dtype.itemsize <= WHOLE_CLIP_BYTES)


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
