"""Plain-torch reference of 8-bit attention: the same roundings, everything else in fp32."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .formats import QKV8

FP8 = torch.float8_e4m3fn
P_SCALE = 256.0  # of P before it is rounded to FP8: small probabilities keep their bits


def quantize_reference(
    q: Tensor, k: Tensor, v: Tensor, mean: Tensor, v_scale: Tensor, qk: str, pv: str, block_k: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """See `quantize_qkv`; `mean` `[B, H, D]` is taken off K."""
    q8, q_scale = rounded(q.float(), q.float().abs().amax(-1), qk)
    smooth = k.float() - mean[:, :, None]
    pad = -k.shape[2] % block_k
    blocks = F.pad(smooth, (0, 0, 0, pad)).unflatten(2, (-1, block_k))
    largest = blocks.abs().amax((-1, -2))
    per_token = largest.repeat_interleave(block_k, -1)[..., : k.shape[2]]
    k8, _ = rounded(smooth, per_token, qk)
    k_scale = scale_of(largest, qk)
    v8 = v
    if pv == "fp8":
        v8 = F.pad((v.float() / v_scale[:, :, None]).to(FP8).mT.float(), (0, pad)).to(FP8).contiguous()
    return q8.contiguous(), k8.contiguous(), v8, q_scale, k_scale, v_scale


def scale_of(largest: Tensor, kind: str) -> Tensor:
    """What the largest value of a group is divided by; never 0."""
    return (largest / (127.0 if kind == "int8" else 448.0)).clamp_min(1e-12)


def rounded(x: Tensor, largest: Tensor, kind: str) -> tuple[Tensor, Tensor]:
    """Values by their group's scale; x `[..., D]`, largest `[...]`."""
    scale = scale_of(largest, kind)
    values = x / scale[..., None]
    if kind == "fp8":
        return values.to(FP8), scale
    # halves away from zero
    return (values.abs() + 0.5).floor().clamp_max(127).copysign(values).to(torch.int8), scale


def dequantized(made: QKV8, tokens: int, block_k: int) -> tuple[Tensor, Tensor, Tensor]:
    """Q, smoothed K and V as the roundings left them, fp32."""
    q = made.q.float() * made.q_scale[..., None]
    k = made.k.float() * made.k_scale.repeat_interleave(block_k, -1)[..., :tokens, None]
    v = made.v.float()
    if made.v.dtype == FP8:
        v = v.mT[:, :, :tokens] * made.v_scale[:, :, None]
    return q, k, v


def attention_8bit_reference(
    made: QKV8,
    dtype: torch.dtype,
    tokens: int,
    counts: Tensor | None,
    indices: Tensor | None,
    block_q: int,
    block_k: int,
    scale: float,
) -> Tensor:
    """See `attention_8bit`."""
    q, k, v = dequantized(made, tokens, block_k)
    logits = q @ k.mT * scale
    if counts is not None and indices is not None:
        logits = logits.masked_fill(
            ~_listed(counts, indices, q.shape[2], tokens, block_q, block_k), float("-inf")
        )
    top = logits.amax(-1, keepdim=True)
    p = (logits - top.nan_to_num(neginf=0.0)).exp()
    total = p.sum(-1, keepdim=True)
    if made.v.dtype == FP8:
        p = (p * P_SCALE).to(FP8).float() / P_SCALE
    else:
        p, v = p.to(dtype).float(), v
    out = (p @ v / total.where(total > 0, 1)).to(dtype)
    return out.transpose(1, 2).contiguous().transpose(1, 2)


def _listed(counts: Tensor, indices: Tensor, queries: int, keys: int, block_q: int, block_k: int) -> Tensor:
    """Lists as a bool mask of tokens `[B, H, N, Nk]`."""
    nK = indices.shape[-1]
    used = torch.arange(nK, device=counts.device) < counts[..., None]
    mask = torch.zeros(*indices.shape[:3], nK + 1, dtype=torch.bool, device=counts.device)
    mask.scatter_(3, indices.long().where(used, nK), True)
    return (
        mask[..., :nK].repeat_interleave(block_q, 2)[:, :, :queries].repeat_interleave(block_k, 3)[..., :keys]
    )
