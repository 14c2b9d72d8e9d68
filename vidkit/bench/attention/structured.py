"""Q, K and V with the structure that trained models have, for errors where Gaussian ones say too little."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vidkit.hooks.token_grid import TokenGrid


def structured(
    grid: TokenGrid, H: int, D: int, device: torch.device, dtype: torch.dtype = torch.float32, seed: int = 1
) -> tuple[Tensor, Tensor, Tensor]:
    """Q, K, V `[1, H, N, D]` like a trained model's: logits from positions, an offset, loud channels."""
    generator = torch.Generator(device).manual_seed(seed)
    N, (t, h, w) = grid.tokens, (grid.frames, grid.rows, grid.columns)
    coarse = torch.randn(
        3, H * D, max(2, t // 4), max(2, h // 6), max(2, w // 6), generator=generator, device=device
    )
    smooth = F.interpolate(coarse, size=(t, h, w), mode="trilinear").view(3, H, D, N).mT
    noise = torch.randn(3, H, N, D, generator=generator, device=device)
    q, k, v = 2.0 * smooth + noise
    channels = torch.rand(1, H, 1, D, generator=generator, device=device).pow(8) * 6 + 0.7
    offset = 4 * torch.randn(1, H, 1, D, generator=generator, device=device)
    made = ((q[None] * channels), (k[None] * channels + offset), v[None] + 0.5)
    q8, k8, v8 = (x.transpose(1, 2).contiguous().transpose(1, 2).to(dtype) for x in made)
    return q8, k8, v8
