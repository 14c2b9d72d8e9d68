"""PSNR and SSIM of a clip against another, frame by frame on 8-bit RGB."""

from __future__ import annotations

import torch
from torch import Tensor

# equal frames would be infinite; one value off by one in a 96x96 frame is 92.5 dB
PSNR_CAP_DB = 100.0
WINDOW, SIGMA = 11, 1.5


def psnr(clip: Tensor, reference: Tensor) -> Tensor:
    """Peak signal-to-noise ratio, each frame capped at `PSNR_CAP_DB`, mean over frames.

    Args:
        clip: RGB uint8 `[B, T, H, W, 3]`.
        reference: same shape.

    Returns:
        dB, fp64 `[B]`.
    """
    error = (clip.double() - reference.double()).square().flatten(2).mean(-1)
    floor = 255**2 / 10 ** (PSNR_CAP_DB / 10)
    return (10 * torch.log10(255**2 / error.clamp_min(floor))).mean(-1)


def ssim(clip: Tensor, reference: Tensor) -> Tensor:
    """Structural similarity, mean over colours, places and frames.

    Source: Wang et al. 2004: Gaussian window of 11 with sigma 1.5, K1 = .01, K2 = .03, biased covariances,
    places where the window lies wholly inside. Equals scikit-image's `structural_similarity` with those.

    Args:
        clip: RGB uint8 `[B, T, H, W, 3]`, sides of 11 or more.
        reference: same shape.

    Returns:
        fp64 `[B]`.
    """
    B, T = clip.shape[:2]
    rows = [_frames(clip[b], reference[b]) for b in range(B)]
    return torch.stack(rows).reshape(B, T, -1).mean((1, 2))


def _frames(clip: Tensor, reference: Tensor) -> Tensor:
    """SSIM by frame and colour, `[T, 3]`."""
    x, y = (v.permute(0, 3, 1, 2).flatten(0, 1)[:, None].double() for v in (clip, reference))
    offsets = torch.arange(WINDOW, device=clip.device, dtype=torch.float64) - WINDOW // 2
    line = torch.exp(-offsets.square() / (2 * SIGMA**2))
    line = line / line.sum()

    def blur(v: Tensor) -> Tensor:
        return _weighted(_weighted(v, line, 2), line, 3)

    mx, my = blur(x), blur(y)
    vx, vy, vxy = blur(x * x) - mx * mx, blur(y * y) - my * my, blur(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    score = (2 * mx * my + c1) * (2 * vxy + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))
    return score.mean((1, 2, 3)).reshape(clip.shape[0], 3)


def _weighted(v: Tensor, line: Tensor, dim: int) -> Tensor:
    """Sums of neighbours along `dim`, weighted; a convolution in fp64 takes five times as long on a CPU."""
    length = v.shape[dim] - WINDOW + 1
    total = v.narrow(dim, 0, length) * line[0]
    for shift in range(1, WINDOW):
        total.addcmul_(v.narrow(dim, shift, length), line[shift])
    return total
