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
    """Latents come packed, so the grid is not known; gates of the heads are applied after attention."""

    blocks_name = "transformer_blocks"
    timestep_at = 4
    resumable = False
    processors = ("LTX2AudioVideoAttnProcessor", "LTX2PerturbedAttnProcessor")

    def layers(self, model: Any) -> tuple[Layer, ...]:
        """`attn1` of every block, the video's alone."""
        return tuple(Layer(block.attn1, i) for i, block in enumerate(self.blocks(model)))

    def grid(self, config: Any, latents: Tensor) -> TokenGrid | None:
        """`[B, N, C]` says nothing of frames."""
        return None

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
