"""CogVideoX: text and video in one attention, the text before the video; guidance halves the batch."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.embeddings import apply_rotary_emb
from torch import Tensor

from vidkit.hooks.calls import grid_of
from vidkit.hooks.families.base import Layer, ModelFamily, Projected, TextPlace
from vidkit.hooks.token_grid import TokenGrid, patched, unpatched


class CogVideoX(ModelFamily):
    """Padding of the text is attended to as everything else, so it is kept."""

    blocks_name = "transformer_blocks"
    text = TextPlace.BEFORE
    timestep_at = 2
    text_at = 1
    carries = ("hidden_states", "encoder_hidden_states")
    layout = "cogvideox"
    processors = ("CogVideoXAttnProcessor2_0",)

    def layers(self, model: Any) -> tuple[Layer, ...]:
        """`attn1` of every block."""
        return tuple(Layer(block.attn1, i) for i, block in enumerate(self.blocks(model)))

    def grid(self, config: Any, latents: Tensor) -> TokenGrid | None:
        """Latents are `[B, F, C, H, W]`; version 1.5 also patches frames."""
        if latents.dim() != 5:
            return None
        patch = (config.patch_size_t or 1, config.patch_size, config.patch_size)
        return grid_of(latents.transpose(1, 2), patch)

    def frame_modulation(self, args: tuple[Any, ...], kwargs: dict[str, Any], grid: TokenGrid) -> Tensor:
        """One for all frames."""
        level: Tensor = kwargs["temb"] if "temb" in kwargs else args[0]
        return level[:, None].expand(-1, grid.frames, -1)

    def by_token(self, output: Tensor, grid: TokenGrid) -> Tensor:
        """Of an output `[B, F, C, H, W]`."""
        return patched(output.transpose(1, 2), grid)

    def by_place(self, tokens: Tensor, like: Tensor, grid: TokenGrid) -> Tensor:
        """The other way."""
        return unpatched(tokens, like.transpose(1, 2).shape, grid).transpose(1, 2)

    def by_frame(self, latents: Tensor, grid: TokenGrid) -> Tensor:
        """Frames come before channels."""
        return latents.transpose(1, 2)

    def is_plain(
        self,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        image_rotary_emb: Any = None,
        **kwargs: Any,
    ) -> bool:
        """Joint attention without a mask."""
        return encoder_hidden_states is not None and attention_mask is None

    def project(
        self,
        attention: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        image_rotary_emb: Any = None,
        **kwargs: Any,
    ) -> Projected:
        """One projection for both, norm of each head, rotary embedding of the video alone."""
        assert encoder_hidden_states is not None
        words = encoder_hidden_states.shape[1]
        both = torch.cat([encoder_hidden_states, hidden_states], 1)
        if getattr(attention, "fused_projections", False):
            q, k, v = attention.to_qkv(both).chunk(3, dim=-1)
        else:
            q, k, v = attention.to_q(both), attention.to_k(both), attention.to_v(both)
        q, k, v = (x.unflatten(2, (attention.heads, -1)) for x in (q, k, v))
        raw_q = q if attention.norm_q is None else attention.norm_q(q)
        raw_k = k if attention.norm_k is None else attention.norm_k(k)
        q, k = raw_q, raw_k
        if image_rotary_emb is not None:
            q, k = (
                torch.cat([x[:, :words], apply_rotary_emb(x[:, words:], image_rotary_emb, sequence_dim=1)], 1)
                for x in (raw_q, raw_k)
            )
        return Projected(q, k, v, raw_q, raw_k, after=words)

    def output(self, attention: Any, heads: Tensor, after: Any = None) -> Any:
        """Video, then text."""
        flat = attention.to_out[1](attention.to_out[0](heads.flatten(2, 3)))
        return flat[:, after:], flat[:, :after]
