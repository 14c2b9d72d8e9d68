"""Error of a velocity in four bands of temporal and spatial frequency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from vidkit.errors import ConfigError

# first letter temporal, second spatial; L below a quarter of the sampling rate on every axis of the group
BAND_WEIGHTS: dict[str, float] = {"LL": 1.0, "LH": 0.5, "HL": 0.01, "HH": 0.01}
CUTOFF = 0.25


@dataclass(frozen=True)
class BandError:
    """Relative error energies.

    Attributes:
        bands: energy of the error in each band over the energy of the reference.
        weighted: weighted sum, the `e` of calibration.
    """

    bands: dict[str, float]
    weighted: float


def band_error(actual: Tensor, reference: Tensor, weights: Mapping[str, float] = BAND_WEIGHTS) -> BandError:
    """`e = sum_q w_q r_q`, `r_q` the share of the reference's energy that the error has in band q.

    Source: HASTE (arXiv 2605.14513), calibration error; the band limits are ours (the paper gives none).

    Args:
        actual: velocity `[..., C, T, H, W]`.
        reference: dense velocity of the same shape.
        weights: by band name; `check_weights` says what is allowed.
    """
    error = (
        torch.fft.fftn(actual.double() - reference.double(), dim=(-3, -2, -1), norm="ortho").abs().square()
    )
    energy = float(reference.double().square().sum()) + 1e-30
    low_t, low_h, low_w = (torch.fft.fftfreq(n, device=error.device).abs() < CUTOFF for n in error.shape[-3:])
    temporal = low_t[:, None, None]
    spatial = low_h[None, :, None] & low_w[None, None, :]
    masks = {
        "LL": temporal & spatial,
        "LH": temporal & ~spatial,
        "HL": ~temporal & spatial,
        "HH": ~temporal & ~spatial,
    }
    bands = {name: float((error * mask).sum()) / energy for name, mask in masks.items()}
    return BandError(bands, sum(weights[name] * value for name, value in bands.items()))


def check_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """The weights as a dict.

    Raises:
        ConfigError: a band is missing or unknown, or a weight is negative.
    """
    if set(weights) != set(BAND_WEIGHTS) or any(not w >= 0 for w in weights.values()):
        raise ConfigError(f"band weights must be non-negative for LL, LH, HL and HH, got {dict(weights)}")
    return dict(weights)
