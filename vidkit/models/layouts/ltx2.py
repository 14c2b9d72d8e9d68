"""LTX-2: video and sound in two streams of different width that read each other; a VAE of 32 x 32 x 8.

Per layer, N video tokens of width d, A sound tokens of width a, S text tokens: self-attention 4 N^2 d and
4 A^2 a with projections 8 N d^2 and 8 A a^2, text 4 N S d and 4 A S a, video reads sound and sound reads
video with heads of the sound's width (8 N A a), feed-forward 16 N d^2 and 16 A a^2.
"""

from __future__ import annotations

from typing import ClassVar

from vidkit.models.layouts.base import Clip, Config, Layout, Tally, linear_size, model_dim, tiles, whole_cost
from vidkit.models.transformer_cost import ForwardFlops
from vidkit.models.vae_cost import VaeCost

TIME_CHANNELS = 256  # of sinusoids
TILE, STRIDE = 512, 448  # pixels of a tile's side, and from one tile to the next


class LTX2(Layout):
    """Guidance takes three more samples a step: no text, no self-attention in a block, no sound."""

    title = "LTX-2"
    transformer_defaults: ClassVar[Config] = {
        "in_channels": 128,
        "out_channels": 128,
        "patch_size": 1,
        "patch_size_t": 1,
        "num_attention_heads": 32,
        "attention_head_dim": 128,
        "cross_attention_dim": 4096,
        "gated_attn": False,
        "cross_attn_mod": False,
        "audio_in_channels": 128,
        "audio_out_channels": 128,
        "audio_num_attention_heads": 32,
        "audio_attention_head_dim": 64,
        "audio_cross_attention_dim": 2048,
        "audio_scale_factor": 4,
        "audio_sampling_rate": 16000,
        "audio_hop_length": 160,
        "audio_gated_attn": False,
        "audio_cross_attn_mod": False,
        "num_layers": 48,
        "caption_channels": 3840,
        "use_prompt_embeddings": True,
        "perturbed_attn": False,
        "use_prompt_adaln_single": True,
    }
    vae_defaults: ClassVar[Config] = {
        "in_channels": 3,
        "out_channels": 3,
        "latent_channels": 128,
        "block_out_channels": [256, 512, 1024, 2048],
        "decoder_block_out_channels": [256, 512, 1024],
        "layers_per_block": [4, 6, 6, 2, 2],
        "decoder_layers_per_block": [5, 5, 5, 5],
        "downsample_type": ["spatial", "temporal", "spatiotemporal", "spatiotemporal"],
        "upsample_type": ["spatiotemporal", "spatiotemporal", "spatiotemporal"],
        "upsample_factor": [2, 2, 2],
        "patch_size": 4,
        "patch_size_t": 1,
        "spatial_compression_ratio": 32,
        "temporal_compression_ratio": 8,
    }
    takes_shift = False  # the schedule is shifted by the number of tokens

    def temporal_factor(self, vae: Config) -> int:
        return int(vae["temporal_compression_ratio"] or 8)

    def spatial_factor(self, vae: Config) -> int:
        return int(vae["spatial_compression_ratio"] or 32)

    def passes(self, transformer: Config, guidance: float) -> int:
        """Prompt, no prompt, sound and video apart, and where attention can be perturbed, that."""
        if guidance <= 1:
            return 1
        return 4 if transformer["perturbed_attn"] else 3

    def sound_tokens(self, transformer: Config, seconds: float) -> int:
        """Frames of the sound's latents."""
        rate = int(transformer["audio_sampling_rate"]) / int(transformer["audio_hop_length"])
        return round(seconds * rate / int(transformer["audio_scale_factor"]))

    def forward_flops(self, transformer: Config, clip: Clip) -> ForwardFlops:
        d, a = _widths(transformer)
        N, S, layers = clip.tokens, clip.text_tokens, int(transformer["num_layers"])
        A = self.sound_tokens(transformer, clip.seconds)
        text, sound = int(transformer["cross_attention_dim"]), int(transformer["audio_cross_attention_dim"])
        linear = 8 * N * d**2 + 8 * A * a**2 + 16 * N * d**2 + 16 * A * a**2
        linear += 4 * N * d**2 + 4 * S * text * d + 4 * A * a**2 + 4 * S * sound * a
        linear += 4 * N * d * a + 4 * A * a**2  # video reads sound
        linear += 4 * A * a**2 + 4 * N * d * a  # sound reads video
        heads = int(transformer["num_attention_heads"]), int(transformer["audio_num_attention_heads"])
        if transformer["gated_attn"]:
            linear += 2 * N * d * (2 * heads[0] + heads[1])
        if transformer["audio_gated_attn"]:
            linear += 2 * A * a * 3 * heads[1]
        cross = 4.0 * A**2 * a + 4 * N * S * d + 4 * A * S * a + 8 * N * A * a
        once = 2 * N * d * (int(transformer["in_channels"]) + int(transformer["out_channels"]))
        once += 2 * A * a * (int(transformer["audio_in_channels"]) + int(transformer["audio_out_channels"]))
        if transformer["use_prompt_embeddings"]:
            caption = int(transformer["caption_channels"])
            once += 2 * S * (caption * d + d**2 + caption * a + a**2)
        once += sum(2 * (TIME_CHANNELS * w + w**2 + w * n * w) for w, n in _modulations(transformer))
        return ForwardFlops(4.0 * N**2 * d * layers, cross * layers, float(linear * layers + once))

    def transformer_parameters(self, transformer: Config) -> int:
        d, a = _widths(transformer)
        text, sound = int(transformer["cross_attention_dim"]), int(transformer["audio_cross_attention_dim"])
        heads = int(transformer["num_attention_heads"]), int(transformer["audio_num_attention_heads"])
        gates = bool(transformer["gated_attn"]), bool(transformer["audio_gated_attn"])
        layer = _attention(d, d, d, heads[0] if gates[0] else 0)
        layer += _attention(a, a, a, heads[1] if gates[1] else 0)
        layer += _attention(d, text, d, heads[0] if gates[0] else 0)
        layer += _attention(a, sound, a, heads[1] if gates[1] else 0)
        layer += _attention(d, a, a, heads[1] if gates[0] else 0)
        layer += _attention(a, d, a, heads[1] if gates[1] else 0)
        layer += sum(linear_size(w, 4 * w) + linear_size(4 * w, w) for w in (d, a))
        modulated = bool(transformer["cross_attn_mod"]), bool(transformer["audio_cross_attn_mod"])
        layer += (9 if modulated[0] else 6) * d + (9 if modulated[1] else 6) * a
        layer += 2 * (d + a) * any(modulated) + 5 * (d + a)
        total = int(transformer["num_layers"]) * layer
        total += linear_size(int(transformer["in_channels"]), d)
        total += linear_size(int(transformer["audio_in_channels"]), a)
        if transformer["use_prompt_embeddings"]:
            caption = int(transformer["caption_channels"])
            total += sum(linear_size(caption, w) + linear_size(w, w) for w in (d, a))
        for w, n in _modulations(transformer):
            total += linear_size(TIME_CHANNELS, w) + linear_size(w, w) + linear_size(w, n * w)
        total += 2 * (d + a) + linear_size(d, int(transformer["out_channels"]))
        return total + linear_size(a, int(transformer["audio_out_channels"]))

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
        if tiled and max(height, width) > TILE:
            rows, columns = (
                tiles(n, TILE // factor, STRIDE // factor) for n in (height // factor, width // factor)
            )
        return whole_cost(_encoder(vae), [_decoder(vae, latent_frames, r, c) for r in rows for c in columns])


def _widths(transformer: Config) -> tuple[int, int]:
    return (
        model_dim(transformer),
        int(transformer["audio_num_attention_heads"]) * int(transformer["audio_attention_head_dim"]),
    )


def _modulations(transformer: Config) -> list[tuple[int, int]]:
    """Width and number of values that each embedding of the noise level gives."""
    d, a = _widths(transformer)
    modulated = bool(transformer["cross_attn_mod"]), bool(transformer["audio_cross_attn_mod"])
    found = [(d, 9 if modulated[0] else 6), (a, 9 if modulated[1] else 6), (d, 4), (a, 4), (d, 1), (a, 1)]
    if any(modulated) and transformer["use_prompt_adaln_single"]:
        found += [(d, 2), (a, 2)]
    return found


def _attention(queries: int, keys: int, inner: int, gates: int) -> int:
    """Projections, norms over all heads, and gates of the heads."""
    own = linear_size(queries, inner) + 2 * linear_size(keys, inner) + linear_size(inner, queries) + 2 * inner
    return own + (linear_size(queries, gates) if gates else 0)


_STRIDES = {"spatial": (1, 2), "temporal": (2, 1), "spatiotemporal": (2, 2)}  # of frames, of rows and columns


def _decoder(vae: Config, T: int, h: int, w: int) -> Tally:
    tally, patch = Tally(), int(vae["patch_size"])
    channels = [int(c) for c in reversed(vae["decoder_block_out_channels"])]
    depths = [int(n) for n in reversed(vae["decoder_layers_per_block"])]
    factors = [int(n) for n in reversed(vae["upsample_factor"])]
    frames, wide = T, channels[0]
    tally.conv(int(vae["latent_channels"]), wide, 27, frames * h * w)
    for _ in range(depths[0]):
        _residual(tally, wide, wide, frames * h * w)
    for level, base in enumerate(channels):
        factor, (t, s) = factors[level], _STRIDES[vae["upsample_type"][level]]
        entering, out = wide // factor, base // factor
        if entering != out:
            _residual(tally, entering, out, frames * h * w)
        tally.conv(out * factor, out * t * s * s, 27, frames * h * w)
        frames, h, w = frames * t - (t - 1), h * s, w * s
        for _ in range(depths[level + 1]):
            _residual(tally, out, out, frames * h * w)
        wide = out
    tally.conv(wide, int(vae["out_channels"]) * patch**2, 27, frames * h * w)
    return tally


def _encoder(vae: Config) -> Tally:
    """Parameters alone: nothing is encoded for text to video."""
    tally = Tally()
    depths = [int(n) for n in vae["layers_per_block"]]
    wide = int(vae["latent_channels"])
    tally.conv(int(vae["in_channels"]) * int(vae["patch_size"]) ** 2, wide, 27)
    for level, out in enumerate(vae["block_out_channels"]):
        for _ in range(depths[level]):
            _residual(tally, wide, wide)
        t, s = _STRIDES[vae["downsample_type"][level]]
        tally.conv(wide, int(out) // (t * s * s), 27)
        wide = int(out)
    for _ in range(depths[-1]):
        _residual(tally, wide, wide)
    tally.conv(wide, int(vae["latent_channels"]) + 1, 27)
    return tally


def _residual(tally: Tally, inner: int, out: int, positions: int = 0) -> None:
    tally.conv(inner, out, 27, positions)
    tally.conv(out, out, 27, positions)
    if inner != out:
        tally.gain(2 * inner)
        tally.conv(inner, out, 1, positions)
