"""Wan2.1 and Wan2.2: self-attention is `blocks[i].attn1`, text and image are read by cross-attention."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vidkit.hooks.families.base import Layer, ModelFamily, Projected
from vidkit.hooks.token_grid import TokenGrid


class Wan(ModelFamily):
    """Tokens in raster order (frame, row, column); a guidance branch is a forward of its own."""

    processors = ("WanAttnProcessor",)
    token_wise = True

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

    def output(self, attention: Any, heads: Tensor, after: Any = None) -> Tensor:
        """Output projection and its dropout."""
        out: Tensor = attention.to_out[1](attention.to_out[0](heads.flatten(2, 3)))
        return out

    tokens_dim = 1  # of a modulation that differs by token, `[B, N, 6, C]`

    def token_args(self, args: tuple[Any, ...], index: Tensor) -> tuple[Any, ...]:
        """Rows of modulation and rotary tables; text is read by every token."""
        text, modulation, rotary, *rest = args
        if modulation.dim() == 4:
            modulation = _rows(modulation.movedim(self.tokens_dim, 1), index).movedim(1, self.tokens_dim)
        return (text, modulation, tuple(_rows(table, index) for table in rotary), *rest)

    def frame_modulation(self, args: tuple[Any, ...], kwargs: dict[str, Any], grid: TokenGrid) -> Tensor:
        """One row a frame: all tokens of a frame have the same."""
        modulation: Tensor = args[1]
        if modulation.dim() == 3:
            return modulation.flatten(1)[:, None].expand(-1, grid.frames, -1)
        by_token = modulation.movedim(self.tokens_dim, 1)
        return by_token[:, :: grid.per_frame].flatten(2)


def _rows(table: Tensor, index: Tensor) -> Tensor:
    """Rows `index [B, U]` of `[B or 1, N, ...]`."""
    table = table.expand(index.shape[0], *table.shape[1:])
    wide = index.view(*index.shape, *[1] * (table.dim() - 2)).expand(*index.shape, *table.shape[2:])
    return table.gather(1, wide)


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
