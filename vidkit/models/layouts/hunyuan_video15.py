"""HunyuanVideo-1.5: video and text in one attention with projections of their own; a causal VAE of 16 x 16.

Per layer, N video tokens, S text tokens, n = N + S, width d: attention 4 n^2 d, projections 8 n d^2,
feed-forward 16 n d^2, and two modulations of 6 d values. Two layers refine the text before. Text to video
leaves the image's tokens out, and padding is dropped, so S is what the two text encoders may give.
"""

from __future__ import annotations

import math
from typing import ClassVar

from vidkit.models.layouts.base import Clip, Config, Layout, Tally, linear_size, model_dim, tiles, whole_cost
from vidkit.models.transformer_cost import ForwardFlops
from vidkit.models.vae_cost import VaeCost

IMAGE_TOKENS = 729  # embedded though text to video leaves them out
BYT5_TOKENS = 256  # of texts in quotation marks
BYT5_WIDTH = 2048  # between the ByT5 encoder and the transformer's width
TIME_CHANNELS = 256  # of sinusoids
TILE, OVERLAP = 256, 0.25  # pixels of a tile's side, and share of it that tiles have in common


class HunyuanVideo15(Layout):
    """Text to video; a sample a guidance branch."""

    title = "HunyuanVideo-1.5"
    transformer_defaults: ClassVar[Config] = {
        "in_channels": 65,
        "out_channels": 32,
        "num_attention_heads": 16,
        "attention_head_dim": 128,
        "num_layers": 54,
        "num_refiner_layers": 2,
        "mlp_ratio": 4.0,
        "patch_size": 1,
        "patch_size_t": 1,
        "text_embed_dim": 3584,
        "text_embed_2_dim": 1472,
        "image_embed_dim": 1152,
        "use_meanflow": False,
    }
    vae_defaults: ClassVar[Config] = {
        "in_channels": 3,
        "out_channels": 3,
        "latent_channels": 32,
        "block_out_channels": [128, 256, 512, 1024, 1024],
        "layers_per_block": 2,
        "spatial_compression_ratio": 16,
        "temporal_compression_ratio": 4,
        "downsample_match_channel": True,
        "upsample_match_channel": True,
    }

    def temporal_factor(self, vae: Config) -> int:
        return int(vae["temporal_compression_ratio"])

    def spatial_factor(self, vae: Config) -> int:
        return int(vae["spatial_compression_ratio"])

    def text_tokens(self, transformer: Config, prompt_tokens: int) -> int:
        return prompt_tokens + BYT5_TOKENS

    def ffn_dim(self, transformer: Config) -> int:
        return int(model_dim(transformer) * float(transformer["mlp_ratio"]))

    def forward_flops(self, transformer: Config, clip: Clip) -> ForwardFlops:
        d, layers = model_dim(transformer), int(transformer["num_layers"])
        ratio, volume = float(transformer["mlp_ratio"]), math.prod(self.patch(transformer))
        N, S = clip.tokens, self.text_tokens(transformer, clip.text_tokens)
        n, prompt = N + S, clip.text_tokens
        per_layer = 8 * n * d**2 + 4 * n * d * ratio * d + 2 * 2 * d * 6 * d
        refining = 8 * prompt * d**2 + 4 * prompt * d * 4 * d + 2 * d * 2 * d
        once = 2 * N * d * volume * (int(transformer["in_channels"]) + int(transformer["out_channels"]))
        once += int(transformer["num_refiner_layers"]) * refining
        once += 2 * prompt * int(transformer["text_embed_dim"]) * d
        second = int(transformer["text_embed_2_dim"])
        once += 2 * BYT5_TOKENS * (second * BYT5_WIDTH + BYT5_WIDTH**2 + BYT5_WIDTH * d)
        image = int(transformer["image_embed_dim"])
        once += 2 * IMAGE_TOKENS * (image**2 + image * d)
        once += 2 * (TIME_CHANNELS * d + d**2) * 2  # of the noise level, for the blocks and for the refiner
        once += 2 * (int(transformer["text_embed_dim"]) * d + d**2) + 2 * d * 2 * d
        attention = 4.0 * n**2 * d * layers
        refined = 4.0 * prompt**2 * d * int(transformer["num_refiner_layers"])
        return ForwardFlops(attention, refined, float(per_layer * layers + once))

    def transformer_parameters(self, transformer: Config) -> int:
        d, layers = model_dim(transformer), int(transformer["num_layers"])
        head, volume = int(transformer["attention_head_dim"]), math.prod(self.patch(transformer))
        text, second, image = (
            int(transformer[f"{x}_dim"]) for x in ("text_embed", "text_embed_2", "image_embed")
        )
        ff = linear_size(d, self.ffn_dim(transformer)) + linear_size(self.ffn_dim(transformer), d)
        layer = 2 * (linear_size(d, 6 * d) + ff) + 8 * linear_size(d, d) + 4 * head
        refiner = 4 * linear_size(d, d) + linear_size(d, 4 * d) + linear_size(4 * d, d)
        refiner += 4 * d + linear_size(d, 2 * d)
        time = linear_size(TIME_CHANNELS, d) + linear_size(d, d)
        total = layers * layer + int(transformer["num_refiner_layers"]) * refiner
        total += linear_size(int(transformer["in_channels"]) * volume, d)
        total += 2 * image + linear_size(image, image) + linear_size(image, d) + 2 * d
        total += time + linear_size(text, d) + linear_size(d, d)  # the refiner's time and text
        total += linear_size(text, d)
        total += 2 * second + linear_size(second, BYT5_WIDTH) + linear_size(BYT5_WIDTH, BYT5_WIDTH)
        total += linear_size(BYT5_WIDTH, d) + time * (2 if transformer["use_meanflow"] else 1) + 3 * d
        return total + linear_size(d, 2 * d) + linear_size(d, int(transformer["out_channels"]) * volume)

    def vae_cost(
        self,
        vae: Config,
        latent_frames: int,
        height: int,
        width: int,
        encoded_frames: int = 0,
        tiled: bool = False,
    ) -> VaeCost:
        factor = self.spatial_factor(vae)
        rows, columns = [height // factor], [width // factor]
        side = TILE // factor
        if tiled and max(rows[0], columns[0]) > side:
            stride = int(side * (1 - OVERLAP))
            rows, columns = tiles(rows[0], side, stride), tiles(columns[0], side, stride)
        return whole_cost(_encoder(vae), [_decoder(vae, latent_frames, r, c) for r in rows for c in columns])


def _decoder(vae: Config, T: int, h: int, w: int) -> Tally:
    tally, z = Tally(), int(vae["latent_channels"])
    channels = [int(c) for c in reversed(vae["block_out_channels"])]
    spatial = round(math.log2(int(vae["spatial_compression_ratio"])))
    temporal = round(math.log2(int(vae["temporal_compression_ratio"])))
    frames, wide = T, channels[0]
    tally.conv(z, wide, 27, frames * h * w)
    _middle(tally, wide, frames * h * w)
    for level, out in enumerate(channels):
        for layer in range(int(vae["layers_per_block"]) + 1):
            _residual(tally, wide if layer == 0 else out, out, frames * h * w)
        wide = out
        if level < max(spatial, temporal):
            following = channels[level + 1] if vae["upsample_match_channel"] else out
            doubled = level < temporal
            tally.conv(out, following * (8 if doubled else 4), 27, frames * h * w)
            frames, h, w = (2 * frames - 1 if doubled else frames), 2 * h, 2 * w
            wide = following
    tally.gain(wide)
    tally.conv(wide, int(vae["out_channels"]), 27, frames * h * w)
    return tally


def _encoder(vae: Config) -> Tally:
    """Parameters alone: nothing is encoded for text to video."""
    tally = Tally()
    channels = [int(c) for c in vae["block_out_channels"]]
    spatial = round(math.log2(int(vae["spatial_compression_ratio"])))
    first = round(math.log2(int(vae["spatial_compression_ratio"]) // int(vae["temporal_compression_ratio"])))
    wide = channels[0]
    tally.conv(int(vae["in_channels"]), wide, 27)
    for level, out in enumerate(channels):
        for layer in range(int(vae["layers_per_block"])):
            _residual(tally, wide if layer == 0 else out, out)
        wide = out
        if level < spatial:
            wide = channels[level + 1] if vae["downsample_match_channel"] else out
            tally.conv(out, wide // (8 if level >= first else 4), 27)
    _middle(tally, wide)
    tally.gain(wide)
    tally.conv(wide, 2 * int(vae["latent_channels"]), 27)
    return tally


def _middle(tally: Tally, channels: int, positions: int = 0) -> None:
    """Two residual blocks, and between them attention of all positions, under a mask."""
    _residual(tally, channels, channels, positions)
    tally.gain(channels)
    for _ in range(4):
        tally.conv(channels, channels, 1, positions)
    tally.attention(positions, channels)
    _residual(tally, channels, channels, positions)


def _residual(tally: Tally, inner: int, out: int, positions: int = 0) -> None:
    tally.gain(inner + out)
    tally.conv(inner, out, 27, positions)
    tally.conv(out, out, 27, positions)
    if inner != out:
        tally.conv(inner, out, 1, positions)
