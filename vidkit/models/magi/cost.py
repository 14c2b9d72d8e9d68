"""FLOPs and parameters of MAGI-1, by arithmetic. No torch.

n computed tokens, k tokens that they attend to, S text tokens, width d, key-value width e, feed-forward f
(twice as wide before a gate), per layer (a multiply-add is 2 FLOPs):

    self-attention   4 n k d                      (Q K^T and the weighted sum of V)
    cross-attention  4 n S d
    projections      4 n d^2 (queries to video and text) + 4 n d e (keys, values) + 4 n d^2 (out)
                     + 4 S d e (of the text)
    feed-forward     4 n d f, or 6 n d f with a gate

plus embeddings, modulation and head. Norms, RoPE and softmax are left out (below 1 %). The autoencoder's
towers see all tokens of a tile at once: 4 N^2 c for attention, 8 N c^2 for projections, 4 N c i for the
feed-forward.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vidkit.models.transformer_cost import ForwardFlops

TIME_DIM = 256  # sinusoids of a noise level
TRANSFORMER_DEFAULTS: Mapping[str, Any] = {
    "patch_size": [1, 2, 2],
    "text_dim": 4096,
    "caption_max_length": 800,
    "condition_dim": None,
    "gated_linear_unit": False,
    "duplicate_channels": False,
    "distilled": False,
    "chunk_frames": 6,
}
VAE_DEFAULTS: Mapping[str, Any] = {
    "in_channels": 3,
    "out_channels": 3,
    "z_dim": 16,
    "embed_dim": 1024,
    "num_layers": 24,
    "num_attention_heads": 16,
    "mlp_ratio": 4.0,
    "patch_size": 8,
    "patch_length": 4,
    "sample_size": 256,
    "sample_frames": 16,
}
TILE = (12, 256, 256)  # frames, rows and columns of pixels
OVERLAP = 0.25  # of a tile's rows and columns


@dataclass(frozen=True)
class MagiShape:
    """What decides the cost of a transformer: constructor arguments of `MagiTransformer3DModel`."""

    dim: int
    kv_dim: int
    head_dim: int
    ffn_dim: int
    layers: int
    gated: bool
    channels: int  # into and out of the layers, copies included
    patch: tuple[int, int, int]
    text_dim: int
    condition_dim: int
    null_tokens: int
    distilled: bool

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> MagiShape:
        """From constructor arguments.

        Raises:
            KeyError: one that has no default is missing.
        """
        c = {**TRANSFORMER_DEFAULTS, **config}
        head = int(c["attention_head_dim"])
        dim = int(c["num_attention_heads"]) * head
        t, h, w = c["patch_size"]
        copies = 2 if c["duplicate_channels"] else 1
        channels = copies * (int(c["in_channels"]) + int(c.get("out_channels") or c["in_channels"]))
        return cls(
            dim=dim,
            kv_dim=int(c["num_key_value_heads"]) * head,
            head_dim=head,
            ffn_dim=int(c["ffn_dim"]),
            layers=int(c["num_layers"]),
            gated=bool(c["gated_linear_unit"]),
            channels=channels,
            patch=(int(t), int(h), int(w)),
            text_dim=int(c["text_dim"]),
            condition_dim=int(c["condition_dim"] or dim // 4),
            null_tokens=int(c["caption_max_length"]),
            distilled=bool(c["distilled"]),
        )

    def pass_flops(self, queries: float, keys: int, text_tokens: int, chunks: int = 1) -> ForwardFlops:
        """FLOPs of one pass of tokens that all see as many others; formula in the module's docstring.

        Args:
            queries: n.
            keys: k.
            text_tokens: S, those that count: padding is cut off.
            chunks: of which each has a noise level and a text of its own.
        """
        n, s, d, e = queries, text_tokens, self.dim, self.kv_dim
        up = 6 if self.gated else 4
        per_layer = 8 * n * d**2 + 4 * n * d * e + 4 * chunks * s * d * e + up * n * d * self.ffn_dim
        per_layer += 4 * chunks * self.condition_dim * d
        once = 2 * n * d * math.prod(self.patch) * self.channels
        once += 2 * s * self.text_dim * d + 2 * self.text_dim * self.condition_dim
        times = chunks * (2 if self.distilled else 1)
        once += 2 * times * (TIME_DIM * self.condition_dim + self.condition_dim**2)
        return ForwardFlops(
            self_attention=4.0 * n * keys * d * self.layers,
            cross_attention=4.0 * n * s * d * self.layers,
            linear=float(per_layer * self.layers + once),
        )

    @property
    def parameters(self) -> int:
        """Every norm and bias counted."""
        d, e, c = self.dim, self.kv_dim, self.condition_dim
        layer = 2 * d * d + 2 * d * e + 2 * d * e + 2 * d * d  # queries, keys and values, text's, out
        layer += (3 if self.gated else 2) * d * self.ffn_dim + (c * 2 * d + 2 * d)
        layer += 8 * self.head_dim + 8 * d  # norms: of queries and keys, before and after the two halves
        once = d * math.prod(self.patch) * self.channels + self.head_dim // 8 + 2 * d
        once += TIME_DIM * c + c + c * c + c
        once += self.text_dim * (d + c) + d + c + self.null_tokens * self.text_dim
        return layer * self.layers + once

    def key_value_bytes(self, tokens: int, value_bytes: int) -> int:
        """Keys and values of all layers."""
        return 2 * self.layers * tokens * self.kv_dim * value_bytes


@dataclass(frozen=True)
class MagiVaeCost:
    """FLOPs of the two directions, parameters, and tokens of the largest tile."""

    encode_flops: float
    decode_flops: float
    parameters: int
    tile_tokens: int


def magi_vae_cost(
    config: Mapping[str, Any], frames: int, height: int, width: int, encoded_frames: int, tiled: bool
) -> MagiVaeCost:
    """Cost of decoding a clip and encoding `encoded_frames` of it.

    Args:
        config: constructor arguments of `AutoencoderKLMagi`.
        frames: pixel frames.
        height: pixels.
        width: pixels.
        encoded_frames: pixel frames.
        tiled: in tiles of the usual size, otherwise all at once.
    """
    c = {**VAE_DEFAULTS, **config}
    length, patch = int(c["patch_length"]), int(c["patch_size"])

    def tiles(count: int) -> Iterator[int]:
        sizes = (count, height, width)
        tile = TILE if tiled else sizes
        stride = (tile[0], int(tile[1] * (1 - OVERLAP)), int(tile[2] * (1 - OVERLAP))) if tiled else tile
        axes = [cuts(*axis) for axis in zip(sizes, tile, stride, strict=True)]
        for parts in itertools.product(*axes):
            t, h, w = (stop - start for start, stop in parts)
            yield math.ceil(t / length) * (h // patch) * (w // patch)

    decoded = list(tiles(frames))
    encoded = list(tiles(max(encoded_frames, length))) if encoded_frames else []
    return MagiVaeCost(
        encode_flops=sum(_tower_flops(c, n, encodes=True) for n in encoded),
        decode_flops=sum(_tower_flops(c, n, encodes=False) for n in decoded),
        parameters=_vae_parameters(c),
        tile_tokens=max(decoded),
    )


def cuts(count: int, size: int, stride: int) -> list[tuple[int, int]]:
    """Begin and end of tiles along an axis of `count` positions."""
    starts = range(0, max(count - (size - stride), 1), stride)
    return [(start, min(start + size, count)) for start in starts]


def _tower_flops(c: Mapping[str, Any], tokens: int, encodes: bool) -> float:
    d, n = int(c["embed_dim"]), tokens + 1
    volume = int(c["patch_length"]) * int(c["patch_size"]) ** 2
    inner = int(d * c["mlp_ratio"])
    layer = 8 * n * d**2 + 4 * n**2 * d + 4 * n * d * inner
    if encodes:
        ends = 2 * tokens * d * (int(c["in_channels"]) * volume + 2 * int(c["z_dim"]))
    else:
        ends = 2 * tokens * d * int(c["z_dim"]) + 2 * tokens * volume * 27 * (d // volume) * int(
            c["out_channels"]
        )
    return float(layer * int(c["num_layers"]) + ends)


def _vae_parameters(c: Mapping[str, Any]) -> int:
    d, z = int(c["embed_dim"]), int(c["z_dim"])
    length, patch = int(c["patch_length"]), int(c["patch_size"])
    volume, inner = length * patch**2, int(d * c["mlp_ratio"])
    places = int(c["sample_frames"]) // length * (int(c["sample_size"]) // patch) ** 2 + 1
    layer = 3 * d * d + 3 * d + d * d + d + 2 * d + (d * inner + inner) + (inner * d + d)
    tower = layer * int(c["num_layers"]) + places * d + d + 2 * d
    encoder = int(c["in_channels"]) * volume * d + d + d * 2 * z + 2 * z
    decoder = z * d + d + d // volume * 27 * int(c["out_channels"]) + int(c["out_channels"])
    return 2 * tower + encoder + decoder
