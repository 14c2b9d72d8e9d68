"""What the Triton kernel can take."""

from __future__ import annotations

import torch


def unsupported_reason(D: int, dtype: torch.dtype, block_k: int, stride: int) -> str | None:
    """Why the Triton kernel cannot take a case, or None; the plain reference takes every case."""
    groups = block_k // stride
    if D < 16 or D & (D - 1):
        return f"head_dim {D} is not a power of two from 16"
    if groups & (groups - 1):
        return f"{groups} strides of {stride} a key block of {block_k} are not a power of two"
    if dtype not in (torch.float16, torch.bfloat16, torch.float32):
        return f"dtype {dtype} is not fp16, bf16 or fp32"
    return None
