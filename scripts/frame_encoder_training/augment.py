"""What cameras and codecs do to a picture, on the device and new at every step."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_SHIFT = 3  # pixels


def degrade(pixels: Tensor) -> Tensor:
    """Light, contrast, blur, noise and a small shift of pixels in [0, 1] [B, 3, H, W]."""
    pixels = _shift(pixels)
    gain, offset = _uniform(pixels, 0.75, 1.2), _uniform(pixels, -0.07, 0.07)
    tint = 1 + 0.04 * torch.randn(len(pixels), 3, 1, 1, device=pixels.device)
    pixels = pixels * gain * tint + offset
    soft = F.avg_pool2d(F.pad(pixels, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    amount = _uniform(pixels, 0, 1) * (_uniform(pixels, 0, 1) < 0.35)
    pixels = torch.lerp(pixels, soft, amount)
    sigma = _uniform(pixels, 0, 0.036) * (_uniform(pixels, 0, 1) < 0.5)
    return (pixels + sigma * torch.randn_like(pixels)).clamp(0, 1)


def _uniform(pixels: Tensor, low: float, high: float) -> Tensor:
    """One number per picture [B, 1, 1, 1]."""
    return low + (high - low) * torch.rand(len(pixels), 1, 1, 1, device=pixels.device)


def _shift(pixels: Tensor) -> Tensor:
    height, width = pixels.shape[-2:]
    y, x = (int(v) for v in torch.randint(0, 2 * _SHIFT + 1, (2,)))
    wide = F.pad(pixels, (_SHIFT,) * 4, mode="replicate")
    return wide[..., y : y + height, x : x + width]
