"""What rounding makes of Q, K and V."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class QKV8:
    """Q, K and V in 8 bits with their scales.

    Attributes:
        q: `[B, H, N, D]` int8 or float8_e4m3fn.
        k: `[B, H, Nk, D]`, smoothed, likewise.
        v: float8_e4m3fn `[B, H, D, P]`, tokens last and padded with zeros to whole key blocks; or V as it
            was, `[B, H, Nk, D]`.
        q_scale: `[B, H, N]` fp32, one for each token.
        k_scale: `[B, H, nK]` fp32, one for each key block.
        v_scale: `[B, H, D]` fp32, one for each channel; ones where V was left as it was.
    """

    q: Tensor
    k: Tensor
    v: Tensor
    q_scale: Tensor
    k_scale: Tensor
    v_scale: Tensor
