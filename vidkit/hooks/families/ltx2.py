"""LTX-2: the video's self-attention is `attn1`; text and sound have attentions of their own."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.transformers.transformer_ltx2 import (
    apply_interleaved_rotary_emb,
    apply_split_rotary_emb,
)
from torch import Tensor

from vidkit.hooks.calls import Call
from vidkit.hooks.families.base import Layer, ModelFamily, Projected
from vidkit.hooks.token_grid import TokenGrid


class LTX2(ModelFamily):
    """Latents come packed, so they do not tell the grid; gates of the heads are applied after attention.

    Sound passes the blocks beside the video, and comes out of the model beside it.
    """

    blocks_name = "transformer_blocks"
    timestep_at = 4
    carries = ("hidden_states", "audio_hidden_states")
    beside = 1
    layout = "ltx2"
    processors = ("LTX2AudioVideoAttnProcessor", "LTX2PerturbedAttnProcessor")

    def layers(self, model: Any) -> tuple[Layer, ...]:
        """`attn1` of every block, the video's alone."""
        return tuple(Layer(block.attn1, i) for i, block in enumerate(self.blocks(model)))

    def grid(self, config: Any, latents: Tensor) -> TokenGrid | None:
        """`[B, N, C]` says nothing of frames."""
        return None

    def grid_of_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> TokenGrid | None:
        """Of latent sizes that the pipeline passes for the rotary tables."""
        size = [kwargs.get(name) for name in ("num_frames", "height", "width")]
        grid = TokenGrid(*(int(n) for n in size if n)) if all(size) else None
        tokens = self.call(args, kwargs).latents.shape[1]
        return grid if grid is not None and grid.tokens == tokens else None

    def seconds(self, config: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> float:
        """Of so many latent frames of sound."""
        sound = kwargs["audio_hidden_states"] if "audio_hidden_states" in kwargs else args[1]
        rate = config.audio_sampling_rate / config.audio_hop_length / config.audio_scale_factor
        return float(sound.shape[1] / rate)

    def frame_modulation(self, args: tuple[Any, ...], kwargs: dict[str, Any], grid: TokenGrid) -> Tensor:
        """One for all tokens, or one a token; of those of a frame the first."""
        levels: Tensor = kwargs["temb"] if "temb" in kwargs else args[2]
        return levels.expand(-1, grid.tokens, -1)[:, :: grid.per_frame]

    def by_token(self, output: Tensor, grid: TokenGrid) -> Tensor:
        """It is."""
        return output

    def by_place(self, tokens: Tensor, like: Tensor, grid: TokenGrid) -> Tensor:
        """It is packed as well."""
        return tokens

    def by_frame(self, latents: Tensor, grid: TokenGrid) -> Tensor:
        """Out of rows of tokens."""
        by_place = latents.view(latents.shape[0], grid.frames, grid.rows, grid.columns, -1)
        return by_place.movedim(-1, 1)

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """Only the text tells prompts apart: sound and noise levels change at every step."""
        whole = super().call(args, kwargs)
        text = kwargs["encoder_hidden_states"] if "encoder_hidden_states" in kwargs else args[2]
        return Call(whole.timestep, whole.latents, [text])

    def is_plain(
        self,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        query_rotary_emb: Any = None,
        key_rotary_emb: Any = None,
        perturbation_mask: Tensor | None = None,
        all_perturbed: bool | None = None,
        **kwargs: Any,
    ) -> bool:
        """Self-attention without a mask, none of it perturbed."""
        perturbed = perturbation_mask is not None or bool(all_perturbed)
        return encoder_hidden_states is None and attention_mask is None and not perturbed

    def project(
        self,
        attention: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        query_rotary_emb: Any = None,
        key_rotary_emb: Any = None,
        **kwargs: Any,
    ) -> Projected:
        """Norm over all heads together and rotary embedding, both before heads are split."""
        q, k, v = (layer(hidden_states) for layer in (attention.to_q, attention.to_k, attention.to_v))
        raw_q, raw_k = attention.norm_q(q), attention.norm_k(k)
        q, k = raw_q, raw_k
        if query_rotary_emb is not None:
            split = attention.rope_type == "split"
            rotate = apply_split_rotary_emb if split else apply_interleaved_rotary_emb
            q = rotate(raw_q, query_rotary_emb)
            k = rotate(raw_k, query_rotary_emb if key_rotary_emb is None else key_rotary_emb)
        gates = None
        if attention.to_gate_logits is not None:
            gates = 2.0 * torch.sigmoid(attention.to_gate_logits(hidden_states))
        q, k, v, raw_q, raw_k = (x.unflatten(2, (attention.heads, -1)) for x in (q, k, v, raw_q, raw_k))
        return Projected(q, k, v, raw_q, raw_k, after=gates)

    def output(self, attention: Any, heads: Tensor, after: Any = None) -> Any:
        """Gates of the heads, then output projection and its dropout."""
        if after is not None:
            heads = heads * after[..., None]
        return attention.to_out[1](attention.to_out[0](heads.flatten(2, 3)))
