"""FLOPs of Wan and SkyReels-V2 transformers, by arithmetic. No torch.

n computed tokens, k tokens that they attend to, S text tokens, width d, feed-forward f, per layer (a
multiply-add is 2 FLOPs):

    self-attention   4 n k d                      (Q K^T and the weighted sum of V)
    cross-attention  4 n S d
    projections      8 n d^2 (self: q, k, v, out) + 4 n d^2 (cross: q, out) + 4 S d^2 (cross: k, v)
    feed-forward     4 n d f

plus patch embedding, text embedding, time projection and output, once. Normalisation, RoPE and softmax are
left out (below 1 %).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ForwardFlops:
    """FLOPs of one pass of some tokens through the transformer."""

    self_attention: float
    cross_attention: float
    linear: float

    @property
    def total(self) -> float:
        return self.self_attention + self.cross_attention + self.linear


@dataclass(frozen=True)
class TransformerShape:
    """What decides the cost of a transformer.

    Attributes:
        dim: d.
        ffn_dim: f.
        layers: number of layers.
        in_channels: of the latents, condition channels included.
        out_channels: of the velocity.
        patch: latent frames, rows and columns of a token.
        text_dim: of the text encoder's states.
        freq_dim: of the time embedding's sinusoids.
        image_dim: of the image encoder's states; 0: no image branch.
        added_kv_dim: inner width of the image branch's keys and values.
    """

    dim: int
    ffn_dim: int
    layers: int
    in_channels: int
    out_channels: int
    patch: tuple[int, int, int]
    text_dim: int
    freq_dim: int
    image_dim: int = 0
    added_kv_dim: int = 0

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> TransformerShape:
        """From constructor arguments in diffusers' names.

        Raises:
            KeyError: one that has no default is missing.
        """
        t, h, w = config.get("patch_size") or (1, 2, 2)
        inputs = int(config["in_channels"])
        return cls(
            dim=int(config["num_attention_heads"]) * int(config["attention_head_dim"]),
            ffn_dim=int(config["ffn_dim"]),
            layers=int(config["num_layers"]),
            in_channels=inputs,
            out_channels=int(config.get("out_channels") or inputs),
            patch=(int(t), int(h), int(w)),
            text_dim=int(config["text_dim"]),
            freq_dim=int(config.get("freq_dim") or 256),
            image_dim=int(config.get("image_dim") or 0),
            added_kv_dim=int(config.get("added_kv_proj_dim") or 0),
        )

    def pass_flops(
        self, queries: float, keys: int, text_tokens: int, times: int = 1, image_tokens: int = 0
    ) -> ForwardFlops:
        """FLOPs of one pass; formula in the module's docstring.

        Args:
            queries: n; a mean over clips need not be whole.
            keys: k.
            text_tokens: S, padding included: the pipelines pad to max_sequence_length and attend to all of
                it.
            times: noise levels that are embedded (diffusion forcing: one a latent frame).
            image_tokens: of Wan's image branch.
        """
        n, s, d = queries, text_tokens, self.dim
        per_layer = 8 * n * d**2 + 4 * n * d**2 + 4 * s * d**2 + 4 * n * d * self.ffn_dim
        per_layer += 4 * image_tokens * self.added_kv_dim * d
        once = 2 * n * d * math.prod(self.patch) * (self.in_channels + self.out_channels)
        once += 2 * s * (self.text_dim * d + d**2)
        once += 2 * times * (self.freq_dim * d + d**2 + 6 * d**2)
        once += 2 * image_tokens * (self.image_dim**2 + self.image_dim * d)
        return ForwardFlops(
            self_attention=4.0 * n * keys * d * self.layers,
            cross_attention=4.0 * n * (s + image_tokens) * d * self.layers,
            linear=float(per_layer * self.layers + once),
        )


def wan_parameters(config: Mapping[str, Any]) -> int:
    """Parameters of a Wan or SkyReels-V2 transformer, every norm and bias counted."""
    d = int(config["num_attention_heads"]) * int(config["attention_head_dim"])
    volume = math.prod(config.get("patch_size") or (1, 2, 2))
    total = wan_layer_parameters(config) * int(config["num_layers"])
    total += int(config["in_channels"]) * volume * d + d  # patch embedding
    total += (int(config["freq_dim"]) * d + d) + (d * d + d) + (6 * d * d + 6 * d)  # time
    total += (int(config["text_dim"]) * d + d) + (d * d + d)  # text
    image = config.get("image_dim")
    if image:
        total += 2 * image + (image * image + image) + (image * d + d) + 2 * d
        if config.get("pos_embed_seq_len"):
            total += config["pos_embed_seq_len"] * image
    if config.get("inject_sample_info"):
        total += 2 * d + (d * d + d) + (6 * d * d + 6 * d)
    out = int(config["out_channels"]) * volume
    return int(total + d * out + out + 2 * d)


def wan_layer_parameters(config: Mapping[str, Any]) -> int:
    """Parameters of one layer."""
    d, f = int(config["num_attention_heads"]) * int(config["attention_head_dim"]), int(config["ffn_dim"])
    attention = 4 * (d * d + d) + 2 * d  # q, k, v, out; two RMS norms
    layer = 2 * attention + (d * f + f) + (f * d + d) + 6 * d
    if config.get("cross_attn_norm"):
        layer += 2 * d
    added = config.get("added_kv_proj_dim")
    return layer + (2 * (added * d + d) + d if added else 0)
