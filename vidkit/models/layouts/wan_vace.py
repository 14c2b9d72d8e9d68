"""Wan VACE: Wan with control blocks, which read a control clip and its mask beside the video.

A control block costs what a main block does, and a projection of its outcome (2 N d^2 FLOPs), the first one
also of its input. Reference images stand before the clip, a latent frame each.
"""

from __future__ import annotations

import math
from typing import ClassVar

from vidkit.models.layouts.base import Clip, Config, Layout
from vidkit.models.transformer_cost import (
    ForwardFlops,
    TransformerShape,
    wan_layer_parameters,
    wan_parameters,
)
from vidkit.models.vae_cost import VAE_DEFAULTS, VaeCost, vae_cost


class WanVACE(Layout):
    """Control tokens lie on the video's grid; a sample a guidance branch."""

    title = "Wan VACE"
    transformer_defaults: ClassVar[Config] = {
        "patch_size": [1, 2, 2],
        "freq_dim": 256,
        "rope_max_seq_len": 1024,
        "vace_layers": [0, 5, 10, 15, 20, 25, 30, 35],
        "vace_in_channels": 96,
    }
    vae_defaults: ClassVar[Config] = VAE_DEFAULTS
    samplers = ("unipc", "dpmpp", "euler")
    takes_control = True
    fp32_vae = True

    def patch(self, transformer: Config) -> tuple[int, int, int]:
        t, h, w = transformer["patch_size"]
        return int(t), int(h), int(w)

    def temporal_factor(self, vae: Config) -> int:
        return int(2 ** sum(bool(down) for down in vae["temperal_downsample"]))

    def spatial_factor(self, vae: Config) -> int:
        return int(2 ** (len(vae["dim_mult"]) - 1) * (vae["patch_size"] or 1))

    def ffn_dim(self, transformer: Config) -> int:
        return int(transformer["ffn_dim"])

    def attention_layers(self, transformer: Config) -> int:
        """Main blocks, then control blocks."""
        return int(transformer["num_layers"]) + len(transformer["vace_layers"])

    def forward_flops(self, transformer: Config, clip: Clip) -> ForwardFlops:
        shape = TransformerShape.of(transformer)
        N, d, controls = clip.tokens, shape.dim, len(transformer["vace_layers"])
        main = shape.pass_flops(N, N, clip.text_tokens)
        share = controls / shape.layers
        control = 12 * N * d**2 + 4 * clip.text_tokens * d**2 + 4 * N * d * shape.ffn_dim
        linear = controls * (control + 2 * N * d**2) + 2 * N * d**2
        linear += 2 * N * d * math.prod(shape.patch) * int(transformer["vace_in_channels"])
        return ForwardFlops(
            main.self_attention * (1 + share), main.cross_attention * (1 + share), main.linear + linear
        )

    def ends_flops(self, transformer: Config, clip: Clip) -> float:
        one, two = (
            self.forward_flops({**transformer, "num_layers": n, "vace_layers": []}, clip).total
            for n in (1, 2)
        )
        return 2 * one - two

    def transformer_parameters(self, transformer: Config) -> int:
        shape = TransformerShape.of(transformer)
        d, controls = shape.dim, len(transformer["vace_layers"])
        total = wan_parameters({"out_channels": shape.out_channels, **transformer})
        total += controls * (wan_layer_parameters(transformer) + d * d + d) + d * d + d
        return total + int(transformer["vace_in_channels"]) * math.prod(shape.patch) * d + d

    def vae_cost(
        self,
        vae: Config,
        latent_frames: int,
        height: int,
        width: int,
        encoded_frames: int = 0,
        tiled: bool = False,
    ) -> VaeCost:
        return vae_cost(vae, latent_frames, height, width, encoded_frames)
