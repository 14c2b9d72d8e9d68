"""CogVideoX: text and video in one attention; a causal VAE that decodes two latent frames at a time.

Per layer, n = N + S tokens and width d: attention 4 n^2 d, projections 8 n d^2, feed-forward 16 n d^2, and
twice the modulation of 6 d values from the time embedding. Of version 1.5 a token spans two latent frames.
"""

from __future__ import annotations

import math
from typing import ClassVar

from vidkit.models.layouts.base import Clip, Config, Layout, Tally, model_dim, tiles, whole_cost
from vidkit.models.transformer_cost import ForwardFlops
from vidkit.models.vae_cost import VaeCost


class CogVideoX(Layout):
    """2B, 5B and 1.5: the noise schedule is not flow matching, so `shift` means nothing to it."""

    title = "CogVideoX"
    transformer_defaults: ClassVar[Config] = {
        "num_attention_heads": 30,
        "attention_head_dim": 64,
        "in_channels": 16,
        "out_channels": 16,
        "time_embed_dim": 512,
        "ofs_embed_dim": None,
        "text_embed_dim": 4096,
        "num_layers": 30,
        "patch_size": 2,
        "patch_size_t": None,
        "patch_bias": True,
    }
    vae_defaults: ClassVar[Config] = {
        "in_channels": 3,
        "out_channels": 3,
        "latent_channels": 16,
        "block_out_channels": [128, 256, 256, 512],
        "layers_per_block": 3,
        "temporal_compression_ratio": 4,
        "sample_height": 480,
        "sample_width": 720,
    }
    samplers = ("dpmpp", "ddim")
    takes_shift = False

    def temporal_factor(self, vae: Config) -> int:
        return int(vae["temporal_compression_ratio"])

    def spatial_factor(self, vae: Config) -> int:
        return int(2 ** (len(vae["block_out_channels"]) - 1))

    def frame_step(self, transformer: Config, vae: Config) -> int:
        """Twice what a latent frame holds: of an even number of latent frames the VAE makes too many."""
        return 2 * self.temporal_factor(vae)

    def token_frames(self, transformer: Config, latent_frames: int) -> int:
        """Rounded up: the pipeline adds latent frames that it throws away again."""
        return math.ceil(latent_frames / self.patch(transformer)[0])

    def forward_flops(self, transformer: Config, clip: Clip) -> ForwardFlops:
        d = model_dim(transformer)
        time, text = int(transformer["time_embed_dim"]), int(transformer["text_embed_dim"])
        volume = math.prod(self.patch(transformer))
        N, S, layers = clip.tokens, clip.text_tokens, int(transformer["num_layers"])
        n = N + S
        per_layer = 24 * n * d**2 + 2 * 2 * time * 6 * d
        once = 2 * N * d * volume * (int(transformer["in_channels"]) + int(transformer["out_channels"]))
        once += 2 * S * text * d + 2 * (d * time + time**2) + 2 * time * 2 * d
        return ForwardFlops(4.0 * n**2 * d * layers, 0.0, float(per_layer * layers + once))

    def transformer_parameters(self, transformer: Config) -> int:
        d, t = model_dim(transformer), int(transformer["time_embed_dim"])
        head, layers = int(transformer["attention_head_dim"]), int(transformer["num_layers"])
        volume = math.prod(self.patch(transformer))
        norms = 2 * (t * 6 * d + 6 * d + 2 * d)  # modulation, and gain and bias of its layer norm
        layer = norms + 4 * (d * d + d) + 4 * head + (d * 4 * d + 4 * d) + (4 * d * d + d)
        bias = d if transformer["patch_bias"] or transformer["patch_size_t"] else 0  # 1.5: a linear layer
        total = layers * layer + int(transformer["in_channels"]) * volume * d + bias
        total += int(transformer["text_embed_dim"]) * d + d
        total += (d * t + t) + (t * t + t)  # time
        if transformer["ofs_embed_dim"]:
            ofs = int(transformer["ofs_embed_dim"])
            total += 2 * (ofs * ofs + ofs)
        total += 2 * d + (t * 2 * d + 2 * d) + 2 * d  # last norms
        out = int(transformer["out_channels"]) * volume
        return total + d * out + out

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
        h, w = height // factor, width // factor
        columns, rows = [w], [h]
        if tiled:
            least = (int(vae["sample_height"]) // 2 // factor, int(vae["sample_width"]) // 2 // factor)
            if w > least[1] or h > least[0]:
                rows = tiles(h, least[0], int(least[0] * (1 - 1 / 6)))
                columns = tiles(w, least[1], int(least[1] * (1 - 1 / 5)))
        return whole_cost(_encoder(vae), [_decoder(vae, latent_frames, r, c) for r in rows for c in columns])


def _decoder(vae: Config, T: int, h: int, w: int) -> Tally:
    """Frames are doubled twice but for the first; the largest activation is that of two latent frames."""
    tally, z = Tally(), int(vae["latent_channels"])
    channels = [int(c) for c in reversed(vae["block_out_channels"])]
    depth = int(vae["layers_per_block"]) + 1
    doublings = int(math.log2(int(vae["temporal_compression_ratio"])))
    frames, at_once, wide = T, 2, channels[0]
    tally.conv(z, wide, 27, frames * h * w)
    for _ in range(2):
        _spatial_residual(tally, wide, wide, z, frames * h * w)
    peak = 0
    for level, out in enumerate(channels):
        for layer in range(depth):
            _spatial_residual(tally, wide if layer == 0 else out, out, z, frames * h * w)
        if level < len(channels) - 1:
            if level < doublings:
                frames, at_once = (2 * frames - 1 if T % 2 else 2 * frames), 2 * at_once
            h, w = 2 * h, 2 * w
            tally.conv(out, out, 9, frames * h * w)
        wide = out
        peak = max(peak, out * at_once * h * w)
    _spatial_norm(tally, wide, z, frames * h * w)
    tally.conv(wide, int(vae["out_channels"]), 27, frames * h * w)
    tally.peak_values = peak
    return tally


def _encoder(vae: Config) -> Tally:
    """Parameters alone: nothing is encoded for text to video."""
    tally = Tally()
    channels = [int(c) for c in vae["block_out_channels"]]
    wide = channels[0]
    tally.conv(int(vae["in_channels"]), wide, 27)
    for level, out in enumerate(channels):
        for layer in range(int(vae["layers_per_block"])):
            _residual(tally, wide if layer == 0 else out, out)
        if level < len(channels) - 1:
            tally.conv(out, out, 9)
        wide = out
    for _ in range(2):
        _residual(tally, wide, wide)
    tally.gain(2 * wide)
    tally.conv(wide, 2 * int(vae["latent_channels"]), 27)
    return tally


def _residual(tally: Tally, inner: int, out: int) -> None:
    tally.gain(2 * inner + 2 * out)
    tally.conv(inner, out, 27)
    tally.conv(out, out, 27)
    if inner != out:
        tally.conv(inner, out, 1)


def _spatial_residual(tally: Tally, inner: int, out: int, z: int, positions: int) -> None:
    _spatial_norm(tally, inner, z, positions)
    tally.conv(inner, out, 27, positions)
    _spatial_norm(tally, out, z, positions)
    tally.conv(out, out, 27, positions)
    if inner != out:
        tally.conv(inner, out, 1, positions)


def _spatial_norm(tally: Tally, channels: int, z: int, positions: int) -> None:
    """Gain and bias of every position, from the latents."""
    tally.gain(2 * channels)
    tally.conv(z, channels, 1, positions)
    tally.conv(z, channels, 1, positions)
