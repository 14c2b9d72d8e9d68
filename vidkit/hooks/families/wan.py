"""Wan2.1 and Wan2.2: self-attention is `blocks[i].attn1`, text and image are read by cross-attention."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vidkit.hooks.families.base import Layer, ModelFamily, Projected


class Wan(ModelFamily):
    """Tokens in raster order (frame, row, column); a guidance branch is a forward of its own."""

    processors = ("WanAttnProcessor",)

    def layers(self, model: Any) -> tuple[Layer, ...]:
        """`attn1` of every block."""
        return tuple(Layer(block.attn1, i) for i, block in enumerate(self.blocks(model)))

    def is_plain(
        self,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        rotary_emb: tuple[Tensor, Tensor] | None = None,
        **kwargs: Any,
    ) -> bool:
        """No text and no mask (block-causal models have one)."""
        return encoder_hidden_states is None and attention_mask is None

    def project(
        self,
        attention: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        rotary_emb: tuple[Tensor, Tensor] | None = None,
        **kwargs: Any,
    ) -> Projected:
        """Norm over all heads together, then rotary embedding; hidden_states `[B, N, C]`."""
        raw_q, raw_k, v = project(attention, hidden_states)
        if rotary_emb is None:
            return Projected(raw_q, raw_k, v, raw_q, raw_k)
        return Projected(rotate(raw_q, *rotary_emb), rotate(raw_k, *rotary_emb), v, raw_q, raw_k)

    def output(self, attention: Any, heads: Tensor) -> Tensor:
        """Output projection and its dropout."""
        out: Tensor = attention.to_out[1](attention.to_out[0](heads.flatten(2, 3)))
        return out


def project(attention: Any, hidden_states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Q, K, V `[B, N, H, D]` of a self-attention module, normed, before rotary embedding."""
    if getattr(attention, "fused_projections", False):
        q, k, v = attention.to_qkv(hidden_states).chunk(3, dim=-1)
    else:
        q, k, v = attention.to_q(hidden_states), attention.to_k(hidden_states), attention.to_v(hidden_states)
    q, k = attention.norm_q(q), attention.norm_k(k)
    q, k, v = (x.unflatten(2, (attention.heads, -1)) for x in (q, k, v))
    return q, k, v


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding of neighbouring pairs; x `[B, N, H, D]`, doubled tables `[1, N, 1, D]`."""
    even, odd = x.reshape(*x.shape[:-1], -1, 2).unbind(-1)
    c, s = cos[..., 0::2], sin[..., 1::2]
    return torch.stack((even * c - odd * s, even * s + odd * c), dim=-1).flatten(-2).type_as(x)
