"""One layer of SkyReels-V2 in two halves, before attention and after it.

Each half is a function of tensors and one module, so that torch can compile it; one graph serves all layers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from vidkit.hooks.families.wan import project, rotate


def before_attention(
    block: Any,
    hidden: Tensor,
    modulation: Tensor,
    cos: Tensor,
    sin: Tensor,
    per_frame: int,
    frames: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values `[B, n, H, D]`, after norm and rotary embedding.

    Args:
        block: a layer.
        hidden: `[B, n, C]`.
        modulation: of every frame, `[B, m, 6, C]`.
        cos: `[1, n, 1, D]`.
        sin: likewise.
        per_frame: tokens of a frame.
        frames: frame of each computed token `[n]`, or of each clip's `[B, n]`; None: all tokens of the block,
            so that a frame's values can be broadcast.
    """
    shift, scale = (_part(block, modulation, i) for i in (0, 1))
    normed = modulated(block.norm1(hidden.float()), scale, shift, per_frame, frames).type_as(hidden)
    q, k, v = project(block.attn1, normed)
    return rotate(q, cos, sin), rotate(k, cos, sin), v


def after_attention(
    block: Any,
    hidden: Tensor,
    heads: Tensor,
    modulation: Tensor,
    text: Tensor,
    per_frame: int,
    frames: Tensor | None,
) -> Tensor:
    """Output projection, cross-attention and feed-forward; heads `[B, n, H, D]` of self-attention."""
    attention = block.attn1
    gate, ffn_shift, ffn_scale, ffn_gate = (_part(block, modulation, i) for i in (2, 3, 4, 5))
    attended = attention.to_out[1](attention.to_out[0](heads.flatten(2, 3).type_as(hidden)))
    hidden = (hidden.float() + scaled(attended, gate, per_frame, frames)).type_as(hidden)
    normed = block.norm2(hidden.float()).type_as(hidden)
    hidden = hidden + block.attn2(normed, text, None, None)
    normed = modulated(block.norm3(hidden.float()), ffn_scale, ffn_shift, per_frame, frames).type_as(hidden)
    fed = block.ffn(normed).float()
    return (hidden.float() + scaled(fed, ffn_gate, per_frame, frames)).type_as(hidden)


def halves(block: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Both halves, compiled if the block is."""
    if getattr(block, "_compiled_call_impl", None) is None:
        return before_attention, after_attention
    return _compiled(before_attention), _compiled(after_attention)


@functools.cache
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    made: Callable[..., Any] = torch.compile(function)
    return made


def _part(block: Any, modulation: Tensor, index: int) -> Tensor:
    """One of the six vectors of a layer, of every frame, `[B, m, C]` fp32."""
    made: Tensor = block.scale_shift_table[:, index, None] + modulation[:, :, index].float()
    return made


def modulated(x: Tensor, scale: Tensor, shift: Tensor, per_frame: int, frames: Tensor | None) -> Tensor:
    """Scale and shift x `[B, n, C]` by the values of each token's frame, `[B, m, C]`."""
    if frames is not None:
        return x * (1 + tokens_at(scale, frames)) + tokens_at(shift, frames)
    return (_by_frame(x, per_frame) * (1 + scale.unsqueeze(2)) + shift.unsqueeze(2)).flatten(1, 2)


def scaled(x: Tensor, gate: Tensor, per_frame: int, frames: Tensor | None) -> Tensor:
    """Multiply x by the value of each token's frame."""
    if frames is not None:
        return x * tokens_at(gate, frames)
    return (_by_frame(x, per_frame) * gate.unsqueeze(2)).flatten(1, 2)


def tokens_at(x: Tensor, rows: Tensor) -> Tensor:
    """Rows `[n]` of x `[B, P, ...]`, or rows `[B, n]` of each clip; x may be of one clip, `[1, P, ...]`."""
    if rows.dim() == 1:
        return x[:, rows]
    clips = torch.arange(rows.shape[0], device=rows.device)[:, None]
    return x[0, rows] if x.shape[0] == 1 else x[clips, rows]


def _by_frame(x: Tensor, per_frame: int) -> Tensor:
    """`[B, P, C]` to `[B, m, S, C]`."""
    return x.reshape(x.shape[0], -1, per_frame, x.shape[-1])
